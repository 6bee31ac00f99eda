#include "base/printable.hpp"
#include "http/routes.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

void write(Json& json, const store::Verified& found) {
  json.key("verified").object().key("agrees").boolean(found.agrees());
  json.key("months").number(found.months).key("figures").number(found.figures);
  json.key("differing").number(found.differing).key("damaged").number(found.damaged);
  json.key("contents").number(found.contents).key("lost").number(found.lost).key("findings").array();
  for (const auto& finding : found.findings) {
    json.object().key("sentence").text(finding.sentence).key("sentence_zh").text(finding.sentence_zh).end_object();
  }
  json.end_array().end_object();
}

void write(Json& json, const Asked& asked, const JobStatus& job) {
  json.object().key("id").number(job.id).key("kind").text(job.kind).key("what").text(job.what);
  json.key("state").text(job.state).key("done").number(job.done).key("total");
  job.total == 0 ? json.null() : json.number(job.total);
  json.key("sentence").text(job.sentence).key("sentence_zh").text(job.sentence_zh);
  json.key("asked").text(asked.context.zone->text(job.asked));
  json.key("ended").text_or_null(job.ended ? asked.context.zone->text(*job.ended) : "");
  if (job.verified) write(json, *job.verified);
  if (job.compacted) {
    json.key("compacted").object();
    for (const auto& [name, size] : {std::pair{"before", job.compacted->before}, {"after", job.compacted->after}})
      json.key(name).object().key("blocks").number(size.blocks).key("bytes").number(size.bytes).end_object();
    json.end_object();
  }
  if (job.erased) {
    json.key("erased").object().key("was_held").boolean(job.erased->was_held);
    json.key("facts").number(job.erased->facts).end_object();
  }
  json.end_object();
}

std::string body_of(const Asked& asked, const JobStatus& job) {
  std::string body;
  Json json(body);
  json.object().key("data");
  write(json, asked, job);
  json.end_object();
  return body;
}

// Exactly `digits` hexadecimal digits. What is refused is not said again: it may tell of a person.
std::string hexadecimal(const Asked& asked, std::string_view name, size_t digits) {
  const auto value = asked.params.raw(name);
  if (!value)
    throw Refused{
        "missing_parameter", std::string(name) + " is missing", "use kepuctl erase-person", std::string(name), {}};
  if (value->size() != digits || value->find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Refused{"bad_parameter",
                  std::string(name) + " is not " + std::to_string(digits) + " hexadecimal digits",
                  "use kepuctl erase-person, which makes it",
                  std::string(name),
                  {}};
  }
  return *value;
}

// Taken, and where to see what comes of it.
Response accepted(const Asked& asked, const JobStatus& job) {
  auto out = plain(asked, 202, body_of(asked, job));
  out.headers.emplace_back("location", "/api/v1/jobs/" + std::to_string(job.id));
  return out;
}

// A source that the hub no longer has may have left something.
void refuse_unheld(const Asked& asked) {
  const Moment moment(asked.reader);
  if (!take(asked.reader.last_run(asked.id)))
    throw Refused{"unknown_source", "the store holds nothing of a source " + in_quotes(asked.id), "", "", {}};
}

} // namespace

Response withdraw_run(const Asked& asked) {
  asked.params.allow_only({});
  const auto run = [&] {
    const Moment moment(asked.reader);
    return run_asked(asked);
  }();
  const auto name = "run " + std::to_string(run.run);
  if (run.withdrawn) {
    throw Refused{"already_withdrawn",
                  name + " was withdrawn at " + asked.context.zone->text(run.withdrawn->recorded_at),
                  "",
                  "",
                  {}};
  }
  if (run.status == "running") throw Refused{"source_running", name + " of " + run.source + " is going on", "", "", {}};
  return accepted(asked, take(asked.control.withdraw_run(run.run, run.source)));
}

Response withdraw_source(const Asked& asked) {
  asked.params.allow_only({});
  refuse_unheld(asked);
  return accepted(asked, take(asked.control.withdraw_source(asked.id)));
}

Response retention(const Asked& asked) {
  asked.params.allow_only({"before"});
  const auto text = asked.params.text("before");
  if (!text) throw Refused{"missing_parameter", "before is missing", "before=2024-01-01", "before", {}};
  const auto before = model::parse_day(*text);
  if (!before)
    throw Refused{"bad_parameter", in_quotes(*text) + " is no day", "write it like 2024-01-01", "before", {}};
  if (*before > asked.context.zone->day_at(asked.context.now))
    throw Refused{"bad_range", *text + " lies in the future", "give up days that have been", "before", {}};
  refuse_unheld(asked);
  return accepted(asked, take(asked.control.retention(asked.id, *before)));
}

Response rebuild(const Asked& asked) {
  asked.params.allow_only({});
  return accepted(asked, take(asked.control.rebuild()));
}

Response verify(const Asked& asked) {
  asked.params.allow_only({});
  return accepted(asked, take(asked.control.verify()));
}

Response compact(const Asked& asked) {
  asked.params.allow_only({});
  return accepted(asked, take(asked.control.compact()));
}

Response reload(const Asked& asked) {
  asked.params.allow_only({});
  return accepted(asked, take(asked.control.reload()));
}

Response erase_person(const Asked& asked) {
  asked.params.allow_only({"pseudonym", "key"});
  const auto pseudonym = hexadecimal(asked, "pseudonym", 16);
  const auto key = hexadecimal(asked, "key", 32);
  return accepted(asked, take(asked.control.erase_person(std::stoull(pseudonym, nullptr, 16), key)));
}

Response jobs(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  Draft draft;
  Json json(draft.body);
  json.object().key("data").array();
  for (const auto& one : asked.control.jobs())
    write(json, asked, one);
  json.end_array().end_object();
  return finish(asked, std::move(draft), 0);
}

Response job(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  const auto all = asked.control.jobs();
  const auto found = std::ranges::find(all, asked.id, [](const JobStatus& one) { return std::to_string(one.id); });
  if (found == all.end()) throw Refused{"unknown_job", "no job " + in_quotes(asked.id), "", "", {}};
  return finish(asked, {body_of(asked, *found), "", ""}, 0);
}

} // namespace kepu::http
