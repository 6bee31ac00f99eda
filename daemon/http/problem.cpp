#include "http/problem.hpp"

#include "http/json.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const ProblemCode& code_named(std::string_view code) {
  const auto& all = problem_codes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ProblemCode& one) { return one.code == code; });
  if (found != all.end()) return *found;
  return code_named("internal");
}

Response rendered(int status, std::string_view code, const ProblemCode& known, const Refused& refused,
                  std::string_view instance) {
  auto body = std::make_shared<std::string>();
  Json json(*body);
  json.object().key("type").text("urn:kepu:problem:" + std::string(code)).key("title").text(known.title);
  json.key("status").number(static_cast<uint64_t>(status)).key("detail").text(refused.detail);
  if (!instance.empty()) json.key("instance").text(instance);
  json.key("code").text(code);
  json.key("hint").text(refused.hint.empty() ? known.hint : std::string_view(refused.hint));
  if (!refused.parameter.empty()) json.key("parameter").text(refused.parameter);
  json.end_object();
  Response out{status,
               {{"content-type", "application/problem+json"},
                {"cache-control", "no-store"},
                {"x-content-type-options", "nosniff"}},
               body};
  out.headers.insert(out.headers.end(), refused.headers.begin(), refused.headers.end());
  const bool told = std::any_of(refused.headers.begin(), refused.headers.end(),
                                [](const auto& header) { return header.first == "retry-after"; });
  if ((status == 503 || status == 429) && !told) out.headers.emplace_back("retry-after", "5");
  return out;
}

} // namespace

const std::vector<ProblemCode>& problem_codes() {
  static const std::vector<ProblemCode> all{
      {"bad_request", 400, "The request is not HTTP as it should be", "send the request as RFC 9112 has it"},
      {"bad_target", 400, "The request target is malformed", "percent-encode the target as RFC 3986 says"},
      {"unexpected_body", 400, "This request takes no body", "send none"},
      {"writes_need_admin_socket", 403, "Commands are taken over the local admin socket only",
       "use kepuctl on the hub's machine, or curl --unix-socket with the socket's path"},
      {"not_found", 404, "There is nothing under this path", "/ lists what there is"},
      {"unknown_indicator", 404, "No such indicator", "/api/v1/indicators lists them"},
      {"unknown_target", 404, "No such target", "/api/v1/targets lists them"},
      {"unknown_department", 404, "No such department", "/api/v1/departments lists them"},
      {"unknown_source", 404, "No such source", "/api/v1/sources lists them"},
      {"unknown_run", 404, "No such run", "/api/v1/runs lists them"},
      {"unknown_reject", 404, "No such reject",
       "/api/v1/rejects lists them; one that was read again is gone, or has another number"},
      {"unknown_commit", 404, "No such commit", "/api/v1/commits lists them"},
      {"unknown_job", 404, "No such job", "/api/v1/jobs lists those since the daemon's start, of old ones the last"},
      {"method_not_allowed", 405, "The path does not take this method", "use a method that the header Allow names"},
      {"not_acceptable", 406, "There is no such form of this answer", "leave format and Accept out"},
      {"request_timeout", 408, "The request took too long to arrive", "send it again without pauses"},
      {"already_running", 409, "The source is running already", "wait for its end; /api/v1/sources tells when"},
      {"source_running", 409, "A run of the source is going on",
       "wait for its end, which /api/v1/sources tells, or end it with kepuctl pause"},
      {"already_withdrawn", 409, "It is withdrawn already", "/api/v1/runs tells since when"},
      {"disabled", 409, "The source is switched off", "set enabled = true in its file and restart kepud"},
      {"paused", 409, "The source is paused", "resume it first, with kepuctl resume"},
      {"quarantined", 409, "The source is quarantined",
       "see in /api/v1/runs why its last runs failed, then lift it with kepuctl resume"},
      {"no_input", 409, "There is no input to read again", "let the source send the rows again, mended"},
      {"streaming", 409, "The source streams, and cannot be backfilled",
       "withdraw the run that was wrong, or mend what the source sends"},
      {"label_taken", 409, "Another commit bears the label",
       "take another label, or move this one with replace=true, kepuctl label --replace"},
      {"length_required", 411, "The request needs a Content-Length", "send a Content-Length"},
      {"body_too_large", 413, "The body is too large", "send no body: no path takes one"},
      {"target_too_long", 414, "The request target is too long", "ask with fewer or shorter parameters"},
      {"expectation_failed", 417, "The request expects what is not done", "leave Expect out"},
      {"unknown_parameter", 422, "No such parameter", "leave it out"},
      {"repeated_parameter", 422, "The parameter is given twice", "give it once"},
      {"missing_parameter", 422, "A parameter is missing", "add it"},
      {"bad_parameter", 422, "The parameter has a value that it cannot take", "mend it or leave it out"},
      {"unknown_dimension", 422, "The indicator has no such dimension",
       "/api/v1/indicators lists the dimensions of each"},
      {"unknown_area", 422, "No such area", "leave area out and ask by=area to see those that have figures"},
      {"unknown_code", 422, "The register has no such entry",
       "ask by this dimension to see the codes that have figures"},
      {"as_of_future", 422, "The moment lies ahead", "ask for a moment that has been"},
      {"before_history", 422, "Nothing was recorded by then",
       "ask for a later moment; /api/v1/runs tells when data came"},
      {"history_horizon", 422, "What the answer is made of was given up",
       "ask later days; /api/v1/sources/{id} tells how far back the facts of a source go"},
      {"unknown_label", 422, "No commit bears the label", "/api/v1/commits shows the labels of commits"},
      {"bad_label", 422, "This cannot be a label", "write at most 200 bytes of shown text without semicolons"},
      {"bad_range", 422, "The range of periods is no range", "give periods of freq or coarser ones, from not after to"},
      {"range_too_wide", 422, "The question is too large", "ask fewer periods, a coarser freq or fewer dimensions"},
      {"different_quantities", 422, "Different quantities are never added",
       "ask the indicators without combine; each row tells its unit"},
      {"not_additive", 422, "The figures cannot be added", "ask the indicators without combine"},
      {"bad_cursor", 422, "The cursor belongs to another question or is damaged",
       "begin again without cursor, or follow next as it was given"},
      {"too_many_requests", 429, "Too many requests at once", "wait as long as Retry-After says"},
      {"too_many_jobs", 429, "Too many jobs wait", "ask when some have ended; /api/v1/jobs lists them"},
      {"headers_too_large", 431, "The header fields are too large", "send fewer or shorter header fields"},
      {"internal", 500, "The hub failed", "ask again; if it stays so, look at the daemon's log"},
      {"store", 500, "The store cannot be read",
       "ask again; if it stays so, look at the daemon's log and at the disk of its state_dir"},
      {"damaged", 500, "Something that is stored is damaged",
       "kepuctl rebuild makes figures anew; facts come back from a backup alone"},
      {"not_implemented", 501, "The hub does not do this", "send the request without it"},
      {"busy", 503, "The hub has too much to do", "ask again when Retry-After has passed"},
      {"deadline", 503, "The answer took too long", "ask for less at once, or again in a moment"},
      {"not_ready", 503, "The hub is not ready", "ask again when Retry-After has passed; /readyz tells when it is"},
      {"shutting_down", 503, "The hub is stopping", "ask again when it has started anew"},
      {"version_not_supported", 505, "The hub speaks HTTP/1.1", "ask in HTTP/1.1"},
  };
  return all;
}

Response answer_to(const Refused& refused, std::string_view instance) {
  const auto& code = code_named(refused.code);
  return rendered(code.status, code.code, code, refused, instance);
}

Response problem(int status, std::string_view code, std::string detail, std::string hint, std::string parameter) {
  const auto& known = code_named(code);
  return rendered(status, code, known,
                  Refused{std::string(code), std::move(detail), std::move(hint), std::move(parameter), {}}, {});
}

} // namespace kepu::http
