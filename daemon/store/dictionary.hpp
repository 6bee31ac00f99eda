// The words of the source: texts of coded fields and pseudonyms of persons, as dense numbers. Writer thread.
#pragma once

#include "measure/meter.hpp"
#include "store/db.hpp"
#include "store/key_index.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kepu::store {

// Distinct texts kept of one field: far above what filters and dimensions are made of; a free text
// does not belong in a coded field.
constexpr size_t max_codes = 1'000'000;

// All coded fields of all datasets.
class Dictionary {
public:
  explicit Dictionary(Db& db) : db_(db) {}

  struct Field {
    std::string name;              // "passages@1/venue"
    std::deque<std::string> texts; // code - 1
    std::unordered_map<std::string_view, uint32_t> codes;
  };
  // Reads it in when it is asked for the first time. Valid until this goes.
  Field& field(const std::string& name);
  // Inside a transaction: writes codes that were given since the last call.
  void write();
  // After a commit: what was written stays written.
  void settled();
  // After a rollback: it is written again.
  void rolled_back() { written_ = 0; }

  uint32_t code(Field& field, std::string_view text);

private:
  Db& db_;
  std::map<std::string, Field> fields_;
  std::vector<std::pair<Field*, uint32_t>> waiting_; // given, not yet on disk
  size_t written_ = 0;                               // of them, in the transaction that goes on
};

// The fields of one dataset, by their number in it.
class DatasetCodes final : public measure::CodeBook {
public:
  DatasetCodes(Dictionary& dictionary, const std::string& stored_dataset, const model::Dataset& dataset);
  std::string_view text(size_t field, uint32_t code) const override;
  uint32_t code(size_t field, std::string_view text) override { return dictionary_.code(*fields_[field], text); }

private:
  Dictionary& dictionary_;
  std::vector<Dictionary::Field*> fields_; // nullptr: not a coded field
};

// Pseudonym -> dense number from 1.
class Persons {
public:
  explicit Persons(Db& db);
  // Inside a transaction. numbers[i] belongs to pseudonyms[i]; new ones are given a number.
  void number(std::span<const int64_t> pseudonyms, std::vector<uint32_t>& numbers);
  // Puts new ones on disk.
  void write();
  // 0: unknown.
  uint32_t find(int64_t pseudonym);
  // Inside a transaction: the number stays given, but to nobody.
  void erase(int64_t pseudonym, uint32_t number);
  // Pseudonyms in person columns of `facts` become numbers.
  void number(model::FactColumns& facts);
  // After a rollback, or to give memory back: as on disk.
  void forget();
  KeyIndex& index() { return index_; }

private:
  void load();
  Db& db_;
  KeyIndex index_;
  uint32_t last_ = 0;
  uint32_t written_ = 0; // the last as it lies on disk
  bool loaded_ = false;
};

} // namespace kepu::store
