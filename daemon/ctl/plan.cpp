// The plan as a board: targets with bars, one target, departments with their task sheets.
#include "base/percent.hpp"
#include "base/printable.hpp"
#include "ctl/json.hpp"
#include "ctl/remote.hpp"
#include "ctl/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <ostream>

namespace kepu::ctl {
namespace json = boost::json;
namespace {

constexpr size_t usual_bar = 20; // cells
// Of a terminal narrower than that, rows leave out what the target's own page has, and bars are half as long; of one
// narrower still the names, too.
constexpr size_t narrow = 170;
constexpr size_t very_narrow = 110;

struct StatusWords {
  const char* zh;
  const char* en;
  Tint tint;
};
const StatusWords& words_of(const std::string& status) {
  static const std::map<std::string, StatusWords, std::less<>> all{
      {"achieved", {"已达到", "achieved", Tint::good}},
      {"met", {"完成", "met", Tint::good}},
      {"met_with_confidence", {"确信完成", "met with confidence", Tint::good}},
      {"on_track", {"进度正常", "on track", Tint::good}},
      {"behind", {"落后", "behind", Tint::warning}},
      {"far_behind", {"严重落后", "far behind", Tint::bad}},
      {"not_met", {"未完成", "not met", Tint::bad}},
      {"cannot_tell", {"无法判断", "cannot tell", Tint::warning}},
      {"no_data", {"无数据", "no data", Tint::dim}},
      {"not_begun", {"未开始", "not begun", Tint::dim}}};
  static const StatusWords unknown{"?", "?", Tint::none};
  const auto found = all.find(status);
  return found == all.end() ? unknown : found->second;
}

std::optional<double> real(const json::object& in, std::string_view key) {
  const auto* value = in.if_contains(key);
  if (!value || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

// How much is reached, and a mark where it should be by now: "██████░░░│░░".
std::string bar_of(const std::optional<double>& reached, const std::optional<double>& expected,
                   size_t bar_cells = usual_bar) {
  if (!reached) return "";
  const auto cells = [&](double share) {
    return static_cast<size_t>(std::floor(std::clamp(share, 0.0, 1.0) * static_cast<double>(bar_cells)));
  };
  const size_t full = cells(*reached);
  const size_t mark = expected ? std::min(cells(*expected), bar_cells - 1) : bar_cells;
  std::string out;
  for (size_t i = 0; i < bar_cells; ++i)
    out += i < full ? "█" : i == mark ? "│" : "░";
  return out;
}

// "≥ 30", "> 18 (≥ 20)".
std::string floor_of(const json::object& row) {
  const auto floor = text(row, "floor");
  if (floor.empty()) return text(row, "target").empty() ? "" : "all";
  auto out = (text(row, "comparator") == ">" ? "> " : "≥ ") + floor;
  if (const auto stretch = text(row, "stretch"); !stretch.empty()) out += " (≥ " + stretch + ")";
  return out;
}

// People read two decimals: "26.13" of a share with six.
std::string rounded(const json::object& row, std::string_view key) {
  const auto out = text(row, key);
  const auto point = out.find('.');
  const auto number = real(row, key);
  return point == out.npos || out.size() <= point + 3 || !number ? out : fmt::format("{:.2f}", *number);
}

// A sentence under the board: how many stand how.
std::string tally_of(const std::vector<json::object>& rows, bool chinese) {
  const char* order[] = {"met_with_confidence", "met",     "achieved",    "on_track", "behind",
                         "far_behind",          "not_met", "cannot_tell", "no_data",  "not_begun"};
  std::string out;
  size_t all = 0;
  for (const auto* status : order) {
    const auto count = std::ranges::count_if(rows, [&](const auto& row) { return text(row, "status") == status; });
    if (count == 0) continue;
    all += static_cast<size_t>(count);
    const auto& words = words_of(status);
    out += (out.empty() ? ""
            : chinese   ? "，"
                        : ", ") +
           std::string(chinese ? words.zh : words.en) + " " + std::to_string(count);
  }
  return (chinese ? "目标 " : "targets ") + std::to_string(all) + (out.empty() ? "" : (chinese ? "：" : ": ") + out);
}

// How a row tells of a target: what every board has, in the room that there is.
class TargetColumns {
public:
  TargetColumns(size_t room, bool chinese)
      : is_narrow_(room > 0 && room < narrow), has_names_(room == 0 || room >= very_narrow), chinese_(chinese) {}

  std::vector<Column> titles() const {
    if (is_narrow_) return {{"VALUE", true}, {"FLOOR"}, {"REACHED"}, {"STATUS"}};
    return {{"VALUE", true}, {"FLOOR"}, {"UNIT"}, {"REACHED │ EXPECTED"}, {"PACE", true}, {"STATUS"}};
  }
  std::vector<Cell> cells(const json::object& row) const {
    const auto& words = words_of(text(row, "status"));
    const bool is_target = !text(row, "target").empty();
    auto told = is_target ? std::string(chinese_ ? words.zh : words.en) : std::string();
    if (const auto stretch = text(row, "stretch_status"); !stretch.empty() && !is_narrow_) {
      const auto& apart = words_of(stretch);
      told += std::string(chinese_ ? "；力争 " : "; stretch ") + (chinese_ ? apart.zh : apart.en);
    }
    const auto bar = bar_of(real(row, "reached"), real(row, "expected"), is_narrow_ ? usual_bar / 2 : usual_bar);
    if (is_narrow_) return {{rounded(row, "value")}, {floor_of(row)}, {bar, words.tint}, {told, words.tint}};
    return {{rounded(row, "value")}, {floor_of(row)},        {text(row, "unit")},
            {bar, words.tint},       {rounded(row, "pace")}, {told, words.tint}};
  }
  bool is_narrow() const { return is_narrow_; }
  bool has_names() const { return has_names_; }

private:
  bool is_narrow_;
  bool has_names_;
  bool chinese_;
};

template <class T> void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

} // namespace

int Remote::targets(const Parameters& parameters, bool csv, bool ids) {
  if (csv) return this->csv("/api/v1/targets", parameters);
  return list(with("/api/v1/targets", parameters), ids ? &Remote::show_target_ids : &Remote::show_targets);
}

int Remote::target(const std::string& id, const Parameters& parameters, bool csv) {
  const auto path = "/api/v1/targets/" + percent_encoded(id);
  return csv ? this->csv(path, parameters) : list(with(path, parameters), &Remote::show_target);
}

int Remote::departments(const Parameters& parameters, bool csv) {
  return csv ? this->csv("/api/v1/departments", parameters)
             : list(with("/api/v1/departments", parameters), &Remote::show_departments);
}

int Remote::task_sheet(const std::string& department, const Parameters& parameters, bool csv) {
  const auto path = "/api/v1/departments/" + percent_encoded(department);
  return csv ? this->csv(path, parameters) : list(with(path, parameters), &Remote::show_task_sheet);
}

int Remote::completeness(const Parameters& parameters, bool csv, bool detail) {
  const std::string path = "/api/v1/completeness";
  if (csv) return this->csv(path, parameters);
  if (detail || manner_.json) return list(with(path, parameters), &Remote::show_returns);
  auto counted = parameters;
  counted.emplace_back("by", "department,source");
  if (const int exit = list(with(path, counted), &Remote::show_deliveries); exit != ok) return exit;
  for (const char* status : {"missing", "late"}) {
    auto amiss = parameters;
    amiss.emplace_back("status", status);
    const auto body = take(client_.get(with(path, amiss)));
    if (!body) return exit_;
    const auto rows = rows_of(*body);
    if (!rows) return not_understood();
    if (rows->empty()) continue;
    console_.out << "\n";
    show_returns(*body);
  }
  return ok;
}

int Remote::show_target_ids(const std::string& body) {
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  for (const auto& row : *rows)
    console_.out << printable(text(row, "target")) << "\n";
  return ok;
}

int Remote::show_targets(const std::string& body) {
  const auto rows = rows_of(body);
  const auto answer = object_in(body);
  const auto* meta = answer ? object(*answer, "meta") : nullptr;
  if (!rows || !meta) return not_understood();
  if (rows->empty()) {
    console_.err << "No plan of the catalog has such targets.\n";
    return ok;
  }
  const bool chinese = console_.chinese;
  console_.out << printable(tally_of(*rows, chinese)) << "  (" << printable(text(*meta, "day")) << ")\n";
  const TargetColumns columns(room(), chinese);
  std::vector<Column> titles{{"TARGET"}};
  if (columns.has_names()) titles.emplace_back("NAME");
  if (!columns.is_narrow()) titles.emplace_back("PERIOD");
  append(titles, columns.titles());
  if (!columns.is_narrow()) titles.emplace_back("LEAD");
  return show_table(body, std::move(titles), [&](const json::object& row) {
    std::vector<Cell> out{{text(row, "target")}};
    if (columns.has_names()) out.push_back({text(row, "name")});
    if (!columns.is_narrow()) out.push_back({text(row, "period")});
    append(out, columns.cells(row));
    if (!columns.is_narrow()) out.push_back({text(row, "lead")});
    return out;
  });
}

int Remote::show_target(const std::string& body) {
  const auto answer = object_in(body);
  const auto* data = answer ? object(*answer, "data") : nullptr;
  const auto* clause = data ? object(*data, "clause") : nullptr;
  const auto* inputs = data ? array(*data, "inputs") : nullptr;
  const auto* years = data ? array(*data, "years") : nullptr;
  if (!clause || !inputs || !years) return not_understood();
  const bool chinese = console_.chinese;
  const auto status = [&](const json::object& of) {
    const auto& words = words_of(text(of, "status"));
    return tinted(chinese ? words.zh : words.en, words.tint, manner_.color);
  };
  console_.out << printable(text(*data, "id") + "  " + text(*data, "name") + " [" + text(*data, "unit_name") + "]")
               << "  " << status(*data) << "\n"
               << printable(text(*clause, "id") + " " + text(*clause, "title") + "：" + text(*data, "quote")) << "\n\n";
  Table table({{"INDICATOR"},
               {"PERIOD"},
               {"VALUE", true},
               {"FLOOR"},
               {"REACHED │ EXPECTED"},
               {"PACE", true},
               {"FACTS", true},
               {"STATUS"}});
  const auto add = [&](const json::value& one) {
    const auto* span = one.if_object();
    const auto* floor = span ? object(*span, "floor") : nullptr;
    if (!floor) return;
    const auto from = text(*span, "from"), to = text(*span, "to");
    const auto required = text(*floor, "required");
    const auto& words = words_of(text(*floor, "status"));
    table.add({{text(*span, "indicator")},
               {from == to ? from : from + "/" + to},
               {rounded(*span, "value")},
               {required.empty() ? "all" : (text(*floor, "comparator") == ">" ? "> " : "≥ ") + required},
               {bar_of(real(*floor, "reached"), real(*span, "expected")), words.tint},
               {rounded(*floor, "pace")},
               {text(*span, "value").empty() ? "" : text(*span, "n")},
               {chinese ? words.zh : words.en, words.tint}});
  };
  for (const auto& one : years->empty() ? *inputs : *years)
    add(one);
  console_.out << table.text(room(), manner_.color);
  for (const auto& one : *inputs) {
    const auto* input = one.if_object();
    const auto* missing = input ? array(*input, "missing") : nullptr;
    if (!missing || missing->empty()) continue;
    console_.out << "\n" << (chinese ? "尚缺 " : "missing ") << number(*input, "missing_entries") << ":\n";
    for (const auto& entry : *missing)
      if (entry.is_object())
        console_.out << "  " << printable(text(entry.as_object(), "code") + " " + text(entry.as_object(), "name"))
                     << "\n";
  }
  for (const auto& [key, zh, en] :
       {std::tuple{"lead", "牵头单位", "lead"}, {"responsible", "责任单位", "responsible"}}) {
    const auto* all = array(*data, key);
    if (!all || all->empty()) continue;
    std::string names;
    for (const auto& one : *all)
      if (one.is_object())
        names += (names.empty() ? ""
                  : chinese     ? "、"
                                : "; ") +
                 text(one.as_object(), "name") + (is_true(one.as_object(), "provisional") ? "*" : "");
    console_.out << "\n" << (chinese ? zh : en) << (chinese ? "：" : ": ") << printable(names) << "\n";
    if (names.find('*') != names.npos)
      console_.out << (chinese ? "* 名单为暂定" : "* by a list that is provisional") << "\n";
  }
  const auto since = text(*data, "recorded_at");
  console_.out << "\n"
               << printable(text(*data, "formula"))
               << (since.empty() ? "" : (chinese ? "，数据时间 " : ", data of ") + printable(short_time(since)))
               << "\n";
  return ok;
}

int Remote::show_departments(const std::string& body) {
  return show_table(body,
                    {{"DEPARTMENT"},
                     {"NAME"},
                     {"LEADS CLAUSES", true},
                     {"TARGETS", true},
                     {"RESPONSIBLE FOR", true},
                     {"TARGETS", true},
                     {"REACHED", true},
                     {"ON TRACK", true},
                     {"BEHIND", true},
                     {"UNKNOWN", true}},
                    [](const json::object& row) -> std::vector<Cell> {
                      const auto count = [&](std::string_view key, Tint tint = Tint::none) {
                        return Cell{text(row, key), number(row, key) == 0 ? Tint::dim : tint};
                      };
                      return {{text(row, "department")},    {text(row, "name")},
                              count("lead_clauses"),        count("lead_targets"),
                              count("responsible_clauses"), count("responsible_targets"),
                              count("reached", Tint::good), count("on_track", Tint::good),
                              count("behind", Tint::bad),   count("unknown", Tint::warning)};
                    });
}

int Remote::show_task_sheet(const std::string& body) {
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  const bool chinese = console_.chinese;
  if (rows->empty()) {
    console_.err << "No plan asks anything of it.\n";
    return ok;
  }
  console_.out << printable(tally_of(*rows, chinese)) << "\n";
  const TargetColumns columns(room(), chinese);
  std::vector<Column> titles{{"ROLE"}, {"CLAUSE"}, {"TARGET"}};
  append(titles, columns.titles());
  titles.emplace_back("WORDING");
  return show_table(body, std::move(titles), [&](const json::object& row) {
    const bool lead = text(row, "role") == "lead";
    auto role = std::string(lead ? (chinese ? "牵头" : "lead") : chinese ? "责任" : "responsible");
    if (is_true(row, "provisional")) role += "*";
    const auto name = text(row, "name");
    std::vector<Cell> out{
        {role, lead ? Tint::good : Tint::none}, {text(row, "clause")}, {name.empty() ? text(row, "title") : name}};
    append(out, columns.cells(row));
    out.push_back({text(row, "text")});
    return out;
  });
}

int Remote::show_deliveries(const std::string& body) {
  return show_table(body,
                    {{"DEPARTMENT"},
                     {"SOURCE"},
                     {"OWED", true},
                     {"ON TIME", true},
                     {"LATE", true},
                     {"MISSING", true},
                     {"NOT YET DUE", true}},
                    [](const json::object& row) -> std::vector<Cell> {
                      const auto count = [&](std::string_view key, Tint tint) {
                        return Cell{text(row, key), number(row, key) == 0 ? Tint::dim : tint};
                      };
                      return {
                          {text(row, "department")},       {text(row, "source")},        {text(row, "owed")},
                          count("on_time", Tint::good),    count("late", Tint::warning), count("missing", Tint::bad),
                          count("not_yet_due", Tint::none)};
                    });
}

int Remote::show_returns(const std::string& body) {
  return show_table(body, {{"RETURN"}, {"PERIOD"}, {"DUE"}, {"STATUS"}, {"ARRIVED"}, {"DEPARTMENT"}, {"NAME"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      const auto status = text(row, "status");
                      const auto tint = status == "on_time"   ? Tint::good
                                        : status == "late"    ? Tint::warning
                                        : status == "missing" ? Tint::bad
                                                              : Tint::dim;
                      return {{text(row, "return")},
                              {text(row, "period")},
                              {text(row, "due")},
                              {status, tint},
                              {short_time(text(row, "arrived_at"))},
                              {text(row, "department_name")},
                              {text(row, "name")}};
                    });
}

} // namespace kepu::ctl
