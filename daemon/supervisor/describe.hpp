// What a library says about itself, asked in a worker of its own under the tightest fence.
#pragma once

#include "base/result.hpp"
#include "supervisor/link.hpp"

#include <kepu/values.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace kepu::supervisor {

// Why there is no descriptor, and what should follow.
struct NotDescribed {
  After then = After::stop; // stop, retry or crash
  Reason reason;
};
using Description = std::variant<abi::Descriptor, NotDescribed>;

// Descriptors by path, mtime and size of the library; one worker at a time for each. kepu-io only.
class Descriptions {
public:
  explicit Descriptions(std::shared_ptr<Surroundings> around);
  ~Descriptions();

  // Calls `then` on kepu-io, not before it returns, within the start-up deadlines.
  void get(const LibraryLook& library, std::function<void(const Description&)> then);
  // Kills what goes on; nothing is called any more.
  void stop();

private:
  struct Job;
  const std::shared_ptr<Surroundings> around_;
  std::map<std::string, std::pair<LibraryLook, abi::Descriptor>> known_; // by path
  std::map<std::string, std::shared_ptr<Job>> jobs_;                     // by path
};

// Blocks until the library was described, 10 s for each step at most; for kepuctl. Checks beforehand
// that it may be loaded. Errors: "library_refused", "library_crashed", "library_bad", "worker_not_launched".
Result<abi::Descriptor> describe_library(const std::filesystem::path& worker, const std::filesystem::path& library,
                                         Timing timing = {});

} // namespace kepu::supervisor
