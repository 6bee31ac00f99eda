// How far back a source's facts go: those of earlier days were given up by retention, and the figures of these days are
// frozen. Facts beyond a horizon that still lie in a block count as gone everywhere. Any connection. Throws SqlError.
#pragma once

#include "measure/meter.hpp"
#include "store/db.hpp"
#include "store/reader.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

// Of one source's dataset.
struct Horizon {
  int64_t source = 0;
  std::string source_id;
  Seq seq = 0;             // since then
  model::Day before = 0;   // figures of earlier days are frozen
  int64_t before_time = 0; // facts of earlier times are gone; as measure::When gives it, in the zone of that commit
};

// The furthest of each source, set by commits up to `at`. `dataset`: its stored name.
std::vector<Horizon> horizons_of(Db& db, std::string_view dataset, Seq at = INT64_MAX);
// nullptr: the source has none.
const Horizon* horizon_of(const std::vector<Horizon>& all, int64_t source);

bool lies_beyond(const Horizon& horizon, const measure::When& when, const model::FactColumns& facts, uint32_t row);

// Error code "history_horizon"; `what` cannot be told.
Error beyond_horizon(const Horizon& horizon, const std::string& what);

// Sources whose figures before a day cannot be told under a definition that came after their horizon.
struct Lost {
  int64_t source = 0;
  std::string source_id;
  model::Day before = 0;
};
std::vector<Lost> lost_under(Db& db, std::string_view indicator, Seq definition);
void put_lost(Db& db, std::string_view indicator, Seq definition, int64_t source, model::Day before);

} // namespace kepu::store
