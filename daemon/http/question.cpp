#include "http/question.hpp"

#include "base/percent.hpp"
#include "base/printable.hpp"
#include "query/cursor.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const std::vector<std::string> figure_params{"indicator", "freq",   "period", "area",   "source", "as_of",
                                             "limit",     "cursor", "lang",   "format", "for"};
// Indicators of one question: a department's sheet has some dozens of figures.
constexpr size_t most_indicators = 50;
constexpr uint32_t usual_page = 100;
constexpr uint32_t largest_page = 1000;

// The parameter that a refusal of the query speaks of; empty: none in particular.
std::string parameter_of(const Error& error, const query::ObservationQuery& query, const char* range) {
  if (error.code == "unknown_area") return "area";
  if (error.code == "bad_range" || error.code == "range_too_wide") return range;
  if (error.code == "bad_cursor") return "cursor";
  if (error.code == "different_quantities" || error.code == "not_additive") return "combine";
  if (error.code == "unknown_dimension") {
    for (const auto& by : query.by) {
      if (error.text.find('"' + by + '"') != std::string::npos) return "by";
    }
    return "area";
  }
  if (error.code == "unknown_code") {
    for (const auto& [dimension, code] : query.filters) {
      if (error.text.find('"' + code + '"') != std::string::npos) return dimension;
    }
  }
  return "";
}

model::Period period_in(const Asked& asked) {
  const auto text = asked.params.text("period");
  if (!text) {
    throw Refused{"missing_parameter",
                  "which period is asked?",
                  "add one such as period=2025, 2025-Q1, 2025-03, 2025-W10 or 2025-03-05",
                  "period",
                  {}};
  }
  const auto period = model::parse_period(*text);
  if (!period) throw Refused{"bad_range", period.error().text, "", "period", {}};
  const auto freq = asked.params.word("freq", {"D", "W", "M", "Q", "S", "A"});
  if (freq && freq->front() != model::letter(period->freq)) {
    throw Refused{
        "bad_range", *text + " is no period of freq=" + *freq, "leave freq out: the period says its own", "freq", {}};
  }
  return *period;
}

} // namespace

const std::string& in_language(const model::Label& label, const std::string& lang) {
  const bool english = lang == "en";
  const auto& wanted = english ? label.en : label.zh;
  return wanted.empty() ? (english ? label.zh : label.en) : wanted;
}

void refuse(const Error& error, const query::ObservationQuery& query, const char* range) {
  throw Refused{error.code, error.text, "", parameter_of(error, query, range), {}};
}

std::vector<const model::Indicator*> ask_series(const Asked& asked, const model::Catalog& catalog,
                                                const std::vector<std::string>& fixed, query::ObservationQuery& query) {
  const auto& params = asked.params;
  const auto ids = params.list("indicator");
  if (ids.empty()) {
    params.allow_only(fixed);
    throw Refused{"missing_parameter", "which indicator is asked?", "/api/v1/indicators lists them", "indicator", {}};
  }
  if (ids.size() > most_indicators) {
    throw Refused{"bad_parameter",
                  "one question asks at most " + std::to_string(most_indicators) + " indicators",
                  "ask several questions",
                  "indicator",
                  {}};
  }
  std::vector<const model::Indicator*> out;
  std::vector<std::string> dimensions;
  for (const auto& id : ids) {
    const auto* indicator = catalog.indicator(id);
    if (!indicator) {
      throw Refused{"unknown_indicator",
                    "no indicator " + in_quotes(id) + did_you_mean(id, catalog.indicator_ids()),
                    "/api/v1/indicators lists them",
                    "indicator",
                    {}};
    }
    out.push_back(indicator);
    for (const auto& by : indicator->by) {
      if (std::find(dimensions.begin(), dimensions.end(), by) == dimensions.end()) dimensions.push_back(by);
    }
  }
  auto known = fixed;
  known.insert(known.end(), dimensions.begin(), dimensions.end());
  params.allow_only(known);
  query.indicator = *params.text("indicator");
  query.area = params.text("area");
  query.source = params.text("source");
  for (const auto& dimension : dimensions) {
    if (std::find(fixed.begin(), fixed.end(), dimension) != fixed.end()) continue;
    if (auto code = params.raw(dimension)) query.filters.emplace_back(dimension, std::move(*code));
  }
  return out;
}

FigureQuestion figure_question(const Asked& asked, const model::Catalog& catalog, const Moment& moment,
                               bool takes_day) {
  FigureQuestion out;
  auto fixed = figure_params;
  if (takes_day) fixed.emplace_back("on");
  if (ask_series(asked, catalog, fixed, out.query).size() > 1)
    throw Refused{"bad_parameter", "a figure is of one indicator", "ask one", "indicator", {}};
  out.period = period_in(asked);
  out.query.freq = out.period.freq;
  out.query.from = out.query.to = out.period;
  out.query.as_of = moment.then();
  out.query.today = moment.today(asked);
  if (takes_day) out.query.until = day_asked(asked, out.query.today);
  if (out.query.until) out.query.today = *out.query.until;
  out.query.limit = static_cast<uint32_t>(asked.params.number("limit", 1, largest_page).value_or(usual_page));
  out.lang = asked.params.word("lang", {"zh", "en"}).value_or("zh");
  // Last: a cursor belongs to all the rest.
  if (const auto cursor = asked.params.text("cursor"))
    out.query.after = take(query::position_in(*cursor, out.query), "cursor");
  return out;
}

std::optional<model::Day> day_asked(const Asked& asked, model::Day today) {
  const auto text = asked.params.text("on");
  if (!text) return std::nullopt;
  const auto day = model::parse_day(*text);
  if (!day) throw Refused{"bad_parameter", in_quotes(*text) + " is no day", "write it like 2025-06-30", "on", {}};
  if (*day > today) throw Refused{"bad_range", *text + " lies in the future", "ask a day that has been", "on", {}};
  return day;
}

std::string same_moment(const Asked& asked) {
  std::string out;
  for (const char* name : {"on", "as_of"}) {
    if (const auto value = asked.params.text(name)) out += "&" + std::string(name) + "=" + percent_encoded(*value);
  }
  return out;
}

void write_indicator(Json& json, const std::string& lang, const model::Catalog& catalog,
                     const model::Indicator& indicator) {
  const auto* unit = catalog.unit(indicator.unit);
  json.key("indicator").text(indicator.id);
  json.key("name").text(in_language(indicator.name, lang));
  json.key("unit").text(indicator.unit);
  json.key("unit_name").text_or_null(unit ? std::string_view(in_language(unit->name, lang)) : "");
}

void write_asked(Json& json, const Asked& asked, const Moment& moment, const query::ObservationQuery& query,
                 uint32_t limit, const std::string& lang, const store::CommitInfo& changed) {
  const auto zone = moment.zone(asked);
  json.key("filters").object();
  for (const auto& [dimension, code] : query.filters)
    json.key(dimension).text(code);
  json.end_object();
  json.key("source").text_or_null(query.source.value_or(""));
  moment.echo(json, asked);
  if (query.until) json.key("on").text(model::day_text(*query.until));
  json.key("limit").number(limit);
  write_notice(json, asked);
  json.key("lang").text(lang);
  json.key("time_zone").text(zone.name());
  json.key("commit").number(changed.seq);
  json.key("recorded_at").text_or_null(changed.seq == 0 ? "" : zone.text(changed.recorded_at));
}

void write_figure(Json& json, const Asked& asked, const Moment& moment, const FigureQuestion& question,
                  const model::Catalog& catalog, const store::CommitInfo& changed) {
  const auto& query = question.query;
  write_indicator(json, question.lang, catalog, *catalog.indicator(query.indicator));
  json.key("freq").text(std::string(1, model::letter(query.freq)));
  json.key("period").text(question.period.text());
  json.key("period_start").text(model::day_text(question.period.first_day()));
  json.key("period_end").text(model::day_text(question.period.last_day()));
  json.key("area").text_or_null(query.area.value_or(""));
  write_asked(json, asked, moment, query, query.limit, question.lang, changed);
}

} // namespace kepu::http
