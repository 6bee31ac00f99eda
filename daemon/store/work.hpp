// A long change of the store, in steps short enough that parts of sources are written between them. Writer thread.
#pragma once

#include "base/result.hpp"
#include "store/reader.hpp"
#include "store/verified.hpp"

#include <cstdint>
#include <optional>

namespace kepu::store {

struct Erased {
  bool was_held = false; // the person was known
  uint64_t facts = 0;    // whose keys told of the person
};

struct Compacted {
  struct Size {
    uint64_t blocks = 0; // of facts
    uint64_t bytes = 0;  // of the file that are in use
  };
  Size before;
  Size after;
};

// What it changes becomes visible in one step, the last or one of the last, or never: destroyed before that, or after
// an Error, it leaves nothing behind (a rebuild: what it has mended; a compaction: what it has joined; an erasure: the
// person is gone, or as before, and who asks for it again gets to its end). While one is under way on a source no run
// of that source may be open, and the catalog stays.
class Work {
public:
  virtual ~Work() = default;
  // true: that was the last. Some milliseconds each of a withdrawal, some tens of the others.
  virtual Result<bool> step() = 0;

  struct Progress {
    uint64_t done = 0;
    uint64_t total = 0; // 0: not known yet
  };
  virtual Progress progress() const = 0;

  // After the last step.
  struct Outcome {
    CommitInfo commit;                    // its last; seq 0: nothing was to be changed
    uint64_t removed = 0;                 // facts that are no longer in force
    uint64_t restored = 0;                // facts that are in force again
    uint64_t mended = 0;                  // kept figures that were made anew: a series' month, or its set of a day
    std::optional<Verified> verified;     // by verify()
    std::optional<Erased> erased{};       // by erase_person()
    std::optional<Compacted> compacted{}; // by compact()
  };
  virtual Outcome outcome() const = 0;
};

} // namespace kepu::store
