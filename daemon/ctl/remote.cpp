#include "ctl/remote.hpp"

#include "base/percent.hpp"
#include "base/printable.hpp"
#include "ctl/json.hpp"
#include "ctl/text.hpp"
#include "ctl/wait.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>

namespace kepu::ctl {
namespace json = boost::json;
namespace {

Tint tint_of_state(const std::string& state) {
  if (state == "running" || state == "ready") return Tint::good;
  if (state == "quarantined") return Tint::bad;
  if (state == "backing_off" || state == "stopped") return Tint::warning;
  return Tint::none;
}

Tint tint_of_status(const std::string& status) {
  if (status == "ok") return Tint::good;
  return status.empty() || status == "running" || status == "cancelled" ? Tint::none : Tint::bad;
}

std::string state_of(const json::object& source) {
  return text(source, "state") + (is_true(source, "paused") ? ", paused" : "");
}

// A name that no shell and no terminal makes anything else of.
bool is_plain_id(const std::string& id) {
  return !id.empty() && id.front() != '-' && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool is_number(const json::object& row, std::string_view key) {
  const auto* found = row.if_contains({key.data(), key.size()});
  return found && found->is_number();
}

} // namespace

std::string with(const std::string& path, const Parameters& parameters) {
  std::string out = path;
  char before = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += before + name + "=" + percent_encoded(value);
    before = '&';
  }
  return out;
}

std::optional<std::vector<json::object>> rows_of(const std::string& body) {
  auto answer = object_in(body);
  const auto* data = answer ? array(*answer, "data") : nullptr;
  if (!data) return std::nullopt;
  std::vector<json::object> rows;
  for (const auto& row : *data) {
    if (!row.is_object()) return std::nullopt;
    rows.push_back(row.get_object());
  }
  return rows;
}

void Remote::say_error(const std::string& text) { console_.err << "kepuctl: " << printable(text) << "\n"; }

void Remote::raw(const std::string& body) {
  if (!console_.out_is_terminal) {
    console_.out << body;
    return;
  }
  for (size_t from = 0; from < body.size();) {
    const size_t end = std::min(body.find('\n', from), body.size());
    console_.out << printable(std::string_view(body).substr(from, end - from)) << "\n";
    from = end + 1;
  }
}

std::optional<std::string> Remote::take(Result<Answer> answer) {
  if (!answer) {
    say_error(answer.error().text);
    exit_ = out_of_reach;
    return std::nullopt;
  }
  if (answer->ok()) return std::move(answer->body);
  exit_ = failed;
  if (manner_.json) {
    raw(answer->body);
    return std::nullopt;
  }
  const auto problem = object_in(answer->body);
  auto detail = problem ? text(*problem, "detail") : std::string();
  if (detail.empty() && problem) detail = text(*problem, "title");
  if (detail.empty()) detail = fmt::format("the daemon answered with status {} and did not say why", answer->status);
  const auto hint = problem ? text(*problem, "hint") : std::string();
  const auto code = problem ? text(*problem, "code") : std::string();
  const bool ended = detail.ends_with('.') || detail.ends_with('?') || detail.ends_with("。");
  const std::string joint = hint.empty() ? "" : ended ? " " : "; ";
  say_error(detail + joint + hint + (code.empty() ? "" : " [" + code + "]"));
  return std::nullopt;
}

int Remote::not_understood() {
  say_error(fmt::format("the answer over {} has an unknown shape; is it kepud that listens there, and of this version?",
                        client_.socket().string()));
  return failed;
}

void Remote::say_notice(const std::string& body) {
  const auto answer = object_in(body);
  const auto* meta = answer ? object(*answer, "meta") : nullptr;
  if (const auto notice = meta ? text(*meta, "notice") : ""; !notice.empty())
    console_.out << tinted(printable(notice), Tint::warning, manner_.color) << "\n";
}

void Remote::say_more(const std::string& body) {
  const auto answer = object_in(body);
  if (answer && !text(*answer, "next").empty()) console_.err << "There is more; ask for it with a larger --limit.\n";
}

int Remote::list(const std::string& target, int (Remote::*show)(const std::string& body)) {
  const auto body = take(client_.get(target));
  if (!body) return exit_;
  if (manner_.json) {
    raw(*body);
    return ok;
  }
  if (show != &Remote::show_ids && show != &Remote::show_target_ids) say_notice(*body);
  return (this->*show)(*body);
}

int Remote::status() {
  if (manner_.json) return list("/api/v1/sources", &Remote::show_sources);
  auto ready = client_.get("/readyz");
  if (!ready) {
    take(std::move(ready));
    return exit_;
  }
  const auto health = object_in(ready->body);
  if (!health) return not_understood();
  const auto version = printable(text(*health, "version"));
  console_.out << "kepud" << (version.empty() ? "" : " " + version) << " "
               << (ready->ok()
                       ? tinted("is ready", Tint::good, manner_.color)
                       : tinted("is not ready: " + printable(text(*health, "detail")), Tint::bad, manner_.color))
               << "\n";
  const auto body = take(client_.get("/api/v1/sources"));
  if (!body) return exit_;
  const auto rows = rows_of(*body);
  if (!rows) return not_understood();
  if (rows->empty()) console_.out << "It has no sources.\n";
  bool troubled = !ready->ok();
  for (const auto& source : *rows) {
    const auto state = text(source, "state");
    troubled = troubled || state == "quarantined";
    console_.out << "  " << printable(text(source, "id")) << "  "
                 << tinted(printable(state_of(source)), tint_of_state(state), manner_.color) << "\n    "
                 << printable(sentence(source, console_.chinese)) << "\n";
  }
  return troubled ? failed : ok;
}

int Remote::sources(bool ids) { return list("/api/v1/sources", ids ? &Remote::show_ids : &Remote::show_sources); }

int Remote::indicators(bool ids) {
  return list("/api/v1/indicators", ids ? &Remote::show_ids : &Remote::show_indicators);
}

int Remote::runs(const Parameters& parameters) { return list(with("/api/v1/runs", parameters), &Remote::show_runs); }

int Remote::rejects(const Parameters& parameters) {
  return list(with("/api/v1/rejects", parameters), &Remote::show_rejects);
}

int Remote::observations(Parameters parameters, bool csv) {
  if (csv) return this->csv("/api/v1/observations", std::move(parameters));
  return list(with("/api/v1/observations", parameters), &Remote::show_observations);
}

int Remote::csv(const std::string& path, Parameters parameters) {
  parameters.emplace_back("format", "csv");
  const auto body = take(client_.get(with(path, parameters), "text/csv"));
  if (!body) return exit_;
  raw(*body);
  return ok;
}

int Remote::jobs() { return list("/api/v1/jobs", &Remote::show_jobs); }

int Remote::show_jobs(const std::string& body) {
  return show_table(body, {{"JOB", true}, {"KIND"}, {"WHAT"}, {"STATE"}, {"ASKED"}, {"ENDED"}, {"TEXT"}},
                    [&](const json::object& row) -> std::vector<Cell> {
                      const auto state = text(row, "state");
                      return {{text(row, "id")},
                              {text(row, "kind")},
                              {text(row, "what")},
                              {state, state == "done"     ? Tint::good
                                      : state == "failed" ? Tint::bad
                                                          : Tint::none},
                              {short_time(text(row, "asked"))},
                              {short_time(text(row, "ended"))},
                              {sentence(row, console_.chinese)}};
                    });
}

int Remote::show_ids(const std::string& body) {
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  for (const auto& row : *rows)
    if (const auto id = text(row, "id"); is_plain_id(id)) console_.out << id << "\n";
  return ok;
}

int Remote::show_table(const std::string& body, std::vector<Column> columns,
                       const std::function<std::vector<Cell>(const json::object&)>& cells_of) {
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  Table table(std::move(columns));
  for (const auto& row : *rows)
    table.add(cells_of(row));
  console_.out << table.text(room(), manner_.color);
  say_more(body);
  return ok;
}

int Remote::show_sources(const std::string& body) {
  return show_table(
      body,
      {{"SOURCE"}, {"CONNECTOR"}, {"STATE"}, {"LAST RUN"}, {"ENDED"}, {"ROWS", true}, {"REJECTS", true}, {"NEXT RUN"}},
      [](const json::object& source) -> std::vector<Cell> {
        const json::object none;
        const auto* last = object(source, "last_run");
        const auto& run = last ? *last : none;
        const auto state = text(source, "state");
        const auto status = text(run, "status");
        const auto version = text(source, "connector_version");
        return {{text(source, "id")},
                {text(source, "connector") + (version.empty() ? "" : " " + version)},
                {state_of(source), tint_of_state(state)},
                {status, tint_of_status(status)},
                {short_time(text(run, "ended"))},
                {text(run, "rows")},
                {text(source, "rejects")},
                {short_time(text(source, "next_run"))}};
      });
}

int Remote::show_indicators(const std::string& body) {
  return show_table(body, {{"INDICATOR"}, {"NAME"}, {"UNIT"}, {"FIRST DAY"}, {"LAST DAY"}, {"BY"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      return {{text(row, "id")},        {text(row, "name")},     {text(row, "unit")},
                              {text(row, "first_day")}, {text(row, "last_day")}, {text(row, "by")}};
                    });
}

int Remote::show_observations(const std::string& body) {
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  const auto answer = object_in(body);
  const auto title = [&](const json::object& of) {
    auto unit = text(of, "unit_name");
    if (unit.empty()) unit = text(of, "unit");
    const auto name = text(of, "name");
    console_.out << printable(text(of, "indicator")) << (name.empty() ? "" : "  " + printable(name))
                 << (unit.empty() ? "" : "  [" + printable(unit) + "]") << "\n";
  };
  const auto* meta = object(*answer, "meta");
  const auto* several = meta ? array(*meta, "indicators") : nullptr;
  if (several) {
    for (const auto& one : *several)
      if (one.is_object()) title(one.get_object());
  } else if (meta) {
    title(*meta);
  }
  if (rows->empty()) {
    console_.err << "No observations.\n";
    return ok;
  }
  std::vector<std::string> keys;
  std::vector<Column> columns;
  for (const auto& member : rows->front()) {
    const std::string key(member.key().data(), member.key().size());
    if (key == "indicator" && !several) continue; // in the title
    keys.push_back(key);
    const bool numbers = std::any_of(rows->begin(), rows->end(), [&](const auto& row) { return is_number(row, key); });
    columns.push_back({printable(key), numbers});
  }
  if (keys.empty()) return not_understood();
  Table table(std::move(columns));
  for (const auto& row : *rows) {
    std::vector<Cell> cells;
    for (const auto& key : keys)
      cells.push_back({text(row, key)});
    table.add(std::move(cells));
  }
  console_.out << table.text(room(), manner_.color);
  say_more(body);
  return ok;
}

int Remote::show_runs(const std::string& body) {
  return show_table(body,
                    {{"RUN", true},
                     {"SOURCE"},
                     {"STATUS"},
                     {"STARTED"},
                     {"ENDED"},
                     {"ROWS", true},
                     {"NEW", true},
                     {"CHANGED", true},
                     {"REMOVED", true},
                     {"REJECTED", true},
                     {"TEXT"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      const auto status = text(row, "status");
                      return {{text(row, "run")},
                              {text(row, "source")},
                              {status + (text(row, "withdrawn").empty() ? "" : ", withdrawn"), tint_of_status(status)},
                              {short_time(text(row, "started"))},
                              {short_time(text(row, "ended"))},
                              {text(row, "rows")},
                              {text(row, "inserted")},
                              {text(row, "changed")},
                              {text(row, "removed")},
                              {text(row, "rejected")},
                              {text(row, "text")}};
                    });
}

int Remote::show_rejects(const std::string& body) {
  return show_table(body,
                    {{"ID", true},
                     {"RUN", true},
                     {"SOURCE"},
                     {"INPUT"},
                     {"ROW", true},
                     {"FIELD"},
                     {"CODE"},
                     {"COUNT", true},
                     {"MESSAGE"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      return {{text(row, "id")},    {text(row, "run")},   {text(row, "source")},
                              {text(row, "input")}, {text(row, "place")}, {text(row, "field")},
                              {text(row, "code")},  {text(row, "count")}, {text(row, "message")}};
                    });
}

int Remote::command(const std::string& source, const std::string& target, const char* done) {
  const auto body = take(client_.post(target));
  if (!body) return exit_;
  if (manner_.json) {
    raw(*body);
  } else {
    console_.out << printable(source) << " " << done << "\n";
  }
  return ok;
}

int Remote::pause(const std::string& source) {
  return command(source, "/api/v1/sources/" + percent_encoded(source) + "/pause",
                 "is paused; `kepuctl resume` lets it run again");
}

int Remote::resume(const std::string& source) {
  if (!take(client_.post("/api/v1/sources/" + percent_encoded(source) + "/resume"))) return exit_;
  const auto body = take(settled(client_, source, console_));
  if (!body) return exit_;
  const auto answer = object_in(*body);
  const auto* status = answer ? object(*answer, "data") : nullptr;
  if (!status) return not_understood();
  const bool held = is_held(*status);
  if (manner_.json) {
    raw(*body);
  } else if (held) {
    say_error(source + " stays " + state_of(*status) + ": " + sentence(*status, console_.chinese));
  } else {
    console_.out << printable(source) << " may run again: " << printable(sentence(*status, console_.chinese)) << "\n";
  }
  return held ? failed : ok;
}

int Remote::run(const std::string& source, bool again, bool wait) {
  return run_by(source, "/api/v1/sources/" + percent_encoded(source) + (again ? "/run?withdrawn=again" : "/run"), wait,
                "");
}

int Remote::backfill(const std::string& source, const Parameters& days, bool wait) {
  return run_by(source, with("/api/v1/sources/" + percent_encoded(source) + "/backfill", days), wait, "backfill of ");
}

int Remote::retry(const std::string& reject, bool wait) {
  const auto path = "/api/v1/rejects/" + percent_encoded(reject);
  const auto before = take(client_.get(path));
  if (!before) return exit_;
  const auto answer = object_in(*before);
  const auto* row = answer ? object(*answer, "data") : nullptr;
  if (!row) return not_understood();
  const auto how = run_by(text(*row, "source"), path + "/retry", wait, "");
  if (how != ok || !wait || manner_.json) return how;
  // Its input was read again, and then it is gone, or is another where the row is refused again; or it did not come.
  auto now = client_.get(path);
  if (now && now->status == 404) {
    console_.out << "reject " << printable(reject) << " is gone from the list\n";
    return ok;
  }
  if (!take(std::move(now))) return exit_;
  say_error("reject " + reject + " stays: " + text(*row, "source") + " has no longer what it came from, " +
            text(*row, "input"));
  return failed;
}

int Remote::retry_all(const std::string& source, bool wait) {
  std::vector<std::string> sources;
  if (!source.empty()) {
    sources.push_back(source);
  } else {
    const auto body = take(client_.get("/api/v1/sources"));
    if (!body) return exit_;
    const auto rows = rows_of(*body);
    if (!rows) return not_understood();
    for (const auto& row : *rows)
      if (number(row, "rejects") > 0) sources.push_back(text(row, "id"));
    if (sources.empty()) console_.out << (manner_.json ? R"({"data":[]})" : "No row is refused.") << "\n";
  }
  int worst = ok;
  for (const auto& id : sources)
    worst = std::max(worst, run_by(id, "/api/v1/sources/" + percent_encoded(id) + "/retry", wait, ""));
  return worst;
}

int Remote::run_by(const std::string& source, const std::string& target, bool wait, const std::string& text_begins) {
  if (!wait) return command(source, target, "was told to run; `kepuctl status` shows what comes of it");
  // The run to wait for is the first that is younger than what there was.
  const auto path = "/api/v1/sources/" + percent_encoded(source);
  const auto before = take(client_.get(path));
  if (!before) return exit_;
  const auto answer = object_in(*before);
  const auto* known = answer ? object(*answer, "data") : nullptr;
  if (!known) return not_understood();
  const auto* last = object(*known, "last_run");
  if (!take(client_.post(target))) return exit_;

  auto following = follow(client_, source, last ? number(*last, "run") : 0, console_);
  if (auto* error = std::get_if<Error>(&following)) {
    take(std::move(*error));
    return exit_;
  }
  if (auto* refusal = std::get_if<Answer>(&following)) return take(std::move(*refusal)) ? not_understood() : exit_;
  const auto& followed = std::get<Followed>(following);
  const auto end = object_in(followed.body);
  const auto& status = *object(*end, "data");
  const auto* run = object(status, "last_run");
  if (followed.end == Followed::End::ended && !text(*run, "text").starts_with(text_begins)) {
    say_error("another run of " + source + " came before; ask again");
    return failed;
  }
  const bool well = followed.end == Followed::End::streaming ||
                    (followed.end == Followed::End::ended && text(*run, "status") == "ok");
  if (manner_.json) {
    raw(followed.body);
    return well ? ok : failed;
  }
  switch (followed.end) {
  case Followed::End::streaming:
    console_.out << printable(source) << " runs, and goes on until it is paused\n";
    break;
  case Followed::End::not_begun:
    say_error(source + " did not run: " + sentence(status, console_.chinese));
    break;
  case Followed::End::ended: {
    const auto outcome = text(*run, "status");
    console_.out << fmt::format(
        "run {} of {}: {}; rows {}, new {}, changed {}, unchanged {}, removed {}, rejected {}\n", number(*run, "run"),
        printable(source), tinted(printable(outcome), tint_of_status(outcome), manner_.color), number(*run, "rows"),
        number(*run, "inserted"), number(*run, "changed"), number(*run, "unchanged"), number(*run, "removed"),
        number(*run, "rejected"));
    const auto why = text(*run, "text");
    if (!well && !why.empty()) say_error(why);
    if (well && !text_begins.empty()) console_.out << printable(why) << "\n";
    if (number(*run, "rejected") > 0)
      console_.err << "See what was refused: kepuctl rejects --source " << printable(source) << "\n";
    break;
  }
  }
  return well ? ok : failed;
}

} // namespace kepu::ctl
