// Rows of a part that were refused, on their way into the store. Writer thread. Throws SqlError.
#pragma once

#include "store/core.hpp"
#include "store/inputs.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kepu::store {

class PartRejects {
public:
  // Both must outlive this.
  PartRejects(Db& db, const OpenRun& run) : db_(db), run_(run) {}

  // `input`: name of the open input, or empty.
  void add(Refused refused, std::string input);
  // How many are kept one by one; more of a run than a limit are only counted, so that a file of another kind
  // cannot fill the disk.
  size_t kept() const { return kept_.size(); }

  // Inside a transaction.
  void write(Instant now);
  // The content that was taken now takes the place of older content of its name, rejects included; a file that only
  // grew is read from some row on, and rejects of rows before it stand.
  void void_older(const PartInput& input);

  void clear();

private:
  struct Kept {
    Refused refused;
    std::string input;
  };
  void insert(const std::string& input, const Refused& refused, Instant now, uint64_t count);

  Db& db_;
  const OpenRun& run_;
  std::vector<Kept> kept_;
  std::map<std::array<std::string, 3>, uint64_t> further_; // input, dataset, code -> only counted
};

} // namespace kepu::store
