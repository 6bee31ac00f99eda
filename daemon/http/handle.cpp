#include "http/handle.hpp"

#include "http/routes.hpp"

#include <array>

namespace kepu::http {
namespace {

constexpr std::array json_only{Format::json};
constexpr std::array json_or_csv{Format::json, Format::csv};
constexpr std::array html_only{Format::html};
constexpr std::array metrics_only{Format::metrics};

constexpr std::array all_routes{
    Route{"indicators", "/api/v1/indicators", false, true, json_only, true, indicators},
    Route{"indicator", "/api/v1/indicators/*", false, true, json_only, true, indicator},
    Route{"observations", "/api/v1/observations", false, true, json_or_csv, true, observations},
    Route{"history", "/api/v1/history", false, true, json_or_csv, true, history},
    Route{"explain", "/api/v1/explain", false, true, json_or_csv, true, explain},
    Route{"plans", "/api/v1/plans", false, true, json_or_csv, true, plans},
    Route{"targets", "/api/v1/targets", false, true, json_or_csv, true, targets},
    Route{"target", "/api/v1/targets/*", false, true, json_or_csv, true, target},
    Route{"departments", "/api/v1/departments", false, true, json_or_csv, true, departments},
    Route{"department", "/api/v1/departments/*", false, true, json_or_csv, true, department},
    Route{"completeness", "/api/v1/completeness", false, true, json_or_csv, true, completeness},
    Route{"commits", "/api/v1/commits", false, false, json_or_csv, true, commits},
    Route{"commit_label", "/api/v1/commits/*/label", true, false, json_only, false, label_commit},
    Route{"sources", "/api/v1/sources", false, false, json_only, true, sources},
    Route{"source", "/api/v1/sources/*", false, false, json_only, true, source},
    Route{"source_run", "/api/v1/sources/*/run", true, false, json_only, false, run_source},
    Route{"source_backfill", "/api/v1/sources/*/backfill", true, false, json_only, false, backfill_source},
    Route{"source_pause", "/api/v1/sources/*/pause", true, false, json_only, false, pause_source},
    Route{"source_resume", "/api/v1/sources/*/resume", true, false, json_only, false, resume_source},
    Route{"source_withdraw", "/api/v1/sources/*/withdraw", true, false, json_only, false, withdraw_source},
    Route{"source_retention", "/api/v1/sources/*/retention", true, false, json_only, false, retention},
    Route{"source_retry", "/api/v1/sources/*/retry", true, false, json_only, false, retry_source},
    Route{"runs", "/api/v1/runs", false, false, json_or_csv, true, runs},
    Route{"run", "/api/v1/runs/*", false, false, json_only, true, run},
    Route{"run_withdraw", "/api/v1/runs/*/withdraw", true, false, json_only, false, withdraw_run},
    Route{"rejects", "/api/v1/rejects", false, false, json_or_csv, true, rejects},
    Route{"reject", "/api/v1/rejects/*", false, false, json_only, true, reject},
    Route{"reject_retry", "/api/v1/rejects/*/retry", true, false, json_only, false, retry_reject},
    Route{"rebuild", "/api/v1/rebuild", true, false, json_only, false, rebuild},
    Route{"verify", "/api/v1/verify", true, false, json_only, false, verify},
    Route{"compact", "/api/v1/compact", true, false, json_only, false, compact},
    Route{"reload", "/api/v1/reload", true, false, json_only, false, reload},
    Route{"erase_person", "/api/v1/persons/erase", true, false, json_only, false, erase_person},
    Route{"jobs", "/api/v1/jobs", false, false, json_only, true, jobs},
    Route{"job", "/api/v1/jobs/*", false, false, json_only, true, job},
    Route{"healthz", "/healthz", false, false, json_only, false, healthz},
    Route{"readyz", "/readyz", false, false, json_only, false, readyz},
    Route{"metrics", "/metrics", false, false, metrics_only, false, metrics},
    Route{"front_page", "/", false, false, html_only, false, front_page},
    Route{"style_sheet", "/style.css", false, false, html_only, false, style_sheet},
};

struct Match {
  const Route* route = nullptr;
  std::string id;
};

// Segments of a route's path, one at a time.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

Match match(const std::vector<std::string>& path) {
  for (const auto& route : all_routes) {
    Match found{&route, ""};
    std::string_view pattern = route.path == "/" ? std::string_view{} : route.path;
    size_t at = 0;
    for (; at < path.size() && !pattern.empty(); ++at) {
      const auto segment = next_segment(pattern);
      if (segment == "*" && !path[at].empty()) {
        found.id = path[at];
      } else if (segment != path[at]) {
        break;
      }
    }
    if (at == path.size() && pattern.empty()) return found;
  }
  return {};
}

[[noreturn]] void refuse_path(const std::vector<std::string>& path) {
  std::string asked;
  for (const auto& segment : path)
    asked += "/" + segment;
  std::vector<std::string> known;
  for (const auto& route : all_routes) {
    if (route.path.find('*') == std::string_view::npos) known.emplace_back(route.path);
  }
  throw Refused{
      "not_found", "there is nothing under this path" + did_you_mean(asked, known), "/ lists what there is", "", {}};
}

Format format_of(const Route& route, const Params& params, std::string_view accept) {
  if (!route.negotiated) return route.formats.front();
  std::vector<std::string> names;
  for (const auto format : route.formats)
    names.emplace_back(format == Format::csv ? "csv" : "json");
  if (const auto named = params.word("format", {"json", "csv"})) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == *named) return route.formats[i];
    }
    throw Refused{"not_acceptable", "this answer is not written as " + *named, "leave format out", "format", {}};
  }
  if (const auto best = best_format(accept, route.formats)) return *best;
  throw Refused{
      "not_acceptable", "Accept takes none of the forms of this answer", "ask for format=" + one_of(names), "", {}};
}

void check_method(const Route& route, const Request& request) {
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (route.command ? request.method == "POST" : read) return;
  const std::string allow = route.command ? "POST" : "GET, HEAD";
  throw Refused{"method_not_allowed", "the path takes " + allow, "", "", {{"allow", allow}}};
}

Response dispatch(const Request& request, const Target& target, store::Reader& reader, Control& control,
                  const Context& context) {
  const auto found = match(target.path);
  if (!found.route) refuse_path(target.path);
  check_method(*found.route, request);
  // Before all else: no mending of the request would make it taken here.
  if (found.route->command && !request.admin) {
    throw Refused{"writes_need_admin_socket", "commands are taken over the hub's local admin socket only", "", "", {}};
  }
  if (request.has_body) throw Refused{"unexpected_body", "this request takes no body", "send none", "", {}};
  const Params params(target);
  const auto format = format_of(*found.route, params, request.accept);
  const bool excel = found.route->negotiated && params.word("for", {"excel"}).has_value();
  if (excel && format != Format::csv) {
    throw Refused{"bad_parameter", "for=excel is for CSV", "add format=csv", "for", {}};
  }
  AnswerBudget::Hold hold(context.budget);
  const Asked asked{request, params,  found.id, format, excel, takes_gzip(request.accept_encoding),
                    reader,  control, context,  hold};
  return found.route->answer(asked);
}

} // namespace

Response handle(const Request& request, store::Reader& reader, Control& control, const Context& context) {
  const auto target = parse_target(request.target);
  const auto instance = target ? path_of(request.target) : std::string_view{};
  try {
    if (!target) throw Refused{target.error().code, target.error().text, "see RFC 3986", "", {}};
    return dispatch(request, *target, reader, control, context);
  } catch (const Refused& refused) {
    return answer_to(refused, instance);
  }
}

std::string share_key(const Request& request, store::Seq latest) {
  if (request.method != "GET" || request.has_body) return {};
  const auto target = parse_target(request.target);
  if (!target) return {};
  const auto found = match(target->path);
  if (!found.route || !found.route->cached) return {};
  try {
    const auto format = format_of(*found.route, Params(*target), request.accept);
    // The commit: nobody is told less than was known when they asked. If-None-Match: it decides between 200 and 304.
    return std::to_string(latest) + ' ' + answer_key(request.target, format, takes_gzip(request.accept_encoding)) +
           ' ' + request.if_none_match;
  } catch (const Refused&) {
    return {};
  }
}

std::optional<Response> from_cache(const Request& request, AnswerCache& cache, store::Seq latest, Instant now) {
  if ((request.method != "GET" && request.method != "HEAD") || request.has_body) return std::nullopt;
  const auto target = parse_target(request.target);
  if (!target) return std::nullopt;
  const auto found = match(target->path);
  if (!found.route || !found.route->cached) return std::nullopt;
  try {
    const auto format = format_of(*found.route, Params(*target), request.accept);
    auto kept = cache.find(answer_key(request.target, format, takes_gzip(request.accept_encoding)), latest, now);
    if (!kept) return std::nullopt;
    for (const auto& [name, value] : kept->headers) {
      if (name == "etag" && names_etag(request.if_none_match, value, true)) return not_modified(*kept);
    }
    return kept;
  } catch (const Refused&) {
    return std::nullopt; // handle() says what is wrong
  }
}

std::string_view route_name(std::string_view target) {
  const auto parsed = parse_target(target);
  if (!parsed) return "other";
  const auto found = match(parsed->path);
  return found.route ? found.route->name : "other";
}

} // namespace kepu::http
