#include "base/guarded.hpp"
#include "base/hash.hpp"
#include "base/nearest.hpp"
#include "base/printable.hpp"
#include "measure/cells.hpp"
#include "model/catalog_text.hpp"
#include "store/arrivals.hpp"
#include "store/explain.hpp"
#include "store/figures.hpp"
#include "store/history.hpp"
#include "store/horizon.hpp"
#include "store/labels.hpp"
#include "store/past.hpp"
#include "store/record_rows.hpp"
#include "store/recount.hpp"
#include "store/schema.hpp"
#include "store/writer.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace kepu::store {

struct ReaderSource::Shared {
  struct Latest {
    int64_t seq = -1;
    std::shared_ptr<const model::Catalog> catalog;
  };
  Guarded<Latest> latest;
};

namespace {

using Catalog = std::shared_ptr<const model::Catalog>;

class SqliteReader final : public Reader {
public:
  using CatalogAt = std::function<Result<Catalog>(Db&, Seq at)>;
  SqliteReader(const std::filesystem::path& file, std::shared_ptr<Moments> moments, CatalogAt catalog_at)
      : db_(file, Db::Mode::read), moments_(std::move(moments)), catalog_at_(std::move(catalog_at)) {}

  Result<CommitInfo> begin() override {
    return guard([&]() -> Result<CommitInfo> {
      if (!db_.in_transaction()) db_.query("BEGIN").run();
      is_past_ = false;
      return stand_at(last_commit());
    });
  }

  Result<CommitInfo> begin_at(Instant as_of) override {
    if (moments_ && !moments_->answer(as_of))
      return fail("busy", "a commit of that moment is being written, which takes long; ask again");
    return guard([&]() -> Result<CommitInfo> {
      if (!db_.in_transaction()) db_.query("BEGIN").run();
      const auto commit = last_commit_by(as_of);
      if (commit.seq == 0) return fail("before_history", "nothing was recorded by then");
      is_past_ = true;
      return stand_at(commit);
    });
  }

  Result<CommitInfo> begin_at_label(std::string_view label) override {
    return guard([&]() -> Result<CommitInfo> {
      if (!db_.in_transaction()) db_.query("BEGIN").run();
      if (const auto commit = labelled(db_, label)) {
        is_past_ = true;
        return stand_at(*commit);
      }
      const auto near = nearest(label, all_labels(db_));
      std::string text = "no commit bears the label " + in_quotes(label);
      for (size_t i = 0; i < near.size(); ++i)
        text += (i == 0 ? ", did you mean " : " or ") + in_quotes(near[i]);
      return fail("unknown_label", text + (near.empty() ? "" : "?"));
    });
  }

  Result<CommitInfo> stand_at(Seq seq) override {
    return guard([&]() -> Result<CommitInfo> {
      auto row = db_.query("SELECT seq,recorded_at FROM commits WHERE seq=?");
      row.bind(1, static_cast<int64_t>(seq));
      const auto commit = read_commit(row);
      if (commit.seq == 0) return fail("before_history", "there is no commit " + std::to_string(seq));
      is_past_ = true;
      pasts_.clear();
      return stand_at(commit);
    });
  }

  void end() override {
    // An interrupt that meets the first must not leave this reader at its old moment.
    for (const char* sql : {"COMMIT", "ROLLBACK"}) {
      pasts_.clear();
      if (!db_.in_transaction()) return;
      (void)guard([&]() -> Result<void> {
        db_.query(sql).run();
        return {};
      });
    }
  }

  Catalog catalog() override { return catalog_; }

  Result<std::optional<model::Zone>> zone() override {
    return guard([&]() -> Result<std::optional<model::Zone>> {
      // All definitions of one catalog were made for one zone.
      for (const auto& indicator : catalog_->indicators) {
        if (auto definition = definition_at(db_, indicator.id, at_)) return std::optional(std::move(definition->zone));
      }
      return std::optional<model::Zone>();
    });
  }

  Result<CommitInfo> last_change(std::string_view indicator) override {
    return guard([&]() -> Result<CommitInfo> { return changed(indicator, at_); });
  }

  Result<std::vector<Series>> series(std::string_view indicator) override {
    return guard([&]() -> Result<std::vector<Series>> {
      if (const auto* past = past_of(indicator)) return past->series();
      auto known = outline(indicator);
      if (!known) return known.error();
      return (*known)->series;
    });
  }

  Result<void> cells(std::span<const uint32_t> ids, model::Day from, model::Day to,
                     const std::function<void(size_t, const DayCell&)>& visit) override {
    return guard([&]() -> Result<void> {
      if (auto* past = past_of(ids)) {
        const auto held = db_.held();
        past->cells(ids, from, to, visit);
        return {};
      }
      for (size_t i = 0; i < ids.size(); ++i) {
        auto row = db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ?");
        row.bind(1, chunk_id(ids[i], from)).bind(2, chunk_id(ids[i], to));
        while (row.step()) {
          if (auto ok = measure::decode_chunk(row.blob(1), first_day_of_chunk(row.integer(0)), days_); !ok) return ok;
          for (const auto& day : days_) {
            if (day.day < from || day.day > to || day.n == 0) continue;
            visit(i, {day.day, static_cast<uint64_t>(day.n), day.sum, static_cast<uint64_t>(day.approximate),
                      static_cast<uint64_t>(day.repaired), static_cast<uint64_t>(day.provisional)});
          }
        }
      }
      return {};
    });
  }

  Result<void> sets(std::span<const uint32_t> ids, model::Day from, model::Day to,
                    const std::function<void(size_t, model::Day, std::span<const uint32_t>)>& visit) override {
    return guard([&]() -> Result<void> {
      if (auto* past = past_of(ids)) {
        const auto held = db_.held();
        past->sets(ids, from, to, visit);
        return {};
      }
      std::vector<uint32_t> numbers;
      for (size_t i = 0; i < ids.size(); ++i) {
        auto row = db_.query("SELECT id,data FROM setcell WHERE id BETWEEN ? AND ?");
        row.bind(1, setcell_id(ids[i], from)).bind(2, setcell_id(ids[i], to));
        while (row.step()) {
          if (auto ok = measure::decode_numbers(row.blob(1), numbers); !ok) return ok;
          if (!numbers.empty()) visit(i, day_of_setcell(row.integer(0)), numbers);
        }
      }
      return {};
    });
  }

  Result<void> readings(std::string_view indicator, std::span<const uint32_t> ids, model::Day to,
                        const std::function<void(size_t, const Reading&)>& visit) override {
    return guard([&]() -> Result<void> {
      const auto held = db_.held();
      std::unordered_map<uint32_t, size_t> places;
      for (size_t i = 0; i < ids.size(); ++i)
        places.emplace(ids[i], i);
      const auto facts = Past::open(db_, catalog_, indicator, at_, was_mended(indicator));
      if (!facts) return {};
      facts->readings(to, [&](uint32_t series, const Reading& reading) {
        const auto place = places.find(series);
        if (place != places.end()) visit(place->second, reading);
      });
      return {};
    });
  }

  Result<void> respondents(std::string_view indicator, const std::function<void(const Respondent&)>& visit) override {
    return guard([&]() -> Result<void> {
      const auto held = db_.held();
      if (const auto facts = Past::open(db_, catalog_, indicator, at_, was_mended(indicator)))
        facts->respondents(visit);
      return {};
    });
  }

  Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view indicator) override {
    return guard([&]() -> Result<std::optional<std::pair<model::Day, model::Day>>> {
      if (auto* past = past_of(indicator)) {
        const auto held = db_.held();
        return past->extent();
      }
      auto known = outline(indicator);
      if (!known) return known.error();
      return (*known)->extent;
    });
  }

  Result<std::vector<Frozen>> frozen(std::string_view id) override {
    return guard([&]() -> Result<std::vector<Frozen>> {
      std::vector<Frozen> out;
      const auto* indicator = catalog_->indicator(id);
      const auto* dataset = indicator ? catalog_->dataset(indicator->dataset) : nullptr;
      if (!dataset) return out;
      const auto horizons = horizons_of(db_, stored_name(*dataset), at_);
      if (horizons.empty()) return out;
      const auto definition = definition_at(db_, id, at_);
      const auto lost = definition ? lost_under(db_, id, definition->since) : std::vector<Lost>();
      for (const auto& horizon : horizons) {
        const auto found = std::ranges::find(lost, horizon.source, &Lost::source);
        if (found != lost.end()) out.push_back({horizon.source_id, found->before, true});
        if (found == lost.end() || found->before < horizon.before)
          out.push_back({horizon.source_id, horizon.before, false});
      }
      return out;
    });
  }

  Result<std::vector<std::optional<CommitInfo>>> arrivals(const std::string& dataset,
                                                          const std::optional<std::string>& source,
                                                          const model::Zone& zone,
                                                          std::span<const DaySpan> spans) override {
    return guard([&]() -> Result<std::vector<std::optional<CommitInfo>>> {
      const auto held = db_.held();
      std::vector<std::optional<CommitInfo>> none(spans.size());
      const auto* declared = catalog_->dataset(dataset);
      if (!declared || !declared->when()) return none;
      int64_t number = 0;
      if (source) {
        auto row = db_.query("SELECT source FROM sources WHERE id=?");
        row.bind(1, *source);
        if (!row.step()) return none;
        number = row.integer(0);
      }
      return store::arrivals(db_, *declared, zone, number, at_, spans);
    });
  }

  Result<std::vector<GivenUp>> given_up(std::string_view source) override {
    return guard([&]() -> Result<std::vector<GivenUp>> { return given_up_of(db_, source); });
  }

  Result<FigureStates> history(const FigureAsk& ask, Seq before, uint32_t limit) override {
    return guard([&]() -> Result<FigureStates> {
      const auto held = db_.held();
      return store::history(db_, ask, at_, before, limit, [&](Seq at) {
        auto catalog = catalog_at_(db_, at);
        if (!catalog) throw SqlError(catalog.error());
        return *catalog;
      });
    });
  }

  Result<CountedFacts> counted_facts(const FigureAsk& ask, const FactsAsk& page,
                                     const std::function<bool(const CountedFact&)>& visit) override {
    return guard([&]() -> Result<CountedFacts> {
      const auto held = db_.held();
      const auto* indicator = catalog_->indicator(ask.indicator);
      if (!indicator || !catalog_->dataset(indicator->dataset))
        return fail("unknown_indicator", "no indicator \"" + ask.indicator + "\"");
      return store::counted_facts(db_, catalog_, ask, at_, page, visit);
    });
  }

  Result<std::vector<CommitRow>> changes(std::string_view indicator, Seq before, uint32_t limit) override {
    return guard([&]() -> Result<std::vector<CommitRow>> { return changes_of(db_, indicator, at_, before, limit); });
  }

  Result<std::vector<CommitRow>> commits(const PageAsk& ask, bool labelled_only) override {
    return guard([&]() -> Result<std::vector<CommitRow>> { return commit_rows(db_, ask, labelled_only); });
  }

  Result<std::vector<RunRow>> runs(const PageAsk& ask) override {
    return guard([&]() -> Result<std::vector<RunRow>> { return run_rows(db_, ask); });
  }

  Result<std::optional<RunRow>> run(uint64_t number) override {
    return guard([&]() -> Result<std::optional<RunRow>> { return run_numbered(db_, static_cast<int64_t>(number)); });
  }

  Result<std::optional<RunRow>> last_run(std::string_view source) override {
    return guard([&]() -> Result<std::optional<RunRow>> { return last_run_of(db_, source); });
  }

  Result<std::vector<RejectRow>> rejects(const PageAsk& ask) override {
    return guard([&]() -> Result<std::vector<RejectRow>> { return reject_rows(db_, ask); });
  }

  Result<uint64_t> reject_count(const std::optional<std::string>& source) override {
    return guard([&]() -> Result<uint64_t> { return rejects_of(db_, source); });
  }

  Result<Totals> totals() override {
    return guard([&]() -> Result<Totals> {
      Totals totals;
      {
        auto row = db_.query(
            "SELECT (SELECT coalesce(sum(n),0) FROM extents WHERE seq IS NOT NULL)-(SELECT count(*) FROM closed)-"
            "(SELECT coalesce(sum(withdrawn_facts),0) FROM runs WHERE withdrawn_seq IS NOT NULL)");
        row.step();
        totals.facts = static_cast<uint64_t>(row.integer(0));
      }
      const auto pragma = [&](const char* sql) {
        auto row = db_.query(sql);
        return row.step() ? static_cast<uint64_t>(row.integer(0)) : 0;
      };
      totals.bytes = pragma("PRAGMA page_count") * pragma("PRAGMA page_size");
      return totals;
    });
  }

  void interrupt() override { db_.interrupt(); }

private:
  // What every question about an indicator needs first. It stays the same until the next change of that indicator.
  struct Outline {
    Seq changed = 0;
    std::vector<Series> series;
    std::optional<std::pair<model::Day, model::Day>> extent;
  };

  static CommitInfo read_commit(Query& row) {
    if (!row.step()) return {};
    return {static_cast<Seq>(row.integer(0)), from_micros(row.integer(1))};
  }

  CommitInfo last_commit() {
    auto row = db_.query("SELECT seq,recorded_at FROM commits ORDER BY seq DESC LIMIT 1");
    return read_commit(row);
  }

  // Recorded moments never run back, so halving finds it.
  CommitInfo last_commit_by(Instant as_of) {
    CommitInfo best;
    Seq low = 1;
    Seq high = last_commit().seq;
    while (low <= high) {
      const Seq middle = low + (high - low) / 2;
      auto row = db_.query("SELECT seq,recorded_at FROM commits WHERE seq<=? ORDER BY seq DESC LIMIT 1");
      row.bind(1, static_cast<int64_t>(middle));
      const auto commit = read_commit(row);
      if (commit.seq == 0 || commit.recorded_at <= as_of) {
        if (commit.seq != 0) best = commit;
        low = middle + 1;
      } else {
        high = commit.seq - 1;
      }
    }
    return best;
  }

  Result<CommitInfo> stand_at(const CommitInfo& commit) {
    at_ = commit.seq;
    auto catalog = catalog_at_(db_, at_);
    if (!catalog) return catalog.error();
    catalog_ = std::move(*catalog);
    return commit;
  }

  CommitInfo changed(std::string_view indicator, Seq at) {
    auto row = db_.query("SELECT seq,recorded_at FROM touches JOIN commits USING(seq) WHERE indicator=? AND seq<=? "
                         "ORDER BY seq DESC LIMIT 1");
    row.bind(1, indicator).bind(2, static_cast<int64_t>(std::min<Seq>(at, INT64_MAX)));
    return read_commit(row);
  }

  // Whether a rebuild has made figures of the indicator anew since the moment.
  bool was_mended(std::string_view indicator) {
    {
      auto row = db_.query("SELECT seq FROM commits WHERE seq>? AND kind='rebuild' ORDER BY seq");
      row.bind(1, static_cast<int64_t>(rebuilds_until_));
      while (row.step())
        rebuilds_.push_back(static_cast<Seq>(row.integer(0)));
    }
    rebuilds_until_ = last_commit().seq;
    return std::ranges::any_of(rebuilds_, [&](Seq seq) { return seq > at_ && changed(indicator, seq).seq == seq; });
  }

  // nullptr: the figures of today are those of that moment.
  Past* past_of(std::string_view indicator) {
    if (!is_past_ || changed(indicator, INT64_MAX).seq <= at_) return nullptr;
    const auto known = pasts_.find(indicator);
    if (known != pasts_.end()) return known->second.get();
    auto past = Past::open(db_, catalog_, indicator, at_, was_mended(indicator));
    return pasts_.emplace(std::string(indicator), std::move(past)).first->second.get();
  }
  Past* past_of(std::span<const uint32_t> ids) {
    for (const auto& [indicator, past] : pasts_) {
      if (past && !ids.empty() && std::ranges::find(past->series(), ids[0], &Series::id) != past->series().end())
        return past.get();
    }
    return nullptr;
  }

  Result<std::shared_ptr<const Outline>> outline(std::string_view indicator) {
    const Seq now = changed(indicator, INT64_MAX).seq;
    const auto known = outlines_.find(indicator);
    if (known != outlines_.end() && known->second->changed == now) return known->second;
    auto read = std::make_shared<Outline>();
    read->changed = now;
    {
      auto row = db_.query(
          "SELECT series,sources.id,dims,sum FROM series JOIN sources USING(source) WHERE indicator=?1 AND def_seq="
          "(SELECT def_seq FROM definitions WHERE indicator=?1 AND until_seq IS NULL) ORDER BY series");
      row.bind(1, indicator);
      while (row.step()) {
        auto dims = decode_dims(row.blob(2), row.integer(3));
        if (!dims) return dims.error();
        read->series.push_back(
            {static_cast<uint32_t>(row.integer(0)), row.text(1), std::move(dims->codes), dims->freq});
      }
    }
    for (const auto& one : read->series) {
      for (const bool first : {true, false}) {
        if (auto ok = widen(read->extent, one.id, first); !ok) return ok.error();
      }
    }
    if (now != 0) outlines_.insert_or_assign(std::string(indicator), read); // 0: perhaps no indicator at all
    return std::shared_ptr<const Outline>(std::move(read));
  }

  // By the first or last month of the series that holds a cell.
  Result<void> widen(std::optional<std::pair<model::Day, model::Day>>& extent, int64_t series, bool first) {
    auto row = first ? db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
                     : db_.query("SELECT id,data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id DESC");
    row.bind(1, series << month_bits).bind(2, ((series + 1) << month_bits) - 1);
    bool found = false;
    while (!found && row.step()) {
      if (auto ok = measure::decode_chunk(row.blob(1), first_day_of_chunk(row.integer(0)), days_); !ok) return ok;
      for (const auto& day : days_) {
        if (day.n == 0) continue;
        found = true;
        if (!extent) extent.emplace(day.day, day.day);
        extent->first = std::min(extent->first, day.day);
        extent->second = std::max(extent->second, day.day);
      }
    }
    return {};
  }

  template <class F> auto guard(F&& f) -> decltype(f()) {
    try {
      return f();
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  Db db_;
  std::shared_ptr<Moments> moments_;
  CatalogAt catalog_at_;
  Catalog catalog_;
  Seq at_ = 0;           // the moment's commit
  bool is_past_ = false; // it was asked for by its time: later commits may lie behind it
  std::map<std::string, std::unique_ptr<Past>, std::less<>> pasts_; // of the moment; nullptr: no such indicator then
  std::map<std::string, std::shared_ptr<const Outline>, std::less<>> outlines_;
  std::vector<Seq> rebuilds_;           // commits
  Seq rebuilds_until_ = 0;              // looked for up to that one
  std::vector<measure::ChunkDay> days_; // of the chunk that is read
};

} // namespace

ReaderSource::ReaderSource(std::filesystem::path file, std::shared_ptr<Moments> moments)
    : file_(std::move(file)), moments_(std::move(moments)), shared_(std::make_shared<Shared>()) {}
ReaderSource::~ReaderSource() = default;

Result<std::unique_ptr<Reader>> ReaderSource::open() const {
  const auto catalog_at = [shared = shared_](Db& db, Seq at) -> Result<Catalog> {
    int64_t seq = -1;
    {
      auto row = db.query("SELECT max(seq) FROM catalog WHERE seq<=?");
      row.bind(1, static_cast<int64_t>(at));
      if (row.step() && !row.is_null(0)) seq = row.integer(0);
    }
    if (seq < 0) return std::make_shared<const model::Catalog>();
    if (auto had =
            shared->latest.with([&](const auto& latest) { return latest.seq == seq ? latest.catalog : nullptr; }))
      return had;
    bool ok = false;
    auto row = db.query("SELECT body FROM catalog WHERE seq=?");
    row.bind(1, seq);
    auto decoded = row.step() ? model::decode_catalog(unseal(row.blob(0), ok)) : fail("damaged", "");
    if (!ok || !decoded) return fail("damaged", "the stored catalog is damaged; restore the store from a backup");
    shared->latest.with([&](auto& latest) {
      if (seq > latest.seq) latest = {seq, *decoded};
    });
    return *decoded;
  };
  try {
    return std::unique_ptr<Reader>(std::make_unique<SqliteReader>(file_, moments_, catalog_at));
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
