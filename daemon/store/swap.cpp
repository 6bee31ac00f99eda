#include "store/swap.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

std::string counted(uint64_t n, const char* one, const char* more) { return std::to_string(n) + (n == 1 ? one : more); }

} // namespace

Scope Swap::days(const StoredDataset& dataset) const {
  Scope scope;
  const auto when = dataset.dataset.when();
  if (!when) { // nothing lies in them
    scope.time_from = scope.time_until = 0;
    return scope;
  }
  const bool is_timestamp = dataset.dataset.contract.fields[*when].type == KEPU_TIMESTAMP;
  const auto begin_of = [&](model::Day day) {
    constexpr int64_t day_micros = 86'400'000'000;
    return is_timestamp ? to_micros(core_.zone->start_of(day)) : day * day_micros;
  };
  scope.time_from = begin_of(backfill_.first);
  scope.time_until = begin_of(backfill_.until);
  return scope;
}

Replacement& Swap::of(StoredDataset& dataset) {
  return told_.try_emplace(&dataset, dataset, days(dataset)).first->second;
}

std::vector<uint8_t> Swap::inside(StoredDataset& dataset, model::FactColumns& facts) {
  std::vector<uint8_t> out(facts.rows);
  for (uint32_t row = 0; row < facts.rows; ++row) {
    out[row] = holds(dataset, facts, row);
    if (out[row]) continue;
    ++passed_over_.outside;
    for (auto& column : facts.fields) {
      if (column.holding != model::Holding::person) continue;
      column.nulls.resize(facts.rows);
      column.nulls[row] = 1;
    }
  }
  return out;
}

Scope Swap::within(StoredDataset& dataset, Scope scope) {
  const auto& range = of(dataset).scope();
  scope.time_from = std::max(scope.time_from, range.time_from);
  scope.time_until = std::min(scope.time_until, range.time_until);
  return scope;
}

Scope Swap::untold(StoredDataset& dataset, const std::set<int64_t>& read, const Claims::Owners& owners,
                   const Replacement::Visit& visit) {
  const auto& replacement = of(dataset);
  std::map<int64_t, uint64_t> unread; // facts by the input that brought them
  uint64_t out = 0;
  replacement.left_out(core_.db, run_, {}, {}, [&](const BlockReader::Block& block, auto rows) {
    for (const uint32_t row : rows) {
      const Fact fact = block.first + row;
      const auto input = core_.ledger.extent_of(fact)->input;
      const bool is_read = read.contains(input) ? !owners.others.contains(fact) : owners.ours.contains(fact);
      if (!is_read) ++unread[input];
    }
    out += rows.size();
    visit(block, rows);
  });
  const bool lacks = out > 0 && (!replacement.keeps_any() || !unread.empty());
  if (lacks && !backfill_.allow_empty) refuse(dataset, unread, out);
  return replacement.scope();
}

void Swap::refuse(const StoredDataset& dataset, const std::map<int64_t, uint64_t>& unread, uint64_t facts) const {
  std::string what;
  if (unread.empty()) {
    what = "the source gave no row of dataset " + dataset.dataset.contract.id + ", of which the hub holds " +
           counted(facts, " fact", " facts");
  } else {
    const auto input = unread.begin()->first;
    uint64_t lost = 0;
    for (const auto& [each, of_each] : unread)
      lost += of_each;
    std::string name = "what came without an input";
    auto row = core_.db.query("SELECT name FROM inputs WHERE input=?");
    if (row.bind(1, input).step()) name = row.text(0);
    what = "the source gave nothing of " + name;
    if (unread.size() > 1) what += " and " + std::to_string(unread.size() - 1) + " more";
    what += ", of which the hub holds " + counted(lost, " fact", " facts");
  }
  throw SqlError(fail("untold", what + " of " + backfill_.text() +
                                    "; look whether the source is all there. If these facts shall go, say so with "
                                    "allow_empty=true (kepuctl backfill --allow-empty)"));
}

} // namespace kepu::store
