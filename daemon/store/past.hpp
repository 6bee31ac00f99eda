// Figures as they were at an earlier commit: what is kept now, with what later commits did to it taken back. The
// reader's thread. Throws SqlError.
#pragma once

#include "measure/cells.hpp"
#include "measure/meter.hpp"
#include "model/catalog.hpp"
#include "model/zone.hpp"
#include "store/db.hpp"
#include "store/ledger.hpp"
#include "store/reader.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

// One indicator at one commit. Costs a look at its kept cells, and a scan of the facts that came or went since in days
// whose figures had been there. See ../decisions/reading.md.
class Past {
public:
  // nullptr: the catalog of that commit has no such indicator. `catalog` is that commit's. `mended`: a later rebuild
  // made cells of the indicator anew, so that they do not tell when they first were there.
  static std::unique_ptr<Past> open(Db& db, std::shared_ptr<const model::Catalog> catalog, std::string_view indicator,
                                    Seq at, bool mended);
  ~Past();

  // Where an answer needs facts that were given up since, calls throw with code "history_horizon".

  // Those that had held a figure by that commit.
  const std::vector<Series>& series() const { return series_; }
  // First and last day that hold a figure.
  const std::optional<std::pair<model::Day, model::Day>>& extent();
  // As Reader::cells() and Reader::sets(); ids of other series have none.
  void cells(std::span<const uint32_t> ids, model::Day from, model::Day to,
             const std::function<void(size_t, const DayCell&)>& visit);
  void sets(std::span<const uint32_t> ids, model::Day from, model::Day to,
            const std::function<void(size_t, model::Day, std::span<const uint32_t>)>& visit);
  // As Reader::readings(), by series.
  void readings(model::Day to, const std::function<void(uint32_t, const Reading&)>& visit);
  // As Reader::respondents().
  void respondents(const std::function<void(const Respondent&)>& visit);

private:
  // What is to be added to a cell as it is kept, to have it as it was.
  struct Back {
    int64_t kept = 0; // facts that the cell counts now
    measure::Delta cell;
    std::vector<measure::SetChange> set; // by number
  };
  using Backs = std::map<model::Day, Back>; // of one series

  Past(Db& db, std::shared_ptr<const model::Catalog> catalog, const model::Indicator& indicator, Seq at, bool mended);
  // Of the cells of some days that changed since, by series.
  struct TakenBack {
    model::Day from;
    model::Day to;
    bool has_sets;
    std::map<uint32_t, Backs> by_series;
  };
  // Of at least the days in [from, to]; with sets where they are not too many or `needs_sets`. Valid until the next
  // call.
  const std::map<uint32_t, Backs>& backs(model::Day from, model::Day to, bool needs_sets);
  // Returns whether the sets are among them.
  bool take_back(std::map<uint32_t, Backs>& backs, bool needs_sets);
  bool held_figures(model::Day day);
  uint32_t series_of(int64_t source, const std::vector<std::string>& dims, model::Freq freq) const;
  void refuse_given_up() const;
  static const Backs& of_series(const std::map<uint32_t, Backs>& all, uint32_t series);
  // What holds for a series as of its source.
  struct Of {
    const Horizon* horizon = nullptr;
    Seq at = 0; // cells of later numbers have changed since

    // Days before that lack facts.
    model::Day frozen_before() const { return horizon ? horizon->before : INT32_MIN; }
  };
  Of of(uint32_t series) const;
  // The source's last commit up to the moment, where one of its runs was withdrawn later: what a withdrawal wrote
  // before its own commit bears a number between the two; see FiguresAside. Else the moment.
  Seq stands_at(int64_t source);
  // Whether a cell that is there since that commit was not there then.
  bool came_later(const Of& of, model::Day day, Seq first) const {
    return first > of.at && (!mended_ || day < of.frozen_before());
  }
  [[noreturn]] static void refuse_changed(const Of& of);
  // Days of its chunks in [from, to], in order, but for those that were not there then.
  void each_kept(uint32_t series, const Of& of, model::Day from, model::Day to,
                 const std::function<void(const measure::ChunkDay&)>& visit);

  Db& db_;
  const std::shared_ptr<const model::Catalog> catalog_;
  const model::Indicator& indicator_;
  const model::Dataset& dataset_;
  const Seq at_;
  const bool mended_;
  Seq kept_at_ = 0; // the commit whose figures the kept ones are
  std::optional<model::Zone> zone_;
  bool in_force_ = true;          // its definition is that of now
  std::vector<Horizon> horizons_; // set by now, whatever the moment: the facts are gone. `before` as days are cut here
  std::vector<Series> series_;
  std::map<std::pair<int64_t, std::string>, uint32_t> ids_;                // source and encoded dimensions
  std::map<uint32_t, Of> of_;                                              // by series
  std::optional<TakenBack> backs_;                                         // those that were asked for last
  std::optional<std::optional<std::pair<model::Day, model::Day>>> extent_; // nullopt: not looked for yet
  std::vector<measure::ChunkDay> days_;                                    // of the chunk that is read
};

} // namespace kepu::store
