// A hub in memory: fake store and control, and one request at a time.
#pragma once

#include "http/cache.hpp"
#include "http/counts.hpp"
#include "http/handle.hpp"
#include "support/fake_reader.hpp"
#include "support/sample_catalog.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace kepu::http::test {

namespace json = boost::json;

class FakeControl final : public Control {
public:
  std::vector<SourceStatus> sources() override { return all; }
  Result<void> run_now(std::string_view source) override { return ordered("run", source); }
  Result<void> pause(std::string_view source) override { return ordered("pause", source); }
  Result<void> resume(std::string_view source) override { return ordered("resume", source); }
  Result<store::CommitInfo> label(std::optional<uint64_t> commit, std::string_view label, bool replace) override {
    if (refuses) return *refuses;
    orders.push_back("label " + (commit ? std::to_string(*commit) : "latest") + " " + std::string(label) +
                     (replace ? " replace" : ""));
    return store::CommitInfo{commit.value_or(7), from_micros(1'741'138'200'000'000)};
  }
  Result<void> run_again(std::string_view source) override { return ordered("run again", source); }
  Result<void> retry(const std::string& source, const std::optional<std::string>& input) override {
    return ordered("retry " + input.value_or("all") + " of", source);
  }
  Result<void> backfill(std::string_view source, const model::Backfill& asked) override {
    return ordered("backfill " + asked.text() + (asked.allow_empty ? " though empty" : ""), source);
  }
  Result<JobStatus> withdraw_run(uint64_t run, const std::string& source) override {
    return job("withdraw run " + std::to_string(run) + " of " + source);
  }
  Result<JobStatus> withdraw_source(const std::string& source) override { return job("withdraw source " + source); }
  Result<JobStatus> retention(const std::string& source, model::Day before) override {
    return job("retention " + source + " " + model::day_text(before));
  }
  Result<JobStatus> rebuild() override { return job("rebuild"); }
  Result<JobStatus> verify() override { return job("verify"); }
  Result<JobStatus> compact() override { return job("compact"); }
  Result<JobStatus> reload() override { return job("reload"); }
  Result<JobStatus> erase_person(uint64_t pseudonym, const std::string& key) override {
    return job("erase " + std::to_string(pseudonym) + " under " + key);
  }
  std::vector<JobStatus> jobs() override { return asked_jobs; }
  Health health() override { return state; }
  std::vector<Metric> metrics() override { return measured; }

  std::vector<SourceStatus> all;
  std::vector<JobStatus> asked_jobs;
  Health state{true, ""};
  std::vector<Metric> measured;
  std::optional<Error> refuses;
  std::vector<std::string> orders;

private:
  Result<JobStatus> job(const std::string& order) {
    if (refuses) return *refuses;
    orders.push_back(order);
    JobStatus job;
    job.id = 3;
    job.kind = "withdraw";
    job.what = "run 1";
    job.state = "queued";
    job.sentence = "It waits for its turn.";
    asked_jobs = {job};
    return job;
  }
  Result<void> ordered(const std::string& verb, std::string_view source) {
    if (refuses) return *refuses;
    if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.id == source; })) {
      return fail("unknown_source", "no source \"" + std::string(source) + "\"");
    }
    orders.push_back(verb + " " + std::string(source));
    return {};
  }
};

inline std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

class Hub {
public:
  Hub() {
    store.catalog = kepu::test::sample_catalog();
    store.commit = {7, from_micros(1'741'138'200'000'000)}; // 2025-03-05T09:30:00+08:00
    using model::day_of;
    auto add = [&](std::string indicator, std::string source, std::vector<std::string> dims, model::Day day,
                   __int128 amount, uint32_t number, uint8_t flags) {
      store.facts.push_back({std::move(indicator), std::move(source), std::move(dims), day, amount, number, flags});
    };
    add("venue.visits", "gates", {"V01", "510104017001", "east"}, day_of(2025, 1, 6), 0, 1, 0);
    add("venue.visits", "gates", {"V01", "510104017001", "west"}, day_of(2025, 1, 7), 0, 2, KEPU_APPROXIMATE);
    add("venue.visits", "gates", {"V03", "510104020", ""}, day_of(2025, 2, 3), 0, 3, KEPU_REPAIRED);
    add("venue.visits", "hand", {"V02", "510104017002", "=cmd"}, day_of(2025, 3, 1), 0, 4, KEPU_PROVISIONAL);
    add("venue.income", "gates", {"V01", "510104017001", ""}, day_of(2025, 1, 6), 1230, 0, 0);
    add("venue.income", "gates", {"V01", "510104017001", ""}, day_of(2025, 2, 6), -5, 0, 0);
    add("venue.visitors", "gates", {"V01", "510104017001", ""}, day_of(2025, 1, 6), 0, 1, 0);
    for (uint64_t i = 1; i <= 5; ++i) {
      store::RunRow run;
      run.run = i;
      run.source = i % 2 ? "gates" : "hand";
      run.connector = "csv-files";
      run.connector_version = "1.2.0";
      run.started = from_micros(1'741'138'200'000'000);
      run.ended = i == 5 ? std::nullopt : std::optional(run.started);
      run.status = i == 5 ? "running" : "ok";
      run.text = "read 3 rows";
      run.rows = i;
      store.runs.push_back(run);
      store.rejects.push_back({i, i, run.source, "a.csv", i == 1 ? 0 : i, "passages", "venue", "unknown_venue",
                               "=HYPERLINK(\"x\"), said \"no\"", run.started, 1});
    }
    store.commits = {{1, from_micros(1'741'138'100'000'000), "catalog", "", 0, {}},
                     {6, from_micros(1'741'138'150'000'000), "part", "gates", 4, {"2025 年报", "=draft"}},
                     {7, from_micros(1'741'138'200'000'000), "part", "hand", 5, {}}};
    store.labels = {{"2025 年报", {6, store.commits[1].recorded_at}}};
    for (uint64_t i = 0; i < 3; ++i) {
      store::FigureState one;
      one.has_value = i != 2;
      one.n = 3 - i; // the oldest but not the first: gone, then there
      one.value = static_cast<__int128>(3 - i) * 50;
      one.scale = 2;
      one.unit = "yuan";
      one.definition = 1;
      one.commit = store.commits[2 - i];
      if (i > 0) one.until = store::CommitInfo{store.commits[3 - i].seq, store.commits[3 - i].recorded_at};
      one.inserted = 1;
      if (i == 2) one.n = 0;
      store.states.push_back(one);
    }
    for (uint64_t i = 1; i <= 3; ++i) {
      store::CountedFact fact;
      fact.fact = i * 10;
      fact.key = "=e" + std::to_string(i);
      fact.cells.resize(store.catalog->dataset("passages")->contract.fields.size());
      using model::Holding;
      fact.cells[0] = {Holding::none, false, fact.key, 0, 0};
      fact.cells[1] = {Holding::code, false, "科技馆", 0, KEPU_REPAIRED};
      fact.cells[2] = {Holding::code, true, "", 0, 0};
      fact.cells[3] = {Holding::number, false, "", 1'741'138'200'000'000, 0};
      fact.cells[4] = {Holding::person, false, "", 0, 0};
      fact.cells[5] = {Holding::number, false, "", -5, KEPU_APPROXIMATE};
      fact.dims = {"V01", "510104017001", ""};
      fact.source = "gates";
      fact.input = i == 1 ? "" : "a.csv";
      fact.place = i - 1;
      fact.run = &store.runs[0];
      fact.since = store.commit;
      fact.replaces = i == 3 ? 20 : 0;
      store.counted.push_back(fact);
    }
    SourceStatus gates;
    gates.id = "gates";
    gates.connector = "csv-files";
    gates.connector_version = "1.2.0";
    gates.mode = "scheduled";
    gates.state = "ready";
    gates.sentence = "Waits <for> the next run.";
    gates.sentence_zh = "等待下次运行。";
    gates.next_run = from_micros(1'741'138'200'500'000);
    SourceStatus hand;
    hand.id = "hand";
    hand.connector = "csv-files";
    hand.state = "stopped";
    hand.sentence = "Stopped.";
    control.all = {gates, hand};
  }

  Request request(std::string target, std::string method = "GET") const {
    Request out;
    out.method = std::move(method);
    out.target = std::move(target);
    return out;
  }
  Response ask(const Request& asked, AnswerCache* cache = nullptr) {
    kepu::test::FakeReader reader(store);
    Context context;
    context.zone = &zone;
    context.version = "0.1.0";
    context.now = from_micros(1'741'224'600'000'000); // 2025-03-06T09:30:00+08:00
    context.cache = cache;
    context.counts = &counts;
    context.notice = notice;
    return handle(asked, reader, control, context);
  }
  Response get(std::string target) { return ask(request(std::move(target))); }
  json::value get_json(const std::string& target) {
    const auto response = get(target);
    if (response.status != 200) throw std::runtime_error(target + ": " + *response.body);
    return json::parse(*response.body);
  }

  kepu::test::FakeStore store;
  FakeControl control;
  RequestCounts counts;
  const model::Label* notice = nullptr;
  model::Zone zone = *model::Zone::find("Asia/Shanghai");
};

} // namespace kepu::http::test
