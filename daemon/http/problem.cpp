#include "http/problem.hpp"

#include "http/json.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const ProblemCode& code_named(std::string_view code) {
  const auto& all = problem_codes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ProblemCode& one) { return one.code == code; });
  if (found != all.end()) return *found;
  static constexpr ProblemCode internal{"internal", 500, "The hub failed"};
  return internal;
}

Response rendered(int status, std::string_view code, std::string_view title, const Refused& refused,
                  std::string_view instance) {
  auto body = std::make_shared<std::string>();
  Json json(*body);
  json.object().key("type").text("urn:kepu:problem:" + std::string(code)).key("title").text(title);
  json.key("status").number(static_cast<uint64_t>(status)).key("detail").text(refused.detail);
  if (!instance.empty()) json.key("instance").text(instance);
  json.key("code").text(code);
  if (!refused.hint.empty()) json.key("hint").text(refused.hint);
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
      {"bad_request", 400, "The request is not HTTP as it should be"},
      {"bad_target", 400, "The request target is malformed"},
      {"unexpected_body", 400, "This request takes no body"},
      {"writes_need_admin_socket", 403, "Commands are taken over the local admin socket only"},
      {"not_found", 404, "There is nothing under this path"},
      {"unknown_indicator", 404, "No such indicator"},
      {"unknown_source", 404, "No such source"},
      {"unknown_run", 404, "No such run"},
      {"method_not_allowed", 405, "The path does not take this method"},
      {"not_acceptable", 406, "There is no such form of this answer"},
      {"request_timeout", 408, "The request took too long to arrive"},
      {"already_running", 409, "The source is running already"},
      {"disabled", 409, "The source is switched off"},
      {"paused", 409, "The source is paused"},
      {"quarantined", 409, "The source is quarantined"},
      {"length_required", 411, "The request needs a Content-Length"},
      {"body_too_large", 413, "The body is too large"},
      {"target_too_long", 414, "The request target is too long"},
      {"expectation_failed", 417, "The request expects what is not done"},
      {"unknown_parameter", 422, "No such parameter"},
      {"repeated_parameter", 422, "The parameter is given twice"},
      {"missing_parameter", 422, "A parameter is missing"},
      {"bad_parameter", 422, "The parameter has a value that it cannot take"},
      {"unknown_dimension", 422, "The indicator has no such dimension"},
      {"unknown_area", 422, "No such area"},
      {"unknown_code", 422, "The register has no such entry"},
      {"bad_range", 422, "The range of periods is no range"},
      {"range_too_wide", 422, "The question is too large"},
      {"bad_cursor", 422, "The cursor belongs to another question or is damaged"},
      {"too_many_requests", 429, "Too many requests at once"},
      {"headers_too_large", 431, "The header fields are too large"},
      {"internal", 500, "The hub failed"},
      {"store", 500, "The store cannot be read"},
      {"not_implemented", 501, "The hub does not do this"},
      {"busy", 503, "The hub has too much to do"},
      {"deadline", 503, "The answer took too long"},
      {"not_ready", 503, "The hub is not ready"},
      {"shutting_down", 503, "The hub is stopping"},
      {"version_not_supported", 505, "The hub speaks HTTP/1.1"},
  };
  return all;
}

Response answer_to(const Refused& refused, std::string_view instance) {
  const auto& code = code_named(refused.code);
  return rendered(code.status, code.code, code.title, refused, instance);
}

Response problem(int status, std::string_view code, std::string detail, std::string hint, std::string parameter) {
  const auto& known = code_named(code);
  return rendered(status, code, known.title,
                  Refused{std::string(code), std::move(detail), std::move(hint), std::move(parameter), {}}, {});
}

} // namespace kepu::http
