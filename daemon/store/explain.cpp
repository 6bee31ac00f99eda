#include "store/explain.hpp"

#include "base/bytes.hpp"
#include "store/record_rows.hpp"

#include <algorithm>
#include <map>

namespace kepu::store {
namespace {

[[noreturn]] void damaged(const char* what) {
  throw SqlError(fail("damaged", std::string(what) + " is damaged; restore the store from a backup"));
}

// The parts of a key in the order of the dataset's key fields, as pipeline/ writes them; of a dataset without a key the
// input and the row. A person's part is left out: it tells one from another.
std::vector<std::string> key_parts(const model::Dataset& dataset, const model::Zone& zone, std::string_view key) {
  std::vector<const abi::Field*> fields;
  for (const auto& field : dataset.contract.fields) {
    if (field.roles & KEPU_ROLE_KEY) fields.push_back(&field);
  }
  ByteReader in(key);
  if (fields.empty()) {
    std::string input(in.bytes(key.size() < 9 ? 0 : key.size() - 9));
    in.get<uint8_t>();
    return {std::move(input), std::to_string(in.get<uint64_t>())};
  }
  std::vector<std::string> out;
  for (const auto* field : fields) {
    const bool is_person = field->roles & KEPU_ROLE_PERSON;
    if (!is_person && (field->type == KEPU_TEXT || field->type == KEPU_PERIOD)) {
      out.emplace_back(fields.size() == 1 ? key : in.bytes(in.varint()));
    } else if (!is_person && field->type == KEPU_BOOLEAN) {
      out.emplace_back(in.get<uint8_t>() ? "true" : "false");
    } else {
      const auto number = in.get<int64_t>();
      out.push_back(is_person                       ? "person"
                    : field->type == KEPU_DATE      ? model::day_text(static_cast<model::Day>(number))
                    : field->type == KEPU_TIMESTAMP ? zone.text(from_micros(number))
                                                    : std::to_string(number));
    }
  }
  return out;
}

class Explanation {
public:
  Explanation(Db& db, std::shared_ptr<const model::Catalog> catalog, Definition definition, const FigureAsk& ask)
      : db_(db), cell_(db, std::move(catalog), std::move(definition), ask), facts_(ask.facts), reader_(db) {}

  CountedFacts tell(Seq at, const FactsAsk& page, const std::function<bool(const CountedFact&)>& visit);

private:
  const RunRow& run(int64_t number);
  const std::string& input(int64_t number);
  CommitInfo commit(Seq seq);
  void count(const BlockPlace& block, uint64_t facts, size_t most_groups);
  CountedFact fact(const BlockPlace& block, const model::FactColumns& facts, uint32_t row);

  Db& db_;
  Cell cell_;
  const std::optional<std::vector<uint64_t>>& facts_; // the only ones that count, where there are such
  BlockReader reader_;
  CountedFacts out_;
  std::map<std::pair<int64_t, int64_t>, size_t> group_of_; // run and input
  std::map<int64_t, RunRow> runs_;                         // of groups and of the page
  std::map<int64_t, std::string> inputs_;
};

const RunRow& Explanation::run(int64_t number) {
  const auto [it, is_new] = runs_.try_emplace(number);
  if (is_new) {
    auto found = run_numbered(db_, number);
    if (!found) damaged("the list of runs");
    it->second = std::move(*found);
  }
  return it->second;
}

const std::string& Explanation::input(int64_t number) {
  const auto [it, is_new] = inputs_.try_emplace(number);
  if (is_new && number != 0) {
    auto row = db_.query("SELECT name FROM inputs WHERE input=?");
    row.bind(1, number);
    if (!row.step()) damaged("the list of inputs");
    it->second = row.text(0);
  }
  return it->second;
}

CommitInfo Explanation::commit(Seq seq) {
  auto row = db_.query("SELECT recorded_at FROM commits WHERE seq=?");
  row.bind(1, static_cast<int64_t>(seq));
  if (!row.step()) damaged("the list of commits");
  return {seq, from_micros(row.integer(0))};
}

void Explanation::count(const BlockPlace& block, uint64_t facts, size_t most_groups) {
  out_.facts += facts;
  const std::pair key(block.run, block.input);
  const auto found = group_of_.find(key);
  if (found != group_of_.end()) {
    out_.groups[found->second].facts += facts;
  } else if (out_.groups.size() == most_groups) {
    out_.further += facts;
  } else {
    group_of_.emplace(key, out_.groups.size());
    const auto& of = run(block.run);
    out_.groups.push_back({of.source, of, input(block.input), facts});
  }
}

CountedFact Explanation::fact(const BlockPlace& block, const model::FactColumns& facts, uint32_t row) {
  CountedFact out;
  out.fact = block.block + row;
  const auto parts = key_parts(cell_.dataset(), cell_.definition().zone, facts.key(row));
  for (const auto& part : parts)
    out.key += (out.key.empty() ? "" : " / ") + part;
  const auto& fields = cell_.dataset().contract.fields;
  size_t key_part = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto& column = facts.fields[i];
    FactCell cell;
    cell.holding = column.holding;
    cell.is_null = column.is_null(row);
    if (!column.flags.empty()) cell.flags = column.flags[row];
    switch (column.holding) {
    case model::Holding::none: // it lies in the key
      cell.is_null = false;
      cell.text = parts[key_part];
      break;
    case model::Holding::code:
      if (!cell.is_null) cell.text = cell_.codes().text(i, column.codes[row]);
      break;
    case model::Holding::person:
      break;
    case model::Holding::number:
      cell.number = column.numbers[row];
      break;
    }
    if (fields[i].roles & KEPU_ROLE_KEY) ++key_part;
    out.cells.push_back(std::move(cell));
  }
  out.dims = cell_.dimensions();
  out.run = &run(block.run);
  out.source = out.run->source;
  out.input = input(block.input);
  out.place = facts.places.empty() ? 0 : facts.places[row];
  out.since = commit(block.seq);
  auto replaced = db_.query("SELECT fact FROM closed WHERE by_fact=? AND why='replaced'");
  replaced.bind(1, static_cast<int64_t>(out.fact));
  if (replaced.step()) out.replaces = static_cast<uint64_t>(replaced.integer(0));
  return out;
}

CountedFacts Explanation::tell(Seq at, const FactsAsk& page, const std::function<bool(const CountedFact&)>& visit) {
  out_.definition = commit(cell_.definition().since);
  std::vector<uint32_t> rows;
  std::vector<std::pair<uint32_t, int32_t>> numbers; // of persons: not told
  uint32_t visited = 0;
  FactEnds gone(db_, at);
  for (const auto& block : blocks_until(db_, stored_name(cell_.dataset()), at)) {
    if (!cell_.may_hold(block)) continue;
    gone.rows_in_force(block, rows);
    if (facts_)
      std::erase_if(rows, [&](uint32_t row) { return !std::ranges::binary_search(*facts_, block.block + row); });
    if (rows.empty()) continue;
    const auto held = block_of(reader_, block, cell_.dataset());
    numbers.clear();
    const auto share = cell_.share(block.source, held->facts, rows, numbers);
    out_.left_out += static_cast<uint64_t>(share.left_out);
    if (share.n == 0) continue;
    count(block, static_cast<uint64_t>(share.n), page.most_groups);
    if (out_.more || block.end() - 1 <= page.after) continue;
    for (const uint32_t row : rows) {
      numbers.clear();
      if (block.block + row <= page.after) continue;
      if (cell_.share(block.source, held->facts, std::span(&row, 1), numbers).n == 0) continue;
      out_.more = visited == page.limit || !visit(fact(block, held->facts, row));
      if (out_.more) break;
      ++visited;
      out_.last = block.block + row;
    }
  }
  return std::move(out_);
}

} // namespace

CountedFacts counted_facts(Db& db, std::shared_ptr<const model::Catalog> catalog, const FigureAsk& ask, Seq at,
                           const FactsAsk& page, const std::function<bool(const CountedFact&)>& visit) {
  auto definition = definition_at(db, ask.indicator, at);
  if (!definition) damaged("the list of definitions");
  const auto& indicator = *catalog->indicator(ask.indicator);
  const auto series = series_under(db, ask.indicator, *definition, at);
  refuse_beyond_horizon(db, *catalog->dataset(indicator.dataset), *definition, ask, series,
                        ask.choose(*catalog, indicator, series));
  return Explanation(db, std::move(catalog), std::move(*definition), ask).tell(at, page, visit);
}

} // namespace kepu::store
