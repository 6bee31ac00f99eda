#include "http/question.hpp"
#include "query/cursor.hpp"
#include "query/figure.hpp"

namespace kepu::http {
namespace {

// Memory of one state with its text, about.
constexpr size_t state_bytes = 1200;

// Newest first: what holds now and why it is no longer what it was, on the first line.
const std::vector<std::string> columns{
    "value",        "n",         "unit",        "since",    "commit",      "until",      "kind",
    "source",       "run",       "connector",   "version",  "inserted",    "replaced",   "deleted",
    "out_of_scope", "withdrawn", "approximate", "repaired", "provisional", "definition", "label"};

void write(RowWriter& rows, const model::Zone& zone, const store::FigureState& state) {
  state.has_value ? rows.decimal(state.value, state.scale) : rows.null();
  rows.number(state.n);
  rows.text_or_null(state.unit);
  rows.text(zone.text(state.commit.recorded_at));
  rows.number(state.commit.seq);
  rows.text_or_null(state.until ? zone.text(state.until->recorded_at) : "");
  rows.text(state.commit.kind);
  rows.text_or_null(state.commit.source);
  state.commit.run == 0 ? rows.null() : rows.number(state.commit.run);
  rows.text_or_null(state.connector);
  rows.text_or_null(state.connector_version);
  for (const auto count : {state.inserted, state.replaced, state.deleted, state.out_of_scope, state.withdrawn,
                           state.approximate, state.repaired, state.provisional})
    rows.number(count);
  state.definition == 0 ? rows.null() : rows.number(state.definition);
  rows.text_or_null(labels_text(state.commit.labels));
}

} // namespace

Response history(const Asked& asked) {
  const Moment moment(asked);
  const auto catalog = asked.reader.catalog();
  const auto question = figure_question(asked, *catalog, moment);
  const auto changed = take(query::last_change(asked.reader, *catalog, question.query.indicator));
  // Labels change it too, and are commits.
  std::optional<model::Day> day;
  if (query::depends_on_today(*catalog, *catalog->indicator(question.query.indicator)) && !moment.then())
    day = question.query.today;
  const auto etag = etag_of(asked, moment, moment.commit().seq, day);
  if (client_has(asked, etag)) return not_modified(etag);
  reserve(asked, question.query.limit * state_bytes);
  const auto found = query::history_within(asked.reader, moment.commit(), question.query);
  if (!found) refuse(found.error(), question.query, "period");
  if (found->states.empty()) check_source(asked, moment, question.query.source);

  const auto zone = moment.zone(asked);
  Draft draft;
  draft.etag = etag;
  draft.day = day;
  if (!found->next.empty()) draft.next = link_with(asked, "cursor", query::cursor_of(question.query, found->next));
  const bool json = asked.format == Format::json;
  if (json) {
    Json meta(draft.body);
    meta.object().key("meta").object();
    write_figure(meta, asked, moment, question, *catalog, changed);
    meta.end_object();
    draft.body += ",\"data\":";
  }
  RowWriter rows(draft.body, asked.format, columns, asked.excel);
  for (const auto& state : found->states)
    write(rows, zone, state);
  rows.finish();
  if (json) {
    draft.body += ",\"next\":";
    Json(draft.body).text_or_null(draft.next);
    draft.body += "}";
  }
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
