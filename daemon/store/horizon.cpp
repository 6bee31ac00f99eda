#include "store/horizon.hpp"

#include "model/period.hpp"

#include <algorithm>

namespace kepu::store {

std::vector<Horizon> horizons_of(Db& db, std::string_view dataset, Seq at) {
  std::vector<Horizon> out;
  auto row = db.query("SELECT source,id,max(frozen.seq),before_day,before_time FROM frozen JOIN sources USING(source) "
                      "WHERE dataset=? AND frozen.seq<=? GROUP BY source");
  row.bind(1, dataset).bind(2, static_cast<int64_t>(std::min<Seq>(at, INT64_MAX)));
  while (row.step()) {
    out.push_back({row.integer(0), row.text(1), static_cast<Seq>(row.integer(2)),
                   static_cast<model::Day>(row.integer(3)), row.integer(4)});
  }
  return out;
}

const Horizon* horizon_of(const std::vector<Horizon>& all, int64_t source) {
  const auto found = std::ranges::find(all, source, &Horizon::source);
  return found == all.end() ? nullptr : &*found;
}

bool lies_beyond(const Horizon& horizon, const measure::When& when, const model::FactColumns& facts, uint32_t row) {
  const auto time = when(facts, row);
  return time && *time < horizon.before_time;
}

Error beyond_horizon(const Horizon& horizon, const std::string& what) {
  const auto before = model::day_text(horizon.before);
  return fail("history_horizon", "the facts of " + horizon.source_id + " from before " + before +
                                     " were given up (kepuctl retention), so " + what + "; ask days from " + before +
                                     " on");
}

std::vector<Lost> lost_under(Db& db, std::string_view indicator, Seq definition) {
  std::vector<Lost> out;
  auto row = db.query("SELECT source,id,before_day FROM lost JOIN sources USING(source) WHERE indicator=? AND "
                      "def_seq=? ORDER BY source");
  row.bind(1, indicator).bind(2, static_cast<int64_t>(definition));
  while (row.step())
    out.push_back({row.integer(0), row.text(1), static_cast<model::Day>(row.integer(2))});
  return out;
}

void put_lost(Db& db, std::string_view indicator, Seq definition, int64_t source, model::Day before) {
  db.query("INSERT OR REPLACE INTO lost(indicator,def_seq,source,before_day) VALUES(?,?,?,?)")
      .bind(1, indicator)
      .bind(2, static_cast<int64_t>(definition))
      .bind(3, source)
      .bind(4, static_cast<int64_t>(before))
      .run();
}

} // namespace kepu::store
