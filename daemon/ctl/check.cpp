#include "ctl/check.hpp"

#include "supervisor/admit.hpp"
#include "supervisor/describe.hpp"
#include "supervisor/library.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace kepu::ctl {
namespace {

std::string quoted_needs(uint32_t needs) {
  std::string out;
  if ((needs & KEPU_NEED_NETWORK) != 0) out += "\"network\"";
  if ((needs & KEPU_NEED_EXEC) != 0) out += out.empty() ? "\"exec\"" : ", \"exec\"";
  return out;
}

class Check {
public:
  Check(settings::Loaded loaded, std::filesystem::path worker)
      : configuration_(std::move(loaded.configuration)), worker_(std::move(worker)) {
    out_.problems = std::move(loaded.problems);
    out_.sources = configuration_.sources.size();
    for (const auto& problem : out_.problems)
      broken_.insert({problem.file, problem.line});
  }

  Checked run() {
    const auto& daemon = configuration_.daemon;
    // Without folders the complaint about them is there already.
    if (!daemon.connector_dirs.empty() && !configuration_.sources.empty() && worker_exists())
      for (const auto& source : configuration_.sources)
        check(source);
    if (daemon.person_key_file) check_key(*daemon.person_key_file);
    std::stable_sort(out_.problems.begin(), out_.problems.end(), [](const auto& a, const auto& b) {
      return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
    });
    return std::move(out_);
  }

private:
  void complain(const std::filesystem::path& file, settings::Place at, std::string code, std::string text) {
    out_.problems.push_back({file, at.line, at.column, std::move(code), std::move(text)});
  }
  bool is_broken(const std::filesystem::path& file) const {
    const auto found = broken_.lower_bound({file, 0});
    return found != broken_.end() && found->first == file;
  }

  bool worker_exists() {
    if (::access(worker_.c_str(), X_OK) == 0) return true;
    complain(configuration_.daemon.file, {}, "no_worker",
             fmt::format("connectors cannot be asked what they need: {} is not there; install it beside kepuctl",
                         worker_.string()));
    return false;
  }

  void check(const settings::Source& source) {
    if (source.connector.empty() || broken_.contains({source.file, source.connector_at.line})) return;
    const auto* descriptor = descriptor_of(source);
    if (!descriptor) return;
    if (descriptor->id != source.connector) {
      complain(source.file, source.connector_at, "bad_library",
               fmt::format("library {0}.so calls itself \"{1}\"; install it as {1}.so and name that here",
                           source.connector, descriptor->id));
      return;
    }
    if (descriptor->mode == KEPU_STREAMING && !std::holds_alternative<std::monostate>(source.schedule))
      complain(source.file, source.schedule_at, "schedule_of_stream",
               fmt::format("connector {} runs all the time; remove `every` or `cron`", descriptor->id));
    check_needs(source, *descriptor);
    auto typed = settings::type_settings(source, descriptor->settings, configuration_.daemon.file.parent_path(),
                                         settings::Secrets::form_only);
    for (auto& problem : typed.problems) {
      // What could not be read was complained about as such: it is not missing.
      if (problem.code == "missing_key" && is_broken(source.file)) continue;
      out_.problems.push_back(std::move(problem));
    }
    if (!supervisor::reads_persons(*descriptor, configuration_.catalog.get())) return;
    if (!configuration_.daemon.person_key_file && !is_broken(configuration_.daemon.file))
      complain(source.file, source.connector_at, "no_person_key",
               fmt::format("connector {} reads persons, but there is no key for their pseudonyms; give [persons] "
                           "key_file in {}",
                           descriptor->id, configuration_.daemon.file.string()));
  }

  void check_needs(const settings::Source& source, const abi::Descriptor& descriptor) {
    constexpr uint32_t known = KEPU_NEED_NETWORK | KEPU_NEED_EXEC;
    if ((descriptor.needs & ~known) != 0) {
      complain(
          source.file, source.connector_at, "unknown_need",
          fmt::format("connector {} needs something that this version does not know; update kepud", descriptor.id));
      return;
    }
    const uint32_t lacking = descriptor.needs & ~source.allow;
    if (lacking == 0 || broken_.contains({source.file, source.allow_at.line})) return;
    complain(source.file, source.allow_at, "not_allowed",
             fmt::format("connector {} needs {}; if that is right, write allow = [{}]", descriptor.id,
                         quoted_needs(lacking), quoted_needs(descriptor.needs | source.allow)));
  }

  // null: complained about at this source, as at every other that uses the connector.
  const abi::Descriptor* descriptor_of(const settings::Source& source) {
    auto found = descriptors_.find(source.connector);
    if (found == descriptors_.end()) found = descriptors_.emplace(source.connector, describe(source.connector)).first;
    if (found->second) return &*found->second;
    complain(source.file, source.connector_at, found->second.error().code, found->second.error().text);
    return nullptr;
  }

  Result<abi::Descriptor> describe(const std::string& connector) const {
    const auto library = supervisor::find_library(configuration_.daemon.connector_dirs, connector);
    if (library.problem) return fail(library.look.path.empty() ? "no_library" : "library_refused", library.problem->en);
    return supervisor::describe_library(worker_, library.look.path);
  }

  void check_key(const std::filesystem::path& file) {
    if (::access(file.c_str(), R_OK) != 0 && errno == EACCES) return; // the daemon's user may read it
    if (const auto key = settings::read_person_key(file); !key)
      complain(configuration_.daemon.file, configuration_.daemon.person_key_file_at, key.error().code,
               key.error().text);
  }

  settings::Configuration configuration_;
  const std::filesystem::path worker_;
  Checked out_;
  std::set<std::pair<std::filesystem::path, uint32_t>> broken_; // lines that load() complained about
  std::map<std::string, Result<abi::Descriptor>> descriptors_;  // by connector
};

} // namespace

Checked check(const std::filesystem::path& config_file, const std::filesystem::path& worker) {
  return Check(settings::load(config_file), worker).run();
}

} // namespace kepu::ctl
