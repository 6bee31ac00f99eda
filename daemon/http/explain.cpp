#include "base/percent.hpp"
#include "http/question.hpp"
#include "http/survey.hpp"
#include "query/cursor.hpp"
#include "query/figure.hpp"
#include "query/rule.hpp"

#include <bit>
#include <charconv>
#include <cmath>

namespace kepu::http {
namespace {

// A page ends before its `limit` where it would be larger: texts of facts may be long.
constexpr size_t page_bytes = 4u << 20;
constexpr size_t usual_fact = 500;
constexpr size_t usual_cell = 60;
constexpr size_t groups_bytes = 400'000; // of all that are told

// settings/ lets no catalog in force that lacks it.
const model::Dataset& dataset_of(const model::Catalog& catalog, const model::Indicator& indicator) {
  return *catalog.dataset(indicator.dataset);
}

// A fact's own words lie under cell., what they were mapped to under dim.: either may be called as the other.
std::vector<std::string> columns_of(const model::Catalog& catalog, const model::Indicator& indicator) {
  std::vector<std::string> out{"fact", "key", "time"};
  for (const auto& dimension : indicator.by)
    out.push_back("dim." + dimension);
  for (const auto& field : dataset_of(catalog, indicator).contract.fields)
    out.push_back("cell." + field.name);
  out.insert(out.end(), {"flags", "source", "input", "row", "run", "started", "connector", "connector_version",
                         "library_hash", "commit", "since", "replaces"});
  return out;
}

void write_real(RowWriter& rows, double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  std::isfinite(value) ? rows.literal({digits, end}) : rows.null();
}

void write(RowWriter& rows, const model::Zone& zone, const abi::Field& field, const store::FactCell& cell) {
  if (cell.holding == model::Holding::person) {
    cell.is_null ? rows.null() : rows.text("person");
  } else if (cell.is_null) {
    rows.null();
  } else if (cell.holding != model::Holding::number) {
    rows.text(cell.text);
  } else if (field.type == KEPU_BOOLEAN) {
    rows.literal(cell.number ? "true" : "false");
  } else if (field.type == KEPU_DATE) {
    rows.text(model::day_text(static_cast<model::Day>(cell.number)));
  } else if (field.type == KEPU_TIMESTAMP) {
    rows.text(zone.text(from_micros(cell.number)));
  } else if (field.type == KEPU_REAL) {
    write_real(rows, std::bit_cast<double>(cell.number));
  } else {
    rows.decimal(cell.number, field.type == KEPU_DECIMAL ? field.scale : 0);
  }
}

// "paid: repaired, gate: approximate"; empty: none.
std::string flags_of(const model::Dataset& dataset, const store::CountedFact& fact) {
  std::string out;
  for (size_t i = 0; i < fact.cells.size(); ++i) {
    const auto flags = fact.cells[i].flags;
    for (const auto& [flag, name] : {std::pair(KEPU_APPROXIMATE, "approximate"), std::pair(KEPU_REPAIRED, "repaired"),
                                     std::pair(KEPU_PROVISIONAL, "provisional")}) {
      if (flags & flag) out += (out.empty() ? "" : ", ") + dataset.contract.fields[i].name + ": " + name;
    }
  }
  return out;
}

void write(RowWriter& rows, const model::Zone& zone, const model::Dataset& dataset, const store::CountedFact& fact) {
  const auto& fields = dataset.contract.fields;
  const auto time = dataset.when();
  rows.number(fact.fact);
  rows.text_or_null(fact.key);
  time ? write(rows, zone, fields[*time], fact.cells[*time]) : rows.null();
  for (const auto& code : fact.dims)
    rows.text_or_null(code);
  for (size_t i = 0; i < fields.size(); ++i)
    write(rows, zone, fields[i], fact.cells[i]);
  rows.text_or_null(flags_of(dataset, fact));
  rows.text(fact.source);
  rows.text_or_null(fact.input);
  fact.place == 0 ? rows.null() : rows.number(fact.place);
  rows.number(fact.run->run);
  rows.text(zone.text(fact.run->started));
  rows.text_or_null(fact.run->connector);
  rows.text_or_null(fact.run->connector_version);
  rows.text_or_null(fact.run->library_hash);
  rows.number(fact.since.seq);
  rows.text(zone.text(fact.since.recorded_at));
  fact.replaces == 0 ? rows.null() : rows.number(fact.replaces);
}

void write_label(Json& json, std::string_view key, const model::Label& label) {
  json.key(key).object().key("zh").text_or_null(label.zh).key("en").text_or_null(label.en).end_object();
}

void write_rule(Json& json, const model::Zone& zone, const model::Catalog& catalog, const model::Indicator& indicator,
                const store::CommitInfo& since) {
  json.key("rule").object().key("measure").text(measure_name(indicator.measure));
  json.key("field").text_or_null(indicator.field);
  json.key("where").array();
  for (const auto& condition : indicator.where) {
    const auto words = query::in_words(catalog, indicator, condition);
    json.object().key("field").text(condition.field).key("zh").text(words.zh).key("en").text(words.en).end_object();
  }
  json.end_array();
  write_label(json, "words", query::in_words(catalog, indicator));
  write_label(json, "definition", indicator.definition);
  json.key("dataset").text_or_null(indicator.dataset);
  json.key("dataset_version");
  const auto* dataset = catalog.dataset(indicator.dataset);
  dataset ? json.number(static_cast<uint64_t>(dataset->contract.version)) : json.null();
  json.key("unit").text(indicator.unit);
  json.key("since").text(zone.text(since.recorded_at)).key("commit").number(since.seq).end_object();
}

void write_summary(Json& json, const model::Zone& zone, const store::CountedFacts& facts) {
  json.key("facts").object().key("counted").number(facts.facts).key("left_out").number(facts.left_out);
  json.key("by").array();
  for (const auto& group : facts.groups) {
    json.object().key("source").text(group.source).key("run").number(group.run.run);
    json.key("started").text(zone.text(group.run.started)).key("connector").text_or_null(group.run.connector);
    json.key("connector_version").text_or_null(group.run.connector_version);
    json.key("library_hash").text_or_null(group.run.library_hash);
    json.key("input").text_or_null(group.input).key("facts").number(group.facts).end_object();
  }
  json.end_array().key("of_further_runs_and_inputs").number(facts.further).end_object();
}

void write_value(Json& json, const std::optional<query::Observation>& figure, int scale) {
  json.key("value");
  if (figure && figure->is_known) {
    std::string value;
    append_decimal(value, figure->value, scale);
    json.raw(value);
  } else {
    json.null();
  }
}

// How the rule between sources judged the cells of its grain; null where sources are added or asked by name.
void write_sources(Json& json, const model::Indicator& indicator, const FigureQuestion& question,
                   const query::Explained& found) {
  json.key("sources");
  if (indicator.join == model::Join::sum || question.query.source) {
    json.null();
    return;
  }
  json.object().key("rule").text(indicator.join == model::Join::prefer ? "prefer" : "compare").key("order").array();
  for (const auto& source : indicator.order)
    json.text(source);
  json.end_array().key("cells").array();
  for (const auto& cell : found.cells) {
    json.object().key("period").text(cell.period.text()).key("by").object();
    for (size_t i = 0; i < cell.codes.size(); ++i)
      json.key(indicator.grain.by[i]).text_or_null(cell.codes[i]);
    json.end_object().key("counts").text_or_null(cell.source.value_or("")).key("differs").boolean(cell.differs);
    json.key("said").array();
    for (const auto& [source, value] : cell.said) {
      std::string digits;
      append_decimal(digits, value, found.scale);
      json.object().key("source").text(source).key("value").raw(digits).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("further_cells").number(found.further_cells).end_object();
}

void write_amount(Json& json, const std::optional<query::Observation>& found, int scale) {
  write_value(json, found, scale);
  const auto figure = found.value_or(query::Observation{});
  json.key("n").number(figure.n).key("approximate").number(figure.approximate);
  json.key("repaired").number(figure.repaired).key("provisional").number(figure.provisional);
  json.key("carried").number(figure.carried).key("missing").number(figure.missing);
  json.key("differing").number(figure.differing);
}

void write_survey(Json& json, const std::optional<query::Observation>& found) {
  json.key("survey");
  if (!found || !found->survey) {
    json.null();
    return;
  }
  json.object();
  for (const auto& number : survey_numbers()) {
    const auto text = number.text(*found);
    json.key(number.name);
    text.empty() ? json.null() : json.raw(text);
  }
  json.key("is_break").boolean(found->is_break).end_object();
}

// A figure that is made of others: their values, and where they are explained.
Response explain_made(const Asked& asked, const Moment& moment, const model::Catalog& catalog,
                      const FigureQuestion& question, const store::CommitInfo& changed, Draft draft) {
  const auto& indicator = *catalog.indicator(question.query.indicator);
  const auto found = query::explain_within(asked.reader, question.query, {});
  if (!found) refuse(found.error(), question.query, "period");
  const auto unit_of = [&](const std::string& id) { return catalog.indicator(id)->unit; };
  if (asked.format == Format::csv) {
    RowWriter rows(draft.body, asked.format, {"indicator", "value", "unit"}, asked.excel);
    for (const auto& part : found->parts) {
      rows.text(part.indicator);
      part.figure&& part.figure->is_known ? rows.decimal(part.figure->value, part.scale) : rows.null();
      rows.text(unit_of(part.indicator));
    }
    rows.finish();
    return finish(asked, std::move(draft), moment.commit().seq);
  }
  Json json(draft.body);
  json.object().key("meta").object();
  write_figure(json, asked, moment, question, catalog, changed);
  json.end_object();
  write_amount(json, found->figure, found->scale);
  write_rule(json, moment.zone(asked), catalog, indicator, changed);
  json.key("parts").array();
  for (const auto& part : found->parts) {
    json.object().key("indicator").text(part.indicator);
    write_value(json, part.figure, part.scale);
    json.key("unit").text(unit_of(part.indicator));
    json.key("explain").text(link_with(asked, "indicator", part.indicator)).end_object();
  }
  json.end_array();
  // Which entries meet the rules and which do not, one row each.
  if (!indicator.entries.empty()) {
    const auto period = question.period.text();
    json.key("entries").text("/api/v1/observations?indicator=" + percent_encoded(indicator.id) +
                             "&freq=" + std::string(1, model::letter(question.query.freq)) + "&from=" + period +
                             "&to=" + period + "&by=" + percent_encoded(indicator.entries) + same_moment(asked));
  }
  json.key("data").array().end_array().key("next").null().end_object();
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace

Response explain(const Asked& asked) {
  const Moment moment(asked);
  const auto catalog = asked.reader.catalog();
  const auto question = figure_question(asked, *catalog, moment, true);
  const auto changed = take(query::last_change(asked.reader, *catalog, question.query.indicator));
  const auto& indicator = *catalog->indicator(question.query.indicator);
  Draft draft;
  if (query::depends_on_today(*catalog, indicator) && !moment.then() && !question.query.until)
    draft.day = question.query.today;
  draft.etag = etag_of(asked, moment, changed.seq, draft.day);
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);
  if (!model::is_of_facts(indicator.measure))
    return explain_made(asked, moment, *catalog, question, changed, std::move(draft));
  const auto& dataset = dataset_of(*catalog, indicator);
  const auto row_bytes = usual_fact + usual_cell * (dataset.contract.fields.size() + indicator.by.size());
  reserve(asked, 2 * std::min(page_bytes, question.query.limit * row_bytes) + groups_bytes);

  const auto zone = moment.zone(asked);
  std::string page;
  RowWriter rows(page, asked.format, columns_of(*catalog, indicator), asked.excel);
  const auto found = query::explain_within(asked.reader, question.query, [&](const store::CountedFact& fact) {
    if (page.size() >= page_bytes) return false;
    write(rows, zone, dataset, fact);
    return true;
  });
  if (!found) refuse(found.error(), question.query, "period");
  if (found->facts.facts == 0) check_source(asked, moment, question.query.source);
  rows.finish();

  if (!found->next.empty()) draft.next = link_with(asked, "cursor", query::cursor_of(question.query, found->next));
  if (asked.format == Format::csv) {
    draft.body = std::move(page);
    return finish(asked, std::move(draft), moment.commit().seq);
  }
  Json json(draft.body);
  json.object().key("meta").object();
  write_figure(json, asked, moment, question, *catalog, changed);
  json.end_object();
  write_amount(json, found->figure, found->scale);
  if (indicator.measure == model::Measure::survey_rate) write_survey(json, found->figure);
  write_rule(json, zone, *catalog, indicator, found->facts.definition);
  write_sources(json, indicator, question, *found);
  write_summary(json, zone, found->facts);
  json.key("data").raw(page).key("next").text_or_null(draft.next).end_object();
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
