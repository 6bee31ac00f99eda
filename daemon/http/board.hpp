// Targets of a moment with their progress, and how rows tell them. Refusals are thrown as Refused. The reader's thread.
#pragma once

#include "http/routes.hpp"
#include "plan/progress.hpp"
#include "query/observations.hpp"

#include <functional>
#include <string>
#include <vector>

namespace kepu::http {

// One target of the catalog, which outlives it.
struct BoardRow {
  const model::Plan* plan = nullptr;
  const model::Target* target = nullptr;
  plan::Progress progress;
  store::CommitInfo changed; // the last commit that changed an answer of its indicators: the moment of the data
};

// An entry of a register that a target still misses.
struct MissingEntry {
  std::string code;
  std::string name;
};

class Board {
public:
  // Within the moment, on the day that the parameter `on` names or else the moment's.
  Board(const Asked& asked, const Moment& moment);

  const model::Catalog& catalog() const { return *catalog_; }
  model::Day today() const { return today_; }
  const std::string& lang() const { return lang_; }
  const model::Zone& zone() const { return zone_; }
  // The target's progress. Asks the store.
  BoardRow row(const model::Plan& plan, const model::Target& target) const;
  // Entries that do not meet the rules of one indicator of the row, at most so many; `all` counts them.
  std::vector<MissingEntry> missing(const BoardRow& row, const plan::Judged& judged, size_t most, size_t& all) const;
  // "区教育局、区科协": as the plan names them, bodies unresolved.
  std::string names_of(const std::vector<std::string>& codes) const;
  const std::string& text_of(const model::Label& label) const;

  // The answer's ETag and the day on which alone it holds.
  Draft draft() const;
  // Members that every answer about a plan has in common, in an object of their own.
  void write_meta(Json& json) const;

private:
  query::ObservationQuery query_of(const model::Plan& plan, const plan::Question& question) const;

  const Asked& asked_;
  const Moment& moment_;
  std::shared_ptr<const model::Catalog> catalog_;
  const model::Zone zone_;
  const std::optional<model::Day> on_; // the day that is held as now, where one was asked for
  const model::Day today_;
  std::string lang_;
};

// The columns by which rows tell a target, and its cells in their order.
const std::vector<std::string>& target_columns();
void write_target(RowWriter& rows, const Board& board, const BoardRow& row);
// As many nulls.
void write_no_target(RowWriter& rows);

// Null where there is none.
void write_number(RowWriter& rows, const std::optional<plan::Number>& number);
// "0.5433"; null where there is none.
void write_share(RowWriter& rows, const std::optional<double>& share);
std::string share_text(double share);

// What a board says in the end.
struct Tally {
  uint64_t reached = 0;  // achieved, met, met with confidence
  uint64_t on_track = 0; //
  uint64_t behind = 0;   // behind, far behind, not met
  uint64_t unknown = 0;  // no data, cannot tell, not begun
  void add(plan::Status status);
};

// Code of the department that the word means; refuses others. `parameter` names where it stands; empty: in the path.
std::string department_asked(const model::Catalog& catalog, const std::string& word, const std::string& parameter);

// Rows, as JSON with what `write_meta` says or as CSV.
Response answer_rows(const Asked& asked, const Board& board, const Moment& moment,
                     const std::vector<std::string>& columns, const std::function<void(RowWriter&)>& write);

} // namespace kepu::http
