// Backfills on kepu-ingest: one part a run, swapped in when the run has settled well.
#include "ingest_fixture.hpp"
#include "wire/samples.hpp"

namespace kepu::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Told {
  std::string key;
  int day; // of 2025, from 0; those before are of 2024
  uint64_t place = 0;
};

class IngestBackfill : public IngestTest {
protected:
  IngestBackfill() {
    auto catalog = std::make_shared<model::Catalog>(*test::sample_catalog());
    catalog->datasets.reserve(3);
    auto& passages = catalog->datasets[0];
    passages.accept_past = std::chrono::hours(24 * 100);
    auto counts = passages; // the same without a key: its rows are known by their places
    counts.contract.id = "counts";
    counts.contract.fields.erase(counts.contract.fields.begin());
    catalog->datasets.push_back(counts);
    auto timeless = passages;
    timeless.contract.id = "timeless";
    timeless.contract.fields = {passages.contract.fields[0]};
    catalog->datasets.push_back(timeless);
    auto indicator = catalog->indicators[0];
    indicator.id = "counted";
    indicator.dataset = "counts";
    catalog->indicators.push_back(indicator);
    ingest_->call([&] { EXPECT_TRUE(writer_->load_catalog(catalog, model::Zone::find("Asia/Shanghai").value())); });
    const auto& fields = passages.contract.fields;
    datasets_ = {{"passages", 1, {fields[0], fields[1], fields[3]}},
                 {"counts", 1, {fields[1], fields[3]}},
                 {"timeless", 1, {fields[0]}}};
  }
  void begin_backfill(int first, int until, bool allow_empty = false) {
    const auto day = model::day_of(2025, 1, 1);
    begin_run("one", "gates", model::Backfill{day + first, day + until, allow_empty});
  }
  void rows(const std::vector<Told>& told, uint16_t dataset = 0) {
    wire::samples::OwnedBatch made;
    made.batch.dataset = dataset;
    made.batch.rows = static_cast<uint32_t>(told.size());
    made.batch.has_places = true;
    made.batch.first_place = 0;
    std::vector<std::string> keys;
    std::vector<int64_t> times;
    std::vector<uint32_t> places;
    for (const auto& one : told) {
      keys.push_back(one.key);
      times.push_back(1'735'700'400'000'000 + one.day * 86'400'000'000);
      places.push_back(static_cast<uint32_t>(one.place));
    }
    made.batch.gaps = made.keep(places);
    if (dataset != 1) made.plain(keys);
    if (dataset != 2) {
      made.plain(std::vector<std::string>(told.size(), "V01"));
      made.fixed(KEPU_TIMESTAMP, times);
    }
    std::string bytes;
    wire::encode_rows(made.batch, wire::Type::rows, bytes);
    ingest_->frame(token_, wire::decode_header(bytes).value(), bytes.substr(wire::header_bytes));
    sent_ += told.size();
  }
  void commit_all(const std::string& cursor = "here") {
    frame(wire::CommitFrame{cursor, sent_, 0}, ++tag_);
    sent_ = 0;
  }
  void file(const std::string& name, uint8_t content, const std::vector<Told>& told, uint16_t dataset = 0) {
    begin_input(name, content);
    rows(told, dataset);
    end_input();
    commit_all();
  }
  // Visits by day, as readers see them.
  std::map<int, uint64_t> held(const char* indicator = "venue.visits") {
    std::map<int, uint64_t> out;
    const auto file_of_store = folder_.path() / "kepu.db";
    auto reader = store::ReaderSource(file_of_store).open().value();
    reader->begin().value();
    std::vector<uint32_t> ids;
    const auto series = reader->series(indicator).value();
    for (const auto& one : series)
      ids.push_back(one.id);
    const auto day = model::day_of(2025, 1, 1);
    (void)reader->cells(ids, day - 100, day + 100, [&](size_t, const store::DayCell& cell) {
      if (cell.n) out[cell.day - day] += cell.n;
    });
    return out;
  }
  store::RunRow last_run() {
    auto reader = store::ReaderSource(folder_.path() / "kepu.db").open().value();
    reader->begin().value();
    return reader->last_run("gates").value().value();
  }
  using Days = std::map<int, uint64_t>;
  uint64_t sent_ = 0;
};

TEST_F(IngestBackfill, ItsPartsBecomeVisibleTogetherWhenItHasEndedWell) {
  begin_run();
  file("a.csv", 1, {{"a", -3}, {"b", -2}});
  end_run();
  begin_backfill(-3, -1);
  file("a.csv", 1, {{"a", -3}, {"x", -9}});
  file("b.csv", 2, {{"c", -2}});
  settle(false);
  EXPECT_THAT(heard_.words, ElementsAre("input take", "durable", "input take", "durable"));
  EXPECT_EQ(held(), (Days{{-3, 1}, {-2, 1}}));
  end_run();
  EXPECT_EQ(held(), (Days{{-3, 1}, {-2, 1}}));
  EXPECT_EQ(last_run().status, "ok");
  EXPECT_EQ(last_run().inserted, 1u);
  EXPECT_EQ(last_run().removed, 1u);
  EXPECT_EQ(last_run().parts, 1u);
  EXPECT_EQ(last_run().text, "backfill of 2024-12-29 to 2024-12-30: ; rows of other days that were passed over: 1");
}

TEST_F(IngestBackfill, ARunThatEndsOtherwiseChangesNothing) {
  begin_run();
  file("a.csv", 1, {{"a", -3}});
  end_run();
  for (const char* status : {"retry", "bad_config", "bad_data", "cancelled", "bug", "crashed", "killed"}) {
    begin_backfill(-3, 0, true);
    file("a.csv", 1, {{"b", -3}, {"c", -2}});
    end_run(status);
    EXPECT_EQ(held(), (Days{{-3, 1}})) << status;
    EXPECT_EQ(last_run().status, status);
    EXPECT_THAT(last_run().text, HasSubstr("backfill of 2024-12-29 to 2024-12-31"));
  }
}

TEST_F(IngestBackfill, TheBookmarkStays) {
  begin_run();
  file("a.csv", 1, {{"a", -3}});
  end_run();
  begin_backfill(-3, 0);
  begin_input("a.csv");
  rows({{"a", -3}});
  end_input();
  commit_all("elsewhere");
  end_run();
  EXPECT_EQ(cursor(), "here");
}

TEST_F(IngestBackfill, NoEarlierContentIsToldOfSoThatInputsAreReadWhole) {
  begin_run();
  file("a.csv", 1, {{"a", -3}});
  end_run();
  begin_backfill(-3, 0);
  begin_input("a.csv", 2);
  settle(false);
  EXPECT_FALSE(heard_.has_previous);
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
}

TEST_F(IngestBackfill, ADeadSourceIsRefusedBeforeTheRunHasSettled) {
  begin_run();
  file("a.csv", 1, {{"a", -3}});
  end_run();
  begin_backfill(-3, 0);
  commit_all();
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("durable", "refused bad_data"));
  EXPECT_THAT(heard_.text, HasSubstr("the source gave nothing of a.csv, of which the hub holds 1 fact of 2024-12-29"));
  EXPECT_EQ(held(), (Days{{-3, 1}}));
}

TEST_F(IngestBackfill, TooManyRejectsRefuseItAndNothingElse) {
  begin_run();
  file("a.csv", 1, {{"a", -3}});
  end_run();
  begin_backfill(-3, 0, true);
  begin_input("a.csv", 2);
  bad_rows(200);
  end_input();
  commit(200);
  end_run();
  EXPECT_THAT(heard_.words, ElementsAre("input take", "dropped", "refused bad_data"));
  EXPECT_THAT(heard_.text, HasSubstr("nothing was changed"));
  EXPECT_EQ(held(), (Days{{-3, 1}}));
  begin_run();
  begin_input("a.csv", 2);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input take")) << "the next run judges for itself";
}

TEST_F(IngestBackfill, AnInputThatRunsPassOverIsReadAllTheSame) {
  run_with_refused_input();
  begin_backfill(-3, 0);
  begin_input("bad.csv");
  settle(false);
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
}

TEST_F(IngestBackfill, WhatWasNotCommittedRefusesIt) {
  for (const bool open : {true, false}) {
    begin_backfill(-3, 0);
    begin_input("a.csv");
    if (open) commit_all();
    if (!open) rows({{"a", -3}});
    if (!open) end_input();
    settle();
    EXPECT_THAT(heard_.words, testing::Contains("refused bad_data"));
    EXPECT_THAT(heard_.text, HasSubstr("without committing"));
    end_run("bad_data");
    sent_ = 0;
  }
  EXPECT_THAT(held(), IsEmpty());
}

TEST_F(IngestBackfill, ASourceWithoutTimesIsRefused) {
  datasets_ = {datasets_[2]};
  begin_backfill(-3, 0);
  rows({{"a", 0}}, 0);
  settle();
  EXPECT_THAT(heard_.text, testing::Not(IsEmpty()));
  EXPECT_THAT(heard_.words, testing::Contains(testing::StartsWith("refused")));
}

TEST_F(IngestBackfill, ADatasetWithoutTimesTakesNoPart) {
  begin_run();
  rows({{"t", 0}}, 2);
  commit_all();
  end_run();
  begin_backfill(-3, 0);
  rows({{"t", 0}, {"u", 0}}, 2);
  rows({{"a", -3}}, 0);
  commit_all();
  end_run();
  EXPECT_EQ(last_run().inserted, 1u);
  EXPECT_EQ(last_run().removed, 0u);
  EXPECT_THAT(last_run().text, HasSubstr("of other days that were passed over: 2"));
}

// ---- rows that are known by their places ----

TEST_F(IngestBackfill, OfTheSameContentRowsWithoutAKeyAreKnown) {
  begin_run();
  file("a.csv", 1, {{"", -3, 2}, {"", -2, 3}}, 1);
  end_run();
  begin_backfill(-3, -2);
  file("a.csv", 1, {{"", -3, 2}, {"", -2, 3}}, 1);
  end_run();
  EXPECT_EQ(held("counted"), (Days{{-3, 1}, {-2, 1}}));
  EXPECT_EQ(last_run().unchanged, 1u);
  EXPECT_EQ(last_run().inserted, 0u);
}

TEST_F(IngestBackfill, OfOtherContentRowsWithoutAKeyAreNotTakenForThoseThatWereAtTheirPlaces) {
  begin_run();
  file("a.csv", 1, {{"", -3, 2}, {"", -2, 3}}, 1);
  end_run();
  for (int again = 0; again < 2; ++again) {
    begin_backfill(-3, -2);
    file("a.csv", 2, {{"", -3, 2}, {"", -3, 3}, {"", -2, 4}}, 1);
    end_run();
    EXPECT_EQ(held("counted"), (Days{{-3, 2}, {-2, 1}}));
  }
  begin_run();
  file("a.csv", 3, {{"", -3, 2}, {"", -1, 3}}, 1);
  end_run();
  EXPECT_EQ(held("counted"), (Days{{-3, 1}, {-1, 1}})) << "new content takes the place of all that came of the file";
}

TEST_F(IngestBackfill, OfOneDatasetOfSeveralNothingIsLostUnsaid) {
  begin_run();
  begin_input("a.csv");
  rows({{"a", -3}}, 0);
  rows({{"", -3, 2}}, 1);
  end_input();
  commit_all();
  end_run();
  begin_backfill(-3, 0);
  file("a.csv", 1, {{"a", -3}}, 0);
  settle();
  EXPECT_THAT(heard_.text, HasSubstr("no row of dataset counts"));
  EXPECT_EQ(held("counted"), (Days{{-3, 1}}));
}

} // namespace
} // namespace kepu::app
