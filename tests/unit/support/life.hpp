// A store that lives: rows come, are corrected, taken out and replaced, catalogs and labels change. Each step is one
// commit. The same seed, the same life. One thread.
#pragma once

#include "store/writer.hpp"
#include "support/folder.hpp"
#include "support/sample_catalog.hpp"

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace kepu::test {

class Life {
public:
  explicit Life(uint32_t seed) : zone(*model::Zone::find("Asia/Shanghai")), catalog(sample_catalog()), random_(seed) {
    writer = must(store::Writer::open({file(), &clock, "test"}));
    must(writer->load_catalog(catalog, zone));
    readers = std::make_unique<store::ReaderSource>(file());
  }
  ~Life() {
    readers.reset();
    writer.reset();
  }

  std::filesystem::path file() const { return folder_.path() / "store.db"; }
  size_t pick(size_t below) { return random_() % below; }
  template <class T> static T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().code + ": " + result.error().text);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

  static store::Work::Outcome to_end(std::unique_ptr<store::Work> work) {
    while (!must(work->step())) {
    }
    return work->outcome();
  }

  void step() {
    clock.advance(std::chrono::seconds(pick(3) == 0 ? 0 : 1 + pick(100'000)));
    switch (pick(11)) {
    case 10:
      return withdraw();
    case 0:
      return change_catalog();
    case 1:
      return give_label();
    case 2:
    case 3:
      return replace();
    default:
      return correct();
    }
  }

  FakeClock clock{from_micros(1'741'000'000'000'000)};
  model::Zone zone;
  std::shared_ptr<const model::Catalog> catalog;
  std::unique_ptr<store::Writer> writer;
  std::unique_ptr<store::ReaderSource> readers;
  std::vector<std::string> labels;                // that name a commit
  static constexpr model::Day first_day = 20'140; // 2025-02-21; all rows lie in some forty days from then on

private:
  std::string source() { return pick(2) ? "gates" : "other"; }

  model::FactColumns rows(size_t count) {
    auto* codes = writer->codes("passages");
    const auto& dataset = *catalog->dataset("passages");
    const auto& fields = dataset.contract.fields;
    model::FactColumns out;
    out.fields.resize(fields.size());
    for (size_t i = 0; i < fields.size(); ++i)
      out.fields[i].holding = model::holding_of(fields[i]);
    const auto at = [&](const char* name) { return *dataset.field(name); };
    const auto code = [&](const char* field, const std::string& text) {
      out.fields[at(field)].codes.push_back(text.empty() ? 0 : codes->code(at(field), text));
    };
    for (size_t i = 0; i < count; ++i) {
      add_key("e" + std::to_string(pick(200)), out);
      out.places.push_back(static_cast<uint32_t>(i + 2));
      const char* venue[] = {"V01", "V02", "V03", "V04", "科技馆"};
      // Now and then one that no register knows, seen for the first time.
      code("venue", pick(60) ? venue[pick(5)] : "X" + std::to_string(pick(12)));
      code("gate", pick(3) ? pick(2) ? "G1" : "G2" : "");
      if (dataset.field("note")) code("note", pick(2) ? "G1" : "旧");
      const auto day = first_day + static_cast<model::Day>(pick(40));
      out.fields[at("ts")].numbers.push_back(to_micros(zone.start_of(day)) +
                                             static_cast<int64_t>(pick(24)) * 3'600'000'000);
      out.fields[at("card")].numbers.push_back(static_cast<int64_t>(1 + pick(15)));
      out.fields[at("paid")].numbers.push_back(static_cast<int64_t>(pick(2000)) - 1000);
      out.fields[at("paid")].flags.push_back(static_cast<uint8_t>(pick(4) ? 0 : 1u << pick(3)));
    }
    return out;
  }
  static void add_key(std::string_view key, model::FactColumns& facts) {
    facts.key_bytes += key;
    facts.key_ends.push_back(static_cast<uint32_t>(facts.key_bytes.size()));
    ++facts.rows;
  }
  template <class F> void in_run(F f) {
    const auto run = must(writer->begin_run({source(), "test", "1." + std::to_string(pick(3)), "ab12", clock.now()}));
    {
      auto part = writer->open_part(run);
      const bool has_input = pick(2);
      if (has_input) {
        store::InputAsk ask;
        ask.name = "file-" + std::to_string(pick(4)) + ".csv";
        ask.size = 10;
        ask.content_hash[0] = static_cast<uint8_t>(random_());
        ask.content_hash[1] = static_cast<uint8_t>(random_());
        must(part->begin_input(ask));
      }
      f(*part);
      if (has_input) must(part->end_input());
      must(part->commit(""));
    }
    must(writer->end_run(run, "ok", "", clock.now()));
  }
  void correct() {
    in_run([&](store::Part& part) {
      auto facts = rows(1 + pick(40));
      must(part.put("passages", facts));
      if (pick(3) == 0) { // a row that comes and goes within its part was never in force
        auto more = rows(1 + pick(40));
        model::FactColumns keys;
        add_key(more.key(0), keys);
        must(part.put("passages", more));
        must(part.retract("passages", keys));
      }
      model::FactColumns gone;
      for (size_t i = pick(8); i > 0; --i)
        add_key("e" + std::to_string(pick(200)), gone);
      if (gone.rows) must(part.retract("passages", gone));
    });
  }
  void replace() {
    in_run([&](store::Part& part) {
      store::Scope scope;
      scope.this_input = part.input_is_open() && pick(2);
      if (!scope.this_input) {
        const auto from = first_day + static_cast<model::Day>(pick(40));
        scope.time_from = to_micros(zone.start_of(from));
        scope.time_until = to_micros(zone.start_of(from + static_cast<model::Day>(1 + pick(10))));
      }
      must(part.begin_replace("passages", scope));
      auto facts = rows(1 + pick(20));
      must(part.put("passages", facts));
      must(part.end_replace());
    });
  }
  // A run that was not withdrawn yet, if one is met.
  void withdraw() {
    auto reader = must(readers->open());
    must(reader->begin());
    const auto runs = must(reader->runs({{}, 0, 100'000}));
    for (size_t tries = 5; tries > 0 && !runs.empty(); --tries) {
      const auto& run = runs[pick(runs.size())];
      if (run.withdrawn) continue;
      to_end(must(writer->withdraw_run(run.run)));
      return;
    }
  }
  // Names, fields, conditions, units, dimensions, what maps the source's words, the tree of areas, the zone; and
  // indicators leave and come back.
  void change_catalog() {
    auto next = std::make_shared<model::Catalog>(*sample_catalog());
    next->indicators[0].name.zh = "人次" + std::to_string(pick(100));
    if (pick(2)) next->indicators[0].where = {{"gate", {"G1"}}};
    if (pick(4) == 0) next->indicators[1].where = {{"paid", {}, false, "-5.00", "5.00"}};
    if (pick(4) == 0) next->indicators[2].unit = "persons";
    if (pick(4) == 0) next->indicators[2].by = {"venue", "area"};
    if (pick(4) == 0) next->units[0].name.zh = "次";
    if (pick(3) == 0) { // a field more, and the others stand elsewhere
      auto& fields = next->datasets[0].contract.fields;
      fields.insert(fields.begin() + 1, {"note", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false});
      if (pick(2)) next->indicators[0].where = {{"note", {"G1"}, true}};
    }
    auto venues = next->registers.at("venues").all();
    if (pick(2)) std::swap(venues[0].area, venues[2].area);
    venues[1].name.zh = "新馆" + std::to_string(pick(2));
    if (pick(3) == 0) venues.pop_back();
    next->registers["venues"] = model::Register("venues", {"场馆", ""}, venues);
    if (pick(4) == 0) {
      auto areas = next->areas.all();
      for (auto& area : areas) {
        if (area.code == "510104017001") area.parent = "510104020";
      }
      next->areas = model::Areas(areas);
    }
    if (pick(4) == 0) next->indicators.erase(next->indicators.begin() + static_cast<std::ptrdiff_t>(pick(3)));
    catalog = next;
    if (pick(3) == 0) zone = *model::Zone::find(pick(2) ? "Asia/Shanghai" : "Asia/Tokyo");
    must(writer->load_catalog(catalog, zone));
  }
  void give_label() {
    const auto name = "报告 " + std::to_string(pick(8));
    const auto latest = writer->latest().load();
    must(writer->label(pick(2) ? std::nullopt : std::optional<store::Seq>(1 + pick(latest)), name, true));
    if (std::find(labels.begin(), labels.end(), name) == labels.end()) labels.push_back(name);
  }

  Folder folder_;
  std::mt19937 random_;
};

} // namespace kepu::test
