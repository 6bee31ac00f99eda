#include "http/cache.hpp"

namespace kepu::http {
namespace {

size_t size_of(const std::string& key, const Response& answer) {
  constexpr size_t overhead = 256; // of the list, the map and the strings
  size_t size = overhead + 2 * key.size() + answer.body->capacity();
  for (const auto& [name, value] : answer.headers)
    size += name.size() + value.size() + 2 * sizeof(std::string);
  return size;
}

} // namespace

std::optional<Response> AnswerCache::find(const std::string& key, store::Seq commit, Instant now) {
  return state_.with([&](State& state) -> std::optional<Response> {
    const auto found = state.commit == commit ? state.by_key.find(key) : state.by_key.end();
    if (found == state.by_key.end()) {
      ++state.misses;
      return std::nullopt;
    }
    if (const auto& until = found->second->answer.until; until && now >= *until) {
      ++state.misses;
      state.bytes -= found->second->size;
      state.recent.erase(found->second);
      state.by_key.erase(found);
      return std::nullopt;
    }
    ++state.hits;
    state.recent.splice(state.recent.begin(), state.recent, found->second);
    return found->second->answer;
  });
}

void AnswerCache::keep(std::string key, store::Seq commit, const Response& answer) {
  const size_t size = size_of(key, answer);
  if (size > bytes_ / 4) return;
  state_.with([&](State& state) {
    if (commit < state.commit) return;
    if (commit > state.commit) {
      state.by_key.clear();
      state.recent.clear();
      state.bytes = 0;
      state.commit = commit;
    }
    if (state.by_key.contains(key)) return; // two readers rendered the same
    while (state.bytes + size > bytes_) {
      state.bytes -= state.recent.back().size;
      state.by_key.erase(state.recent.back().key);
      state.recent.pop_back();
    }
    state.recent.push_front({std::move(key), answer, size});
    state.by_key.emplace(state.recent.front().key, state.recent.begin());
    state.bytes += size;
  });
}

size_t AnswerCache::bytes() const {
  return state_.with([](const State& state) { return state.bytes; });
}
size_t AnswerCache::entries() const {
  return state_.with([](const State& state) { return state.recent.size(); });
}
uint64_t AnswerCache::hits() const {
  return state_.with([](const State& state) { return state.hits; });
}
uint64_t AnswerCache::misses() const {
  return state_.with([](const State& state) { return state.misses; });
}

std::string answer_key(std::string_view target, Format format, bool gzip) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(format)));
  key.push_back(gzip ? 'z' : '-');
  key.append(target);
  return key;
}

} // namespace kepu::http
