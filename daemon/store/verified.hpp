// What a look at the whole store found. A value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kepu::store {

struct Verified {
  uint64_t months = 0;    // of datasets, compared
  uint64_t figures = 0;   // days of series that were compared, and sets of values
  uint64_t differing = 0; // of those: others than the facts give; a rebuild mends them
  uint64_t damaged = 0;   // kept figures and names of series that cannot be read; a rebuild mends them
  uint64_t contents = 0;  // blocks of facts, parts of indexes, lists and catalogs that were read
  uint64_t lost = 0;      // of those: damaged, or lacking; only a backup brings them back
  struct Finding {
    std::string sentence;
    std::string sentence_zh;
  };
  std::vector<Finding> findings; // the first of all that is wrong

  bool agrees() const { return differing == 0 && damaged == 0 && lost == 0; }
};

} // namespace kepu::store
