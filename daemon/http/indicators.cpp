#include "base/printable.hpp"
#include "http/routes.hpp"

namespace kepu::http {

std::string_view measure_name(model::Measure measure) {
  switch (measure) {
  case model::Measure::count:
    return "count";
  case model::Measure::sum:
    return "sum";
  case model::Measure::distinct:
    return "distinct";
  case model::Measure::latest:
    return "latest";
  case model::Measure::standing:
    return "standing";
  case model::Measure::share:
    return "share";
  case model::Measure::each:
    return "each";
  case model::Measure::ratio:
    return "ratio";
  case model::Measure::survey_rate:
    return "survey_rate";
  }
  return {};
}

namespace {

void write_label(Json& json, std::string_view key, const model::Label& label) {
  json.key(key).object().key("zh").text_or_null(label.zh).key("en").text_or_null(label.en).end_object();
}

void write(Json& json, const Asked& asked, const model::Catalog& catalog, const model::Indicator& indicator) {
  json.object().key("id").text(indicator.id);
  write_label(json, "name", indicator.name);
  write_label(json, "definition", indicator.definition);
  json.key("unit").object().key("id").text(indicator.unit);
  const auto* unit = catalog.unit(indicator.unit);
  json.key("zh").text_or_null(unit ? unit->name.zh : "").key("en").text_or_null(unit ? unit->name.en : "");
  json.key("quantity").text_or_null(unit ? unit->quantity : "").end_object();
  json.key("measure").text(measure_name(indicator.measure)).key("dataset").text(indicator.dataset);
  json.key("by").array();
  for (const auto& by : indicator.by)
    json.text(by);
  json.end_array();
  if (const auto extent = take(asked.reader.extent(indicator.id))) {
    json.key("first_day").text(model::day_text(extent->first)).key("last_day").text(model::day_text(extent->second));
  }
  json.end_object();
}

void write_meta(Json& json, const Asked& asked, const Moment& moment, const store::CommitInfo& commit) {
  const auto zone = moment.zone(asked);
  json.key("meta").object().key("time_zone").text(zone.name()).key("commit").number(commit.seq);
  json.key("recorded_at").text_or_null(commit.seq == 0 ? "" : zone.text(commit.recorded_at));
  if (moment.then()) moment.echo(json, asked);
  write_notice(json, asked);
  json.end_object();
}

} // namespace

Response indicators(const Asked& asked) {
  asked.params.allow_only(with_common({"as_of"}));
  const Moment moment(asked);
  Draft draft;
  draft.etag = etag_of(asked, moment, moment.commit().seq);
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);
  const auto catalog = asked.reader.catalog();
  Json json(draft.body);
  json.object();
  write_meta(json, asked, moment, moment.commit());
  json.key("data").array();
  for (const auto& one : catalog->indicators)
    write(json, asked, *catalog, one);
  json.end_array().end_object();
  return finish(asked, std::move(draft), moment.commit().seq);
}

Response indicator(const Asked& asked) {
  asked.params.allow_only(with_common({"as_of"}));
  const Moment moment(asked);
  const auto catalog = asked.reader.catalog();
  const auto* found = catalog->indicator(asked.id);
  if (!found) {
    throw Refused{"unknown_indicator",
                  "no indicator " + in_quotes(asked.id) + did_you_mean(asked.id, catalog->indicator_ids()),
                  "/api/v1/indicators lists them",
                  "",
                  {}};
  }
  const auto changed = take(asked.reader.last_change(asked.id));
  Draft draft;
  draft.etag = etag_of(asked, moment, changed.seq);
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);
  Json json(draft.body);
  json.object();
  write_meta(json, asked, moment, changed);
  json.key("data");
  write(json, asked, *catalog, *found);
  json.end_object();
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
