// A store in memory: facts in, figures by the contract of store::Reader, without a file. Facts are kept one
// by one, so that a test can also count them naively. One thread, but for interrupt().
#pragma once

#include "store/reader.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace kepu::test {

struct FakeFact {
  std::string indicator;
  std::string source;
  std::vector<std::string> dims;
  model::Day day = 0;
  __int128 amount = 0; // measure sum; survey_rate: not 0 where the cut is reached
  uint32_t number = 0; // measure distinct; survey_rate: the respondent's
  uint8_t flags = 0;   // kepu_flag
};

// Shared by the readers of several threads; changed only while none of them reads.
struct FakeStore {
  std::shared_ptr<const model::Catalog> catalog = std::make_shared<model::Catalog>();
  std::vector<FakeFact> facts;
  store::CommitInfo commit;
  std::map<std::string, store::CommitInfo, std::less<>> changes; // absent: `commit`
  std::vector<store::RunRow> runs;                               // oldest first
  std::vector<store::RejectRow> rejects;                         // oldest first
  std::vector<store::CommitRow> commits;                         // oldest first
  std::map<std::string, store::CommitInfo, std::less<>> labels;
  std::vector<store::FigureState> states;  // of every figure, newest first
  std::vector<store::CountedFact> counted; // by every figure, by number
  std::vector<store::Frozen> frozen;       // of every indicator
  std::vector<store::GivenUp> given_up;    // of every source
  // When the first fact of a day came, whatever the dataset; of a day without one there is none.
  std::map<model::Day, store::CommitInfo> arrivals;
  std::optional<Error> history_fails;
  std::optional<Error> fails;     // what every question answers
  std::function<void()> on_cells; // called in the middle of a question
};

class FakeReader final : public store::Reader {
public:
  explicit FakeReader(const FakeStore& store) : store_(store) {}

  Result<store::CommitInfo> begin() override {
    if (store_.fails) return *store_.fails;
    interrupted_ = false;
    open_ = true;
    return store_.commit;
  }
  Result<store::CommitInfo> begin_at(Instant as_of) override {
    if (as_of < store_.commit.recorded_at) return fail("before_history", "nothing was recorded by then");
    return begin();
  }
  Result<store::CommitInfo> stand_at(store::Seq commit) override {
    if (commit != store_.commit.seq) return fail("before_history", "there is no such commit");
    return store_.commit;
  }
  Result<std::vector<store::CommitRow>> changes(std::string_view, store::Seq, uint32_t) override {
    return std::vector<store::CommitRow>();
  }
  Result<store::CommitInfo> begin_at_label(std::string_view label) override {
    const auto found = store_.labels.find(label);
    if (found == store_.labels.end()) return fail("unknown_label", "no such label");
    if (auto begun = begin(); !begun) return begun;
    return found->second;
  }
  void end() override { open_ = false; }
  Result<std::optional<model::Zone>> zone() override { return std::optional<model::Zone>(); }
  std::shared_ptr<const model::Catalog> catalog() override { return store_.catalog; }
  Result<store::CommitInfo> last_change(std::string_view indicator) override {
    const auto found = store_.changes.find(indicator);
    return found == store_.changes.end() ? store_.commit : found->second;
  }
  Result<std::vector<store::Series>> series(std::string_view indicator) override {
    if (!open_) return fail("store", "asked outside begin() and end()");
    std::vector<store::Series> out;
    for (const auto& key : keys(indicator)) {
      out.push_back({id_of(std::string(indicator), key), key.first, key.second});
    }
    return out;
  }
  Result<void> cells(std::span<const uint32_t> ids, model::Day from, model::Day to,
                     const std::function<void(size_t, const store::DayCell&)>& visit) override {
    if (store_.on_cells) store_.on_cells();
    if (interrupted_) return fail("deadline", "interrupted");
    days_read_ = {std::min(days_read_.first, from), std::max(days_read_.second, to)};
    each_series(ids, from, to, [&](size_t index, model::Day day, const std::vector<const FakeFact*>& facts) {
      store::DayCell cell;
      cell.day = day;
      for (const auto* fact : facts) {
        ++cell.n;
        cell.sum += fact->amount;
        if (fact->flags & KEPU_APPROXIMATE) ++cell.approximate;
        if (fact->flags & KEPU_REPAIRED) ++cell.repaired;
        if (fact->flags & KEPU_PROVISIONAL) ++cell.provisional;
      }
      visit(index, cell);
    });
    return {};
  }
  Result<void> sets(std::span<const uint32_t> ids, model::Day from, model::Day to,
                    const std::function<void(size_t, model::Day, std::span<const uint32_t>)>& visit) override {
    if (interrupted_) return fail("deadline", "interrupted");
    each_series(ids, from, to, [&](size_t index, model::Day day, const std::vector<const FakeFact*>& facts) {
      std::set<uint32_t> numbers;
      for (const auto* fact : facts)
        numbers.insert(fact->number);
      const std::vector<uint32_t> ascending(numbers.begin(), numbers.end());
      visit(index, day, ascending);
    });
    return {};
  }
  Result<void> readings(std::string_view, std::span<const uint32_t>, model::Day,
                        const std::function<void(size_t, const store::Reading&)>&) override {
    return fail("store", "facts of this store are counted by day only");
  }
  Result<void> respondents(std::string_view indicator,
                           const std::function<void(const store::Respondent&)>& visit) override {
    for (const auto& fact : store_.facts) {
      if (fact.indicator != indicator) continue;
      const auto key = std::to_string(fact.number);
      store::Respondent one;
      one.source = fact.source;
      one.key = key;
      one.fact = fact.number;
      one.period = {model::Freq::day, fact.day};
      one.series = id_of(fact.indicator, {fact.source, fact.dims});
      one.epoch = store_.catalog->indicator(indicator)->epoch_of(fact.day);
      one.reaches_cut = fact.amount != 0;
      visit(one);
    }
    return {};
  }
  Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view indicator) override {
    std::optional<std::pair<model::Day, model::Day>> out;
    for (const auto& fact : store_.facts) {
      if (fact.indicator != indicator) continue;
      if (!out) out = {fact.day, fact.day};
      out->first = std::min(out->first, fact.day);
      out->second = std::max(out->second, fact.day);
    }
    return out;
  }
  Result<std::vector<store::Frozen>> frozen(std::string_view) override { return store_.frozen; }
  Result<std::vector<store::GivenUp>> given_up(std::string_view) override { return store_.given_up; }
  Result<std::vector<std::optional<store::CommitInfo>>> arrivals(const std::string&, const std::optional<std::string>&,
                                                                 const model::Zone&,
                                                                 std::span<const store::DaySpan> spans) override {
    if (interrupted_) return fail("deadline", "interrupted");
    std::vector<std::optional<store::CommitInfo>> out;
    for (const auto& span : spans) {
      auto& first = out.emplace_back();
      for (const auto& [day, commit] : store_.arrivals)
        if (day >= span.first && day <= span.last && (!first || commit.seq < first->seq)) first = commit;
    }
    return out;
  }
  Result<store::FigureStates> history(const store::FigureAsk&, store::Seq before, uint32_t limit) override {
    if (interrupted_) return fail("deadline", "interrupted");
    if (store_.history_fails) return *store_.history_fails;
    store::FigureStates out;
    for (const auto& state : store_.states) {
      if (before != 0 && state.commit.seq >= before) continue;
      out.more = out.states.size() == limit;
      if (out.more) break;
      out.states.push_back(state);
    }
    return out;
  }
  Result<store::CountedFacts> counted_facts(const store::FigureAsk&, const store::FactsAsk& page,
                                            const std::function<bool(const store::CountedFact&)>& visit) override {
    if (interrupted_) return fail("deadline", "interrupted");
    store::CountedFacts out;
    out.definition = store_.commit;
    out.facts = store_.counted.size();
    if (!store_.counted.empty()) {
      const auto& first = store_.counted.front();
      out.groups = {{first.source, *first.run, first.input, out.facts}};
    }
    uint32_t visited = 0;
    for (const auto& fact : store_.counted) {
      if (fact.fact <= page.after) continue;
      out.more = visited++ == page.limit || !visit(fact);
      if (out.more) break;
      out.last = fact.fact;
    }
    return out;
  }
  Result<std::vector<store::CommitRow>> commits(const store::PageAsk& ask, bool labelled_only) override {
    auto all = store_.commits;
    if (labelled_only) std::erase_if(all, [](const store::CommitRow& row) { return row.labels.empty(); });
    return page(all, ask, [](const store::CommitRow& row) { return row.seq; });
  }
  Result<std::vector<store::RunRow>> runs(const store::PageAsk& ask) override {
    return page(store_.runs, ask, [](const store::RunRow& row) { return row.run; });
  }
  Result<std::optional<store::RunRow>> run(uint64_t run) override {
    for (const auto& row : store_.runs) {
      if (row.run == run) return std::optional(row);
    }
    return std::optional<store::RunRow>{};
  }
  Result<std::optional<store::RunRow>> last_run(std::string_view source) override {
    for (auto row = store_.runs.rbegin(); row != store_.runs.rend(); ++row) {
      if (row->source == source) return std::optional(*row);
    }
    return std::optional<store::RunRow>{};
  }
  Result<std::vector<store::RejectRow>> rejects(const store::PageAsk& ask) override {
    return page(store_.rejects, ask, [](const store::RejectRow& row) { return row.id; });
  }
  Result<uint64_t> reject_count(const std::optional<std::string>& source) override {
    uint64_t count = 0;
    for (const auto& row : store_.rejects) {
      if (!source || row.source == *source) count += row.count;
    }
    return count;
  }
  Result<Totals> totals() override { return Totals{store_.facts.size(), 4096}; }
  void interrupt() override { interrupted_ = true; }
  bool interrupted() const { return interrupted_; }

  // Days that cells() was asked for since the reader was made.
  std::pair<model::Day, model::Day> days_read() const { return days_read_; }

private:
  using Key = std::pair<std::string, std::vector<std::string>>;

  std::set<Key> keys(std::string_view indicator) const {
    std::set<Key> out;
    for (const auto& fact : store_.facts) {
      if (fact.indicator == indicator) out.insert({fact.source, fact.dims});
    }
    return out;
  }
  template <class Visit>
  void each_series(std::span<const uint32_t> ids, model::Day from, model::Day to, Visit visit) const {
    std::map<uint32_t, std::map<model::Day, std::vector<const FakeFact*>>> days;
    for (const auto& fact : store_.facts) {
      const auto id = ids_.find({fact.indicator, {fact.source, fact.dims}});
      if (id != ids_.end() && fact.day >= from && fact.day <= to) days[id->second][fact.day].push_back(&fact);
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      for (const auto& [day, facts] : days[ids[i]])
        visit(i, day, facts);
    }
  }
  uint32_t id_of(const std::string& indicator, const Key& key) {
    return ids_.try_emplace({indicator, key}, static_cast<uint32_t>(ids_.size() + 1)).first->second;
  }
  template <class Row, class Number>
  static std::vector<Row> page(const std::vector<Row>& rows, const store::PageAsk& ask, Number number) {
    std::vector<Row> out;
    for (auto row = rows.rbegin(); row != rows.rend() && out.size() < ask.limit; ++row) {
      if (ask.source && row->source != *ask.source) continue;
      if (ask.before != 0 && number(*row) >= ask.before) continue;
      out.push_back(*row);
    }
    return out;
  }

  const FakeStore& store_;
  std::map<std::pair<std::string, Key>, uint32_t> ids_; // of the series that were told
  std::pair<model::Day, model::Day> days_read_{9'999'999, -9'999'999};
  std::atomic<bool> interrupted_{false};
  bool open_ = false;
};

} // namespace kepu::test
