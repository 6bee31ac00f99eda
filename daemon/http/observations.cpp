#include "base/printable.hpp"
#include "http/question.hpp"
#include "query/bounds.hpp"
#include "query/cursor.hpp"
#include "query/plan.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const std::vector<std::string> fixed_params{"indicator", "freq",   "from", "to",      "area",   "by",  "source",
                                            "limit",     "cursor", "lang", "columns", "format", "for", "as_of"};
const std::vector<std::string> optional_columns{"period_start", "period_end",  "n",      "approximate",
                                                "repaired",     "provisional", "labels", "unit"};

// A page ends, with a link to the next, before its `limit` where it would be larger. The text: some 30,000 rows. The
// rows, which are held whole until they are written: some 10 MB.
constexpr size_t page_bytes = 4u << 20;
constexpr uint32_t page_rows = 50'000;
constexpr size_t usual_row = 120;

struct Question {
  query::ObservationQuery query;
  uint32_t limit = 0; // as asked; the query's may be lower
  std::string lang;
  std::vector<std::string> columns; // asked beside the usual ones
  bool has(std::string_view column) const { return std::find(columns.begin(), columns.end(), column) != columns.end(); }
};

Question question_of(const Asked& asked, const model::Catalog& catalog, std::optional<Instant> then) {
  const auto& params = asked.params;
  Question out;
  ask_series(asked, catalog, fixed_params, out.query);
  out.query.as_of = then;
  if (const auto freq = params.word("freq", {"D", "W", "M", "Q", "S", "A"})) {
    out.query.freq = *model::freq_of(freq->front());
  }
  if (const auto from = params.text("from")) {
    out.query.from = take(query::bound(*from, out.query.freq, query::End::from), "from");
  }
  if (const auto to = params.text("to")) {
    out.query.to = take(query::bound(*to, out.query.freq, query::End::to), "to");
  }
  out.query.by = params.list("by");
  if (const auto limit = params.number("limit", 1, query::max_limit)) out.query.limit = static_cast<uint32_t>(*limit);
  out.limit = out.query.limit;
  out.query.limit = std::min(out.query.limit, page_rows);
  out.lang = params.word("lang", {"zh", "en"}).value_or("zh");
  out.columns = params.list("columns");
  for (const auto& column : out.columns) {
    if (std::find(optional_columns.begin(), optional_columns.end(), column) != optional_columns.end()) continue;
    throw Refused{"bad_parameter",
                  "no column " + in_quotes(column) + did_you_mean(column, optional_columns),
                  "columns takes " + one_of(optional_columns),
                  "columns",
                  {}};
  }
  // Last: a cursor belongs to all the rest.
  if (const auto cursor = params.text("cursor")) {
    out.query.after = take(query::position_in(*cursor, out.query), "cursor");
  }
  return out;
}

// Names of the codes of one `by` column.
class Labels {
public:
  Labels(const model::Catalog& catalog, const model::Indicator& indicator, const std::string& by) {
    const auto area = query::area_dimension(catalog, indicator);
    const bool declared = std::find(indicator.by.begin(), indicator.by.end(), by) != indicator.by.end();
    if (declared ? area && indicator.by[*area] == by : query::area_level(by).has_value()) {
      areas_ = &catalog.areas;
      return;
    }
    const auto* dataset = catalog.dataset(indicator.dataset);
    const auto field = dataset ? dataset->field(by) : std::nullopt;
    if (!field) return;
    const auto found = catalog.registers.find(dataset->contract.fields[*field].entity_register);
    if (found != catalog.registers.end()) entities_ = &found->second;
  }

  // Empty: it has none.
  std::string_view of(const std::string& code, const std::string& lang) const {
    if (areas_) {
      if (const auto* area = areas_->find(code)) return in_language(area->name, lang);
    } else if (entities_) {
      if (const auto* entry = entities_->find(code)) return in_language(entry->name, lang);
    }
    return {};
  }

private:
  const model::Areas* areas_ = nullptr;
  const model::Register* entities_ = nullptr;
};

// Memory that the making of so many rows takes, about: the rows, and their text, twice while it is compressed.
size_t memory_of(uint64_t rows, const Question& question) {
  constexpr size_t code = sizeof(std::string) + 16;
  const auto by = question.query.by.size();
  const auto held = rows * (sizeof(query::Observation) + 32 + by * code);
  return held + 2 * std::min<size_t>(page_bytes, rows * (usual_row + by * 40));
}

// How many are written: all, or those that fill a page.
size_t write_rows(std::string& body, const Asked& asked, const Question& question, const query::Observations& found) {
  std::vector<std::string> columns{"indicator", "period"};
  auto add = [&](std::string_view column) {
    if (question.has(column)) columns.emplace_back(column);
    return question.has(column);
  };
  const bool start = add("period_start");
  const bool end = add("period_end");
  std::vector<Labels> labels;
  for (const auto& by : question.query.by) {
    columns.push_back(by);
    if (!question.has("labels")) continue;
    columns.push_back(by + "_label");
    labels.emplace_back(*found.catalog, *found.indicator, by);
  }
  columns.emplace_back("value");
  const bool n = add("n");
  const bool approximate = add("approximate");
  const bool repaired = add("repaired");
  const bool provisional = add("provisional");
  const bool unit = add("unit");

  RowWriter rows(body, asked.format, columns, asked.excel);
  std::optional<model::Period> written; // rows of a period come together
  std::string period;
  std::string first_day;
  std::string last_day;
  size_t written_rows = 0;
  for (const auto& row : found.rows) {
    if (body.size() >= page_bytes) break;
    ++written_rows;
    if (written != row.period) {
      written = row.period;
      period = row.period.text();
      if (start) first_day = model::day_text(row.period.first_day());
      if (end) last_day = model::day_text(row.period.last_day());
    }
    rows.text(found.indicator->id);
    rows.text(period);
    if (start) rows.text(first_day);
    if (end) rows.text(last_day);
    for (size_t i = 0; i < row.by.size(); ++i) {
      rows.text_or_null(row.by[i]);
      if (!labels.empty()) rows.text_or_null(labels[i].of(row.by[i], question.lang));
    }
    rows.decimal(row.value, found.scale);
    if (n) rows.number(row.n);
    if (approximate) rows.number(row.approximate);
    if (repaired) rows.number(row.repaired);
    if (provisional) rows.number(row.provisional);
    if (unit) rows.text(found.indicator->unit);
  }
  rows.finish();
  return written_rows;
}

void write_meta(Json& json, const Asked& asked, const Moment& moment, const Question& question,
                const query::Observations& found) {
  const auto zone = moment.zone(asked);
  const auto& query = question.query;
  const auto* unit = found.catalog->unit(found.indicator->unit);
  json.object();
  json.key("indicator").text(found.indicator->id);
  json.key("name").text(in_language(found.indicator->name, question.lang));
  json.key("unit").text(found.indicator->unit);
  json.key("unit_name").text_or_null(unit ? std::string_view(in_language(unit->name, question.lang)) : "");
  json.key("freq").text(std::string(1, model::letter(query.freq)));
  json.key("from").text_or_null(query.from ? query.from->text() : "");
  json.key("to").text_or_null(query.to ? query.to->text() : "");
  json.key("area").text_or_null(query.area.value_or(""));
  json.key("by").array();
  for (const auto& by : query.by)
    json.text(by);
  json.end_array().key("filters").object();
  for (const auto& [dimension, code] : query.filters)
    json.key(dimension).text(code);
  json.end_object();
  json.key("source").text_or_null(query.source.value_or(""));
  moment.echo(json, asked);
  json.key("limit").number(question.limit);
  json.key("lang").text(question.lang);
  json.key("time_zone").text(zone.name());
  json.key("commit").number(found.commit.seq);
  json.key("recorded_at").text_or_null(found.commit.seq == 0 ? "" : zone.text(found.commit.recorded_at));
  json.end_object();
}

} // namespace

Response observations(const Asked& asked) {
  const Moment moment(asked);
  const auto catalog = asked.reader.catalog();
  const auto question = question_of(asked, *catalog, moment.then());
  // The answer tells the last change of its indicator, not of the store: one ETag, one text.
  const auto changed = take(asked.reader.last_change(question.query.indicator));
  const auto etag = etag_of(asked, moment, changed.seq);
  if (client_has(asked, etag)) return not_modified(etag);

  auto found = query::observe_within(asked.reader, changed, question.query,
                                     [&](uint64_t rows) { reserve(asked, memory_of(rows, question)); });
  if (!found) refuse(found.error(), question.query, "from");
  if (found->rows.empty()) check_source(asked, question.query.source);

  reserve(asked, memory_of(found->rows.size(), question));

  Draft draft;
  draft.etag = etag;
  draft.body.reserve(std::min(page_bytes, found->rows.size() * usual_row) + 1024);
  const auto link_next = [&](size_t written) {
    if (written < found->rows.size()) {
      const auto& last = found->rows[written - 1];
      found->next = query::encode_position({last.period.index, last.by});
    }
    if (found->next.empty()) return;
    draft.next = link_with(asked, "cursor", query::cursor_of(question.query, found->next));
  };
  if (asked.format == Format::csv) {
    link_next(write_rows(draft.body, asked, question, *found));
  } else {
    draft.body += "{\"meta\":";
    Json meta(draft.body);
    write_meta(meta, asked, moment, question, *found);
    draft.body += ",\"data\":";
    link_next(write_rows(draft.body, asked, question, *found));
    draft.body += ",\"next\":";
    Json(draft.body).text_or_null(draft.next);
    draft.body += "}";
  }
  found->rows = {};
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
