// The ledger of inputs: what was taken under which name. Writer thread. Throws SqlError.
//
// States: taking (begun), taken (read to its end), abandoned (begun, then something else was), superseded
// (a later content of the name was taken), backfilled (read for some days: whose rows these are, and nothing of what is
// held), withdrawn (with its run: it is not read again while it is the newest of its
// name). A name whose newest content is none of taken and withdrawn is read again.
#pragma once

#include "store/db.hpp"
#include "store/writer.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kepu::store {

// The input that a part is reading, or has read to its end.
struct PartInput {
  int64_t id = 0;
  InputAsk ask;
  bool ended = false;
  bool copy = false;                 // not read: another name holds its content
  uint64_t first_place = UINT64_MAX; // least row number seen; rejects of older content from there on are void
};

struct LedgerAnswer {
  InputAnswer answer;
  int64_t id = 0;      // to use when the answer is take (next_id) or resume (the one begun)
  std::string copy_of; // the answer is known, because this other name holds the content; the name itself is new
};
// What the ledger says of an input; `pending`: inputs of the open part, oldest first.
LedgerAnswer ask_ledger(Db& db, int64_t source, const InputAsk& ask, const std::vector<PartInput>& pending,
                        int64_t next_id);

// Inside a transaction: inputs that left rejects are read again by the next run of their source (0: of every source),
// as if they had been begun and not ended; the cursor goes, since connectors may pass over what it tells of.
void read_rejected_again(Db& db, int64_t source);

// Inside a transaction: the same for all that sources read which brought facts of this dataset.
void read_dataset_again(Db& db, std::string_view stored_dataset);

// Names of inputs of the source that left rejects; only this one where it is named.
std::vector<std::string> rejected_inputs(Db& db, int64_t source, const std::optional<std::string>& name);
// Inside a transaction: the same for what this name holds.
void read_input_again(Db& db, int64_t source, const std::string& name);
// Inside a transaction: the same for what was withdrawn of the source.
void read_withdrawn_again(Db& db, std::string_view source);
// Whether the run read something under the name.
bool came_in_run(Db& db, int64_t source, const std::string& name, int64_t run);

// The input of which this one, begun under the name with the content, is another reading for its rejects: the first
// that was read to its end, when the name held nothing else since. Itself where there is none. What withdrawn runs
// read does not count.
int64_t first_reading(Db& db, int64_t source, int64_t input, const InputAsk& ask);
// The same of all inputs of the source that were not their own, as the store has them.
std::map<int64_t, int64_t> first_readings(Db& db, int64_t source);
// Numbers of all inputs of the source that had this name and content.
std::set<int64_t> inputs_of(Db& db, int64_t source, const InputAsk& ask);

// Inside a transaction: writes the state of a part's input, and what follows from it for older content.
void record_input(Db& db, int64_t source, int64_t run, const PartInput& input);

// Inside a transaction: rows of a backfill are of this input.
void record_backfilled(Db& db, int64_t source, int64_t run, const PartInput& input);

// Inside a transaction: what a run read last is withdrawn, and its names hold what they held before.
void withdraw_inputs(Db& db, int64_t source, int64_t run);

// Numbers of inputs by their names, in the store and in the open part.
class InputNames {
public:
  InputNames(Db& db, int64_t source) : db_(db), source_(source) {}

  // Of the part.
  void add(int64_t input, const std::string& name);
  void clear();

  std::set<int64_t> called(const std::string& name) const;
  // All that are called as an input of the part, itself included.
  std::set<int64_t> called_as(int64_t input) const;
  // All that are called as any of the part.
  std::set<int64_t> all() const;

private:
  Db& db_;
  const int64_t source_;
  std::map<int64_t, std::string> names_;
  std::map<std::string, std::set<int64_t>> numbers_;
};

} // namespace kepu::store
