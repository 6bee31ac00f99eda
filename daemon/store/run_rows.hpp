// Rows of table `runs` as readers are told of them. Any connection. Throws SqlError.
#pragma once

#include "store/core.hpp"
#include "store/reader.hpp"

#include <optional>

// What read_run() reads; the text of a statement must be one literal.
#define KEPU_RUN_COLUMNS                                                                                               \
  "run,sources.id,connector,version,library_hash,started,ended,status,text,rows,inserted,changed,unchanged,removed,"   \
  "rejected,parts,withdrawn_seq,(SELECT recorded_at FROM commits WHERE seq=withdrawn_seq)"

namespace kepu::store {

RunRow read_run(const Query& row);
std::optional<RunRow> run_numbered(Db& db, int64_t number);
// Inside a transaction of the writer: what its parts came to so far.
void write_counts(Db& db, const OpenRun& run);

} // namespace kepu::store
