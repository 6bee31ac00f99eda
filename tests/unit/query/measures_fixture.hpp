// A store of its own with datasets for every measure, and facts as plain rows of texts.
#pragma once

#include "query/figure.hpp"
#include "query/observations.hpp"
#include "store/oracle.hpp"
#include "store/writer.hpp"
#include "support/folder.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <map>

namespace kepu::test {

using Row = std::map<std::string, std::string>; // field -> text; absent: null

inline model::Day day(const char* text) { return model::parse_day(text).value(); }

inline std::shared_ptr<model::Catalog> measures_catalog() {
  auto catalog = std::make_shared<model::Catalog>();
  catalog->units = {{"persons", {"人", "persons"}, "persons"},
                    {"sessions", {"场", "sessions"}, "sessions"},
                    {"items", {"个", "items"}, "items"},
                    {"hours", {"小时", "hours"}, "hours"},
                    {"percent", {"%", "percent"}, "percent"}};
  std::vector<model::Area> areas{{"510104", "", {"锦江区", ""}, {}},
                                 {"510104017", "510104", {"锦官驿街道", ""}, {}},
                                 {"510104020", "510104", {"春熙路街道", ""}, {}},
                                 {"510104017001", "510104017", {"水井坊社区", ""}, {}},
                                 {"510104017002", "510104017", {"大慈寺社区", ""}, {}},
                                 {"510104020001", "510104020", {"总府社区", ""}, {}}};
  model::Area merged{"510104001", "510104", {"水井坊街道", ""}, {}};
  merged.valid_to = day("2019-12-24");
  merged.successors = {"510104017"};
  areas.push_back(merged);
  model::Area split{"510104002", "510104", {"盐市口街道", ""}, {}};
  split.valid_to = day("2019-12-24");
  split.successors = {"510104017", "510104020"};
  areas.push_back(split);
  catalog->areas = model::Areas(std::move(areas));
  catalog->registers.emplace(
      "schools", model::Register("schools", {"学校", "Schools"},
                                 {{"S1", {"一小", ""}, {}, "510104017001", "primary", {}, {}},
                                  {"S2", {"二小", ""}, {}, "510104017002", "primary", {}, {}},
                                  {"S3", {"三中", ""}, {}, "510104020", "middle", {}, {}},
                                  {"S4", {"四小", ""}, {}, "510104020001", "primary", day("2025-09-01"), {}},
                                  {"S5", {"五小", ""}, {}, "510104", "primary", {}, day("2024-12-31")}}));
  const auto dataset = [&](const char* id, std::vector<abi::Field> fields) {
    model::Dataset out;
    out.contract.id = id;
    out.contract.fields = std::move(fields);
    catalog->datasets.push_back(std::move(out));
  };
  const abi::Field key{"id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true};
  const abi::Field area{"place", KEPU_TEXT, 0, KEPU_ROLE_AREA, "", "", false};
  dataset("members", {key,
                      area,
                      {"member", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
                      {"since", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true},
                      {"left", KEPU_DATE, 0, KEPU_ROLE_UNTIL, "", "", false}});
  dataset("fans", {key,
                   area,
                   {"account", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", true},
                   {"day", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true},
                   {"number", KEPU_INTEGER, 0, KEPU_ROLE_MEASURE, "", "", false}});
  dataset("returns", {key,
                      area,
                      {"period", KEPU_PERIOD, 0, KEPU_ROLE_PERIOD, "", "", true},
                      {"sessions", KEPU_INTEGER, 0, KEPU_ROLE_MEASURE, "", "", false},
                      {"hours", KEPU_DECIMAL, 1, KEPU_ROLE_MEASURE, "", "", false},
                      {"kind", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false}});
  dataset("lessons", {key,
                      {"school", KEPU_TEXT, 0, KEPU_ROLE_ENTITY, "", "schools", true},
                      {"day", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true},
                      {"teacher", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false}});
  using model::Measure;
  const auto indicator = [&](const char* id, const char* unit, const char* of, Measure measure, const char* field,
                             std::vector<std::string> by) -> model::Indicator& {
    model::Indicator out;
    out.id = id;
    out.unit = unit;
    out.dataset = of;
    out.measure = measure;
    out.field = field;
    out.by = std::move(by);
    catalog->indicators.push_back(std::move(out));
    return catalog->indicators.back();
  };
  catalog->indicators.reserve(40);
  indicator("members", "persons", "members", Measure::standing, "member", {"area"});
  indicator("fans", "persons", "fans", Measure::latest, "number", {"account", "area"}).max_age = 40;
  auto& preferred = indicator("fans.preferred", "persons", "fans", Measure::latest, "number", {"account", "area"});
  preferred.max_age = 40;
  preferred.join = model::Join::prefer;
  preferred.order = {"bureau", "platform"};
  preferred.grain = {model::Freq::month, {"account"}};
  indicator("sessions", "sessions", "returns", Measure::sum, "sessions", {"area", "kind"});
  indicator("hours", "hours", "returns", Measure::sum, "hours", {"area", "kind"});
  for (const auto join : {model::Join::prefer, model::Join::compare}) {
    auto& joined = indicator(join == model::Join::prefer ? "sessions.preferred" : "sessions.compared", "sessions",
                             "returns", Measure::sum, "sessions", {"area", "kind"});
    joined.join = join;
    joined.order = {"bureau", "platform"};
    joined.grain = {model::Freq::quarter, {"area"}};
  }
  indicator("lessons", "sessions", "lessons", Measure::count, "", {"school", "area"});
  indicator("teachers", "persons", "lessons", Measure::distinct, "teacher", {"school", "area"});
  auto& share = indicator("schools.covered", "percent", "", Measure::share, "", {"area"});
  share.entries = "schools";
  share.rules = {{"lessons", "2", {}}};
  auto& each = indicator("schools.equipped", "items", "", Measure::each, "", {"area"});
  each.entries = "schools";
  each.kinds = {"primary"};
  each.rules = {{"lessons", {}, {}}, {"teachers", {}, "1"}};
  auto& places = indicator("subdistricts.covered", "percent", "", Measure::share, "", {"area"});
  places.entries = "subdistrict";
  places.rules = {{"sessions", "1", {}}};
  auto& ratio = indicator("hours.per_session", "hours", "", Measure::ratio, "", {"area"});
  ratio.numerator = "hours";
  ratio.denominator = "sessions";
  return catalog;
}

class MeasuresStore : public testing::Test {
protected:
  MeasuresStore() : zone_(*model::Zone::find("Asia/Shanghai")), catalog_(measures_catalog()) { open(); }
  ~MeasuresStore() override { close(); }

  void open() {
    auto writer = store::Writer::open({file(), &clock_, "test"});
    if (!writer) throw std::runtime_error(writer.error().text);
    writer_ = std::move(*writer);
    load(catalog_);
    readers_ = std::make_unique<store::ReaderSource>(file());
  }
  void close() {
    readers_.reset();
    writer_.reset();
  }
  std::filesystem::path file() const { return folder_.path() / "store.db"; }
  void load(std::shared_ptr<const model::Catalog> catalog) {
    catalog_ = std::move(catalog);
    const auto loaded = writer_->load_catalog(catalog_, zone_);
    if (!loaded) throw std::runtime_error(loaded.error().text);
  }

  model::FactColumns columns(const std::string& dataset, const std::map<std::string, Row>& rows) {
    auto* codes = writer_->codes(dataset);
    const auto& fields = catalog_->dataset(dataset)->contract.fields;
    model::FactColumns facts;
    facts.fields.resize(fields.size());
    for (size_t i = 0; i < fields.size(); ++i)
      facts.fields[i].holding = model::holding_of(fields[i]);
    for (const auto& [key, row] : rows) {
      facts.key_bytes += key;
      facts.key_ends.push_back(static_cast<uint32_t>(facts.key_bytes.size()));
      facts.places.push_back(++facts.rows);
      for (size_t i = 1; i < fields.size(); ++i) {
        const auto cell = row.find(fields[i].name);
        auto& column = facts.fields[i];
        if (column.holding == model::Holding::code) {
          column.codes.push_back(cell == row.end() ? 0 : codes->code(i, cell->second));
          continue;
        }
        column.nulls.push_back(cell == row.end());
        column.numbers.push_back(cell == row.end() ? 0 : number(fields[i], cell->second));
      }
    }
    return facts;
  }
  static int64_t number(const abi::Field& field, const std::string& text) {
    if (field.type == KEPU_DATE) return model::parse_day(text).value();
    return std::stoll(text); // decimals as they are held
  }

  // One run of one part.
  void put(const std::string& source, const std::string& dataset, const std::map<std::string, Row>& rows,
           const std::vector<std::string>& retract = {}) {
    const auto run = writer_->begin_run({source, "test", "1", "", clock_.now()});
    ASSERT_TRUE(run) << run.error().text;
    auto part = writer_->open_part(*run);
    auto facts = columns(dataset, rows);
    if (facts.rows) {
      const auto taken = part->put(dataset, facts);
      ASSERT_TRUE(taken) << taken.error().text;
    }
    if (!retract.empty()) {
      model::FactColumns keys;
      for (const auto& key : retract) {
        keys.key_bytes += key;
        keys.key_ends.push_back(static_cast<uint32_t>(keys.key_bytes.size()));
        ++keys.rows;
      }
      const auto taken = part->retract(dataset, keys);
      ASSERT_TRUE(taken) << taken.error().text;
    }
    const auto commit = part->commit("");
    ASSERT_TRUE(commit) << commit.error().text;
    part.reset();
    ASSERT_TRUE(writer_->end_run(*run, "ok", "", clock_.now()));
  }

  query::ObservationQuery of(std::string indicator, model::Freq freq, std::vector<std::string> by = {}) const {
    query::ObservationQuery query;
    query.indicator = std::move(indicator);
    query.freq = freq;
    query.by = std::move(by);
    query.today = today_;
    return query;
  }
  Result<query::Observations> ask(const query::ObservationQuery& query, std::optional<Instant> as_of = {}) {
    auto reader = readers_->open();
    if (!reader) return reader.error();
    const auto moment = as_of ? (*reader)->begin_at(*as_of) : (*reader)->begin();
    if (!moment) return moment.error();
    const query::MomentEnd end(**reader);
    return query::observe_within(**reader, *moment, query);
  }
  // "2025-Q1 510104017 = 12.5 carried=1", one line a row.
  static std::string shown(const query::Observations& found) {
    std::string out;
    for (const auto& row : found.rows) {
      out += row.period.text();
      for (const auto& code : found.by(row))
        out += " " + (code.empty() ? "-" : code);
      out += " = " + (row.is_known ? decimal(row.value, found.scale) : "?");
      if (row.carried) out += " carried=" + std::to_string(row.carried);
      if (row.missing) out += " missing=" + std::to_string(row.missing);
      if (row.differing) out += " differing=" + std::to_string(row.differing);
      if (row.denominator != 0)
        out += " of " + decimal(row.numerator, found.numerator_scale) + "/" +
               decimal(row.denominator, found.denominator_scale);
      out += "\n";
    }
    return out;
  }
  std::string answer(const query::ObservationQuery& query, std::optional<Instant> as_of = {}) {
    const auto found = ask(query, as_of);
    return found ? shown(*found) : found.error().code;
  }
  // Cells of the grain that a rule between sources judged, a line each; then facts by source.
  std::string explanation(const std::string& indicator, const std::string& period, const std::string& source = "") {
    auto query = of(indicator, model::parse_period(period)->freq);
    query.from = query.to = *model::parse_period(period);
    query.limit = 1000;
    if (!source.empty()) query.source = source;
    auto reader = readers_->open().value();
    (void)reader->begin();
    const query::MomentEnd end(*reader);
    const auto found = query::explain_within(*reader, query, [](const store::CountedFact&) { return true; });
    if (!found) return found.error().code;
    std::string out;
    for (const auto& cell : found->cells) {
      out += cell.period.text();
      for (const auto& code : cell.codes)
        out += " " + code;
      out += " " + cell.source.value_or("none") + " (";
      for (const auto& [who, value] : cell.said)
        out += (out.back() == '(' ? "" : ", ") + who + " " + decimal(value, found->scale);
      out += cell.differs ? ", differ)\n" : ")\n";
    }
    for (const auto& group : found->facts.groups)
      out += group.source + " " + std::to_string(group.facts) + ", ";
    return out + "left out " + std::to_string(found->facts.left_out) + "\n";
  }
  static std::string decimal(__int128 value, int scale) {
    std::string digits = std::to_string(static_cast<int64_t>(value < 0 ? -value : value));
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
    if (scale > 0) {
      digits.insert(digits.size() - static_cast<size_t>(scale), ".");
      while (digits.back() == '0')
        digits.pop_back();
      if (digits.back() == '.') digits.pop_back();
    }
    return (value < 0 ? "-" : "") + digits;
  }

  FakeClock clock_{from_micros(1'760'000'000'000'000)};
  model::Zone zone_;
  std::shared_ptr<const model::Catalog> catalog_;
  model::Day today_ = day("2025-10-09");
  Folder folder_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::ReaderSource> readers_;
};

} // namespace kepu::test
