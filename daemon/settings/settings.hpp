// TOML to typed settings. Every error of a whole configuration at once, each with file, line, column
// and the nearest right word. The only user of toml++. Pure but for reading files; any thread.
#pragma once

#include "base/result.hpp"
#include "model/catalog.hpp"
#include "model/zone.hpp"

#include <kepu/values.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kepu::settings {

// Where something stands in its file, counted from 1; line 0: the file as a whole.
struct Place {
  uint32_t line = 0;
  uint32_t column = 0;
};

// One complaint: `file:line:column: text`. line 0: the file as a whole.
struct Problem {
  std::filesystem::path file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string code; // stable: "unknown_key", "wrong_type", "missing_key", "syntax", ...
  std::string text; // what, and what to do

  std::string sentence() const;
};

struct Listen {
  std::string host = "127.0.0.1";
  uint16_t port = 8080; // 0: any free one
};

enum class LogLevel : uint8_t { debug, info, warning, error };
enum class LogSink : uint8_t { stderr_text, journal, file };

struct Daemon {
  std::filesystem::path file; // the configuration file itself, absolute
  std::filesystem::path state_dir;
  std::vector<std::filesystem::path> connector_dirs;
  std::vector<Place> connector_dirs_at; // of each
  std::filesystem::path catalog_dir;
  Place catalog_dir_at;
  std::filesystem::path sources_dir;
  std::string time_zone = "Asia/Shanghai";
  std::optional<model::Label> notice; // what every answer bears, such as that its figures are samples
  Listen listen;
  std::filesystem::path admin_socket; // default: state_dir/admin.sock
  std::optional<std::filesystem::path> person_key_file;
  Place person_key_file_at;
  LogLevel log_level = LogLevel::info;
  LogSink log_sink = LogSink::stderr_text;
  std::filesystem::path log_file;
};

// Where a secret lies.
struct SecretRef {
  enum class From : uint8_t { credential, file } from = From::credential;
  std::string name; // credential's name or absolute path
};
// A table of [settings], tables inside it flattened: { a = { b = 1 } } is "a.b" = "1". A number, boolean or date is its
// text, and no text.
struct RawEntry {
  std::string key;
  std::string value;
  bool is_text = true;
  Place at;
};
using RawTable = std::vector<RawEntry>;
// A value of [settings] as written, before the connector's specs type it.
using RawValue = std::variant<std::string, int64_t, double, bool, std::vector<std::string>, RawTable>;
struct RawSetting {
  std::string key;
  RawValue value;
  uint32_t line = 0;
  uint32_t column = 0;
};

struct Every {
  std::chrono::microseconds interval;
};
struct Cron {
  std::string expression; // five fields, checked
};
using Schedule = std::variant<std::monostate, Every, Cron>; // monostate: only on demand, or streaming

struct Source {
  std::string id; // stem of its file
  std::filesystem::path file;
  std::string connector;
  Schedule schedule;
  uint32_t allow = 0; // kepu_need, combined
  double max_reject_share = 0.1;
  bool enabled = true;
  std::vector<RawSetting> settings;
  // For complaints about what only the connector's descriptor can tell.
  Place connector_at;
  Place allow_at;
  Place schedule_at;
  Place settings_at;
};

struct Configuration {
  Daemon daemon;
  std::shared_ptr<const model::Catalog> catalog;
  std::vector<Source> sources; // in order of id
};

// Reads the file, the catalog and every source. Problems: nothing of it is used.
struct Loaded {
  Configuration configuration; // complete only when problems is empty
  std::vector<Problem> problems;
  std::vector<Problem> warnings; // what may be meant so
};
Loaded load(const std::filesystem::path& config_file);

// Types a source's settings by the connector's specs: kinds, required keys, enum choices, unknown
// keys with the nearest known one, folders made absolute (relative ones count from `base`, the
// folder of the main configuration file), secrets read. All problems at once, placed in the source's file.
struct Typed {
  std::vector<abi::Setting> settings; // in order of the specs; absent ones are left out
  std::vector<Problem> problems;
};
// `form_only`: a secret's text stays empty and what only the daemon's user and unit can see (credentials,
// files that this user may not open) is no complaint.
enum class Secrets : uint8_t { read, form_only };
Typed type_settings(const Source& source, const std::vector<abi::SettingSpec>& specs, const std::filesystem::path& base,
                    Secrets secrets = Secrets::read);

// The key for pseudonyms, 32 bytes, from a file of 64 hexadecimal digits or 32 raw bytes that group and
// others may not read. Error codes: "no_key_file", "open_key_file", "bad_key_file".
Result<std::string> read_person_key(const std::filesystem::path& file);

// "30s", "5m", "2h", "1d", "10y" (365.25 days), "500ms"; positive.
Result<std::chrono::microseconds> parse_duration(std::string_view text);

} // namespace kepu::settings
