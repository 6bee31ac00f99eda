// Keeps the log (WAL) short: when it has grown long, another connection copies it into the file on a thread of its own
// while the writer goes on; then the writer copies the little that came meanwhile, and begins the log anew. Writer
// thread.
#pragma once

#include "base/side_thread.hpp"
#include "store/db.hpp"

#include <cstdint>
#include <filesystem>
#include <future>

namespace kepu::store {

class LogKeeper {
public:
  // `db`: the writer's connection. The log is copied when it passes `limit` bytes; it never gets much longer than twice
  // that, unless a reader sees an early state for long.
  LogKeeper(Db& db, std::filesystem::path file, SideThread& side, int64_t limit);
  ~LogKeeper();

  // After each transaction.
  void committed();
  // Waits for what is being copied: while this has not been called, the log cannot be emptied.
  void settle();

private:
  Db& db_;
  std::filesystem::path file_;
  SideThread& side_;
  int64_t limit_;
  std::future<void> copying_;
};

} // namespace kepu::store
