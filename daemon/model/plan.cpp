#include "model/plan.hpp"

#include <algorithm>
#include <set>

namespace kepu::model {
namespace {

template <class T> const T* by_id(const std::vector<T>& all, std::string_view id) {
  const auto found = std::ranges::find(all, id, &T::id);
  return found == all.end() ? nullptr : &*found;
}

template <class T> const T* by_code(const std::vector<T>& all, std::string_view code) {
  const auto found = std::ranges::find(all, code, &T::code);
  return found == all.end() ? nullptr : &*found;
}

// Those of `words`, by themselves before those who come through a body; `known` were named before.
void resolve(const Departments& departments, const std::vector<std::string>& words, const std::set<std::string>& named,
             std::set<std::string>& known, std::vector<Named>& out) {
  const auto add = [&](Named one) {
    if (known.insert(one.department).second) out.push_back(std::move(one));
  };
  for (const auto& word : words) {
    if (departments.find(word)) add({word, {}, false});
  }
  for (const auto& word : words) {
    const auto* body = departments.body(word);
    if (!body) continue;
    for (const auto& member : body->members) {
      if (!body->others || !named.contains(member)) add({member, body->code, body->provisional});
    }
  }
}

} // namespace

Departments::Departments(std::vector<Department> departments, std::vector<Body> bodies)
    : departments_(std::move(departments)), bodies_(std::move(bodies)) {
  const auto claim = [&](const auto& entries) {
    for (const auto& one : entries) {
      by_word_.emplace(one.code, one.code);
      by_word_.emplace(one.name.zh, one.code);
      if (!one.name.en.empty()) by_word_.emplace(one.name.en, one.code);
      for (const auto& alias : one.aliases)
        by_word_.emplace(alias, one.code);
    }
  };
  claim(departments_);
  claim(bodies_);
}

const Department* Departments::find(std::string_view code) const { return by_code(departments_, code); }

const Body* Departments::body(std::string_view code) const { return by_code(bodies_, code); }

std::string Departments::lookup(std::string_view word) const {
  const auto found = by_word_.find(std::string(word));
  return found == by_word_.end() ? std::string() : found->second;
}

std::vector<std::string> Departments::known_words() const {
  std::vector<std::string> out;
  for (const auto& [word, code] : by_word_)
    out.push_back(word);
  std::ranges::sort(out);
  return out;
}

Tasked tasked(const Departments& departments, const std::vector<std::string>& lead,
              const std::vector<std::string>& responsible) {
  std::set<std::string> named(lead.begin(), lead.end());
  named.insert(responsible.begin(), responsible.end());
  Tasked out;
  std::set<std::string> known;
  resolve(departments, lead, named, known, out.lead);
  resolve(departments, responsible, named, known, out.responsible);
  return out;
}

const Group* Plan::group(std::string_view wanted) const { return by_id(groups, wanted); }

const Section* Plan::section(std::string_view wanted) const { return by_id(sections, wanted); }

const Clause* Plan::clause(std::string_view wanted) const { return by_id(clauses, wanted); }

const Profile* Plan::profile(std::string_view wanted) const { return by_id(profiles, wanted); }

} // namespace kepu::model
