// The main file, and load(): all files in their order.
#include "base/printable.hpp"
#include "settings/loading.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace kepu::settings {
namespace {

constexpr const char* default_catalog = "catalog";
constexpr const char* default_sources = "sources.d";
constexpr const char* default_socket = "admin.sock";
constexpr size_t max_socket_path = 107; // sockaddr_un, without the NUL

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(host.find(':') == std::string::npos ? AF_INET : AF_INET6, host.c_str(), &ignored) == 1;
}

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
std::optional<Listen> parse_listen(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Listen out;
  out.host = text.substr(0, colon);
  const bool bracketed = out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']';
  if (bracketed) out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host == "localhost") out.host = "127.0.0.1";
  if (!is_address(out.host) || bracketed != (out.host.find(':') != std::string::npos)) return std::nullopt;
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, out.port);
  return error == std::errc{} && stop == end ? std::optional(out) : std::nullopt;
}

void read_http(const Node& table, Daemon& out, Report& report) {
  Section section(table, report, "[http]");
  if (const auto listen = section.text("listen")) {
    if (const auto parsed = parse_listen(*listen)) {
      out.listen = *parsed;
    } else {
      section.complain("listen", "bad_address",
                       in_quotes(*listen) +
                           " is no address to listen on; write \"127.0.0.1:8080\", or \"[::1]:8080\" for IPv6");
    }
  }
  section.finish();
}

void read_log(const Node& table, const std::filesystem::path& base, Daemon& out, Report& report) {
  Section section(table, report, "[log]");
  const auto level = section.choice("level", {"debug", "info", "warning", "error"});
  if (level) out.log_level = static_cast<LogLevel>(*level);
  const auto sink = section.choice("sink", {"stderr", "journal", "file"});
  if (sink) out.log_sink = static_cast<LogSink>(*sink);
  if (const auto file = section.text("file")) {
    if (auto path = absolute_path(report, section.at("file"), "file", *file, base)) out.log_file = std::move(*path);
    if (!sink || out.log_sink != LogSink::file) {
      section.complain("file", "bad_value", "\"file\" is only used with sink = \"file\"");
    }
  } else if (out.log_sink == LogSink::file && !section.has("file")) {
    section.missing("file", ": where does the log go?");
  }
  section.finish();
}

} // namespace

std::optional<std::filesystem::path> absolute_path(Report& report, Place at, std::string_view key,
                                                   const std::string& written, const std::filesystem::path& base) {
  if (written.empty() || printable(written) != written) {
    report.add(at, "bad_path", in_quotes(key) + ": " + in_quotes(written) + " is no path");
    return std::nullopt;
  }
  return (base / written).lexically_normal();
}

std::vector<std::filesystem::path> toml_files(const std::filesystem::path& folder, std::vector<Problem>& problems) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto& path = it->path();
    if (path.extension() == ".toml" && path.filename().string()[0] != '.') out.push_back(path);
  }
  if (error) {
    Report(folder, problems).add({}, "unreadable_folder", "the folder cannot be read: " + error.message());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<Daemon> load_daemon(const std::filesystem::path& file, std::vector<Problem>& problems) {
  Report report(file, problems);
  const auto document = read_document(report);
  if (!document) return std::nullopt;
  const auto base = file.parent_path();
  Section top(*document, report, "the file");
  Daemon out;
  out.file = file;
  const auto path = [&](std::string_view key, const char* otherwise) {
    const auto written = top.text(key);
    auto made = absolute_path(report, top.at(key), key, written.value_or(otherwise), base);
    return made ? *made : std::filesystem::path();
  };
  const auto state = top.required_text("state_dir");
  if (state) {
    out.state_dir =
        absolute_path(report, top.at("state_dir"), "state_dir", *state, base).value_or(std::filesystem::path());
  }
  if (!top.has("connector_dirs")) {
    top.missing("connector_dirs", ": where do connectors lie? connector_dirs = [\"/usr/lib/kepu/connectors\"]");
  }
  for (const auto& word : top.texts("connector_dirs")) {
    if (auto made = absolute_path(report, word.at, "connector_dirs", word.text, base)) {
      out.connector_dirs.push_back(std::move(*made));
      out.connector_dirs_at.push_back(word.at);
    }
  }
  out.catalog_dir = path("catalog_dir", default_catalog);
  out.catalog_dir_at = top.at("catalog_dir");
  out.sources_dir = path("sources_dir", default_sources);
  if (const auto zone = top.text("time_zone")) {
    if (auto found = model::Zone::find(*zone)) {
      out.time_zone = *zone;
    } else {
      top.complain("time_zone", found.error().code, "\"time_zone\": " + found.error().text);
    }
  }
  if (top.has("notice")) out.notice = read_label(top, "notice", report);
  const auto socket = top.text("admin_socket");
  if (socket) {
    out.admin_socket = path("admin_socket", default_socket);
  } else if (!out.state_dir.empty()) {
    out.admin_socket = out.state_dir / default_socket;
  }
  if (out.admin_socket.native().size() > max_socket_path) {
    top.complain(socket ? "admin_socket" : "state_dir", "bad_path",
                 "the admin socket " + in_quotes(out.admin_socket.string(), 200) +
                     " has a longer path than the 107 bytes a "
                     "socket can have; give \"admin_socket\" a shorter one");
  }
  (void)top.find("notice");
  if (const Node* http = top.table("http")) read_http(*http, out, report);
  if (const Node* persons = top.table("persons")) {
    Section section(*persons, report, "[persons]");
    if (const auto key = section.required_text("key_file")) {
      out.person_key_file_at = section.at("key_file");
      out.person_key_file = absolute_path(report, out.person_key_file_at, "key_file", *key, base);
    }
    section.finish();
  }
  if (const Node* log = top.table("log")) read_log(*log, base, out, report);
  top.finish();
  return out;
}

// A source that was taken away still speaks by what it gave, so only the name is doubted.
static void warn_of_unconfigured(const std::vector<RuledSource>& ruled, Loaded& out) {
  std::vector<std::string> known;
  for (const auto& source : out.configuration.sources)
    known.push_back(source.id);
  for (const auto& source : ruled) {
    if (std::ranges::find(known, source.id) != known.end()) continue;
    Report(source.file, out.warnings)
        .add(source.at, "unknown_source",
             "no file configures source " + in_quotes(source.id) + ", which is right only of one that was taken away" +
                 suggestion(source.id, known));
  }
}

Loaded load(const std::filesystem::path& config_file) {
  Loaded out;
  std::vector<RuledSource> ruled;
  std::error_code error;
  auto file = std::filesystem::absolute(config_file, error).lexically_normal();
  if (error) file = config_file;
  auto daemon = load_daemon(file, out.problems);
  if (!daemon) {
    // Where the rest lies is unknown; what lies in the usual places is checked all the same.
    daemon.emplace();
    const auto usual = [&](const char* name) {
      const auto folder = file.parent_path() / name;
      return std::filesystem::is_directory(folder, error) ? folder : std::filesystem::path();
    };
    daemon->catalog_dir = usual(default_catalog);
    daemon->sources_dir = usual(default_sources);
  }
  if (!daemon->catalog_dir.empty() && !std::filesystem::is_directory(daemon->catalog_dir, error)) {
    Report(file, out.problems)
        .add(daemon->catalog_dir_at, "no_catalog",
             "the catalog's folder " + in_quotes(daemon->catalog_dir.string(), 200) +
                 " does not exist; correct \"catalog_dir\" or put a catalog there");
  } else if (!daemon->catalog_dir.empty()) {
    auto draft = load_catalog(daemon->catalog_dir, out.problems);
    out.configuration.catalog = std::make_shared<model::Catalog>(std::move(draft.catalog));
    ruled = std::move(draft.ruled_sources);
  }
  if (!daemon->sources_dir.empty()) {
    out.configuration.sources = load_sources(daemon->sources_dir, out.problems);
  }
  warn_of_unconfigured(ruled, out);
  out.configuration.daemon = std::move(*daemon);
  return out;
}

} // namespace kepu::settings
