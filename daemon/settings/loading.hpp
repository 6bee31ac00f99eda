// The steps of load(). Inside settings/ only.
#pragma once

#include "settings/section.hpp"

#include <map>
#include <set>
#include <unordered_map>

namespace kepu::settings {

// Files of a folder that end in .toml and are not hidden, by name. Complains when the folder cannot be read.
std::vector<std::filesystem::path> toml_files(const std::filesystem::path& folder, std::vector<Problem>& problems);

// The main file. nullopt: it could not be parsed, and no path of it is known.
std::optional<Daemon> load_daemon(const std::filesystem::path& file, std::vector<Problem>& problems);
std::vector<Source> load_sources(const std::filesystem::path& folder, std::vector<Problem>& problems);

// `path` as written in a file, which counts from `base`; complains and yields nullopt when it is none.
std::optional<std::filesystem::path> absolute_path(Report& report, Place at, std::string_view key,
                                                   const std::string& written, const std::filesystem::path& base);

// Where an indicator is declared.
struct IndicatorPlace {
  std::filesystem::path file;
  Place at;
};

// A source that a rule of an indicator names.
struct RuledSource {
  std::string id;
  std::filesystem::path file;
  Place at;
};

// What the steps of the catalog know of one another. A file with complaints is not held against those
// that refer to it.
struct CatalogDraft {
  model::Catalog catalog;
  bool units_clean = true;
  bool areas_clean = true;
  std::set<std::string, std::less<>> unclean_registers;
  std::set<std::string, std::less<>> unclean_datasets;
  std::map<std::string, IndicatorPlace, std::less<>> indicator_places;
  std::vector<RuledSource> ruled_sources;
  bool departments_clean = true;
  struct TargetPlace {
    std::filesystem::path file;
    Place at;
  };
  std::map<std::string, TargetPlace, std::less<>> target_places;
};
CatalogDraft load_catalog(const std::filesystem::path& folder, std::vector<Problem>& problems);
void load_dataset(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems);
void load_indicators(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems);
void load_departments(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems);
void load_plan(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems);
void load_returns(const std::filesystem::path& file, CatalogDraft& draft, std::vector<Problem>& problems);

// Complains when the section's key "unit" names one that there is not.
void check_unit(Section& section, const std::string& unit, const CatalogDraft& draft);
// Whether the field's values lie in the key's text alone.
bool only_key(const abi::Field& field);
// The field, or nullptr after a complaint.
const abi::Field* known_field(const model::Dataset& dataset, std::string_view name, Place at, Report& report);
const std::vector<std::string>& measure_names(); // of model::Measure
// What the measure needs, beside the dataset, the field and the dimensions, which are read.
void read_measure(Section& section, CatalogDraft& draft, model::Indicator& out, Report& report);
void check_measure(Section& section, const CatalogDraft& draft, const model::Indicator& indicator, Report& report);
// Of the indicators of all files: whether what they are made of is there and goes together.
void check_made(const CatalogDraft& draft, std::vector<Problem>& problems);

// Of kepu_type, as a file names it.
std::string type_name(int32_t type);

// A date without quotes; nullopt when absent or after a complaint.
std::optional<model::Day> read_day(Section& section, std::string_view key, Report& report);
// The same of a number, as a canonical decimal of at most nine decimals: "0.5". `key` names it in complaints.
std::optional<std::string> decimal_text(std::string_view key, const Node& node, Report& report);

// `key = { zh = "…", en = "…" }`; zh is required, en may be left out.
model::Label read_label(Section& section, std::string_view key, Report& report, bool required = true);

// Codes, names and aliases of one list; a word that means two entries is a complaint. `owner` is the code
// of the entry that claims it.
class Words {
public:
  void claim(const std::string& word, const std::string& owner, Place at, Report& report);

private:
  struct Owner {
    std::string code;
    Place at;
  };
  std::unordered_map<std::string, Owner> owners_;
};

// The entry claims its code, its names and those of these aliases that are words; returns them.
std::vector<std::string> claim_words(Section& section, const std::string& code, const model::Label& name,
                                     const std::vector<Word>& aliases, Words& words, Report& report);

} // namespace kepu::settings
