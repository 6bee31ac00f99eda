#include "store/figures_aside.hpp"

#include "store/sums.hpp"

#include <utility>

namespace kepu::store {
namespace {

// Cells that are written in one step, some 10 us each; so many are written at once where no more change.
constexpr size_t step_cells = 192;
// Rows that are copied or deleted in one step.
constexpr int64_t step_rows = 1'024;

void delete_series(Db& db, int64_t series) {
  db.query("DELETE FROM chunk WHERE id BETWEEN ? AND ?")
      .bind(1, series << month_bits)
      .bind(2, ((series + 1) << month_bits) - 1)
      .run();
  db.query("DELETE FROM setcell WHERE id BETWEEN ? AND ?")
      .bind(1, series << day_bits)
      .bind(2, ((series + 1) << day_bits) - 1)
      .run();
  db.query("DELETE FROM series WHERE series=?").bind(1, series).run();
}

} // namespace

void FiguresAside::add(PartChanges& changes) {
  for (auto& [figure, change] : changes) {
    auto& cells = cells_[figure];
    std::vector<Cell*> places;
    for (const auto& delta : change.deltas) {
      const auto [it, is_new] = cells.try_emplace({{delta.tuple, delta.freq}, delta.day});
      auto& cell = it->second;
      places.push_back(&cell);
      count_ += is_new;
      if (is_new) {
        cell.delta = delta;
        continue;
      }
      cell.delta.n += delta.n;
      cell.delta.sum += delta.sum;
      cell.delta.approximate += delta.approximate;
      cell.delta.repaired += delta.repaired;
      cell.delta.provisional += delta.provisional;
    }
    for (const auto& value : change.sets)
      places[value.cell]->set.emplace_back(value.number, value.times);
    change.clear();
  }
}

measure::Changes FiguresAside::changes_of(Cells::const_iterator first, Cells::const_iterator end) {
  measure::Changes out;
  for (; first != end; ++first) {
    const auto cell = static_cast<uint32_t>(out.deltas.size());
    out.deltas.push_back(first->second.delta);
    for (const auto& [number, times] : first->second.set)
      out.sets.push_back({cell, number, times});
  }
  return out;
}

void FiguresAside::write_all(Seq seq) {
  for (auto& [figure, cells] : cells_) {
    auto changes = changes_of(cells.begin(), cells.end());
    figure->write(core_.cells, source_, changes, seq);
  }
}

bool FiguresAside::write_some() {
  if (count_ <= step_cells) return false;
  if (!has_begun_) {
    has_begun_ = true;
    drop_all(core_.db);
    seq_ = core_.latest + 1;
    figure_ = cells_.begin();
    next_ = figure_->second.begin();
  }
  for (size_t written = 0; written < step_cells;) {
    if (rest_) {
      written += copy_some();
      continue;
    }
    while (next_ == figure_->second.end()) {
      if (++figure_ == cells_.end()) {
        --figure_;
        return written > 0;
      }
      next_ = figure_->second.begin();
    }
    written += write_series(step_cells - written);
  }
  return true;
}

// Some cells of the next series, and once these are all, what else it holds is to be copied.
size_t FiguresAside::write_series(size_t most) {
  auto& [figure, cells] = *figure_;
  const auto name = next_->first.name;
  const bool is_first = next_ == cells.begin() || std::prev(next_)->first.name != name;
  if (is_first) moved_.push_back(move(*figure, next_->second.delta));
  const auto series = moved_.back().series;
  const auto first = next_;
  size_t written = 0;
  for (; next_ != cells.end() && next_->first.name == name && written < most; ++next_)
    ++written;
  auto changes = changes_of(first, next_);
  figure->write(core_.cells, changes, seq_, [&](const measure::Delta&) { return series; });
  const bool is_last = next_ == cells.end() || next_->first.name != name;
  if (is_last && series.kept != series.number)
    rest_ = Rest{series.kept, series.number, series.kept << month_bits, series.kept << day_bits};
  return written;
}

FiguresAside::Moved FiguresAside::move(Figure& figure, const measure::Delta& delta) {
  const auto dims = encode_dims(figure.meter().tuple(delta.tuple), delta.freq);
  Moved out{&figure, {}, 0};
  {
    auto row = core_.db.query("SELECT series,seq FROM series WHERE indicator=? AND def_seq=? AND source=? AND dims=?");
    row.bind(1, figure.indicator().id).bind(2, static_cast<int64_t>(figure.definition()));
    row.bind(3, source_).bind_blob(4, dims);
    if (row.step()) {
      out.series.kept = row.integer(0);
      out.seq = row.integer(1);
    }
  }
  core_.db.query("INSERT INTO series(indicator,def_seq,source,dims,seq,sum) VALUES(?,?,?,?,?,?)")
      .bind(1, figure.indicator().id)
      .bind(2, -static_cast<int64_t>(figure.definition()))
      .bind(3, source_)
      .bind_blob(4, dims)
      .bind(5, out.seq)
      .bind(6, sum_of(dims))
      .run();
  out.series.number = core_.db.last_rowid();
  if (out.series.kept == 0) out.series.kept = out.series.number;
  return out;
}

// Of the series that is written, rows that do not change. Returns how many cells they weigh.
size_t FiguresAside::copy_some() {
  const auto copy = [&](const char* last_of_some, const char* sql, int64_t& next, int bits) {
    const int64_t end = ((rest_->from + 1) << bits) - 1;
    if (next > end) return false;
    int64_t last = end;
    {
      auto row = core_.db.query(last_of_some);
      row.bind(1, next).bind(2, end).bind(3, step_rows);
      if (row.step()) last = row.integer(0);
    }
    core_.db.query(sql).bind(1, (rest_->to - rest_->from) << bits).bind(2, next).bind(3, last).run();
    next = last + 1;
    return true;
  };
  const bool copied =
      copy("SELECT id FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?",
           "INSERT OR IGNORE INTO chunk(id,data) SELECT id+?,data FROM chunk WHERE id BETWEEN ? AND ?",
           rest_->next_chunk, month_bits) ||
      copy("SELECT id FROM setcell WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?",
           "INSERT OR IGNORE INTO setcell(id,first_seq,last_seq,data) SELECT id+?,first_seq,last_seq,data FROM "
           "setcell WHERE id BETWEEN ? AND ?",
           rest_->next_set, day_bits);
  if (!copied) {
    rest_.reset();
    return 0;
  }
  constexpr size_t lightness = 4; // of a row that is not decoded
  return static_cast<size_t>(core_.db.changes()) / lightness + 1;
}

void FiguresAside::put_in_place(Seq seq) {
  for (const auto& [figure, cells] : cells_) {
    if (!cells.empty()) core_.touch(figure->indicator().id, seq);
  }
  if (!has_begun_) return write_all(seq);
  const auto define = [&](int64_t series, int64_t def_seq, int64_t since) {
    core_.db.query("UPDATE series SET def_seq=?,seq=? WHERE series=?")
        .bind(1, def_seq)
        .bind(2, since)
        .bind(3, series)
        .run();
  };
  for (const auto& [figure, series, since] : moved_) {
    if (series.kept != series.number) define(series.kept, INT64_MIN + series.kept, since);
    define(series.number, static_cast<int64_t>(figure->definition()),
           series.kept != series.number ? since : static_cast<int64_t>(seq));
    figure->forget();
  }
}

bool FiguresAside::clear_some() {
  if (moved_.empty()) return false;
  const auto series = moved_.back().series;
  if (series.kept != series.number) {
    const auto clear = [&](const char* sql, int bits) {
      core_.db.query(sql)
          .bind(1, series.kept << bits)
          .bind(2, ((series.kept + 1) << bits) - 1)
          .bind(3, step_rows)
          .run();
      return core_.db.changes() > 0;
    };
    if (clear("DELETE FROM setcell WHERE id IN (SELECT id FROM setcell WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)",
              day_bits))
      return true;
    delete_series(core_.db, series.kept);
  }
  moved_.pop_back();
  return true;
}

void FiguresAside::drop_all(Db& db) {
  std::vector<int64_t> left;
  {
    auto row = db.query("SELECT series FROM series WHERE def_seq<0");
    while (row.step())
      left.push_back(row.integer(0));
  }
  for (const int64_t series : left)
    delete_series(db, series);
}

} // namespace kepu::store
