#include "model/catalog.hpp"

#include <algorithm>

namespace kepu::model {
namespace {

template <class T> const T* by_id(const std::vector<T>& all, std::string_view id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

using Index = std::unordered_map<std::string, size_t>;

const size_t* look(const Index& index, std::string_view word) {
  const auto found = index.find(std::string(word));
  return found == index.end() ? nullptr : &found->second;
}

// Codes come before names and names before aliases, so that a word that is two things is the firmer
// of them; settings/ refuses such catalogs, older ones in a store are read all the same.
template <class Entry> void fill(const std::vector<Entry>& entries, Index& by_code, Index& by_word) {
  for (size_t i = 0; i < entries.size(); ++i) {
    by_code.emplace(entries[i].code, i);
    by_word.emplace(entries[i].code, i);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].name.zh.empty()) by_word.emplace(entries[i].name.zh, i);
    if (!entries[i].name.en.empty()) by_word.emplace(entries[i].name.en, i);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    for (const auto& alias : entries[i].aliases)
      by_word.emplace(alias, i);
  }
}

template <class Entry> std::vector<std::string> words_of(const std::vector<Entry>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries) {
    out.push_back(entry.code);
    if (!entry.name.zh.empty()) out.push_back(entry.name.zh);
    if (!entry.name.en.empty() && entry.name.en != entry.name.zh) out.push_back(entry.name.en);
    out.insert(out.end(), entry.aliases.begin(), entry.aliases.end());
  }
  return out;
}

} // namespace

std::optional<size_t> Dataset::field_with(uint32_t role) const {
  for (size_t i = 0; i < contract.fields.size(); ++i) {
    if (contract.fields[i].roles & role) return i;
  }
  return std::nullopt;
}

std::optional<size_t> Dataset::field(std::string_view wanted) const {
  for (size_t i = 0; i < contract.fields.size(); ++i) {
    if (contract.fields[i].name == wanted) return i;
  }
  return std::nullopt;
}

Areas::Areas(std::vector<Area> areas) : areas_(std::move(areas)) { fill(areas_, by_code_, by_word_); }

const Area* Areas::find(std::string_view code) const {
  const size_t* at = look(by_code_, code);
  return at ? &areas_[*at] : nullptr;
}

const Area* Areas::lookup(std::string_view code_or_name) const {
  const size_t* at = look(by_word_, code_or_name);
  return at ? &areas_[*at] : nullptr;
}

int Areas::level(std::string_view code) const {
  const Area* area = find(code);
  if (!area) return -1;
  int level = 0;
  // Bounded: a stored catalog is not trusted to be free of cycles.
  for (size_t steps = 0; !area->parent.empty(); ++steps, ++level) {
    area = find(area->parent);
    if (!area || steps > areas_.size()) return -1;
  }
  return level;
}

bool Areas::within(std::string_view area, std::string_view ancestor) const {
  const Area* at = find(area);
  for (size_t steps = 0; at && steps <= areas_.size(); ++steps) {
    if (at->code == ancestor) return true;
    at = find(at->parent);
  }
  return false;
}

std::optional<std::string> Areas::at_level(std::string_view area, int wanted) const {
  int at = level(area);
  if (wanted < 0 || at < wanted) return std::nullopt;
  const Area* found = find(area);
  for (; at > wanted; --at)
    found = find(found->parent);
  return found->code;
}

const Area* Areas::placed(const Area& area, Day day) const {
  const Area* at = &area;
  // Bounded: a stored catalog is not trusted to be free of cycles.
  for (size_t steps = 0; steps <= areas_.size(); ++steps) {
    if (!at->valid_to || day <= *at->valid_to || at->successors.empty()) return at;
    const Area* next = find(at->successors.front());
    if (!next) return at;
    for (const auto& other : at->successors) {
      while (next && !within(other, next->code))
        next = find(next->parent);
    }
    if (!next) return at;
    at = next;
  }
  return at;
}

std::vector<Day> Areas::moves() const {
  std::vector<Day> out;
  for (const auto& area : areas_) {
    if (area.valid_to && !area.successors.empty()) out.push_back(*area.valid_to + 1);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string> Areas::known_words() const { return words_of(areas_); }

Register::Register(std::string id, Label name, std::vector<RegisterEntry> entries)
    : id_(std::move(id)), name_(std::move(name)), entries_(std::move(entries)) {
  fill(entries_, by_code_, by_word_);
}

const RegisterEntry* Register::lookup(std::string_view word) const {
  const size_t* at = look(by_word_, word);
  return at ? &entries_[*at] : nullptr;
}

const RegisterEntry* Register::find(std::string_view code) const {
  const size_t* at = look(by_code_, code);
  return at ? &entries_[*at] : nullptr;
}

std::vector<std::string> Register::known_words() const { return words_of(entries_); }

std::optional<size_t> Indicator::epoch_of(Day day) const {
  std::optional<size_t> out;
  for (size_t i = 0; i < epochs.size() && epochs[i].from <= day; ++i)
    out = i;
  return out;
}

const Unit* Catalog::unit(std::string_view id) const { return by_id(units, id); }

const Dataset* Catalog::dataset(std::string_view id) const {
  const auto found =
      std::find_if(datasets.begin(), datasets.end(), [&](const Dataset& one) { return one.contract.id == id; });
  return found == datasets.end() ? nullptr : &*found;
}

const Indicator* Catalog::indicator(std::string_view id) const { return by_id(indicators, id); }

std::pair<const Plan*, const Target*> Catalog::target(std::string_view id) const {
  for (const auto& plan : plans) {
    if (const auto* found = by_id(plan.targets, id)) return {&plan, found};
  }
  return {nullptr, nullptr};
}

std::vector<std::string> Catalog::indicator_ids() const {
  std::vector<std::string> out;
  for (const auto& one : indicators)
    out.push_back(one.id);
  return out;
}

} // namespace kepu::model
