// A store of one dataset of passages in a folder of its own, and what tests do to it.
#pragma once

#include "base/clock.hpp"
#include "store/db.hpp"
#include "store/oracle.hpp"
#include "store/writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace kepu::store::test {

namespace fs = std::filesystem;

constexpr int64_t noon_2025 = 1'735'704'000'000'000; // 2025-01-01T12:00+08:00
constexpr int64_t day_micros = 86'400'000'000;

inline std::shared_ptr<const model::Catalog> catalog(std::vector<std::string> inwards = {"in"}) {
  auto out = std::make_shared<model::Catalog>();
  model::Dataset passages;
  passages.contract.id = "passages";
  const auto field = [&](const char* name, int32_t type, uint32_t roles) {
    abi::Field one;
    one.name = name;
    one.type = type;
    one.roles = roles;
    passages.contract.fields.push_back(one);
  };
  field("id", KEPU_TEXT, KEPU_ROLE_KEY);
  field("way", KEPU_TEXT, KEPU_ROLE_ATTRIBUTE);
  field("ts", KEPU_TIMESTAMP, KEPU_ROLE_TIME);
  field("card", KEPU_TEXT, KEPU_ROLE_PERSON);
  passages.contract.fields[3].scheme = "account:test";
  out->datasets.push_back(passages);
  model::Indicator visits;
  visits.id = "visits";
  visits.dataset = "passages";
  visits.where = {{"way", std::move(inwards)}};
  visits.by = {"way"};
  out->indicators.push_back(visits);
  model::Indicator visitors;
  visitors.id = "visitors";
  visitors.dataset = "passages";
  visitors.measure = model::Measure::distinct;
  visitors.field = "card";
  visitors.by = {"way"};
  out->indicators.push_back(visitors);
  return out;
}

struct Row {
  std::string id;
  std::string way;
  int day;
  int64_t card; // 0: none
  bool operator==(const Row&) const = default;
};

class Store : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("kepu_store_" + std::to_string(::getpid()) + "_" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    open();
  }
  void TearDown() override {
    part_.reset();
    writer_.reset();
    fs::remove_all(folder_);
  }
  fs::path file() const { return folder_ / "kepu.db"; }
  void open(const std::string& key = "") {
    Options options;
    options.file = file();
    options.clock = &clock_;
    options.person_key_fingerprint = key;
    auto opened = Writer::open(options);
    ASSERT_TRUE(opened) << opened.error().text;
    writer_ = std::move(*opened);
    auto loaded = writer_->load_catalog(catalog(), zone_);
    ASSERT_TRUE(loaded) << loaded.error().text;
  }
  // As after kill -9: nothing of the open part or run is ended.
  void reopen() {
    part_.reset();
    writer_.reset();
    open();
  }
  // As after kill -9, also for what ends with the objects: the files are as they were before these were gone.
  void kill_process(std::unique_ptr<Work> work = nullptr) {
    fs::copy_file(file(), folder_ / "killed.db");
    fs::copy_file(file().string() + "-wal", folder_ / "killed.db-wal");
    work.reset();
    part_.reset();
    writer_.reset();
    fs::remove(file().string() + "-wal");
    fs::remove(file().string() + "-shm");
    fs::rename(folder_ / "killed.db", file());
    fs::rename(folder_ / "killed.db-wal", file().string() + "-wal");
    open();
  }
  void begin_run(const std::string& source = "gates") {
    run_ = writer_->begin_run({source, "c", "1", "", clock_.now()}).value();
    part_ = writer_->open_part(run_);
  }
  model::FactColumns columns(const std::vector<Row>& rows) {
    model::FactColumns out;
    const auto& dataset = writer_->catalog()->datasets[0];
    out.fields.resize(4);
    for (size_t i = 0; i < 4; ++i)
      out.fields[i].holding = model::holding_of(dataset.contract.fields[i]);
    for (const auto& row : rows) {
      out.key_bytes += row.id;
      out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
      out.fields[1].codes.push_back(writer_->codes("passages")->code(1, row.way));
      out.fields[2].numbers.push_back(noon_2025 + row.day * day_micros);
      out.fields[3].numbers.push_back(row.card);
      out.fields[3].nulls.push_back(row.card == 0);
      out.places.push_back(++out.rows + 1);
    }
    return out;
  }
  void put(const std::vector<Row>& rows) {
    auto facts = columns(rows);
    const auto done = part_->put("passages", facts);
    ASSERT_TRUE(done) << done.error().text;
  }
  void commit(const std::string& cursor = "c") {
    const auto done = part_->commit(cursor);
    ASSERT_TRUE(done) << done.error().text;
  }
  // By day of 2025.
  std::map<int, uint64_t> visits() {
    return visits_of([](Reader& reader) { return reader.begin(); });
  }
  std::map<int, uint64_t> visits_at(Instant moment) {
    return visits_of([&](Reader& reader) { return reader.begin_at(moment); });
  }
  std::map<int, uint64_t> visits_of(const std::function<Result<CommitInfo>(Reader&)>& begin) {
    std::map<int, uint64_t> out;
    auto reader = ReaderSource(file()).open().value();
    begin(*reader).value();
    std::vector<uint32_t> ids;
    const auto series = reader->series("visits").value();
    for (const auto& one : series)
      ids.push_back(one.id);
    const auto first = model::day_of(2025, 1, 1);
    (void)reader->cells(ids, first - 1000, first + 1000,
                        [&](size_t, const DayCell& cell) { out[cell.day - first] += cell.n; });
    return out;
  }
  std::optional<RunRow> run(uint64_t number) {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    return reader->run(number).value();
  }
  uint64_t run_to_end(const char* status, const std::vector<Row>& rows) {
    begin_run();
    if (!rows.empty()) {
      put(rows);
      commit();
    }
    part_.reset();
    EXPECT_TRUE(writer_->end_run(run_, status, "", clock_.now()));
    return run_;
  }
  void expect_verified() {
    const auto differs = verify(file(), zone_);
    ASSERT_TRUE(differs) << differs.error().text;
    EXPECT_EQ(*differs, std::vector<std::string>{});
  }
  InputAnswer begin_input(const std::string& name, uint8_t content, uint64_t size = 10) {
    InputAsk ask{name, size, {}};
    ask.content_hash[0] = content;
    return part_->begin_input(ask).value();
  }
  Decision take(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    const auto answer = begin_input(name, content);
    if (answer.decision == Decision::known) return answer.decision;
    put(rows);
    EXPECT_TRUE(part_->end_input());
    commit();
    return answer.decision;
  }

  void end_run(const char* status = "ok") {
    part_.reset();
    const auto ended = writer_->end_run(run_, status, "", clock_.now());
    ASSERT_TRUE(ended) << ended.error().text;
  }
  uint64_t facts() {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    return reader->totals().value().facts;
  }
  Work::Outcome to_end(Result<std::unique_ptr<Work>> work) {
    if (!work) throw std::runtime_error(work.error().text);
    for (;;) {
      const auto last = (*work)->step();
      if (!last) throw std::runtime_error(last.error().text);
      if (*last) return (*work)->outcome();
    }
  }
  Work::Outcome withdraw(uint64_t run) { return to_end(writer_->withdraw_run(run)); }

  // All that came from this name gives way to these rows.
  void replace(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    begin_input(name, content);
    Scope scope;
    scope.this_input = true;
    ASSERT_TRUE(part_->begin_replace("passages", scope));
    put(rows);
    ASSERT_TRUE(part_->end_replace());
    ASSERT_TRUE(part_->end_input());
    commit();
  }

  fs::path folder_;
  FakeClock clock_{from_micros(noon_2025)};
  model::Zone zone_ = model::Zone::find("Asia/Shanghai").value();
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Part> part_;
  uint64_t run_ = 0;
};

} // namespace kepu::store::test
