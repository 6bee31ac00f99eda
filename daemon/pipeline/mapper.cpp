#include "pipeline/mapper.hpp"

#include "base/bytes.hpp"
#include "base/long_numbers.hpp"
#include "base/nearest.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kepu::pipeline {
namespace {

// Sums and squares of so many rows as there may be stay finite.
constexpr double most_weight = 1e15;

using model::Holding;

constexpr uint32_t not_seen = UINT32_MAX;
// Words remembered per field; a source with more different words than this is looked up each time.
constexpr size_t remembered_words = 100'000;
// Wrong words of a field for which the nearest right ones are sought: comparing costs, and who gets a
// thousand words wrong has another problem than spelling.
constexpr size_t suggestions = 1'000;

std::string type_name(int32_t type) {
  if (type == abi::pseudonym) return "person";
  const char* name = abi::type_name(type);
  return name ? name : "type " + std::to_string(type);
}

int32_t column_type(const abi::Field& field) { return field.roles & KEPU_ROLE_PERSON ? abi::pseudonym : field.type; }

std::string unknown_word(const std::string& list, std::string_view text, const std::vector<std::string>& words) {
  std::string out =
      list + " has no " + in_quotes(without_long_numbers(text)); // it may have slipped in from a column of persons
  const auto near = nearest(text, words);
  if (near.empty()) return out + "; add it, or an alias, to the catalog, or mend the row";
  out += "; the nearest are ";
  for (size_t i = 0; i < near.size(); ++i)
    out += (i ? ", \"" : "\"") + near[i] + "\"";
  return out + ": add an alias to the catalog, or mend the row";
}

} // namespace

Result<Mapper> Mapper::make(const model::Catalog& catalog, const model::Dataset& dataset, const abi::Dataset& declared,
                            measure::CodeBook& codes, std::optional<int64_t> horizon) {
  const auto refuse = [&](const std::string& what) {
    return fail("contract",
                "dataset " + dataset.contract.id + ": " + what + "; the connector and the catalog must agree");
  };
  Mapper mapper;
  mapper.catalog_ = &catalog;
  mapper.dataset_ = &dataset;
  mapper.codes_ = &codes;
  mapper.horizon_ = horizon.value_or(INT64_MIN);
  if (declared.version != dataset.contract.version) {
    return refuse("the connector emits version " + std::to_string(declared.version) + ", the catalog has version " +
                  std::to_string(dataset.contract.version));
  }
  std::vector<bool> given(dataset.contract.fields.size());
  for (size_t i = 0; i < declared.fields.size(); ++i) {
    const auto& field = declared.fields[i];
    const auto at = dataset.field(field.name);
    if (!at) return refuse("the catalog has no field \"" + field.name + "\"");
    const auto& contract = dataset.contract.fields[*at];
    if (given[*at]) return refuse("field \"" + field.name + "\" is declared twice");
    given[*at] = true;
    if (field.type != contract.type || field.scale != contract.scale) {
      return refuse("field \"" + field.name + "\" is " + type_name(field.type) + " in the connector and " +
                    type_name(contract.type) + " in the catalog");
    }
    mapper.to_catalog_.push_back(*at);
    if (contract.roles & KEPU_ROLE_KEY) mapper.keys_.push_back(i);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& contract = dataset.contract.fields[i];
    if (!given[i] && (contract.required || (contract.roles & KEPU_ROLE_KEY))) {
      return refuse("the connector does not emit field \"" + contract.name + "\", which is required");
    }
  }
  // A key is written in the catalog's order, so that connectors may declare theirs in another.
  std::sort(mapper.keys_.begin(), mapper.keys_.end(),
            [&](size_t a, size_t b) { return mapper.to_catalog_[a] < mapper.to_catalog_[b]; });
  mapper.judged_.resize(dataset.contract.fields.size());
  mapper.row_codes_.resize(declared.fields.size());
  return mapper;
}

void Mapper::refuse(const abi::Batch& batch, size_t row, size_t field, const char* code, std::string message,
                    std::vector<Refusal>& refused) {
  if (!ok_[row]) return; // one row, one reject
  ok_[row] = 0;
  refused.push_back({batch.place(row), dataset_->contract.fields[field].name, code, std::move(message)});
}

const std::string& Mapper::why_not(size_t field, std::string_view text) {
  const auto& contract = dataset_->contract.fields[field];
  auto& judged = judged_[field];
  if (const auto it = judged.words.find(std::string(text)); it != judged.words.end()) return it->second;
  std::string why;
  if (contract.type == KEPU_PERIOD) {
    if (const auto period = model::parse_period(text); !period) why = period.error().text;
  } else if (contract.roles & KEPU_ROLE_ENTITY) {
    const auto entries = catalog_->registers.find(contract.entity_register);
    if (entries != catalog_->registers.end() && !entries->second.lookup(text)) {
      why = unknown_word("the register " + contract.entity_register, text,
                         judged.refused < suggestions ? entries->second.known_words() : std::vector<std::string>());
    }
  } else if (!catalog_->areas.lookup(text)) {
    why = unknown_word("the list of areas", text,
                       judged.refused < suggestions ? catalog_->areas.known_words() : std::vector<std::string>());
  }
  if (!why.empty()) ++judged.refused;
  if (judged.words.size() < remembered_words) return judged.words.emplace(text, std::move(why)).first->second;
  judged.last = std::move(why);
  return judged.last;
}

void Mapper::check_column(size_t declared, const abi::Batch& batch, Instant now, std::vector<Refusal>& refused) {
  const size_t field = to_catalog_[declared];
  const auto& contract = dataset_->contract.fields[field];
  const auto& column = batch.columns[declared];
  const size_t rows = batch.rows;
  if (column.nulls && (contract.required || (contract.roles & KEPU_ROLE_KEY))) {
    for (size_t row = 0; row < rows; ++row) {
      if (column.is_null(row))
        refuse(batch, row, field, "missing_value", "\"" + contract.name + "\" is empty; it is required", refused);
    }
  }
  constexpr int64_t day_micros = 86'400'000'000;
  const int64_t unit = contract.type == KEPU_TIMESTAMP ? 1 : day_micros;
  const int64_t earliest = (to_micros(now) - dataset_->accept_past.count()) / unit;
  const int64_t latest = (to_micros(now) + dataset_->accept_future.count()) / unit;
  const auto refuse_time = [&](size_t row, bool future) {
    refuse(batch, row, field, future ? "time_in_future" : "time_too_old",
           "\"" + contract.name + "\" lies further in the " + (future ? "future" : "past") +
               " than the dataset accepts; check the row and the sender's clock",
           refused);
  };
  const auto refuse_late = [&](size_t row) {
    refuse(batch, row, field, "period_frozen",
           "\"" + contract.name +
               "\" lies in days whose figures are frozen, since retention gave up their facts; the row changes nothing",
           refused);
  };
  if (contract.roles & KEPU_ROLE_WEIGHT) {
    for (size_t row = 0; row < rows; ++row) {
      const double real = std::bit_cast<double>(column.integer(row));
      const bool counts = contract.type == KEPU_REAL ? real >= 0 && real <= most_weight : column.integer(row) >= 0;
      if (!counts && !column.is_null(row))
        refuse(batch, row, field, "bad_weight",
               "\"" + contract.name + "\" is below 0, above 1e15 or no number; a row stands for 0 or more", refused);
    }
  }
  if (contract.roles & KEPU_ROLE_TIME && (contract.type == KEPU_TIMESTAMP || contract.type == KEPU_DATE)) {
    for (size_t row = 0; row < rows; ++row) {
      const int64_t time = column.integer(row);
      if (time >= std::max(earliest, horizon_) && time <= latest) continue;
      if (column.is_null(row)) continue;
      time >= earliest&& time < horizon_ ? refuse_late(row) : refuse_time(row, time > latest);
    }
  }
  if (contract.roles & KEPU_ROLE_PERIOD) {
    for (size_t row = 0; row < rows; ++row) {
      if (column.is_null(row)) continue;
      const auto period = model::parse_period(column.text_at(row));
      if (!period) continue; // refused below, with its text
      if (period->first_day() > latest || period->last_day() < earliest) {
        refuse_time(row, period->first_day() > latest);
      } else if (period->first_day() < horizon_) {
        refuse_late(row);
      }
    }
  }
  if (contract.type == KEPU_DATE || model::holding_of(contract) != Holding::code) return;

  // Each different word is judged once: by its dictionary entry, or by its text.
  auto& codes = row_codes_[declared];
  codes.assign(rows, 0);
  const bool checked = contract.roles & (KEPU_ROLE_ENTITY | KEPU_ROLE_AREA) || contract.type == KEPU_PERIOD;
  const char* refusal = contract.type == KEPU_PERIOD        ? "bad_period"
                        : contract.roles & KEPU_ROLE_ENTITY ? "unknown_entity"
                                                            : "unknown_area";
  const auto code_of = [&](size_t row, std::string_view text) -> uint32_t {
    if (checked) {
      if (const auto& why = why_not(field, text); !why.empty()) {
        refuse(batch, row, field, refusal, why, refused);
        return 0;
      }
    }
    const uint32_t number = codes_->code(field, text);
    if (!number)
      refuse(batch, row, field, "too_many_values",
             "\"" + contract.name +
                 "\" has more different values than a coded field may have; it should be no attribute",
             refused);
    return number;
  };
  std::vector<uint32_t> of_entry(column.coding == abi::Coding::dictionary ? column.entries : 0, not_seen);
  for (size_t row = 0; row < rows; ++row) {
    if (!ok_[row] || column.is_null(row)) continue;
    if (column.coding == abi::Coding::dictionary) {
      uint32_t& code = of_entry[column.index(row)];
      if (code == not_seen || code == 0) code = code_of(row, column.entry(column.index(row)));
      codes[row] = code;
    } else {
      codes[row] = code_of(row, column.text_at(row));
    }
  }
}

void Mapper::put_column(size_t declared, const abi::Batch& batch, model::FactColumns& out) {
  const auto& column = batch.columns[declared];
  const size_t field = to_catalog_[declared];
  auto& to = out.fields[field];
  const size_t rows = batch.rows;
  const size_t before = out.rows;
  switch (to.holding) {
  case Holding::none:
    break;
  case Holding::code:
    for (size_t row = 0; row < rows; ++row) {
      if (ok_[row]) to.codes.push_back(row_codes_[declared][row]);
    }
    break;
  case Holding::person:
  case Holding::number: {
    const bool is_boolean = column.coding == abi::Coding::bytes;
    for (size_t row = 0; row < rows; ++row) {
      if (ok_[row]) to.numbers.push_back(is_boolean ? column.booleans[row] : column.integer(row));
    }
    if (column.nulls || !to.nulls.empty()) {
      to.nulls.resize(before);
      for (size_t row = 0; row < rows; ++row) {
        if (ok_[row]) to.nulls.push_back(column.is_null(row));
      }
    }
    break;
  }
  }
  if (column.flags || !to.flags.empty()) {
    to.flags.resize(before);
    for (size_t row = 0; row < rows; ++row) {
      if (ok_[row]) to.flags.push_back(column.flag(row));
    }
  }
}

// One text key is its own bytes; several parts are told apart by lengths.
void Mapper::append_key(const abi::Batch& batch, const std::vector<size_t>& columns, size_t row,
                        std::string& out) const {
  ByteWriter writer(out);
  for (const size_t at : columns) {
    const auto& column = batch.columns[at];
    switch (column.coding) {
    case abi::Coding::dictionary:
    case abi::Coding::plain: {
      const auto text = column.text_at(row);
      if (columns.size() > 1) writer.varint(text.size());
      writer.bytes(text);
      break;
    }
    case abi::Coding::fixed:
      writer.put(column.integer(row));
      break;
    case abi::Coding::bytes:
      writer.put(column.booleans[row]);
      break;
    }
  }
}

Result<void> Mapper::map(const abi::Batch& batch, Instant now, std::string_view input, model::FactColumns& out,
                         std::vector<Refusal>& refused) {
  const auto& fields = dataset_->contract.fields;
  if (batch.columns.size() != to_catalog_.size())
    return fail("contract",
                "rows of dataset " + dataset_->contract.id + " have another number of columns than declared");
  for (size_t i = 0; i < to_catalog_.size(); ++i) {
    if (batch.columns[i].type != column_type(fields[to_catalog_[i]])) {
      return fail("contract", "column \"" + fields[to_catalog_[i]].name + "\" of dataset " + dataset_->contract.id +
                                  " is " + type_name(batch.columns[i].type) + ", declared was " +
                                  type_name(column_type(fields[to_catalog_[i]])));
    }
  }
  if (keys_.empty() && !batch.has_places) {
    return fail("contract", "dataset " + dataset_->contract.id +
                                " has no key, so its rows need their numbers in the input (places)");
  }
  if (out.fields.size() != fields.size()) {
    out.fields.resize(fields.size());
    for (size_t i = 0; i < fields.size(); ++i)
      out.fields[i].holding = model::holding_of(fields[i]);
  }
  ok_.assign(batch.rows, 1);
  for (size_t i = 0; i < to_catalog_.size(); ++i)
    check_column(i, batch, now, refused);

  for (size_t i = 0; i < to_catalog_.size(); ++i)
    put_column(i, batch, out);
  uint32_t added = 0;
  for (size_t row = 0; row < batch.rows; ++row) {
    if (!ok_[row]) continue;
    ++added;
    if (keys_.empty()) {
      ByteWriter writer(out.key_bytes);
      writer.bytes(input);
      writer.put(uint8_t{0});
      writer.put(batch.place(row));
    } else {
      append_key(batch, keys_, row, out.key_bytes);
    }
    out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
    out.places.push_back(static_cast<uint32_t>(std::min<uint64_t>(batch.place(row), UINT32_MAX)));
  }
  out.rows += added;
  // Fields that this connector leaves out are null.
  for (size_t i = 0; i < fields.size(); ++i) {
    auto& column = out.fields[i];
    if (std::find(to_catalog_.begin(), to_catalog_.end(), i) != to_catalog_.end()) continue;
    if (column.holding == Holding::code) {
      column.codes.resize(out.rows);
    } else if (column.holding != Holding::none) {
      column.numbers.resize(out.rows);
      column.nulls.resize(out.rows, 1);
    }
  }
  return {};
}

Result<void> Mapper::map_keys(const abi::Batch& batch, model::FactColumns& out) const {
  if (keys_.empty())
    return fail("contract", "dataset " + dataset_->contract.id +
                                " has no key, so none of its facts can be retracted; replace its input");
  if (batch.columns.size() != keys_.size())
    return fail("contract", "a retraction of dataset " + dataset_->contract.id + " must name its " +
                                std::to_string(keys_.size()) + " key fields");
  // Columns come in declared order of the key fields; keys are written in the catalog's.
  std::vector<size_t> declared(keys_);
  std::sort(declared.begin(), declared.end());
  std::vector<size_t> columns;
  for (const size_t key : keys_)
    columns.push_back(static_cast<size_t>(std::lower_bound(declared.begin(), declared.end(), key) - declared.begin()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& field = dataset_->contract.fields[to_catalog_[keys_[i]]];
    const auto& column = batch.columns[columns[i]];
    if (column.type != column_type(field))
      return fail("contract", "key \"" + field.name + "\" of a retraction is " + type_name(column.type));
    if (column.nulls) {
      for (size_t row = 0; row < batch.rows; ++row) {
        if (column.is_null(row)) return fail("contract", "key \"" + field.name + "\" of a retraction is null");
      }
    }
  }
  for (size_t row = 0; row < batch.rows; ++row) {
    append_key(batch, columns, row, out.key_bytes);
    out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
  }
  out.rows += batch.rows;
  return {};
}

} // namespace kepu::pipeline
