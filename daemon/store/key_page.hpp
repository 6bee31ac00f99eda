// A page of the key index: a row of some entries, sorted by hash, that fits a page of the file. Throws SqlError.
//
// u32 n, u64 first hash, then, packed, the n steps from hash to hash (the first is 0) and the n numbers, then XXH3-64.
#pragma once

#include "store/db.hpp"
#include "store/key_filter.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kepu::store {

constexpr size_t most_on_key_page = 4'000; // its entries take at least a byte each

[[noreturn]] void damaged_keys();

// How many of these entries, sorted by hash, fit one page.
size_t fitting_a_key_page(std::span<const KeyEntry> entries);
std::string encode_key_page(std::span<const KeyEntry> entries);

// The last page read: its hashes, and its numbers when they are asked for, since most pages are read in vain.
class KeyPage {
public:
  // `select`: the statement that gives a page's data by its number.
  KeyPage(Db& db, const char* select) : db_(db), select_(select) {}

  void read(int64_t page);
  std::span<const uint64_t> hashes() const { return hashes_; }
  std::span<const uint64_t> numbers();
  template <class Found> void find(uint64_t hash, Found&& found) {
    for (auto at = std::ranges::lower_bound(hashes_, hash); at != hashes_.end() && *at == hash; ++at)
      found(numbers()[static_cast<size_t>(at - hashes_.begin())]);
  }

private:
  Db& db_;
  const char* select_;
  int64_t page_ = 0;
  std::vector<uint64_t> hashes_;
  std::string packed_numbers_;
  std::vector<uint64_t> numbers_;
};

} // namespace kepu::store
