// SPDX-License-Identifier: Apache-2.0
#include <kepu/testing/ledger.hpp>

#include <algorithm>

namespace kepu::testing {

host::InputAnswer Ledger::begin(const host::Input& input) {
  host::InputAnswer answer;
  // What ended since the last commit is on its way and counts for the rest of the run.
  const auto in_force = [&](const std::string& name) -> std::optional<Content> {
    if (const auto at = ended_.find(name); at != ended_.end()) return at->second;
    const auto at = entries_.find(name);
    return at == entries_.end() ? std::nullopt : at->second.taken;
  };
  if (const auto previous = in_force(input.name)) {
    answer.has_previous = true;
    answer.previous_size = previous->size;
    answer.previous_hash = previous->hash;
    if (previous->hash == input.content_hash) answer.decision = KEPU_KNOWN;
  }
  // What a name held before must give way, so only a new name is known for a copy; then it holds the content too.
  const auto own = entries_.find(input.name);
  const bool is_new = !answer.has_previous && (own == entries_.end() || !own->second.begun);
  const auto is_held = [&] {
    for (const auto& [name, entry] : entries_) {
      const auto other = in_force(name);
      if (other && other->hash == input.content_hash) return true;
    }
    return std::ranges::any_of(ended_, [&](const auto& one) { return one.second.hash == input.content_hash; });
  };
  if (is_new && is_held()) {
    ended_[input.name] = {input.size, input.content_hash};
    answer.decision = KEPU_KNOWN;
  }
  if (answer.decision == KEPU_KNOWN) return answer;
  const auto& begun = entries_[input.name].begun;
  answer.decision = begun && begun->hash == input.content_hash ? KEPU_RESUME : KEPU_TAKE;
  open_ = input.name;
  reading_ = {input.size, input.content_hash};
  return answer;
}

void Ledger::end() {
  ended_[open_] = reading_;
  open_.clear();
}

void Ledger::commit() {
  for (const auto& [name, content] : ended_)
    entries_[name] = {content, std::nullopt};
  ended_.clear();
  if (!open_.empty()) entries_[open_].begun = reading_;
}

void Ledger::restart() {
  open_.clear();
  ended_.clear();
}

} // namespace kepu::testing
