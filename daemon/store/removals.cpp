#include "store/removals.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace kepu::store {
namespace {

[[noreturn]] void damaged() {
  throw SqlError(fail("damaged", "the list of what runs removed is damaged; restore the store from a backup"));
}

measure::FactSet parse(std::string_view blob) {
  bool ok = true;
  auto facts = measure::FactSet::parse(unseal(blob, ok));
  if (!ok || !facts) damaged();
  return std::move(*facts);
}

void insert(Db& db, int64_t source, std::string_view dataset, int64_t run, Seq seq, std::string_view why,
            const measure::FactSet& facts) {
  std::string blob = facts.bytes();
  seal(blob);
  db.query("INSERT INTO kept_out(source,dataset,run,seq,why,facts) VALUES(?,?,?,?,?,?)")
      .bind(1, source)
      .bind(2, dataset)
      .bind(3, run)
      .bind(4, static_cast<int64_t>(seq))
      .bind(5, why)
      .bind_blob(6, blob)
      .run();
}

// Fields by name: a later catalog may number them otherwise.
std::string encode_scope(const StoredDataset& dataset, const Scope& scope) {
  std::string out;
  ByteWriter writer(out);
  writer.put(scope.time_from);
  writer.put(scope.time_until);
  writer.varint(scope.conditions.size());
  for (const auto& condition : scope.conditions) {
    writer.text(dataset.dataset.contract.fields[condition.field].name);
    writer.text(condition.text);
    writer.put(condition.number);
  }
  seal(out);
  return out;
}

// nullopt: of a field that the dataset no longer has, so nothing lies in it.
std::optional<Scope> decode_scope(const StoredDataset& dataset, std::string_view blob) {
  bool ok = false;
  ByteReader in(unseal(blob, ok));
  if (!ok) damaged();
  Scope out;
  bool known = true;
  out.time_from = in.get<int64_t>();
  out.time_until = in.get<int64_t>();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const auto field = dataset.dataset.field(in.text());
    known = known && field;
    Scope::Condition condition;
    condition.field = field.value_or(0);
    condition.text = in.text();
    condition.number = in.get<int64_t>();
    out.conditions.push_back(std::move(condition));
  }
  if (!in.ok() || !in.at_end()) damaged();
  return known ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace

void Removals::deleted_again(const std::string& dataset, Fact fact) { deleted_[dataset].add(fact); }

void Removals::replaced(const StoredDataset& dataset, const Scope& scope, int64_t input) {
  replaced_.push_back({dataset.name, input, encode_scope(dataset, scope)});
}

void Removals::write(Seq seq) {
  for (const auto& [dataset, facts] : deleted_)
    insert(db_, run_.source, dataset, run_.run, seq, "deleted", facts);
  for (const auto& one : replaced_) {
    auto query = db_.query("INSERT INTO scopes(source,dataset,run,seq,input,body) VALUES(?,?,?,?,?,?)");
    query.bind(1, run_.source).bind(2, one.dataset).bind(3, run_.run).bind(4, static_cast<int64_t>(seq));
    one.input ? query.bind(5, one.input) : query.bind_null(5);
    query.bind_blob(6, one.body).run();
  }
}

void Removals::clear() {
  deleted_.clear();
  replaced_.clear();
}

std::vector<DeletedAgain> deleted_again_by_others(Db& db, int64_t source, std::string_view dataset,
                                                  const std::set<int64_t>& runs) {
  std::vector<DeletedAgain> out;
  auto row =
      db.query("SELECT run,seq,facts FROM kept_out WHERE source=? AND dataset=? AND why='deleted' AND run NOT IN "
               "(SELECT run FROM runs WHERE withdrawn_seq IS NOT NULL) ORDER BY id");
  row.bind(1, source).bind(2, dataset);
  while (row.step()) {
    if (!runs.contains(row.integer(0))) out.push_back({static_cast<Seq>(row.integer(1)), parse(row.blob(2))});
  }
  return out;
}

std::vector<ReplacedScope> replaced_by_others(Db& db, int64_t source, const StoredDataset& dataset,
                                              const std::set<int64_t>& runs) {
  std::vector<ReplacedScope> out;
  auto row = db.query("SELECT s.run,s.seq,s.input,inputs.name,s.body FROM scopes s LEFT JOIN inputs USING(input) WHERE "
                      "s.source=? AND s.dataset=? AND s.run NOT IN (SELECT run FROM runs WHERE withdrawn_seq IS NOT "
                      "NULL) ORDER BY s.id");
  row.bind(1, source).bind(2, dataset.name);
  while (row.step()) {
    if (runs.contains(row.integer(0))) continue;
    auto scope = decode_scope(dataset, row.blob(4));
    if (!scope) continue;
    out.push_back({static_cast<Seq>(row.integer(1)), row.integer(0), row.text(3), !row.is_null(2), std::move(*scope)});
  }
  return out;
}

void hold_back(Db& db, int64_t source, std::string_view dataset, int64_t run, Seq seq, const measure::FactSet& facts) {
  insert(db, source, dataset, run, seq, "out_of_scope", facts);
}

measure::FactSet kept_out_by(Db& db, int64_t source, std::string_view dataset, int64_t run) {
  measure::FactSet out;
  auto row = db.query("SELECT facts FROM kept_out WHERE source=? AND dataset=? AND run=?");
  row.bind(1, source).bind(2, dataset).bind(3, run);
  while (row.step())
    out.merge(parse(row.blob(0)));
  return out;
}

} // namespace kepu::store
