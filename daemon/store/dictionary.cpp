#include "store/dictionary.hpp"

#include "base/radix.hpp"

namespace kepu::store {

Dictionary::Field& Dictionary::field(const std::string& name) {
  const auto [it, added] = fields_.try_emplace(name);
  Field& field = it->second;
  if (!added) return field;
  field.name = name;
  auto rows = db_.query("SELECT code,text FROM codes WHERE field=? ORDER BY code");
  rows.bind(1, name);
  while (rows.step()) {
    // Codes are given without gaps; anything else means that the table was tampered with.
    if (rows.integer(0) != static_cast<int64_t>(field.texts.size() + 1)) {
      throw SqlError(fail("damaged", "the codes of " + name + " are damaged; restore the store from a backup"));
    }
    field.texts.push_back(rows.text(1));
    field.codes.emplace(field.texts.back(), static_cast<uint32_t>(field.texts.size()));
  }
  return field;
}

uint32_t Dictionary::code(Field& field, std::string_view text) {
  const auto found = field.codes.find(text);
  if (found != field.codes.end()) return found->second;
  if (field.texts.size() >= max_codes) return 0;
  field.texts.emplace_back(text);
  const auto code = static_cast<uint32_t>(field.texts.size());
  field.codes.emplace(field.texts.back(), code);
  waiting_.emplace_back(&field, code);
  return code;
}

void Dictionary::write() {
  for (; written_ < waiting_.size(); ++written_) {
    const auto& [field, code] = waiting_[written_];
    db_.query("INSERT INTO codes(field,code,text) VALUES(?,?,?)")
        .bind(1, field->name)
        .bind(2, static_cast<int64_t>(code))
        .bind(3, field->texts[code - 1])
        .run();
  }
}

void Dictionary::settled() {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(written_));
  written_ = 0;
}

DatasetCodes::DatasetCodes(Dictionary& dictionary, const std::string& stored_dataset, const model::Dataset& dataset)
    : dictionary_(dictionary) {
  for (const auto& field : dataset.contract.fields) {
    const bool coded = model::holding_of(field) == model::Holding::code;
    fields_.push_back(coded ? &dictionary.field(stored_dataset + "/" + field.name) : nullptr);
  }
}

std::string_view DatasetCodes::text(size_t field, uint32_t code) const {
  const auto& texts = fields_[field]->texts;
  if (code == 0 || code > texts.size())
    throw SqlError(
        fail("damaged", "the codes of " + fields_[field]->name + " are damaged; restore the store from a backup"));
  return texts[code - 1];
}

Persons::Persons(Db& db) : db_(db), index_(db, KeyIndex::Table::persons) {}

void Persons::number(model::FactColumns& facts) {
  for (size_t i = 0; i < facts.fields.size(); ++i) {
    auto& column = facts.fields[i];
    if (column.holding != model::Holding::person) continue;
    std::vector<int64_t> pseudonyms;
    pseudonyms.reserve(facts.rows);
    for (uint32_t row = 0; row < facts.rows; ++row) {
      if (column.nulls.empty() || !column.nulls[row]) pseudonyms.push_back(column.numbers[row]);
    }
    std::vector<uint32_t> numbers;
    number(pseudonyms, numbers);
    column.codes.assign(facts.rows, 0);
    size_t next = 0;
    for (uint32_t row = 0; row < facts.rows; ++row) {
      if (column.nulls.empty() || !column.nulls[row]) column.codes[row] = numbers[next++];
    }
    column.numbers.clear();
    column.nulls.clear();
  }
}

void Persons::forget() {
  loaded_ = false;
  index_.forget();
}

void Persons::load() {
  if (loaded_) return;
  auto last = db_.query("SELECT v FROM meta WHERE k='persons'");
  last_ = last.step() ? static_cast<uint32_t>(last.integer(0)) : 0;
  // A number that is given twice would make two persons one.
  auto given = db_.query("SELECT coalesce(sum(n),0) FROM personseg");
  given.step();
  if (static_cast<int64_t>(last_) < given.integer(0))
    throw SqlError(fail("damaged", "the count of persons is damaged; restore the store from a backup"));
  written_ = last_;
  loaded_ = true;
}

void Persons::write() {
  index_.save();
  if (!loaded_ || last_ == written_) return;
  db_.query("INSERT OR REPLACE INTO meta(k,v) VALUES('persons',?)").bind(1, static_cast<int64_t>(last_)).run();
  written_ = last_;
}

uint32_t Persons::find(int64_t pseudonym) {
  const auto hash = static_cast<uint64_t>(pseudonym);
  uint32_t out = 0;
  index_.find({&hash, 1}, [&](size_t, uint64_t number) { out = static_cast<uint32_t>(number); });
  return out;
}

void Persons::erase(int64_t pseudonym, uint32_t number) {
  const KeyEntry entry{static_cast<uint64_t>(pseudonym), number};
  index_.remove({&entry, 1});
}

void Persons::number(std::span<const int64_t> pseudonyms, std::vector<uint32_t>& numbers) {
  load();
  struct Asked {
    uint64_t hash;
    uint32_t row;
  };
  std::vector<Asked> asked(pseudonyms.size());
  for (uint32_t row = 0; row < asked.size(); ++row)
    asked[row] = {static_cast<uint64_t>(pseudonyms[row]), row};
  sort_by_hash(asked);
  std::vector<uint64_t> hashes;
  for (const auto& one : asked) {
    if (hashes.empty() || hashes.back() != one.hash) hashes.push_back(one.hash);
  }
  std::vector<uint32_t> found(hashes.size());
  index_.find(hashes, [&](size_t i, uint64_t number) { found[i] = static_cast<uint32_t>(number); });
  std::vector<KeyEntry> fresh;
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (found[i]) continue;
    if (last_ == UINT32_MAX)
      throw SqlError(fail("too_many_persons", "the store holds 4,294,967,295 persons and cannot number another"));
    found[i] = ++last_;
    fresh.push_back({hashes[i], found[i]});
  }
  index_.add(fresh);
  numbers.resize(pseudonyms.size());
  size_t i = 0;
  for (const auto& one : asked) {
    if (hashes[i] != one.hash) ++i;
    numbers[one.row] = found[i];
  }
}

} // namespace kepu::store
