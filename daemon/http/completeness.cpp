// Expected returns: who owes which dataset for which period, and how each came.
#include "plan/completeness.hpp"
#include "base/printable.hpp"
#include "http/board.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace kepu::http {
namespace {

constexpr std::array all_deliveries{plan::Delivery::on_time, plan::Delivery::late, plan::Delivery::missing,
                                    plan::Delivery::not_yet_due};

struct Delivered {
  const model::Return* of;
  plan::Owed owed;
  plan::Delivery delivery;
  std::optional<store::CommitInfo> arrived;
};

std::vector<Delivered> deliveries(const Asked& asked, const Board& board, const model::Return& of) {
  const auto owed = plan::owed(of, board.today());
  std::vector<store::DaySpan> spans;
  for (const auto& one : owed)
    spans.push_back({one.period.first_day(), one.period.last_day()});
  const auto source = of.source.empty() ? std::nullopt : std::optional(of.source);
  const auto arrivals = take(asked.reader.arrivals(of.dataset, source, board.zone(), spans));
  std::vector<Delivered> out;
  for (size_t i = 0; i < owed.size(); ++i) {
    const auto& arrived = arrivals[i];
    const auto day = arrived ? std::optional(board.zone().day_at(arrived->recorded_at)) : std::nullopt;
    out.push_back({&of, owed[i], plan::delivery(owed[i], day, board.today()), arrived});
  }
  return out;
}

// What is asked for; empty: all.
struct Filter {
  std::string department, dataset, source, status;
  bool takes(const model::Return& of) const {
    return (department.empty() || of.department == department) && (dataset.empty() || of.dataset == dataset) &&
           (source.empty() || of.source == source);
  }
};

Filter filter_of(const Asked& asked, const model::Catalog& catalog) {
  Filter out;
  if (const auto word = asked.params.text("department"))
    out.department = department_asked(catalog, *word, "department");
  std::vector<std::string> words;
  for (const auto one : all_deliveries)
    words.emplace_back(plan::word(one));
  out.status = asked.params.word("status", words).value_or("");
  const auto known = [&](const char* parameter, auto member) -> std::string {
    const auto word = asked.params.text(parameter);
    if (!word) return {};
    std::vector<std::string> all;
    for (const auto& one : catalog.returns)
      all.push_back(one.*member);
    if (std::ranges::find(all, *word) == all.end())
      throw Refused{"bad_parameter",
                    "no return is of " + std::string(parameter) + " " + in_quotes(*word) + did_you_mean(*word, all),
                    "/api/v1/completeness without parameters shows what there is",
                    parameter,
                    {}};
    return *word;
  };
  out.dataset = known("dataset", &model::Return::dataset);
  out.source = known("source", &model::Return::source);
  return out;
}

std::string name_of(const Board& board, const std::string& department) {
  const auto* found = board.catalog().departments.find(department);
  return found ? board.text_of(found->name) : department;
}

void write_return(RowWriter& rows, const Board& board, const Delivered& one) {
  rows.text(one.of->id);
  rows.text(board.text_of(one.of->name));
  rows.text(one.of->department);
  rows.text(name_of(board, one.of->department));
  rows.text(one.of->dataset);
  rows.text_or_null(one.of->source);
  rows.text(one.owed.period.text());
  rows.text(model::day_text(one.owed.due));
  rows.text(plan::word(one.delivery));
  rows.text_or_null(one.arrived ? board.zone().text(one.arrived->recorded_at) : "");
  one.arrived ? rows.number(one.arrived->seq) : rows.null();
}

} // namespace

Response completeness(const Asked& asked) {
  asked.params.allow_only(with_common({"department", "dataset", "source", "status", "by", "lang", "as_of"}));
  const Moment moment(asked);
  const Board board(asked, moment);
  const auto filter = filter_of(asked, board.catalog());
  const auto by = asked.params.list("by");
  for (const auto& one : by) {
    if (one != "department" && one != "source" && one != "dataset")
      throw Refused{"bad_parameter",
                    "returns are not counted by " + in_quotes(one),
                    "by takes department, source and dataset",
                    "by",
                    {}};
  }
  const auto each = [&](const auto& visit) {
    for (const auto& of : board.catalog().returns) {
      if (!filter.takes(of)) continue;
      for (const auto& one : deliveries(asked, board, of))
        if (filter.status.empty() || plan::word(one.delivery) == filter.status) visit(one);
    }
  };
  if (by.empty()) {
    return answer_rows(asked, board, moment,
                       {"return", "name", "department", "department_name", "dataset", "source", "period", "due",
                        "status", "arrived_at", "commit"},
                       [&](RowWriter& rows) { each([&](const Delivered& one) { write_return(rows, board, one); }); });
  }
  auto columns = by;
  columns.emplace_back("owed");
  for (const auto one : all_deliveries)
    columns.emplace_back(plan::word(one));
  return answer_rows(asked, board, moment, columns, [&](RowWriter& rows) {
    std::map<std::vector<std::string>, std::array<uint64_t, all_deliveries.size()>> counts;
    each([&](const Delivered& one) {
      std::vector<std::string> key;
      for (const auto& name : by)
        key.push_back(name == "department" ? one.of->department : name == "source" ? one.of->source : one.of->dataset);
      ++counts[std::move(key)][static_cast<size_t>(one.delivery)];
    });
    for (const auto& [key, of] : counts) {
      for (const auto& word : key)
        rows.text_or_null(word);
      uint64_t all = 0;
      for (const auto count : of)
        all += count;
      rows.number(all);
      for (const auto count : of)
        rows.number(count);
    }
  });
}

} // namespace kepu::http
