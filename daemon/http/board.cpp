#include "http/board.hpp"

#include "http/question.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace kepu::http {
namespace {

plan::Figure figure_of(const query::Observations& answer, const query::Observation& row) {
  plan::Figure out;
  out.period = row.period;
  out.value = row.value;
  out.scale = answer.scale;
  out.is_known = row.is_known;
  out.n = row.n;
  const auto measure = answer.indicator->measure;
  if (measure == model::Measure::share || measure == model::Measure::each) {
    out.counted = row.numerator;
    out.entries = row.denominator;
  }
  if (row.survey && std::isfinite(row.survey->interval_low) && std::isfinite(row.survey->interval_high))
    out.interval = plan::Interval{row.survey->interval_low, row.survey->interval_high};
  return out;
}

// The part of it that its status follows from: of several as bad ones the one of which least is reached.
const plan::Judged* deciding(const plan::Progress& progress) {
  const plan::Judged* out = nullptr;
  for (const auto* all : {&progress.now, &progress.years}) {
    for (const auto& one : *all) {
      if (one.floor.status == progress.status && (!out || one.floor.reached < out->floor.reached)) out = &one;
    }
    if (out) return out;
  }
  return progress.now.empty() ? nullptr : &progress.now.front();
}

std::string_view kind_name(model::TargetKind kind) {
  constexpr std::array<std::string_view, 6> all{"annual", "cumulative", "stock", "coverage", "each", "survey"};
  return all[static_cast<size_t>(kind)];
}

} // namespace

Board::Board(const Asked& asked, const Moment& moment)
    : asked_(asked), moment_(moment), catalog_(asked.reader.catalog()), zone_(moment.zone(asked)),
      on_(day_asked(asked, moment.today(asked))), today_(on_.value_or(moment.today(asked))),
      lang_(asked.params.word("lang", {"zh", "en"}).value_or("zh")) {}

query::ObservationQuery Board::query_of(const model::Plan& plan, const plan::Question& question) const {
  query::ObservationQuery out;
  out.indicator = question.indicator;
  out.freq = question.from.freq;
  out.from = question.from;
  out.to = question.to;
  out.as_of = moment_.then();
  out.today = today_;
  // A target's due day cuts a longer period short, as the day that is held as now does.
  if (question.until < question.to.last_day()) out.until = question.until;
  if (on_ && (!out.until || *on_ < *out.until)) out.until = on_;
  if (out.until) out.today = std::min(today_, *out.until);
  out.limit = query::max_limit;
  // All of the hub is of the root: also what no area is told of.
  const auto* area = catalog_->areas.find(plan.area);
  if (area && !area->parent.empty()) out.area = plan.area;
  return out;
}

BoardRow Board::row(const model::Plan& plan, const model::Target& target) const {
  BoardRow out;
  out.plan = &plan;
  out.target = &target;
  std::vector<std::vector<plan::Figure>> figures;
  for (const auto& question : plan::questions(*catalog_, plan, target, today_)) {
    const auto query = query_of(plan, question);
    const auto found = query::observe_within(asked_.reader, moment_.commit(), query);
    if (!found) refuse(found.error(), query, "as_of");
    auto& of_one = figures.emplace_back();
    for (const auto& one : found->rows)
      of_one.push_back(figure_of(*found, one));
  }
  for (const auto& id : target.indicators) {
    const auto changed = take(query::last_change(asked_.reader, *catalog_, id));
    if (changed.seq > out.changed.seq) out.changed = changed;
  }
  out.progress = plan::progress(*catalog_, plan, target, figures, today_);
  return out;
}

std::vector<MissingEntry> Board::missing(const BoardRow& row, const plan::Judged& judged, size_t most,
                                         size_t& all) const {
  all = 0;
  const auto* indicator = catalog_->indicator(judged.indicator);
  if (!indicator || indicator->entries.empty()) return {};
  auto query = query_of(*row.plan, {judged.indicator, judged.from, judged.to, row.target->due});
  query.by = {indicator->entries};
  const auto found = query::observe_within(asked_.reader, moment_.commit(), query);
  if (!found) refuse(found.error(), query, "as_of");
  const auto entries = catalog_->registers.find(indicator->entries);
  std::vector<MissingEntry> out;
  for (const auto& one : found->rows) {
    if (one.numerator >= one.denominator) continue;
    if (++all > most) continue;
    const auto& code = found->by(one).front();
    const model::Label* name = nullptr;
    if (entries == catalog_->registers.end()) {
      const auto* area = catalog_->areas.find(code);
      name = area ? &area->name : nullptr;
    } else {
      const auto* entry = entries->second.find(code);
      name = entry ? &entry->name : nullptr;
    }
    out.push_back({code, name ? text_of(*name) : ""});
  }
  return out;
}

const std::string& Board::text_of(const model::Label& label) const { return in_language(label, lang_); }

std::string Board::names_of(const std::vector<std::string>& codes) const {
  std::string out;
  for (const auto& code : codes) {
    const auto* department = catalog_->departments.find(code);
    const auto* body = department ? nullptr : catalog_->departments.body(code);
    if (!out.empty()) out += lang_ == "en" ? "; " : "、";
    out += department ? text_of(department->name) : body ? text_of(body->name) : code;
  }
  return out;
}

Draft Board::draft() const {
  Draft out;
  if (!moment_.then() && !on_) out.day = today_;
  out.etag = etag_of(asked_, moment_, moment_.commit().seq, out.day);
  return out;
}

void Board::write_meta(Json& json) const {
  json.object();
  write_notice(json, asked_);
  moment_.echo(json, asked_);
  json.key("day").text(model::day_text(today_)).key("lang").text(lang_).key("time_zone").text(zone_.name());
  json.key("commit").number(moment_.commit().seq);
  json.key("recorded_at").text_or_null(moment_.commit().seq == 0 ? "" : zone_.text(moment_.commit().recorded_at));
  json.end_object();
}

const std::vector<std::string>& target_columns() {
  static const std::vector<std::string> all{
      "target",        "name",   "kind",    "indicator", "period", "value",       "unit",           "comparator",
      "floor",         "status", "reached", "expected",  "pace",   "stretch",     "stretch_status", "interval_low",
      "interval_high", "n",      "due",     "group",     "lead",   "responsible", "recorded_at",    "formula"};
  return all;
}

void write_no_target(RowWriter& rows) {
  for (size_t i = 0; i < target_columns().size(); ++i)
    rows.null();
}

void write_target(RowWriter& rows, const Board& board, const BoardRow& row) {
  const auto& target = *row.target;
  const auto* judged = deciding(row.progress);
  rows.text(target.id);
  rows.text(board.text_of(target.name));
  rows.text(kind_name(target.kind));
  rows.text_or_null(judged ? judged->indicator : target.indicators.front());
  // What is asked of a day or a year is told as such, what is added up by its two ends, as ISO 8601 writes them.
  rows.text_or_null(!judged                      ? ""
                    : judged->from == judged->to ? judged->from.text()
                                                 : judged->from.text() + "/" + judged->to.text());
  write_number(rows, judged ? judged->value : std::nullopt);
  const auto* unit = board.catalog().unit(target.unit);
  rows.text(unit ? board.text_of(unit->name) : target.unit);
  rows.text(target.above ? ">" : ">=");
  if (target.floor)
    rows.literal(*target.floor);
  else
    write_number(rows, judged ? judged->floor.required : std::nullopt);
  rows.text(plan::word(row.progress.status));
  write_share(rows, judged ? judged->floor.reached : std::nullopt);
  write_share(rows, judged ? judged->expected : std::nullopt);
  write_share(rows, judged ? judged->floor.pace : std::nullopt);
  target.stretch ? rows.literal(*target.stretch) : rows.null();
  rows.text_or_null(row.progress.stretch ? plan::word(*row.progress.stretch) : std::string_view());
  const bool has_interval = judged && judged->interval;
  write_share(rows, has_interval ? std::optional(judged->interval->low) : std::nullopt);
  write_share(rows, has_interval ? std::optional(judged->interval->high) : std::nullopt);
  judged && judged->value ? rows.number(judged->n) : rows.null();
  rows.text(model::day_text(target.due));
  rows.text_or_null(target.group);
  rows.text_or_null(board.names_of(target.lead));
  rows.text_or_null(board.names_of(target.responsible));
  rows.text_or_null(row.changed.seq == 0 ? "" : board.zone().text(row.changed.recorded_at));
  rows.text_or_null(row.progress.formula);
}

void write_number(RowWriter& rows, const std::optional<plan::Number>& number) {
  number ? rows.decimal(number->value, number->scale) : rows.null();
}

std::string share_text(double share) {
  constexpr double almost_all = 0.9999; // what is not all is not told as 1.0000
  if (share > almost_all && share < 1) share = almost_all;
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), share, std::chars_format::fixed, 4);
  return end.ec == std::errc{} ? std::string(text.data(), end.ptr) : "null";
}

void write_share(RowWriter& rows, const std::optional<double>& share) {
  const auto text = share ? share_text(*share) : "null";
  text == "null" ? rows.null() : rows.literal(text);
}

void Tally::add(plan::Status status) {
  switch (status) {
  case plan::Status::achieved:
  case plan::Status::met:
  case plan::Status::met_with_confidence:
    ++reached;
    return;
  case plan::Status::on_track:
    ++on_track;
    return;
  case plan::Status::behind:
  case plan::Status::far_behind:
  case plan::Status::not_met:
    ++behind;
    return;
  case plan::Status::no_data:
  case plan::Status::cannot_tell:
  case plan::Status::not_begun:
    ++unknown;
    return;
  }
}

Response answer_rows(const Asked& asked, const Board& board, const Moment& moment,
                     const std::vector<std::string>& columns, const std::function<void(RowWriter&)>& write) {
  Draft draft = board.draft();
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);
  const bool csv = asked.format == Format::csv;
  if (!csv) {
    draft.body += "{\"meta\":";
    Json json(draft.body);
    board.write_meta(json);
    draft.body += ",\"data\":";
  }
  RowWriter rows(draft.body, asked.format, columns, asked.excel);
  write(rows);
  rows.finish();
  if (!csv) draft.body += "}";
  return finish(asked, std::move(draft), moment.commit().seq);
}

} // namespace kepu::http
