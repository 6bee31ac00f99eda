#include "base/printable.hpp"
#include "model/period.hpp"
#include "settings/cron.hpp"
#include "settings/loading.hpp"

#include <algorithm>
#include <charconv>

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

// The text of a value that is no table and no list; nullopt: none that this daemon has.
std::optional<std::string> text_of(const Node& node) {
  switch (node.kind) {
  case Node::Kind::text:
    return node.text;
  case Node::Kind::integer:
    return std::to_string(node.integer);
  case Node::Kind::real: {
    char buffer[40];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, node.real);
    return std::string(buffer, error == std::errc{} ? end : buffer);
  }
  case Node::Kind::boolean:
    return node.boolean ? "true" : "false";
  case Node::Kind::date:
    return model::day_text(static_cast<model::Day>(node.integer));
  case Node::Kind::time:
  case Node::Kind::list:
  case Node::Kind::table:
    break;
  }
  return std::nullopt;
}

void read_table(const Node& table, const std::string& before, Report& report, RawTable& out) {
  for (const auto& entry : table.entries) {
    const auto key = before + entry.key;
    if (entry.value.kind == Node::Kind::table) {
      read_table(entry.value, key + ".", report, out);
    } else if (auto text = text_of(entry.value)) {
      out.push_back({key, std::move(*text), entry.value.kind == Node::Kind::text, entry.at});
    } else {
      wrong_type(report, key, entry.value, "a text; put it in quotes");
    }
  }
}

std::optional<RawValue> read_value(const std::string& key, const Node& node, Report& report) {
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
  case Node::Kind::table: {
    RawTable out;
    read_table(node, "", report, out);
    return out;
  }
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

Source load_source(const std::filesystem::path& file, std::vector<Problem>& problems) {
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
      if (auto value = read_value(entry.key, entry.value, report)) {
        out.settings.push_back({entry.key, std::move(*value), entry.at.line, entry.at.column});
      }
    }
  }
  top.finish();
  return out;
}

} // namespace

std::vector<Source> load_sources(const std::filesystem::path& folder, std::vector<Problem>& problems) {
  std::vector<Source> out;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return out; // a hub without sources answers from its store
  for (const auto& file : toml_files(folder, problems))
    out.push_back(load_source(file, problems));
  return out;
}

} // namespace kepu::settings
