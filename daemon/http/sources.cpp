#include "base/printable.hpp"
#include "http/routes.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

std::string time_text(const Asked& asked, const std::optional<Instant>& time) {
  return time ? asked.context.zone->text(*time) : "";
}

void write_last_run(Json& json, const Asked& asked, const store::RunRow& run) {
  json.object().key("run").number(run.run).key("status").text(run.status);
  json.key("rows").number(run.rows).key("inserted").number(run.inserted).key("changed").number(run.changed);
  json.key("unchanged").number(run.unchanged).key("removed").number(run.removed);
  json.key("rejected").number(run.rejected).key("parts").number(run.parts).key("text").text(run.text);
  json.key("started").text(time_text(asked, run.started)).key("ended").text_or_null(time_text(asked, run.ended));
  json.end_object();
}

// Refused rows are told where the source is, because somebody must mend them.
std::string with_rejects(const std::string& sentence, const std::string& id, uint64_t rejects, bool chinese) {
  if (rejects == 0) return sentence;
  const auto number = std::to_string(rejects);
  const auto where = "/api/v1/rejects?source=" + id;
  if (chinese) return sentence + "有" + number + "条记录被拒收，原因见" + where + "。";
  return sentence + (rejects == 1 ? " 1 record is" : " " + number + " records are") + " refused; " + where +
         " says why.";
}

void write(Json& json, const Asked& asked, const SourceStatus& source) {
  const auto rejects = take(asked.reader.reject_count(source.id));
  json.object().key("id").text(source.id).key("connector").text(source.connector);
  json.key("connector_version").text_or_null(source.connector_version).key("mode").text_or_null(source.mode);
  json.key("state").text(source.state).key("paused").boolean(source.paused);
  json.key("sentence").text(with_rejects(source.sentence, source.id, rejects, false));
  json.key("sentence_zh").text(with_rejects(source.sentence_zh, source.id, rejects, true));
  json.key("next_run").text_or_null(time_text(asked, source.next_run));
  json.key("running_since").text_or_null(time_text(asked, source.running_since));
  json.key("crashes").number(source.crashes).key("progress_done").number(source.progress_done);
  json.key("progress_total");
  source.progress_total == 0 ? json.null() : json.number(source.progress_total);
  json.key("last_run");
  if (const auto run = take(asked.reader.last_run(source.id))) {
    write_last_run(json, asked, *run);
  } else {
    json.null();
  }
  json.key("rejects").number(rejects).key("given_up").array();
  for (const auto& one : take(asked.reader.given_up(source.id))) {
    json.object().key("dataset").text(one.dataset).key("before").text(model::day_text(one.before));
    json.key("since").text(time_text(asked, one.since.recorded_at)).key("commit").number(one.since.seq).end_object();
  }
  json.end_array().end_object();
}

std::vector<std::string> ids_of(const std::vector<SourceStatus>& all) {
  std::vector<std::string> out;
  for (const auto& one : all)
    out.push_back(one.id);
  return out;
}

Response commanded(const Asked& asked, Result<void> (Control::*command)(std::string_view)) {
  asked.params.allow_only({});
  take((asked.control.*command)(asked.id));
  return plain(asked, 202, source_body(asked, asked.id));
}

// Of what is to be read again: it has begun.
model::Period period_of_days(const Asked& asked, const char* name) {
  const auto text = asked.params.text(name);
  if (!text) {
    throw Refused{"missing_parameter",
                  "which days are to be read again?",
                  "add from and to, such as from=2025-03&to=2025-03, 2025-Q1, 2025-W10 or 2025-03-05",
                  name,
                  {}};
  }
  const auto period = model::parse_period(*text);
  if (!period) throw Refused{"bad_range", period.error().text, "", name, {}};
  if (period->first_day() > asked.context.zone->day_at(asked.context.now))
    throw Refused{"bad_range", *text + " lies ahead", "name days that have come", name, {}};
  return *period;
}

// Facts of earlier days cannot be swapped any more.
void refuse_frozen(const Asked& asked, model::Day first) {
  const Moment moment(asked.reader);
  for (const auto& one : take(asked.reader.given_up(asked.id))) {
    if (first >= one.before) continue;
    throw Refused{"history_horizon",
                  "figures of " + asked.id + " from before " + model::day_text(one.before) +
                      " are frozen: retention gave up their facts",
                  "read later days again",
                  "from",
                  {}};
  }
}

} // namespace

std::string source_body(const Asked& asked, const std::string& id) {
  const auto all = asked.control.sources();
  const auto found = std::find_if(all.begin(), all.end(), [&](const SourceStatus& one) { return one.id == id; });
  if (found == all.end()) {
    throw Refused{"unknown_source",
                  "no source " + in_quotes(id) + did_you_mean(id, ids_of(all)),
                  "/api/v1/sources lists them",
                  "",
                  {}};
  }
  const Moment moment(asked.reader);
  std::string body;
  Json json(body);
  json.object().key("data");
  write(json, asked, *found);
  json.end_object();
  return body;
}

void check_source(const Asked& asked, const Moment& moment, const std::optional<std::string>& id) {
  if (!id || moment.then()) return;
  const auto known = ids_of(asked.control.sources());
  if (std::find(known.begin(), known.end(), *id) != known.end()) return;
  // What a source leaves behind when it is taken away, it left in a run.
  if (take(asked.reader.last_run(*id)) || take(asked.reader.reject_count(*id)) > 0) return;
  throw Refused{"unknown_source", "no source " + in_quotes(*id) + did_you_mean(*id, known), "", "source", {}};
}

Response sources(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  const auto all = asked.control.sources();
  const Moment moment(asked.reader);
  Draft draft;
  Json json(draft.body);
  json.object().key("data").array();
  for (const auto& one : all)
    write(json, asked, one);
  json.end_array().end_object();
  return finish(asked, std::move(draft), 0);
}

Response source(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  return finish(asked, {source_body(asked, asked.id), "", ""}, 0);
}

Response run_source(const Asked& asked) {
  const bool again = asked.params.word("withdrawn", {"again"}).has_value();
  asked.params.allow_only({"withdrawn"});
  take(again ? asked.control.run_again(asked.id) : asked.control.run_now(asked.id));
  return plain(asked, 202, source_body(asked, asked.id));
}

Response backfill_source(const Asked& asked) {
  asked.params.allow_only({"from", "to", "allow_empty"});
  model::Backfill backfill;
  backfill.first = period_of_days(asked, "from").first_day();
  backfill.until = period_of_days(asked, "to").last_day() + 1;
  backfill.allow_empty = asked.params.word("allow_empty", {"true", "false"}) == "true";
  if (backfill.first >= backfill.until) throw Refused{"bad_range", "from lies after to", "exchange them", "from", {}};
  refuse_frozen(asked, backfill.first);
  take(asked.control.backfill(asked.id, backfill));
  return plain(asked, 202, source_body(asked, asked.id));
}

Response pause_source(const Asked& asked) { return commanded(asked, &Control::pause); }
Response resume_source(const Asked& asked) { return commanded(asked, &Control::resume); }

} // namespace kepu::http
