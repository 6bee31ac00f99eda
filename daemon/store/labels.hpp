// Names of commits, for as_of. Giving one is itself a commit, and nothing is overwritten, so that the past knows the
// labels that it had. Any connection; writes inside a transaction of the writer. Throws SqlError.
#pragma once

#include "store/db.hpp"
#include "store/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

// The commit that bears the label now, or nullopt.
std::optional<CommitInfo> labelled(Db& db, std::string_view label);
// Every label in use now, by name.
std::vector<std::string> all_labels(Db& db);
// Those that the commit bore after commit `at`, by name.
std::vector<std::string> labels_of(Db& db, Seq commit, Seq at);

struct ToLabel {
  CommitInfo commit;
  bool is_new = true; // false: it bears the label already
};
// The commit that Writer::label() means. SqlError with its codes.
ToLabel commit_to_label(Db& db, std::optional<Seq> commit, std::string_view label, bool replace);
void put_label(Db& db, std::string_view label, Seq set_seq, Seq commit);

} // namespace kepu::store
