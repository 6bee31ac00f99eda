// Plans and their targets.
#include "base/printable.hpp"
#include "http/board.hpp"
#include "http/question.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

const std::vector<std::string> statuses{"no_data", "not_begun",  "achieved", "on_track",
                                        "behind",  "far_behind", "met",      "met_with_confidence",
                                        "not_met", "cannot_tell"};

// Which targets are asked for. Codes are those of the catalog; empty: all.
struct Filter {
  std::string plan, clause, department, group, indicator, kind, status;
  bool lead_only = false;

  bool takes(const model::Departments& departments, const model::Plan& of, const model::Target& target) const {
    if (!plan.empty() && of.id != plan) return false;
    if (!clause.empty() && target.clause != clause) return false;
    if (!group.empty() && target.group != group) return false;
    if (!indicator.empty() && std::ranges::find(target.indicators, indicator) == target.indicators.end()) return false;
    if (department.empty()) return true;
    const auto tasked = model::tasked(departments, target.lead, target.responsible);
    const auto has = [&](const auto& all) {
      return std::ranges::find(all, department, &model::Named::department) != all.end();
    };
    return has(tasked.lead) || (!lead_only && has(tasked.responsible));
  }
};

// One of what the plans have; refuses a word that none of them has.
std::string known_word(const Asked& asked, std::string_view parameter, const std::vector<std::string>& known) {
  const auto word = asked.params.text(parameter);
  if (!word || std::ranges::find(known, *word) != known.end()) return word.value_or("");
  throw Refused{"bad_parameter",
                "no plan has a " + std::string(parameter) + " " + in_quotes(*word) + did_you_mean(*word, known),
                "/api/v1/targets without parameters shows what there is",
                std::string(parameter),
                {}};
}

Filter filter_of(const Asked& asked, const model::Catalog& catalog) {
  std::vector<std::string> plans, clauses, groups;
  for (const auto& plan : catalog.plans) {
    plans.push_back(plan.id);
    for (const auto& one : plan.clauses)
      clauses.push_back(one.id);
    for (const auto& one : plan.groups)
      groups.push_back(one.id);
  }
  Filter out;
  out.plan = known_word(asked, "plan", plans);
  out.clause = known_word(asked, "clause", clauses);
  out.group = known_word(asked, "group", groups);
  out.status = asked.params.word("status", statuses).value_or("");
  if (const auto indicator = asked.params.text("indicator")) {
    if (!catalog.indicator(*indicator))
      throw Refused{"unknown_indicator",
                    "no indicator " + in_quotes(*indicator) + did_you_mean(*indicator, catalog.indicator_ids()),
                    "/api/v1/indicators lists them",
                    "indicator",
                    {}};
    out.indicator = *indicator;
  }
  if (const auto word = asked.params.text("department"))
    out.department = department_asked(catalog, *word, "department");
  out.lead_only = asked.params.word("role", {"lead", "any"}).value_or("any") == "lead";
  return out;
}

void write_number(Json& json, const std::optional<plan::Number>& number) {
  if (!number) {
    json.null();
    return;
  }
  std::string text;
  append_decimal(text, number->value, number->scale);
  json.raw(text);
}

void write_share(Json& json, const std::optional<double>& share) { share ? json.raw(share_text(*share)) : json.null(); }

void write(Json& json, std::string_view key, const plan::Judgement& judged, std::string_view comparator) {
  json.key(key).object().key("comparator").text(comparator).key("required");
  write_number(json, judged.required);
  json.key("status").text(plan::word(judged.status)).key("reached");
  write_share(json, judged.reached);
  json.key("pace");
  write_share(json, judged.pace);
  json.end_object();
}

// Members of one indicator in one span of time.
void write(Json& json, const model::Target& target, const plan::Judged& judged) {
  json.key("indicator").text(judged.indicator);
  json.key("from").text(judged.from.text()).key("to").text(judged.to.text());
  json.key("value");
  write_number(json, judged.value);
  if (judged.entries > 0) {
    json.key("counted").number(static_cast<uint64_t>(judged.counted));
    json.key("entries").number(static_cast<uint64_t>(judged.entries));
  }
  if (judged.interval) {
    json.key("interval").object().key("low").raw(share_text(judged.interval->low));
    json.key("high").raw(share_text(judged.interval->high)).end_object();
  }
  json.key("n").number(judged.n).key("closed").boolean(judged.is_closed).key("expected");
  write_share(json, judged.expected);
  write(json, "floor", judged.floor, target.above ? ">" : ">=");
  if (judged.stretch) write(json, "stretch", *judged.stretch, ">=");
}

void write(Json& json, std::string_view key, const Board& board, const std::vector<model::Named>& all) {
  json.key(key).array();
  for (const auto& one : all) {
    const auto* department = board.catalog().departments.find(one.department);
    json.object().key("code").text(one.department);
    json.key("name").text(department ? board.text_of(department->name) : one.department);
    json.key("through").text_or_null(one.through).key("provisional").boolean(one.provisional).end_object();
  }
  json.end_array();
}

void write_missing(Json& json, const Board& board, const BoardRow& row, const plan::Judged& judged) {
  constexpr size_t most = 1000; // of a register; /observations with by= has them all
  size_t all = 0;
  const auto missing = board.missing(row, judged, most, all);
  json.key("missing").array();
  for (const auto& one : missing)
    json.object().key("code").text(one.code).key("name").text_or_null(one.name).end_object();
  json.end_array().key("missing_entries").number(all);
}

void write(Json& json, const Asked& asked, const Board& board, const BoardRow& row) {
  const auto& target = *row.target;
  const auto* clause = row.plan->clause(target.clause);
  const auto* section = clause ? row.plan->section(clause->section) : nullptr;
  const auto* group = row.plan->group(target.group);
  const auto* unit = board.catalog().unit(target.unit);
  json.object().key("id").text(target.id).key("name").text(board.text_of(target.name));
  json.key("plan").text(row.plan->id);
  json.key("clause").object().key("id").text(target.clause);
  json.key("title").text_or_null(clause ? board.text_of(clause->title) : "");
  json.key("text").text_or_null(clause ? clause->text : "").end_object();
  json.key("section").text_or_null(section ? board.text_of(section->name) : "");
  json.key("quote").text(target.quote);
  json.key("group").text_or_null(target.group).key("group_name").text_or_null(group ? board.text_of(group->name) : "");
  json.key("unit").text(target.unit).key("unit_name").text_or_null(unit ? board.text_of(unit->name) : "");
  json.key("due").text(model::day_text(target.due)).key("profile").text_or_null(target.profile);
  json.key("status").text(plan::word(row.progress.status));
  json.key("stretch_status")
      .text_or_null(row.progress.stretch ? plan::word(*row.progress.stretch) : std::string_view());
  json.key("formula").text_or_null(row.progress.formula);
  json.key("recorded_at").text_or_null(row.changed.seq == 0 ? "" : board.zone().text(row.changed.recorded_at));
  json.key("inputs").array();
  for (const auto& judged : row.progress.now) {
    json.object();
    write(json, target, judged);
    const bool of_entries = target.kind == model::TargetKind::coverage || target.kind == model::TargetKind::each;
    if (of_entries && judged.value) write_missing(json, board, row, judged);
    json.key("observations")
        .text("/api/v1/observations?indicator=" + judged.indicator + "&freq=" + model::letter(judged.from.freq) +
              "&from=" + judged.from.text() + "&to=" + judged.to.text() + same_moment(asked));
    json.key("explain").text("/api/v1/explain?indicator=" + judged.indicator + "&period=" + judged.to.text() +
                             same_moment(asked));
    json.end_object();
  }
  json.end_array().key("years").array();
  for (const auto& judged : row.progress.years) {
    json.object();
    write(json, target, judged);
    json.end_object();
  }
  json.end_array();
  const auto tasked = model::tasked(board.catalog().departments, target.lead, target.responsible);
  write(json, "lead", board, tasked.lead);
  write(json, "responsible", board, tasked.responsible);
  json.end_object();
}

// The spans that a target is judged by, as rows.
void write_spans(RowWriter& rows, const Board& board, const BoardRow& row) {
  const auto& spans = row.progress.years.empty() ? row.progress.now : row.progress.years;
  for (const auto& judged : spans) {
    rows.text(row.target->id);
    rows.text(board.text_of(row.target->name));
    rows.text(judged.indicator);
    rows.text(judged.from.text());
    rows.text(judged.to.text());
    write_number(rows, judged.value);
    rows.text(row.target->above ? ">" : ">=");
    write_number(rows, judged.floor.required);
    rows.text(plan::word(judged.floor.status));
    write_share(rows, judged.floor.reached);
    write_share(rows, judged.expected);
    write_share(rows, judged.floor.pace);
    judged.value ? rows.number(judged.n) : rows.null();
  }
}

} // namespace

std::string department_asked(const model::Catalog& catalog, const std::string& word, const std::string& parameter) {
  const auto code = catalog.departments.lookup(word);
  if (catalog.departments.find(code)) return code;
  const bool is_body = catalog.departments.body(code) != nullptr;
  throw Refused{"unknown_department",
                is_body ? in_quotes(word) + " stands for several departments"
                        : "no department " + in_quotes(word) + did_you_mean(word, catalog.departments.known_words()),
                "/api/v1/departments lists them",
                parameter,
                {}};
}

Response targets(const Asked& asked) {
  asked.params.allow_only(
      with_common({"plan", "clause", "department", "role", "group", "indicator", "status", "on", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const auto filter = filter_of(asked, board.catalog());
  std::vector<std::string> columns{"plan", "clause"};
  columns.insert(columns.end(), target_columns().begin(), target_columns().end());
  return answer_rows(asked, board, moment, columns, [&](RowWriter& rows) {
    for (const auto& plan : board.catalog().plans) {
      for (const auto& target : plan.targets) {
        if (!filter.takes(board.catalog().departments, plan, target)) continue;
        const auto row = board.row(plan, target);
        if (!filter.status.empty() && plan::word(row.progress.status) != filter.status) continue;
        rows.text(plan.id);
        rows.text(target.clause);
        write_target(rows, board, row);
      }
    }
  });
}

Response target(const Asked& asked) {
  asked.params.allow_only(with_common({"on", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const auto [plan, target] = board.catalog().target(asked.id);
  if (!target) {
    std::vector<std::string> known;
    for (const auto& one : board.catalog().plans) {
      for (const auto& other : one.targets)
        known.push_back(other.id);
    }
    throw Refused{"unknown_target",
                  "no target " + in_quotes(asked.id) + did_you_mean(asked.id, known),
                  "/api/v1/targets lists them",
                  "",
                  {}};
  }
  if (asked.format == Format::csv) {
    return answer_rows(
        asked, board, moment,
        {"target", "name", "indicator", "from", "to", "value", "comparator", "floor", "status", "reached", "expected",
         "pace", "n"},
        [&, plan = plan, target = target](RowWriter& rows) { write_spans(rows, board, board.row(*plan, *target)); });
  }
  Draft draft = board.draft();
  if (client_has(asked, draft.etag)) return not_modified(draft.etag);
  Json json(draft.body);
  json.object().key("meta");
  board.write_meta(json);
  json.key("data");
  write(json, asked, board, board.row(*plan, *target));
  json.end_object();
  return finish(asked, std::move(draft), moment.commit().seq);
}

Response plans(const Asked& asked) {
  asked.params.allow_only(with_common({"on", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const std::vector<std::string> columns{"plan",    "name",    "from",     "to",     "area",   "clauses",
                                         "targets", "reached", "on_track", "behind", "unknown"};
  return answer_rows(asked, board, moment, columns, [&](RowWriter& rows) {
    for (const auto& plan : board.catalog().plans) {
      Tally tally;
      for (const auto& target : plan.targets)
        tally.add(board.row(plan, target).progress.status);
      rows.text(plan.id);
      rows.text(board.text_of(plan.name));
      rows.text(model::day_text(plan.from));
      rows.text(model::day_text(plan.to));
      rows.text(plan.area);
      rows.number(plan.clauses.size());
      rows.number(plan.targets.size());
      rows.number(tally.reached);
      rows.number(tally.on_track);
      rows.number(tally.behind);
      rows.number(tally.unknown);
    }
  });
}

} // namespace kepu::http
