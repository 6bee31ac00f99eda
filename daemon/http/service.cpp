#include "http/counts.hpp"
#include "http/routes.hpp"

#include <charconv>
#include <cmath>
#include <map>

namespace kepu::http {
namespace {

// Escapes for Prometheus text 0.0.4: quotes count in label values only.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

void add_cache(std::vector<Metric>& all, const AnswerCache& cache) {
  all.push_back({"kepu_http_cache_hits_total",
                 "Answers taken from the cache.",
                 "counter",
                 {},
                 static_cast<double>(cache.hits())});
  all.push_back({"kepu_http_cache_misses_total",
                 "Answers that the cache was asked for and did not have.",
                 "counter",
                 {},
                 static_cast<double>(cache.misses())});
  all.push_back(
      {"kepu_http_cache_bytes", "Size of the answers in the cache.", "gauge", {}, static_cast<double>(cache.bytes())});
}

void add_budget(std::vector<Metric>& all, const AnswerBudget& budget) {
  all.push_back({"kepu_http_answer_bytes",
                 "Answers that are made, wait for their clients or are in the cache.",
                 "gauge",
                 {},
                 static_cast<double>(budget.bytes())});
  all.push_back({"kepu_http_answers_refused_total",
                 "Answers refused because those that wait for their clients left no room.",
                 "counter",
                 {},
                 static_cast<double>(budget.refused())});
}

// Families in the order in which they come first; the samples of one must stand together.
std::string text_of(const std::vector<Metric>& all) {
  std::vector<std::string> names;
  std::map<std::string, std::string> families;
  for (const auto& metric : all) {
    auto [family, fresh] = families.try_emplace(metric.name);
    std::string& text = family->second;
    if (fresh) {
      names.push_back(metric.name);
      text = "# HELP " + metric.name + " " + escaped(metric.help, false) + "\n# TYPE " + metric.name + " " +
             metric.type + "\n";
    }
    text += metric.name;
    char before = '{';
    for (const auto& [label, value] : metric.labels) {
      text += before + label + "=\"" + escaped(value, true) + "\"";
      before = ',';
    }
    if (!metric.labels.empty()) text += "}";
    text += " " + number(metric.value) + "\n";
  }
  std::string out;
  for (const auto& name : names)
    out += families[name];
  return out;
}

std::string health(const Context& context) {
  std::string body;
  Json(body).object().key("status").text("ok").key("version").text(context.version).end_object();
  return body;
}

} // namespace

Response healthz(const Asked& asked) {
  asked.params.allow_only({});
  return plain(asked, 200, health(asked.context));
}

std::optional<Response> at_once(const Request& request, const Context& context) {
  if (request.target != "/healthz" || request.has_body || (request.method != "GET" && request.method != "HEAD"))
    return std::nullopt;
  return plain(200, Format::json, std::make_shared<const std::string>(health(context)));
}

Response readyz(const Asked& asked) {
  asked.params.allow_only({});
  const auto health = asked.control.health();
  if (!health.ready) throw Refused{"not_ready", health.reason, "", "", {}};
  std::string body;
  Json(body).object().key("status").text("ready").key("version").text(asked.context.version).end_object();
  return plain(asked, 200, std::move(body));
}

Response metrics(const Asked& asked) {
  asked.params.allow_only({});
  auto all = asked.control.metrics();
  if (asked.context.cache) add_cache(all, *asked.context.cache);
  if (asked.context.budget) add_budget(all, *asked.context.budget);
  std::string body = text_of(all);
  if (asked.context.counts) body += asked.context.counts->text();
  return plain(asked, 200, std::move(body));
}

} // namespace kepu::http
