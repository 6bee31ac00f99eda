// Figures of one source as a long change leaves them: gathered by cell, written beside those that are in force in small
// steps, and put in their place by one short one. Writer thread; calls that write happen inside a transaction. Throws
// SqlError.
//
// Beside means: in series of their own, of no definition (def_seq below 0), which nobody reads. They change places with
// those of the definition, and those that are out of force then go in small steps, too. Left over by a kill, they go
// at the next start. What is written beside bears a number between the source's commit before and the one that puts it
// in place: of the source itself there is none between; see Past.
#pragma once

#include "store/core.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace kepu::store {

class FiguresAside {
public:
  // `core` outlives this; while it is used no other figures of the source are written.
  FiguresAside(Core& core, int64_t source) : core_(core), source_(source) {}

  // Takes them over.
  void add(PartChanges& changes);
  // Writes some. false: all is ready to be put in place. It is at once where little changes.
  bool write_some();
  void put_in_place(Seq seq);
  // Takes away some of what is out of force now. false: all of it is gone.
  bool clear_some();
  // In place of put_in_place(), and what a kill left: nothing of it was ever there.
  static void drop_all(Db& db);

private:
  struct Name { // of a series
    uint32_t tuple;
    model::Freq freq;
    auto operator<=>(const Name&) const = default;
  };
  struct Place {
    Name name;
    model::Day day;
    auto operator<=>(const Place&) const = default;
  };
  struct Cell {
    measure::Delta delta;
    std::vector<std::pair<uint32_t, int32_t>> set; // values and how often they come or go
  };
  using Cells = std::map<Place, Cell>;
  struct Moved {
    Figure* figure;
    Figure::Series series; // beside, and in force; kept = 0: it is new
    int64_t seq;           // since when it is there; 0: since this change
  };
  struct Rest { // of a series, to be copied
    int64_t from;
    int64_t to;
    int64_t next_chunk;
    int64_t next_set;
  };

  static measure::Changes changes_of(Cells::const_iterator first, Cells::const_iterator end);
  void write_all(Seq seq);
  size_t write_series(size_t most);
  Moved move(Figure& figure, const measure::Delta& delta);
  size_t copy_some();

  Core& core_;
  const int64_t source_;
  std::map<Figure*, Cells, ByIndicator> cells_;
  size_t count_ = 0;
  bool has_begun_ = false;
  Seq seq_ = 0; // that cells beside bear
  std::map<Figure*, Cells, ByIndicator>::iterator figure_;
  Cells::iterator next_;
  std::vector<Moved> moved_;
  std::optional<Rest> rest_; // of the last of them
};

} // namespace kepu::store
