// Figures as they were at an earlier commit, counted anew from the facts that were in force then. The
// reader's thread. Throws SqlError.
#pragma once

#include "measure/cells.hpp"
#include "model/catalog.hpp"
#include "model/zone.hpp"
#include "store/db.hpp"
#include "store/ledger.hpp"
#include "store/reader.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

// One indicator at one commit. Costs a scan of the facts whose days are asked for.
class Past {
public:
  // nullptr: the catalog of that commit has no such indicator. `catalog` is that commit's.
  static std::unique_ptr<Past> open(Db& db, std::shared_ptr<const model::Catalog> catalog, std::string_view indicator,
                                    Seq at);
  ~Past();

  // Where an answer needs facts that were given up since, calls throw with code "history_horizon".

  // Those that had held a figure by that commit.
  const std::vector<Series>& series() const { return series_; }
  // First and last day that hold a figure. Reads the outermost blocks; where few of their facts count, more.
  const std::optional<std::pair<model::Day, model::Day>>& extent();

  struct Figures {
    std::vector<DayCell> cells; // by day
    std::vector<std::pair<model::Day, std::vector<uint32_t>>> sets;
  };
  // As Reader::readings(), by series.
  void readings(model::Day to, const std::function<void(uint32_t, const Reading&)>& visit);
  // By series; days in [from, to]. Valid until the next call.
  const std::map<uint32_t, Figures>& recount(model::Day from, model::Day to);

private:
  Past(Db& db, std::shared_ptr<const model::Catalog> catalog, const model::Indicator& indicator, Seq at);
  // Days of chunks in [from, to] of series whose facts were given up; those that came later are left out.
  struct Frozen {
    measure::ChunkDay now;
    bool has_changed; // since the moment
  };
  void each_frozen(model::Day from, model::Day to,
                   const std::function<void(const Horizon&, uint32_t series, const Frozen&)>& visit);
  // The source's commit that its figures of the moment follow from. Cells that a withdrawal wrote before its own commit
  // bear numbers between the two; see FiguresAside.
  Seq stands_at(int64_t source);
  void put_frozen(model::Day from, model::Day to, std::map<uint32_t, Figures>& figures);

  Db& db_;
  const std::shared_ptr<const model::Catalog> catalog_;
  const model::Indicator& indicator_;
  const model::Dataset& dataset_;
  const Seq at_;
  std::optional<model::Zone> zone_;
  bool in_force_ = true;          // its definition is that of now
  std::vector<Horizon> horizons_; // set by now, whatever the moment: the facts are gone. `before` as days are cut here
  std::vector<Series> series_;
  std::optional<std::optional<std::pair<model::Day, model::Day>>> extent_; // nullopt: not looked for yet
  std::map<std::pair<int64_t, std::string>, uint32_t> ids_;                // source and encoded dimensions
  struct Counted {
    model::Day from;
    model::Day to;
    std::map<uint32_t, Figures> figures;
  };
  std::optional<Counted> counted_; // the last
};

} // namespace kepu::store
