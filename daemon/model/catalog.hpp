// What the catalog declares: datasets, units, areas, registers, indicators, plans. Values, filled by
// settings/, never changed afterwards; shared between threads as std::shared_ptr<const Catalog>.
#pragma once

#include "model/label.hpp"
#include "model/period.hpp"
#include "model/plan.hpp"

#include <kepu/values.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kepu::model {

struct Unit {
  std::string id;       // "person_times"
  Label name;           // 人次
  std::string quantity; // units of one quantity may be added and compared
};

struct Dataset {
  abi::Dataset contract; // what connectors must agree with
  Label name;
  // How far from now a fact's time may lie.
  std::chrono::microseconds accept_past{};
  std::chrono::microseconds accept_future{};
  std::vector<std::string> scope;                        // fields that a replacement may name beside time and input
  std::map<std::string, std::string, std::less<>> units; // field -> unit of its numbers, where it is known

  // Index of the first field with the role, or nullopt.
  std::optional<size_t> field_with(uint32_t role) const;
  std::optional<size_t> field(std::string_view name) const;
  bool has_key() const { return field_with(KEPU_ROLE_KEY).has_value(); }
  // The field that says when: the period, where the dataset has one, else the time.
  std::optional<size_t> when() const {
    const auto period = field_with(KEPU_ROLE_PERIOD);
    return period ? period : field_with(KEPU_ROLE_TIME);
  }
};

struct Area {
  std::string code;   // GB/T 2260: 510104, 510104017, 510104017001
  std::string parent; // empty: the root
  Label name;
  std::vector<std::string> aliases;
  std::optional<Day> valid_from = {};
  std::optional<Day> valid_to = {};         // inclusive
  std::vector<std::string> successors = {}; // codes; who holds its ground afterwards
  bool valid_in(Day first, Day last) const {
    return (!valid_from || *valid_from <= last) && (!valid_to || *valid_to >= first);
  }
};

// The tree of areas with names and aliases. lookup() takes a code, a name or an alias.
class Areas {
public:
  Areas() = default;
  explicit Areas(std::vector<Area> areas);
  const std::vector<Area>& all() const { return areas_; }
  const Area* find(std::string_view code) const;
  const Area* lookup(std::string_view code_or_name) const;
  // `area` itself or one below it.
  bool within(std::string_view area, std::string_view ancestor) const;
  // The ancestor (or itself) at that level: 0 root (district), 1 subdistrict, 2 community; nullopt
  // when `area` lies above that level.
  std::optional<std::string> at_level(std::string_view area, int level) const;
  int level(std::string_view code) const; // 0, 1, 2; -1 unknown
  // Where what happened in `area` on that day counts: there, as long as the area was; afterwards in its only successor,
  // or in the least area that holds all successors, since nobody knows in which of them. An area without successors
  // keeps what is late.
  const Area* placed(const Area& area, Day day) const;
  // Days from which on the ground of some area is another's, ascending, each once.
  std::vector<Day> moves() const;
  std::vector<std::string> known_words() const;

private:
  std::vector<Area> areas_;
  std::unordered_map<std::string, size_t> by_word_; // codes, names, aliases
  std::unordered_map<std::string, size_t> by_code_;
};

struct RegisterEntry {
  std::string code;
  Label name;
  std::vector<std::string> aliases;
  std::string area; // code
  std::string kind;
  std::optional<Day> valid_from;
  std::optional<Day> valid_to; // inclusive
  bool valid_in(Day first, Day last) const {
    return (!valid_from || *valid_from <= last) && (!valid_to || *valid_to >= first);
  }
};

// Entities of one kind. lookup() takes a code, a name or an alias.
class Register {
public:
  Register() = default;
  Register(std::string id, Label name, std::vector<RegisterEntry> entries);
  const std::string& id() const { return id_; }
  const Label& name() const { return name_; }
  const std::vector<RegisterEntry>& all() const { return entries_; }
  const RegisterEntry* lookup(std::string_view word) const;
  const RegisterEntry* find(std::string_view code) const;
  std::vector<std::string> known_words() const;

private:
  std::string id_;
  Label name_;
  std::vector<RegisterEntry> entries_;
  std::unordered_map<std::string, size_t> by_word_;
  std::unordered_map<std::string, size_t> by_code_;
};

enum class Measure : uint8_t {
  count,      // facts
  sum,        // of a field
  distinct,   // values of a field
  latest,     // of a field: the last value of each series in the period, or before it, added up
  standing,   // distinct values of a field whose interval [time, until) holds the period's last moment
  share,      // of a register's entries that are valid in the period, those that meet all rules, in percent
  each,       // the same, as their number
  ratio,      // of two indicators
  survey_rate // of a survey's microdata: who has a score at or above the cut, weighted, in percent of all who have one
};
// Measures of a dataset's facts; the others are made of other indicators.
inline bool is_of_facts(Measure measure) { return measure < Measure::share || measure == Measure::survey_rate; }
// Those that are kept by day; the others of facts are read from them, and only the facts' number is kept by day.
inline bool is_kept(Measure measure) { return measure < Measure::latest; }

// What to make of two sources that give the same figure.
enum class Join : uint8_t {
  sum,    // each gives a part of it: they are added
  prefer, // the first of `order` that has a value
  compare // they must say the same; where they do not, there is no value
};
// At which cells sources are compared and one is chosen.
struct Grain {
  Freq freq = Freq::month;
  std::vector<std::string> by; // of the indicator's
  bool operator==(const Grain&) const = default;
};

// What an entry of a register must meet: a figure of another indicator within inclusive bounds, canonical decimals.
// Without a figure it is not met.
struct Rule {
  std::string indicator;
  std::optional<std::string> at_least;
  std::optional<std::string> at_most;
  bool operator==(const Rule&) const = default;
};

// One of `where`, which all must hold. A cell without a value meets none. Values are canonical texts: an entry's or
// area's code, "3", "0.50" (as many decimals as the field's scale), "true", "2025-03-05", "2025-Q1".
struct Condition {
  std::string field;
  std::vector<std::string> any_of; // the value is one of these, or with `negated` none; empty: no such condition
  bool negated = false;
  // Inclusive bounds of an integer, decimal or date.
  std::optional<std::string> at_least = {};
  std::optional<std::string> at_most = {};
  bool operator==(const Condition&) const = default;
};

// survey_rate: from which day on which score counts. Figures of different epochs are not comparable.
struct Epoch {
  Day from = INT32_MIN; // INT32_MIN: from the beginning
  double cut = 0;       // at or above
  Label note = {};
  bool operator==(const Epoch&) const = default;
};

struct Indicator {
  std::string id; // "venue.visits"
  Label name;
  Label definition;
  std::string unit;
  std::string dataset; // empty: made of other indicators
  std::vector<Condition> where;
  Measure measure = Measure::count;
  std::string field; // sum, distinct, latest, standing, survey_rate: the measured field; else empty
  // Declared dimensions in order: names of fields with the entity or attribute role, or "area".
  std::vector<std::string> by;
  int32_t max_age = 0; // latest: days for which a value is carried beyond its own
  Join join = Join::sum;
  std::vector<std::string> order = {}; // prefer, compare: sources, the best first; others have no say
  Grain grain = {};
  // share, each: a register, or "subdistrict" or "community", which are registers of areas; its entries of these
  // kinds (empty: all), and what they must meet, all of it.
  std::string entries = {};
  std::vector<std::string> kinds = {};
  std::vector<Rule> rules = {};
  std::string numerator = {}; // ratio
  std::string denominator = {};
  std::vector<Epoch> epochs = {}; // survey_rate: at least one, by `from`
  std::string population = {}; // survey_rate: the field that tells how many clusters a row's stratum has; empty: none

  // The number of the epoch that a day lies in; nullopt: it lies before the first.
  std::optional<size_t> epoch_of(Day day) const;
};

class Catalog {
public:
  std::vector<Unit> units;
  std::vector<Dataset> datasets;
  std::map<std::string, Register, std::less<>> registers;
  Areas areas;
  std::vector<Indicator> indicators;
  Departments departments;
  std::vector<Plan> plans;
  std::vector<Return> returns;

  const Unit* unit(std::string_view id) const;
  const Dataset* dataset(std::string_view id) const;
  const Indicator* indicator(std::string_view id) const;
  std::vector<std::string> indicator_ids() const;
  // The target and its plan; nullptr: there is none.
  std::pair<const Plan*, const Target*> target(std::string_view id) const;
};

} // namespace kepu::model
