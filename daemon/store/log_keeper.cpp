#include "store/log_keeper.hpp"

#include <chrono>

namespace kepu::store {

LogKeeper::LogKeeper(Db& db, std::filesystem::path file, SideThread& side, int64_t limit)
    : db_(db), file_(std::move(file)), side_(side), limit_(limit) {}

LogKeeper::~LogKeeper() { settle(); }

void LogKeeper::settle() {
  if (copying_.valid()) copying_.wait();
}

void LogKeeper::committed() {
  const auto length = db_.log_bytes();
  if (!copying_.valid()) {
    if (length < limit_) return;
    copying_ = side_.ask([this] {
      try {
        Db(file_, Db::Mode::copy).copy_log();
      } catch (const SqlError&) {
        // The writer meets the same, and tells it.
      }
    });
    return;
  }
  using namespace std::chrono_literals;
  if (length < 2 * limit_ && copying_.wait_for(0s) != std::future_status::ready) return;
  copying_.get();
  db_.begin_log_anew();
}

} // namespace kepu::store
