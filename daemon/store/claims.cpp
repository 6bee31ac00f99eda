#include "store/claims.hpp"

#include "base/hash.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// A list of facts that is larger is written once, however often it is claimed: a register that is read whole each hour
// says the same each time.
constexpr size_t small_set = 64;

measure::FactSet parse(std::string_view blob) {
  bool ok = true;
  auto facts = measure::FactSet::parse(unseal(blob, ok));
  if (!ok || !facts)
    throw SqlError(fail("damaged", "the list of an input's facts is damaged; restore the store from a backup"));
  return std::move(*facts);
}

int64_t short_hash(std::string_view facts) { return static_cast<int64_t>(hash64(facts, 0)); }

} // namespace

Claims::Added& Claims::last(std::string_view dataset, int64_t input) {
  const auto last = std::find_if(added_.rbegin(), added_.rend(), [&](const Added& c) { return c.dataset == dataset; });
  if (last != added_.rend() && last->input == input) return *last;
  added_.push_back({std::string(dataset), input, false, {}});
  return added_.back();
}

void Claims::add(std::string_view dataset, int64_t input, Fact fact, bool decides) {
  auto& claim = last(dataset, input);
  claim.facts.add(fact);
  claim.decides = claim.decides || decides;
}

void Claims::add(std::string_view dataset, int64_t input, const measure::FactSet& facts) {
  auto& claim = last(dataset, input);
  claim.facts.merge(facts);
  claim.decides = true;
}

void Claims::forget(std::string_view dataset, const measure::FactSet& facts) {
  for (auto& added : added_) {
    if (added.dataset == dataset) added.facts.subtract(facts);
  }
  std::erase_if(added_, [](const Added& added) { return added.facts.empty(); });
}

bool Claims::any(std::string_view dataset) const {
  if (std::ranges::any_of(added_, [&](const Added& c) { return c.decides && c.dataset == dataset; })) return true;
  auto row = db_.query("SELECT 1 FROM claims WHERE source=? AND dataset=? AND decides=1 LIMIT 1");
  return row.bind(1, run_.source).bind(2, dataset).step();
}

Claims::Owners Claims::owners(std::string_view dataset, const std::set<int64_t>& inputs) const {
  Owners out;
  const auto claim = [&](int64_t input, const measure::FactSet& facts) {
    const bool is_ours = inputs.contains(input);
    (is_ours ? out.ours : out.others).merge(facts);
    (is_ours ? out.others : out.ours).subtract(facts);
  };
  auto row = db_.query("SELECT c.input,s.facts FROM claims c JOIN claims s ON s.id=coalesce(c.same_as,c.id) WHERE "
                       "c.source=? AND c.dataset=? AND c.decides=1 AND c.run NOT IN (SELECT run FROM runs WHERE "
                       "withdrawn_seq IS NOT NULL) ORDER BY c.id");
  row.bind(1, run_.source).bind(2, dataset);
  while (row.step())
    claim(row.integer(0), parse(row.blob(1)));
  for (const auto& added : added_)
    if (added.dataset == dataset) claim(added.input, added.facts);
  return out;
}

measure::FactSet Claims::claimed(std::string_view dataset, const IsMeant& is_meant) const {
  measure::FactSet out;
  auto row =
      db_.query("SELECT c.input,c.run,c.seq,s.facts FROM claims c JOIN claims s ON s.id=coalesce(c.same_as,c.id) "
                "WHERE c.source=? AND c.dataset=? AND c.run NOT IN (SELECT run FROM runs WHERE withdrawn_seq "
                "IS NOT NULL)");
  row.bind(1, run_.source).bind(2, dataset);
  while (row.step()) {
    if (is_meant(row.integer(0), row.integer(1), static_cast<Seq>(row.integer(2)))) out.merge(parse(row.blob(3)));
  }
  for (const auto& added : added_) {
    if (added.dataset == dataset && is_meant(added.input, run_.run, std::nullopt)) out.merge(added.facts);
  }
  return out;
}

int64_t Claims::known_set(const std::string& dataset, const std::string& facts) const {
  auto row = db_.query("SELECT id,facts FROM claims WHERE source=? AND dataset=? AND set_hash=?");
  row.bind(1, run_.source).bind(2, dataset).bind(3, short_hash(facts));
  while (row.step()) {
    if (row.blob(1) == facts) return row.integer(0);
  }
  return 0;
}

void Claims::write(Seq seq) {
  for (const auto& added : added_) {
    std::string facts = added.facts.bytes();
    seal(facts);
    const int64_t same = facts.size() > small_set ? known_set(added.dataset, facts) : 0;
    auto query = db_.query("INSERT INTO claims(source,dataset,input,facts,run,seq,decides,same_as,set_hash) "
                           "VALUES(?,?,?,?,?,?,?,?,?)");
    query.bind(1, run_.source)
        .bind(2, added.dataset)
        .bind(3, added.input)
        .bind_blob(4, same ? std::string_view() : std::string_view(facts))
        .bind(5, run_.run)
        .bind(6, static_cast<int64_t>(seq))
        .bind(7, added.decides ? 1 : 0);
    same ? query.bind(8, same) : query.bind_null(8);
    same || facts.size() <= small_set ? query.bind_null(9) : query.bind(9, short_hash(facts));
    query.run();
  }
}

std::vector<Claims::Claim> Claims::of_others(Db& db, int64_t source, std::string_view dataset,
                                             const std::set<int64_t>& runs) {
  std::vector<Claim> out;
  std::set<int64_t> seen;
  auto row = db.query("SELECT coalesce(c.same_as,c.id),c.seq,c.run,c.input,s.facts FROM claims c JOIN claims s ON "
                      "s.id=coalesce(c.same_as,c.id) WHERE c.source=? AND c.dataset=? AND c.run<>0 AND c.run NOT "
                      "IN (SELECT run FROM runs WHERE withdrawn_seq IS NOT NULL) ORDER BY c.id DESC");
  row.bind(1, source).bind(2, dataset);
  while (row.step()) {
    if (runs.contains(row.integer(2)) || !seen.insert(row.integer(0)).second) continue;
    out.push_back({static_cast<Seq>(row.integer(1)), row.integer(2), row.integer(3), parse(row.blob(4))});
  }
  return out;
}

std::vector<Claims::Claim> Claims::first_ones(Db& db, std::string_view dataset, Seq at) {
  std::vector<Claim> out;
  std::set<int64_t> seen;
  auto row = db.query("SELECT coalesce(c.same_as,c.id),c.seq,c.run,c.input,s.facts FROM claims c JOIN claims s ON "
                      "s.id=coalesce(c.same_as,c.id) WHERE c.dataset=?1 AND c.seq<=?2 AND c.run<>0 AND c.run NOT IN "
                      "(SELECT run FROM runs WHERE withdrawn_seq<=?2) ORDER BY c.id");
  row.bind(1, dataset).bind(2, static_cast<int64_t>(at));
  while (row.step()) {
    if (!seen.insert(row.integer(0)).second) continue;
    out.push_back({static_cast<Seq>(row.integer(1)), row.integer(2), row.integer(3), parse(row.blob(4))});
  }
  return out;
}

measure::FactSet Claims::of_run(Db& db, int64_t source, std::string_view dataset, int64_t run) {
  measure::FactSet out;
  auto row = db.query("SELECT s.facts FROM claims c JOIN claims s ON s.id=coalesce(c.same_as,c.id) WHERE c.source=? "
                      "AND c.dataset=? AND c.run=?");
  row.bind(1, source).bind(2, dataset).bind(3, run);
  while (row.step())
    out.merge(parse(row.blob(0)));
  return out;
}

} // namespace kepu::store
