// What a library says about itself, asked in a worker of its own under the tightest fence; and what a connector says
// about its settings.
#pragma once

#include "base/result.hpp"
#include "supervisor/question.hpp"

#include <kepu/values.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace kepu::supervisor {

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
  struct Job {
    std::shared_ptr<Question> question;
    std::vector<std::function<void(const Description&)>> waiters;
  };
  void described(const LibraryLook& library, const Description& description);

  const std::shared_ptr<Surroundings> around_;
  std::map<std::string, std::pair<LibraryLook, abi::Descriptor>> known_; // by path
  std::map<std::string, Job> jobs_;                                      // by path
};

// Blocks until the library was described, 10 s for each step at most; for kepuctl. Checks beforehand
// that it may be loaded. Errors: "library_refused", "library_crashed", "library_bad", "worker_not_launched".
Result<abi::Descriptor> describe_library(const std::filesystem::path& worker, const std::filesystem::path& library,
                                         Timing timing = {});

// Blocks until the connector was created with these settings and said what it would read, as before a run; nothing is
// run. Errors: "library_refused", "worker_not_launched", "settings_refused", "source_out_of_reach" (for now),
// "connector_failed".
Result<void> try_settings(const std::filesystem::path& worker, const std::filesystem::path& library,
                          const wire::Configure& configure, Timing timing = {});

} // namespace kepu::supervisor
