#include "ctl/check.hpp"

#include "supervisor/admit.hpp"
#include "supervisor/describe.hpp"
#include "supervisor/library.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <map>
#include <optional>
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

struct Known {
  std::filesystem::path library;
  abi::Descriptor descriptor;
};

class Check {
public:
  Check(settings::Loaded loaded, std::filesystem::path worker)
      : configuration_(std::move(loaded.configuration)), worker_(std::move(worker)) {
    out_.problems = std::move(loaded.problems);
    out_.warnings = std::move(loaded.warnings);
    out_.sources = configuration_.sources.size();
    for (const auto& problem : out_.problems)
      broken_.insert({problem.file, problem.line});
    const auto& catalog = configuration_.daemon.catalog_dir;
    catalog_is_good_ =
        configuration_.catalog && std::ranges::none_of(out_.problems, [&](const auto& problem) {
          return std::mismatch(catalog.begin(), catalog.end(), problem.file.begin(), problem.file.end()).first ==
                 catalog.end();
        });
  }

  Checked run() {
    const auto& daemon = configuration_.daemon;
    for (size_t i = 0; i < daemon.connector_dirs.size(); ++i)
      check_folder(daemon.file, daemon.connector_dirs_at[i], "connectors are looked for", daemon.connector_dirs[i]);
    if (daemon.person_key_file) check_key(*daemon.person_key_file);
    // Without folders the complaint about them is there already.
    if (!daemon.connector_dirs.empty() && !configuration_.sources.empty() && worker_exists())
      for (const auto& source : configuration_.sources)
        check(source);
    for (auto* list : {&out_.problems, &out_.warnings})
      std::stable_sort(list->begin(), list->end(), [](const auto& a, const auto& b) {
        return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
      });
    return std::move(out_);
  }

private:
  void complain(const std::filesystem::path& file, settings::Place at, std::string code, std::string text) {
    out_.problems.push_back({file, at.line, at.column, std::move(code), std::move(text)});
  }
  void warn(const std::filesystem::path& file, settings::Place at, std::string code, std::string text) {
    out_.warnings.push_back({file, at.line, at.column, std::move(code), std::move(text)});
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
    const auto* known = known_of(source);
    if (!known) return;
    const auto* descriptor = &known->descriptor;
    const auto before = out_.problems.size();
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
    check_settings(source, *descriptor);
    if (supervisor::reads_persons(*descriptor, configuration_.catalog.get()) &&
        !configuration_.daemon.person_key_file && !is_broken(configuration_.daemon.file))
      complain(source.file, source.connector_at, "no_person_key",
               fmt::format("connector {} reads persons, but there is no key for their pseudonyms; give [persons] "
                           "key_file in {}",
                           descriptor->id, configuration_.daemon.file.string()));
    if (out_.problems.size() == before && !is_broken(source.file) && catalog_is_good_) try_out(source, *known);
  }

  void check_settings(const settings::Source& source, const abi::Descriptor& descriptor) {
    auto typed = settings::type_settings(source, descriptor.settings, configuration_.daemon.file.parent_path(),
                                         settings::Secrets::form_only);
    for (auto& problem : typed.problems) {
      // What could not be read was complained about as such: it is not missing.
      if (problem.code == "missing_key" && is_broken(source.file)) continue;
      out_.problems.push_back(std::move(problem));
    }
    for (const auto& setting : typed.settings) {
      if (setting.type != KEPU_SETTING_INPUT_FOLDER && setting.type != KEPU_SETTING_WORK_FOLDER) continue;
      const auto raw = std::ranges::find(source.settings, setting.key, &settings::RawSetting::key);
      const auto at =
          raw == source.settings.end() ? source.settings_at : settings::Place{raw->line, raw->column}; // or a default
      check_folder(source.file, at, "\"" + setting.key + "\"", setting.text);
    }
  }

  // A folder may yet be made, or mounted.
  void check_folder(const std::filesystem::path& file, settings::Place at, const std::string& what,
                    const std::filesystem::path& folder) {
    std::error_code error;
    const auto status = std::filesystem::status(folder, error);
    if (std::filesystem::is_directory(status)) return;
    if (status.type() == std::filesystem::file_type::not_found) {
      warn(file, at, "no_folder",
           fmt::format("{}: the folder {} does not exist; make it or correct the path", what, folder.string()));
    } else if (!error) {
      warn(file, at, "no_folder", fmt::format("{}: {} is no folder; correct the path", what, folder.string()));
    } // else the daemon's user may see it
  }

  // What only the connector can say about its settings, as it would say it before a run.
  void try_out(const settings::Source& source, const Known& known) {
    auto admitted = supervisor::admit(source, known.descriptor, configuration_, key_.has_value());
    if (const auto* why = std::get_if<supervisor::Sentence>(&admitted)) {
      if (is_broken(configuration_.daemon.file)) return; // its own complaint is there
      // Everything that can be told from here was: what is left is for the daemon's user to see.
      warn(source.file, source.settings_at, "not_tried",
           fmt::format("connector {} was not asked about its settings, because not all of them can be read here: {}",
                       known.descriptor.id, why->en));
      return;
    }
    const auto& daemon = configuration_.daemon;
    auto told = supervisor::instruction(source, std::get<supervisor::Admission>(admitted), configuration_,
                                        daemon.time_zone, "", key_);
    // Looking changes nothing: what a run may write is only read here.
    told.readable.insert(told.readable.end(), told.writable.begin(), told.writable.end());
    told.writable.clear();
    const auto tried = supervisor::try_settings(worker_, known.library, told);
    if (tried) return;
    if (tried.error().code == "source_out_of_reach")
      warn(source.file, source.settings_at, tried.error().code, tried.error().text);
    else
      complain(source.file, source.settings_at, tried.error().code, tried.error().text);
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
  const Known* known_of(const settings::Source& source) {
    auto found = known_.find(source.connector);
    if (found == known_.end()) found = known_.emplace(source.connector, describe(source.connector)).first;
    if (found->second) return &*found->second;
    complain(source.file, source.connector_at, found->second.error().code, found->second.error().text);
    return nullptr;
  }

  Result<Known> describe(const std::string& connector) const {
    const auto library = supervisor::find_library(configuration_.daemon.connector_dirs, connector);
    if (library.problem) return fail(library.look.path.empty() ? "no_library" : "library_refused", library.problem->en);
    auto descriptor = supervisor::describe_library(worker_, library.look.path);
    if (!descriptor) return descriptor.error();
    return Known{library.look.path, std::move(*descriptor)};
  }

  void check_key(const std::filesystem::path& file) {
    // Nothing runs, so no pseudonym depends on it: any key serves where the real one cannot be had from here.
    key_ = std::string(32, 'k');
    if (::access(file.c_str(), R_OK) != 0 && errno == EACCES) return; // the daemon's user may read it
    if (auto key = settings::read_person_key(file))
      key_ = std::move(*key);
    else
      complain(configuration_.daemon.file, configuration_.daemon.person_key_file_at, key.error().code,
               key.error().text);
  }

  settings::Configuration configuration_;
  const std::filesystem::path worker_;
  Checked out_;
  std::set<std::pair<std::filesystem::path, uint32_t>> broken_; // lines that load() complained about
  std::map<std::string, Result<Known>> known_;                  // by connector
  std::optional<std::string> key_;                              // for persons
  bool catalog_is_good_ = false; // a connector that does not agree with a broken one is not to blame
};

} // namespace

Checked check(const std::filesystem::path& config_file, const std::filesystem::path& worker) {
  return Check(settings::load(config_file), worker).run();
}

} // namespace kepu::ctl
