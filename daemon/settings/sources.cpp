#include "base/printable.hpp"
#include "settings/cron.hpp"
#include "settings/loading.hpp"
#include "settings/secret.hpp"

#include <algorithm>

namespace kepu::settings {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::microseconds least_interval = 100ms; // a process is started each time
constexpr size_t longest_id = 64;                           // it is a file's name and a label in metrics

const std::vector<std::string>& need_names() { // bit numbers of kepu_need
  static const std::vector<std::string> all{"network", "exec"};
  return all;
}

void read_schedule(Section& top, Source& out, Report& report) {
  const auto every = top.duration("every");
  const auto cron = top.text("cron");
  out.schedule_at = top.at(top.has("every") ? "every" : "cron");
  if (top.has("every") && top.has("cron")) {
    top.complain("cron", "two_schedules", "a source has \"every\" or \"cron\", not both; take one out");
  }
  if (every && *every < least_interval) {
    top.complain("every", "out_of_range", "\"every\" is at least 100ms");
  } else if (every) {
    out.schedule = Every{*every};
  }
  if (!cron) return;
  if (auto parsed = CronSchedule::parse(*cron); !parsed) {
    report.add(top.at("cron"), parsed.error().code, "\"cron\": " + parsed.error().text);
  } else if (!every) {
    out.schedule = Cron{*cron};
  }
}

// { credential = "NAME" } or { file = "…" }.
std::optional<SecretRef> read_ref(const std::string& key, const Node& table, const std::filesystem::path& base,
                                  Report& report) {
  Section section(table, report, in_quotes(key));
  const auto credential = section.text("credential");
  const auto file = section.text("file");
  section.finish();
  if (section.has("credential") == section.has("file")) {
    report.add(table.at, "bad_secret",
               "a table as a setting is a secret's place: { credential = \"NAME\" } or { file = \"…\" }");
    return std::nullopt;
  }
  if (credential) {
    if (is_credential_name(*credential)) return SecretRef{SecretRef::From::credential, *credential};
    section.complain("credential", "bad_name",
                     in_quotes(*credential) + " cannot be a credential; use letters, digits, \"_\", \"-\" and \".\"");
  }
  if (!file) return std::nullopt;
  const auto path = absolute_path(report, section.at("file"), "file", *file, base);
  return path ? std::optional(SecretRef{SecretRef::From::file, path->string()}) : std::nullopt;
}

std::optional<RawValue> read_value(const std::string& key, const Node& node, const std::filesystem::path& base,
                                   Report& report) {
  switch (node.kind) {
  case Node::Kind::text:
    return node.text;
  case Node::Kind::integer:
    return node.integer;
  case Node::Kind::real:
    return node.real;
  case Node::Kind::boolean:
    return node.boolean;
  case Node::Kind::date:
  case Node::Kind::time:
    wrong_type(report, key, node, "a text; put it in quotes");
    return std::nullopt;
  case Node::Kind::table:
    if (auto ref = read_ref(key, node, base, report)) return std::move(*ref);
    return std::nullopt;
  case Node::Kind::list:
    break;
  }
  std::vector<std::string> items;
  for (const auto& item : node.items) {
    if (item.kind == Node::Kind::text) {
      items.push_back(item.text);
    } else {
      wrong_type(report, key, item, "a list of texts");
    }
  }
  return items;
}

Source load_source(const std::filesystem::path& file, const std::filesystem::path& base,
                   std::vector<Problem>& problems) {
  Report report(file, problems);
  Source out;
  out.id = file.stem().string();
  out.file = file;
  if (!is_name(out.id, true) || out.id.size() > longest_id) {
    report.add({}, "bad_name",
               "a source is called as its file, and " + in_quotes(out.id) +
                   " cannot be a source; use a-z, 0-9, _ and -, a letter first, at most 64");
  }
  const auto document = read_document(report);
  if (!document) return out;
  Section top(*document, report, "the file");
  out.connector = top.required_text("connector").value_or("");
  out.connector_at = top.at("connector");
  if (!out.connector.empty() && !is_name(out.connector)) {
    top.complain("connector", "bad_name",
                 in_quotes(out.connector) + " cannot be a connector; write its id, such as "
                                            "\"venue_turnstile\", without path and .so");
  }
  read_schedule(top, out, report);
  out.allow_at = top.at("allow");
  for (const auto& word : top.texts("allow")) {
    const auto found = std::find(need_names().begin(), need_names().end(), word.text);
    if (found != need_names().end()) {
      out.allow |= 1u << static_cast<unsigned>(found - need_names().begin());
    } else {
      report.add(word.at, "unknown_word",
                 in_quotes(word.text) + " cannot be allowed" + suggestion(word.text, need_names()));
    }
  }
  if (const auto share = top.real("max_reject_share")) {
    if (*share >= 0 && *share <= 1) { // so that NaN is refused too
      out.max_reject_share = *share;
    } else {
      top.complain("max_reject_share", "out_of_range", "\"max_reject_share\" is a share from 0 to 1");
    }
  }
  out.enabled = top.boolean("enabled").value_or(true);
  if (const Node* settings = top.table("settings")) {
    out.settings_at = settings->at;
    for (const auto& entry : settings->entries) {
      if (auto value = read_value(entry.key, entry.value, base, report)) {
        out.settings.push_back({entry.key, std::move(*value), entry.at.line, entry.at.column});
      }
    }
  }
  top.finish();
  return out;
}

} // namespace

std::vector<Source> load_sources(const std::filesystem::path& folder, const std::filesystem::path& base,
                                 std::vector<Problem>& problems) {
  std::vector<Source> out;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return out; // a hub without sources answers from its store
  for (const auto& file : toml_files(folder, problems))
    out.push_back(load_source(file, base, problems));
  return out;
}

} // namespace kepu::settings
