// Which moments have been answered for good: what was told as of one must be told again, so no commit is recorded at
// or before it any more. Any thread.
//
// The writer closes its commit as the last thing before it is put on disk, and only then is its moment fixed. A reader
// either comes before that, and the commit is recorded later than what it asks for, or after, and waits until the
// commit can be seen. Known to one process only: after a restart the clock alone tells moments apart.
#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

namespace kepu::store {

class Moments {
public:
  // `clock` outlives this and may be asked by any thread.
  explicit Moments(const Clock& clock) : clock_(clock) {}

  // kepu-ingest. The moment of the commit that is about to be put on disk: `earliest`, or later.
  Instant close(Instant earliest);
  // It is on disk, or will not come.
  void opened();

  // Before the store is looked at as of `moment`; what lies ahead is not for good. false: a commit of before takes
  // too long to come to the disk.
  bool answer(Instant moment);

private:
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Instant answered_{};              // guarded by mutex_: the latest
  std::optional<Instant> closed_{}; // guarded: of the commit that is being put on disk
};

} // namespace kepu::store
