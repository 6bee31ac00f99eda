// Inputs that are read again because somebody asked so for their rejects, until the source has ended a run. Known to
// one process only: after a restart they are still read again, but whether they come is not told. Writer thread.
#pragma once

#include "store/db.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kepu::store {

class Retries {
public:
  // Inside a transaction: inputs of the source that left rejects, or this one of them, are read again by its next run.
  // Throws SqlError "no_input": there is none.
  void ask(Db& db, int64_t source, const std::optional<std::string>& input);
  // At the end of a run: what to add to its sentence, where the source has something no longer; empty: nothing.
  std::string ended(Db& db, int64_t source, int64_t run, std::string_view status);

private:
  std::map<int64_t, std::set<std::string>> asked_; // names by source
};

} // namespace kepu::store
