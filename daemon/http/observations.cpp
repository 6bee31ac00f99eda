#include "base/printable.hpp"
#include "http/question.hpp"
#include "http/survey.hpp"
#include "query/bounds.hpp"
#include "query/cursor.hpp"
#include "query/plan.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const std::vector<std::string> fixed_params{"indicator", "freq",  "from",    "to",   "area",    "by",
                                            "source",    "limit", "cursor",  "lang", "columns", "format",
                                            "for",       "as_of", "combine", "sort", "on"};
const std::vector<std::string>& optional_columns() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out{"period_start", "period_end",  "n",       "approximate", "repaired",
                                 "provisional",  "carried",     "missing", "differing",   "flags",
                                 "numerator",    "denominator", "labels",  "unit"};
    for (const auto& number : survey_numbers())
      out.emplace_back(number.name);
    return out;
  }();
  return all;
}

// A page ends, with a link to the next, before its `limit` where it would be larger. The text: some 30,000 rows. The
// rows, which are held whole until they are written: some 10 MB.
constexpr size_t page_bytes = 4u << 20;
constexpr uint32_t page_rows = 50'000;
constexpr size_t usual_row = 120;

struct Question {
  std::vector<const model::Indicator*> indicators; // in the order asked, at least one
  query::ObservationQuery query;                   // of each of them but for its `indicator`, which names all
  size_t first = 0;                                // indicator that the page begins with
  bool is_relative = false;                        // its range is told from today
  bool is_sum = false;                             // all are added up: there is one part
  size_t parts() const { return is_sum ? 1 : indicators.size(); }
  uint32_t limit = 0; // as asked; the query's may be lower
  std::string lang;
  std::vector<std::string> columns; // asked beside the usual ones
  bool has(std::string_view column) const { return std::find(columns.begin(), columns.end(), column) != columns.end(); }
};

Question question_of(const Asked& asked, const model::Catalog& catalog, const Moment& moment) {
  const auto& params = asked.params;
  Question out;
  out.indicators = ask_series(asked, catalog, fixed_params, out.query);
  if (params.word("combine", {"sum"})) {
    for (size_t i = 1; i < out.indicators.size(); ++i)
      out.query.added.push_back(out.indicators[i]->id);
    out.is_sum = true;
  }
  out.query.as_of = moment.then();
  out.query.today = moment.today(asked);
  out.query.until = day_asked(asked, out.query.today);
  if (out.query.until) out.query.today = *out.query.until;
  if (const auto freq = params.word("freq", {"D", "W", "M", "Q", "S", "A"})) {
    out.query.freq = *model::freq_of(freq->front());
  }
  for (const auto* end : {"from", "to"}) {
    const auto text = params.text(end);
    out.is_relative = out.is_relative || (text && text->starts_with("now"));
  }
  if (const auto from = params.text("from")) {
    out.query.from = take(query::bound(*from, out.query.freq, query::End::from, out.query.today), "from");
  }
  if (const auto to = params.text("to")) {
    out.query.to = take(query::bound(*to, out.query.freq, query::End::to, out.query.today), "to");
  }
  out.query.by = params.list("by");
  const std::vector<std::string> orders{"period", "-period", "value", "-value"};
  if (const auto sort = params.word("sort", orders))
    out.query.sort = static_cast<query::Sort>(std::ranges::find(orders, *sort) - orders.begin());
  if (const auto limit = params.number("limit", 1, query::max_limit)) out.query.limit = static_cast<uint32_t>(*limit);
  out.limit = out.query.limit;
  out.query.limit = std::min(out.query.limit, page_rows);
  out.lang = params.word("lang", {"zh", "en"}).value_or("zh");
  out.columns = params.list("columns");
  for (const auto& column : out.columns) {
    if (std::ranges::find(optional_columns(), column) != optional_columns().end()) continue;
    throw Refused{"bad_parameter",
                  "no column " + in_quotes(column) + did_you_mean(column, optional_columns()),
                  "columns takes " + one_of(optional_columns()),
                  "columns",
                  {}};
  }
  // Last: a cursor belongs to all the rest.
  if (const auto cursor = params.text("cursor")) {
    out.query.after = take(query::position_in(*cursor, out.query), "cursor");
    out.first = take(query::take_part(out.query.after, out.parts()), "cursor");
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
    auto found = catalog.registers.end();
    if (by == indicator.entries) found = catalog.registers.find(by);
    // Of what is made of others, the first of them that knows.
    for (const auto& id : query::parts_of(catalog, indicator)) {
      const auto* dataset = catalog.dataset(catalog.indicator(id)->dataset);
      const auto field = dataset ? dataset->field(by) : std::nullopt;
      if (field && found == catalog.registers.end())
        found = catalog.registers.find(dataset->contract.fields[*field].entity_register);
    }
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
  const auto by = question.query.by.size();
  const auto held = rows * (sizeof(query::Observation) + 32);
  return held + 2 * std::min<size_t>(page_bytes, rows * (usual_row + by * 40));
}

// What there is to say about a value, one word each.
std::string flags_of(const query::Amount& amount) {
  std::string out;
  const auto add = [&](bool is, const char* word) {
    if (is) out += (out.empty() ? "" : " ") + std::string(word);
  };
  add(amount.approximate > 0, "approximate");
  add(amount.repaired > 0, "repaired");
  add(amount.provisional > 0, "provisional");
  add(amount.carried > 0, "carried");
  add(amount.missing > 0, "missing");
  add(amount.differing > 0, "differing");
  add(amount.is_frozen, "frozen");
  add(amount.is_break, "break");
  return out;
}

bool share_unit(const Question& question) {
  return std::ranges::all_of(question.indicators,
                             [&](const auto* one) { return one->unit == question.indicators.front()->unit; });
}

// Where a page ends.
struct Written {
  size_t part = 0; // of `found`
  size_t rows = 0; // of that part
};

// "a", or "a+b" where they are added up.
std::string name_of(const Question& question, const query::Observations& part) {
  std::string out = part.indicator->id;
  for (const auto& id : question.query.added)
    out += "+" + id;
  return out;
}

// Writes all, or what fills a page. `found`: of the indicators from the question's first one on.
Written write_rows(std::string& body, const Asked& asked, const Question& question,
                   const std::vector<query::Observations>& found) {
  std::vector<std::string> columns{"indicator", "period"};
  auto add = [&](std::string_view column) {
    if (question.has(column)) columns.emplace_back(column);
    return question.has(column);
  };
  const bool start = add("period_start");
  const bool end = add("period_end");
  const bool labelled = question.has("labels");
  for (const auto& by : question.query.by) {
    columns.push_back(by);
    if (labelled) columns.push_back(by + "_label");
  }
  columns.emplace_back("value");
  const bool n = add("n");
  const bool approximate = add("approximate");
  const bool repaired = add("repaired");
  const bool provisional = add("provisional");
  const bool carried = add("carried");
  const bool missing = add("missing");
  const bool differing = add("differing");
  const bool flags = add("flags");
  const bool numerator = add("numerator");
  const bool denominator = add("denominator");
  std::vector<SurveyNumber> of_survey;
  for (const auto& number : survey_numbers()) {
    if (add(number.name)) of_survey.push_back(number);
  }
  // Where rows do not share their unit, each tells its own.
  const bool unit = add("unit") || !share_unit(question);
  if (unit && columns.back() != "unit") columns.emplace_back("unit");

  RowWriter rows(body, asked.format, columns, asked.excel);
  const size_t of_period = 2u + start + end; // columns that are the same in all rows of a period
  const size_t of_group = question.query.by.size() * (labelled ? 2 : 1);
  const auto period_cells = [&](const query::Observations& part, const model::Period& period) {
    std::string cells = rows.cell(0, name_of(question, part)) + rows.cell(1, period.text());
    if (start) cells += rows.cell(2, model::day_text(period.first_day()));
    if (end) cells += rows.cell(of_period - 1, model::day_text(period.last_day()));
    return cells;
  };
  const auto group_cells = [&](const std::vector<Labels>& labels, const std::vector<std::string>& codes) {
    std::string cells;
    size_t column = of_period;
    for (size_t i = 0; i < codes.size(); ++i) {
      cells += rows.cell(column++, codes[i]);
      if (labelled) cells += rows.cell(column++, labels[i].of(codes[i], question.lang));
    }
    return cells;
  };
  Written out;
  model::Period written;           // rows of a period come together
  std::string period;              // the cells of that one; empty: of none yet
  std::vector<std::string> groups; // of the part, the cells of each; empty: not made yet
  const auto write = [&](const query::Observations& part, const std::vector<Labels>& labels,
                         const query::Observation& row) {
    if (period.empty() || written != row.period) {
      written = row.period;
      period = period_cells(part, row.period);
    }
    auto& group = groups[row.group];
    if (group.empty()) group = group_cells(labels, part.by(row));
    rows.made(period, of_period);
    rows.made(group, of_group);
    row.is_known ? rows.decimal(row.value, part.scale) : rows.null();
    if (n) rows.number(row.n);
    if (approximate) rows.number(row.approximate);
    if (repaired) rows.number(row.repaired);
    if (provisional) rows.number(row.provisional);
    if (carried) rows.number(row.carried);
    if (missing) rows.number(row.missing);
    if (differing) rows.number(row.differing);
    if (flags) rows.text_or_null(flags_of(row));
    const bool is_made = !model::is_of_facts(part.indicator->measure);
    if (numerator) is_made ? rows.decimal(row.numerator, part.numerator_scale) : rows.null();
    if (denominator) is_made ? rows.decimal(row.denominator, part.denominator_scale) : rows.null();
    for (const auto& number : of_survey) {
      const auto text = row.survey ? number.text(row) : std::string();
      text.empty() ? rows.null() : rows.literal(text);
    }
    if (unit) rows.text(part.indicator->unit);
  };
  for (out.part = 0; out.part < found.size(); ++out.part) {
    const auto& part = found[out.part];
    std::vector<Labels> labels;
    for (const auto& by : question.query.by)
      if (labelled) labels.emplace_back(*part.catalog, *part.indicator, by);
    period.clear();
    groups.assign(part.groups.size(), {});
    for (out.rows = 0; out.rows < part.rows.size() && body.size() < page_bytes; ++out.rows) {
      const auto before = body.size();
      write(part, labels, part.rows[out.rows]);
      if (out.rows > 0) continue;
      // The others are about as long, with a digit more perhaps.
      body.reserve(body.size() + std::min(page_bytes, part.rows.size() * (body.size() - before + 2)) + 1024);
    }
    if (out.rows < part.rows.size()) break;
  }
  rows.finish();
  return out;
}

void write_meta(Json& json, const Asked& asked, const Moment& moment, const Question& question,
                const model::Catalog& catalog, const store::CommitInfo& commit) {
  const auto& query = question.query;
  json.object();
  if (question.indicators.size() == 1) {
    write_indicator(json, question.lang, catalog, *question.indicators.front());
  } else {
    json.key("indicators").array();
    for (const auto* indicator : question.indicators) {
      json.object();
      write_indicator(json, question.lang, catalog, *indicator);
      json.end_object();
    }
    json.end_array();
  }
  json.key("freq").text(std::string(1, model::letter(query.freq)));
  json.key("from").text_or_null(query.from ? query.from->text() : "");
  json.key("to").text_or_null(query.to ? query.to->text() : "");
  json.key("area").text_or_null(query.area.value_or(""));
  json.key("by").array();
  for (const auto& by : query.by)
    json.text(by);
  json.end_array();
  write_asked(json, asked, moment, query, question.limit, question.lang, commit);
  json.end_object();
}

// The rows of a page, indicator by indicator.
std::vector<query::Observations> find(const Asked& asked, const Question& question, const store::CommitInfo& changed) {
  std::vector<query::Observations> out;
  auto query = question.query;
  for (size_t i = question.first; i < question.parts() && query.limit > 0; ++i) {
    query.indicator = question.indicators[i]->id;
    auto found = query::observe_within(asked.reader, changed, query,
                                       [&](uint64_t rows) { reserve(asked, memory_of(rows, question)); });
    if (!found) refuse(found.error(), query, "from");
    query.limit -= static_cast<uint32_t>(found->rows.size());
    query.after.clear();
    out.push_back(std::move(*found));
    if (!out.back().next.empty()) break;
  }
  return out;
}

// Rows of the part that earlier pages have shown, of an order that counts them.
uint64_t rows_skipped(const Question& question, const Written& written) {
  return written.part == 0 && !question.query.after.empty() ? query::rows_in(question.query.after) : 0;
}

// Where the next page begins; empty: there is none.
std::string next_after(const Question& question, const std::vector<query::Observations>& found,
                       const Written& written) {
  if (written.part < found.size()) { // it filled up before all was written
    const auto& part = found[written.part];
    if (written.rows == 0) return query::with_part(question.first + written.part, "");
    const auto at = question.first + written.part;
    if (question.query.sort != query::Sort::period)
      return query::with_part(at, query::encode_rows(rows_skipped(question, written) + written.rows));
    const auto& last = part.rows[written.rows - 1];
    return query::with_part(at, query::encode_position({last.period.index, part.by(last)}));
  }
  const size_t last = question.first + found.size() - 1;
  if (!found.back().next.empty()) return query::with_part(last, found.back().next);
  return last + 1 < question.parts() ? query::with_part(last + 1, "") : "";
}

} // namespace

Response observations(const Asked& asked) {
  const Moment moment(asked);
  const auto catalog = asked.reader.catalog();
  const auto question = question_of(asked, *catalog, moment);
  // The answer tells the last change of its indicators, not of the store: one ETag, one text.
  store::CommitInfo changed;
  bool today = question.is_relative;
  for (const auto* indicator : question.indicators) {
    const auto one = take(query::last_change(asked.reader, *catalog, indicator->id));
    if (one.seq > changed.seq) changed = one;
    today = today || query::depends_on_today(*catalog, *indicator);
  }
  Draft draft;
  if (today && !moment.then() && !question.query.until) draft.day = question.query.today;
  draft.etag = etag_of(asked, moment, changed.seq, draft.day);
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);

  auto found = find(asked, question, changed);
  size_t rows = 0;
  for (const auto& part : found)
    rows += part.rows.size();
  if (rows == 0) check_source(asked, moment, question.query.source);
  reserve(asked, memory_of(rows, question));

  draft.body.reserve(2048);
  const auto write = [&] {
    const auto after = next_after(question, found, write_rows(draft.body, asked, question, found));
    if (after.empty()) return;
    auto next = question.query;
    std::vector<std::pair<std::string, std::string>> more;
    // Rows in another order than that of periods are counted, so the pages must be of one moment.
    if (next.sort != query::Sort::period && !next.as_of) {
      next.as_of = std::max(asked.context.now, moment.commit().recorded_at);
      more.emplace_back("as_of", moment.zone(asked).text(*next.as_of));
    }
    more.emplace_back("cursor", query::cursor_of(next, after));
    draft.next = link_with(asked, more);
  };
  if (asked.format == Format::csv) {
    write();
  } else {
    draft.body += "{\"meta\":";
    Json meta(draft.body);
    write_meta(meta, asked, moment, question, *catalog, changed);
    draft.body += ",\"data\":";
    write();
    draft.body += ",\"next\":";
    Json(draft.body).text_or_null(draft.next);
    draft.body += "}";
  }
  found.clear();
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
