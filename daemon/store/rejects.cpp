#include "store/rejects.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

constexpr uint64_t most_kept = 10'000; // of a run

} // namespace

void PartRejects::add(Refused refused, std::string input) {
  if (run_.kept + kept_.size() < most_kept) {
    kept_.push_back({std::move(refused), std::move(input)});
  } else {
    ++further_[{std::move(input), refused.dataset, refused.code}];
  }
}

void PartRejects::write(Instant now) {
  for (const auto& [refused, input] : kept_) {
    // A row that is refused again for the same reason is one reject.
    if (refused.place != 0 || !input.empty()) {
      db_.query("DELETE FROM rejects WHERE source=? AND input=? AND place=? AND code=? AND field=?")
          .bind(1, run_.source)
          .bind(2, input)
          .bind(3, static_cast<int64_t>(refused.place))
          .bind(4, refused.code)
          .bind(5, refused.field)
          .run();
    }
    insert(input, refused, now, 1);
  }
  for (const auto& [what, count] : further_) {
    const auto& [input, dataset, code] = what;
    db_.query("UPDATE rejects SET count=count+?, recorded_at=? WHERE run=? AND place=0 AND input=? AND dataset=? "
              "AND code=? AND count>1")
        .bind(1, static_cast<int64_t>(count))
        .bind(2, to_micros(now))
        .bind(3, run_.run)
        .bind(4, input)
        .bind(5, dataset)
        .bind(6, code)
        .run();
    if (db_.changes() > 0) continue;
    // What an earlier run counted of this input is counted anew.
    if (!input.empty()) {
      db_.query("DELETE FROM rejects WHERE source=? AND input=? AND place=0 AND dataset=? AND code=? AND count>1")
          .bind(1, run_.source)
          .bind(2, input)
          .bind(3, dataset)
          .bind(4, code)
          .run();
    }
    Refused rest;
    rest.dataset = dataset;
    rest.code = code;
    rest.message = "further rows of this run were refused with this code; only the first " + std::to_string(most_kept) +
                   " rejects of a run are kept one by one";
    insert(input, rest, now, std::max<uint64_t>(count, 2));
  }
}

void PartRejects::void_older(const PartInput& input) {
  const uint64_t from = input.first_place == UINT64_MAX ? 0 : input.first_place;
  db_.query("DELETE FROM rejects WHERE source=?1 AND input=?2 AND (place=0 OR place>=?3) AND run<>?4")
      .bind(1, run_.source)
      .bind(2, input.ask.name)
      .bind(3, static_cast<int64_t>(std::min<uint64_t>(from, INT64_MAX)))
      .bind(4, run_.run)
      .run();
}

void PartRejects::clear() {
  kept_.clear();
  further_.clear();
}

void PartRejects::insert(const std::string& input, const Refused& refused, Instant now, uint64_t count) {
  db_.query("INSERT INTO rejects(run,source,input,place,dataset,field,code,message,recorded_at,count) "
            "VALUES(?,?,?,?,?,?,?,?,?,?)")
      .bind(1, run_.run)
      .bind(2, run_.source)
      .bind(3, input)
      .bind(4, static_cast<int64_t>(refused.place))
      .bind(5, refused.dataset)
      .bind(6, refused.field)
      .bind(7, refused.code)
      .bind(8, refused.message)
      .bind(9, to_micros(now))
      .bind(10, static_cast<int64_t>(count))
      .run();
}

} // namespace kepu::store
