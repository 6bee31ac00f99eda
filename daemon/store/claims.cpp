#include "store/claims.hpp"

#include "base/hash.hpp"

#include <algorithm>

namespace kepu::store {

measure::FactSet& Claims::last(std::string_view dataset, int64_t input) {
  const auto last = std::find_if(added_.rbegin(), added_.rend(), [&](const Claim& c) { return c.dataset == dataset; });
  if (last != added_.rend() && last->input == input) return last->facts;
  added_.push_back({std::string(dataset), input, {}});
  return added_.back().facts;
}

void Claims::add(std::string_view dataset, int64_t input, Fact fact) { last(dataset, input).add(fact); }

void Claims::add(std::string_view dataset, int64_t input, const measure::FactSet& facts) {
  last(dataset, input).merge(facts);
}

bool Claims::any(std::string_view dataset) const {
  if (std::ranges::any_of(added_, [&](const Claim& c) { return c.dataset == dataset; })) return true;
  auto row = db_.query("SELECT 1 FROM claims WHERE source=? AND dataset=? LIMIT 1");
  return row.bind(1, run_.source).bind(2, dataset).step();
}

Claims::Owners Claims::owners(std::string_view dataset, const std::set<int64_t>& inputs) const {
  Owners out;
  const auto claim = [&](int64_t input, const measure::FactSet& facts) {
    const bool is_ours = inputs.contains(input);
    (is_ours ? out.ours : out.others).merge(facts);
    (is_ours ? out.others : out.ours).subtract(facts);
  };
  auto row = db_.query("SELECT input,facts FROM claims WHERE source=? AND dataset=? ORDER BY id");
  row.bind(1, run_.source).bind(2, dataset);
  while (row.step()) {
    bool ok = true;
    auto facts = measure::FactSet::parse(unseal(row.blob(1), ok));
    if (!ok || !facts)
      throw SqlError(fail("damaged", "the list of an input's facts is damaged; restore the store from a backup"));
    claim(row.integer(0), *facts);
  }
  for (const auto& added : added_)
    if (added.dataset == dataset) claim(added.input, added.facts);
  return out;
}

void Claims::write() {
  for (const auto& added : added_) {
    std::string facts = added.facts.bytes();
    seal(facts);
    db_.query("INSERT INTO claims(source,dataset,input,facts) VALUES(?,?,?,?)")
        .bind(1, run_.source)
        .bind(2, added.dataset)
        .bind(3, added.input)
        .bind_blob(4, facts)
        .run();
  }
}

} // namespace kepu::store
