// Rows of runs, rejects, commits and horizons as readers are told of them; see reader.hpp. Any connection. Throws
// SqlError.
#pragma once

#include "store/core.hpp"
#include "store/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

std::vector<RunRow> run_rows(Db& db, const PageAsk& ask);
std::optional<RunRow> run_numbered(Db& db, int64_t number);
std::optional<RunRow> last_run_of(Db& db, std::string_view source);
std::vector<RejectRow> reject_rows(Db& db, const PageAsk& ask);
uint64_t rejects_of(Db& db, const std::optional<std::string>& source);
std::vector<CommitRow> commit_rows(Db& db, const PageAsk& ask, bool labelled_only);
// Up to commit `at`, with the labels of then.
std::vector<CommitRow> changes_of(Db& db, std::string_view indicator, Seq at, Seq before, uint32_t limit);
std::vector<GivenUp> given_up_of(Db& db, std::string_view source);

// Inside a transaction of the writer: what a run's parts came to so far.
void write_counts(Db& db, const OpenRun& run);

} // namespace kepu::store
