#include "store/retries.hpp"

#include "base/printable.hpp"
#include "store/inputs.hpp"

namespace kepu::store {

void Retries::ask(Db& db, int64_t source, const std::optional<std::string>& input) {
  const auto names = rejected_inputs(db, source, input);
  if (names.empty()) {
    throw SqlError(fail("no_input", "the rows came without an input that could be read again; only the source can send "
                                    "them again, mended"));
  }
  for (const auto& name : names)
    read_input_again(db, source, name);
  asked_[source].insert(names.begin(), names.end());
}

std::string Retries::ended(Db& db, int64_t source, int64_t run, std::string_view status) {
  // A run that was cut short may not have come to them.
  if (status != "ok" && status != "bad_data") return "";
  const auto asked = asked_.extract(source);
  if (asked.empty() || status != "ok") return "";
  std::string first;
  size_t missed = 0;
  for (const auto& name : asked.mapped()) {
    if (came_in_run(db, source, name, run)) continue;
    if (++missed == 1) first = name;
  }
  if (missed == 0) return "";
  return "; " + in_quotes(first) + (missed == 1 ? "" : " and " + std::to_string(missed - 1) + " more") +
         " should be read again and did not come: the source has it no longer, so its rejects stay";
}

} // namespace kepu::store
