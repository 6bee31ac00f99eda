// Departments and their task sheets: what the plans ask of each, as lead and as responsible.
#include "base/printable.hpp"
#include "http/board.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kepu::http {
namespace {

enum class Role : uint8_t { lead, responsible };

std::string_view name_of(Role role) { return role == Role::lead ? "lead" : "responsible"; }

// How one department comes to a clause or target; nullptr: it does not.
struct Task {
  Role role = Role::lead;
  const model::Named* named = nullptr;
};
Task task_of(const model::Tasked& tasked, const std::string& department) {
  for (const auto role : {Role::lead, Role::responsible}) {
    const auto& all = role == Role::lead ? tasked.lead : tasked.responsible;
    const auto found = std::ranges::find(all, department, &model::Named::department);
    if (found != all.end()) return {role, &*found};
  }
  return {};
}

// What a department has to do with a clause: the targets that it is tasked with, or the clause itself where it has none
// of them.
struct Line {
  const model::Plan* plan;
  const model::Clause* clause;
  const model::Target* target; // nullptr: a clause without a number, or whose numbers are others'
  Role role;
  std::string through; // code of the body that stands for it
  bool provisional;
};

std::vector<Line> lines_of(const model::Catalog& catalog, const std::string& department) {
  std::vector<Line> out;
  for (const auto& plan : catalog.plans) {
    for (const auto& clause : plan.clauses) {
      const size_t before = out.size();
      const auto add = [&](const model::Target* target, const model::Tasked& tasked) {
        const auto task = task_of(tasked, department);
        if (task.named)
          out.push_back({&plan, &clause, target, task.role, task.named->through, task.named->provisional});
      };
      for (const auto& target : plan.targets) {
        if (target.clause == clause.id)
          add(&target, model::tasked(catalog.departments, target.lead, target.responsible));
      }
      if (out.size() == before) add(nullptr, model::tasked(catalog.departments, clause.lead, clause.responsible));
    }
  }
  std::ranges::stable_sort(out, {}, &Line::role);
  return out;
}

} // namespace

Response departments(const Asked& asked) {
  asked.params.allow_only(with_common({"on", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const std::vector<std::string> columns{
      "department",          "name",    "area",     "lead_clauses", "lead_targets", "responsible_clauses",
      "responsible_targets", "reached", "on_track", "behind",       "unknown"};
  return answer_rows(asked, board, moment, columns, [&](RowWriter& rows) {
    std::map<const model::Target*, plan::Status> statuses; // each asked once
    for (const auto& plan : board.catalog().plans) {
      for (const auto& target : plan.targets)
        statuses.emplace(&target, board.row(plan, target).progress.status);
    }
    for (const auto& department : board.catalog().departments.all()) {
      std::set<const model::Clause*> clauses[2];
      uint64_t targets[2] = {0, 0};
      Tally tally; // of what it leads
      for (const auto& line : lines_of(board.catalog(), department.code)) {
        const auto role = static_cast<size_t>(line.role);
        clauses[role].insert(line.clause);
        targets[role] += line.target != nullptr;
        if (line.target && line.role == Role::lead) tally.add(statuses.at(line.target));
      }
      rows.text(department.code);
      rows.text(board.text_of(department.name));
      rows.text_or_null(department.area);
      for (size_t role = 0; role < 2; ++role) {
        rows.number(clauses[role].size());
        rows.number(targets[role]);
      }
      rows.number(tally.reached);
      rows.number(tally.on_track);
      rows.number(tally.behind);
      rows.number(tally.unknown);
    }
  });
}

Response department(const Asked& asked) {
  asked.params.allow_only(with_common({"on", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const auto code = department_asked(board.catalog(), asked.id, "");
  std::vector<std::string> columns{"department", "role",    "through", "through_name", "provisional",
                                   "plan",       "section", "clause",  "title",        "text"};
  columns.insert(columns.end(), target_columns().begin(), target_columns().end());
  return answer_rows(asked, board, moment, columns, [&](RowWriter& rows) {
    for (const auto& line : lines_of(board.catalog(), code)) {
      const auto* section = line.plan->section(line.clause->section);
      const auto* body = board.catalog().departments.body(line.through);
      rows.text(code);
      rows.text(name_of(line.role));
      rows.text_or_null(line.through);
      rows.text_or_null(body ? board.text_of(body->name) : "");
      rows.literal(line.provisional ? "true" : "false");
      rows.text(line.plan->id);
      rows.text_or_null(section ? board.text_of(section->name) : "");
      rows.text(line.clause->id);
      rows.text(board.text_of(line.clause->title));
      rows.text(line.target ? line.target->quote : line.clause->text);
      line.target ? write_target(rows, board, board.row(*line.plan, *line.target)) : write_no_target(rows);
    }
  });
}

} // namespace kepu::http
