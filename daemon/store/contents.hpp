// What figures are made from, read piece by piece: facts, their indexes, and what is noted of parts, definitions and
// catalogs. Nothing of it can be made anew. Writer thread; reads only. Throws SqlError.
#pragma once

#include "store/core.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace kepu::store {

class Contents {
public:
  // Called for what is damaged or lacks, in English and Chinese: "facts 1 to 300 are damaged".
  using Tell = std::function<void(const std::string& english, const std::string& chinese)>;
  // Of what is there now; what comes later was written by this daemon a moment ago. `core` outlives this.
  Contents(Core& core, Tell tell);

  // How many pieces there are about now.
  uint64_t pieces();
  // Pieces that were read.
  uint64_t read() const { return read_; }
  // Reads some more of them. false: all were read.
  bool step();

private:
  bool read_block();
  void look_for_overlap(const Extent& extent);
  // The extents that a block from next_fact_ to before `end` is of, the first of which is `of`; empty: some of the
  // facts are of none, of another dataset, or of another block, too.
  std::vector<Extent> extents_of(Extent of, Fact end);
  void check_block(const std::vector<Extent>& extents, uint32_t n, int64_t time_min, int64_t time_max, int64_t schema);
  bool holds_keys(const StoredDataset& dataset, const std::vector<Extent>& extents, const BlockReader::Block& block);
  bool read_index(KeyIndex& index, int64_t until, const char* english, const char* chinese);
  bool read_list();
  void tell_facts(const Extent& extent, Fact first, uint64_t n, bool lacking);

  Core& core_;
  const Tell tell_;
  Fact until_fact_ = 0; // the first of the last extent
  int64_t until_keys_ = 0;
  int64_t until_persons_ = 0; // ids of the last runs
  uint64_t read_ = 0;
  enum class At : uint8_t { facts, keys, persons, lists, end } at_ = At::facts;
  Fact next_fact_ = 0;
  int64_t last_run_ = 0; // of the index that is read
  size_t list_ = 0;
  int64_t last_row_ = -1; // of the list that is read
};

} // namespace kepu::store
