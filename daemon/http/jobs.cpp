#include "base/printable.hpp"
#include "http/routes.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

void write(Json& json, const Asked& asked, const JobStatus& job) {
  json.object().key("id").number(job.id).key("kind").text(job.kind).key("what").text(job.what);
  json.key("state").text(job.state).key("done").number(job.done).key("total");
  job.total == 0 ? json.null() : json.number(job.total);
  json.key("sentence").text(job.sentence).key("sentence_zh").text(job.sentence_zh);
  json.key("asked").text(asked.context.zone->text(job.asked));
  json.key("ended").text_or_null(job.ended ? asked.context.zone->text(*job.ended) : "").end_object();
}

std::string body_of(const Asked& asked, const JobStatus& job) {
  std::string body;
  Json json(body);
  json.object().key("data");
  write(json, asked, job);
  json.end_object();
  return body;
}

} // namespace

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
