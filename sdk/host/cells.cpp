// SPDX-License-Identifier: Apache-2.0
#include "cells.hpp"

#include "texts.hpp"

#include <cmath>

namespace kepu::host {
namespace {

// Years 1 to 9999: what a date can be written as.
constexpr int64_t first_day = -719162;
constexpr int64_t last_day = 2932896;
constexpr int64_t day_us = 86400ll * 1000000;
constexpr uint8_t known_flags = KEPU_APPROXIMATE | KEPU_REPAIRED | KEPU_PROVISIONAL;

bool has_text(int32_t type) { return type == KEPU_TEXT || type == KEPU_PERIOD; }
std::string_view text_of(const kepu_cell& c) { return {c.value.text, c.size}; }

} // namespace

const char* code_of(Fault fault) {
  switch (fault) {
  case Fault::none:
    return "";
  case Fault::missing_value:
    return "missing_value";
  case Fault::invalid_utf8:
    return "invalid_utf8";
  case Fault::not_finite:
    return "not_finite";
  case Fault::out_of_range:
    return "out_of_range";
  case Fault::too_long:
    return "too_long";
  case Fault::row_too_long:
    return "row_too_long";
  case Fault::bad_period:
    return "bad_period";
  case Fault::bad_person:
    return "bad_person";
  }
  return "";
}

Persons& PersonSchemes::of(const std::string& scheme) {
  auto& maker = by_scheme_[scheme];
  if (!maker) maker = std::make_unique<Persons>(scheme, mac_);
  return *maker;
}

CellChecker::CellChecker(const std::vector<abi::Field>& fields, PersonSchemes* persons)
    : fields_(fields), persons_(fields.size()) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!(fields[i].roles & KEPU_ROLE_PERSON)) continue;
    persons_[i].maker = &persons->of(fields[i].scheme);
    persons_[i].values = std::make_unique<uint64_t[]>(chunk_rows);
  }
}

// Says which cell of the column breaks the contract. Only called when one does.
std::string CellChecker::breach(const kepu_cell* cells, size_t field) const {
  const auto& f = fields_[field];
  for (size_t row = 0; row < rows_; ++row) {
    const kepu_cell& c = cells[row * fields_.size() + field];
    const std::string where = "row " + std::to_string(row) + " of the call, field " + f.name + ": ";
    if (c.type != f.type && c.type != KEPU_NULL)
      return where + "the cell's type is " + type_name(c.type) + ", the field's is " + type_name(f.type);
    if ((c.flags & ~known_flags) || c.reserved)
      return where + "the cell has unknown flags or its reserved bytes are not 0";
    if (c.type == KEPU_NULL) continue;
    if (!has_text(f.type) && c.size) return where + "the cell has a size, which only texts have";
    if (has_text(f.type) && c.size && !c.value.text) return where + "the text is NULL and its size is not 0";
  }
  return "field " + f.name + ": a cell is malformed";
}

template <class Rule> std::string CellChecker::check_column(const kepu_cell* cells, size_t field, Rule&& rule) {
  const size_t stride = fields_.size();
  const auto type = static_cast<uint8_t>(fields_[field].type);
  const bool required = fields_[field].required;
  unsigned stray = 0;
  const kepu_cell* c = cells + field;
  for (size_t row = 0; row < rows_; ++row, c += stride) {
    stray |= static_cast<unsigned>(c->flags & ~known_flags) | c->reserved;
    if (c->type == type) [[likely]] {
      const Fault fault = rule(row, *c, stray);
      if (fault != Fault::none) [[unlikely]]
        set(row, field, fault);
    } else if (c->type != KEPU_NULL) {
      return breach(cells, field);
    } else if (required) {
      set(row, field, Fault::missing_value);
    }
  }
  return stray ? breach(cells, field) : std::string();
}

std::string CellChecker::check_field(const kepu_cell* cells, size_t field) {
  const bool required = fields_[field].required;
  if (auto& person = persons_[field]; person.maker) {
    for (size_t row = 0; row < rows_; ++row) {
      const kepu_cell& c = cells[row * fields_.size() + field];
      if (c.type == KEPU_TEXT && c.value.text && c.size <= KEPU_MAX_CELL_BYTES)
        fetched_[row] = person.maker->prefetch(text_of(c));
    }
    return check_column(cells, field, [&](size_t row, const kepu_cell& c, unsigned& stray) {
      if (c.size && !c.value.text) [[unlikely]]
        stray = 1;
      if (stray) [[unlikely]]
        return Fault::none;
      if (c.size > KEPU_MAX_CELL_BYTES) return Fault::too_long;
      if (c.size == 0 && required) return Fault::missing_value;
      text_[row] += c.size;
      return person.maker->pseudonym(text_of(c), fetched_[row], person.values[row]) == PersonFault::none
                 ? Fault::none
                 : Fault::bad_person;
    });
  }
  switch (static_cast<kepu_type>(fields_[field].type)) {
  case KEPU_TEXT:
    return check_column(cells, field, [&](size_t row, const kepu_cell& c, unsigned& stray) {
      if (c.size == 0) return required ? Fault::missing_value : Fault::none;
      if (!c.value.text) [[unlikely]]
        stray = 1;
      if (stray) [[unlikely]]
        return Fault::none;
      if (c.size > KEPU_MAX_CELL_BYTES) return Fault::too_long;
      text_[row] += c.size;
      return is_utf8(text_of(c)) ? Fault::none : Fault::invalid_utf8;
    });
  case KEPU_PERIOD:
    return check_column(cells, field, [&](size_t row, const kepu_cell& c, unsigned& stray) {
      if (c.size && !c.value.text) [[unlikely]]
        stray = 1;
      if (stray) [[unlikely]]
        return Fault::none;
      if (c.size > KEPU_MAX_CELL_BYTES) return Fault::too_long;
      if (c.size == 0 && required) return Fault::missing_value;
      text_[row] += c.size;
      return is_period(text_of(c)) ? Fault::none : Fault::bad_period;
    });
  case KEPU_INTEGER:
  case KEPU_DECIMAL:
    return check_column(cells, field, [](size_t, const kepu_cell& c, unsigned& stray) {
      stray |= c.size;
      return Fault::none;
    });
  case KEPU_REAL:
    return check_column(cells, field, [](size_t, const kepu_cell& c, unsigned& stray) {
      stray |= c.size;
      return std::isfinite(c.value.real) ? Fault::none : Fault::not_finite;
    });
  case KEPU_BOOLEAN:
    return check_column(cells, field, [](size_t, const kepu_cell& c, unsigned& stray) {
      stray |= c.size;
      return (c.value.integer & ~int64_t{1}) == 0 ? Fault::none : Fault::out_of_range;
    });
  case KEPU_DATE:
    return check_column(cells, field, [](size_t, const kepu_cell& c, unsigned& stray) {
      stray |= c.size;
      return c.value.integer >= first_day && c.value.integer <= last_day ? Fault::none : Fault::out_of_range;
    });
  case KEPU_TIMESTAMP:
    return check_column(cells, field, [](size_t, const kepu_cell& c, unsigned& stray) {
      stray |= c.size;
      const bool right = c.value.integer >= first_day * day_us && c.value.integer < (last_day + 1) * day_us;
      return right ? Fault::none : Fault::out_of_range;
    });
  case KEPU_NULL:
    break; // no field has it
  }
  return "field " + fields_[field].name + " has an unknown type";
}

std::string CellChecker::check(const kepu_cell* cells, size_t rows) {
  rows_ = rows;
  faults_.fill(Fault::none);
  text_.fill(0);
  for (size_t field = 0; field < fields_.size(); ++field)
    if (auto sentence = check_field(cells, field); !sentence.empty()) return sentence;
  for (size_t row = 0; row < rows; ++row)
    if (text_[row] > KEPU_MAX_ROW_BYTES) set(row, 0, Fault::row_too_long);
  return "";
}

std::string CellChecker::message(size_t row, const kepu_cell* cells) const {
  const abi::Field& f = faulty_field(row);
  const kepu_cell& c = cells[row * fields_.size() + faulty_[row]];
  switch (faults_[row]) {
  case Fault::none:
    return "";
  case Fault::missing_value:
    return f.name + " is required and has no value; fill it in";
  case Fault::invalid_utf8:
    return f.name + " is not UTF-8 from byte " + std::to_string(find_invalid_utf8(text_of(c))) +
           " on; the connector must decode the source's encoding";
  case Fault::not_finite:
    return f.name + " is not a finite number; leave it out when there is no value";
  case Fault::out_of_range:
    return f.name + (f.type == KEPU_BOOLEAN ? " is neither 0 nor 1" : " lies outside the years 1 to 9999; correct it");
  case Fault::too_long:
    return f.name + " has " + std::to_string(c.size) + " bytes, at most " + std::to_string(KEPU_MAX_CELL_BYTES) +
           " are possible; shorten it";
  case Fault::row_too_long:
    return "the row's texts have " + std::to_string(text_[row]) + " bytes together, at most " +
           std::to_string(KEPU_MAX_ROW_BYTES) + " are possible; shorten them";
  case Fault::bad_period:
    return f.name + " is " + quoted(is_utf8(text_of(c)) ? text_of(c) : "?") +
           ", which is no period; write 2025-03-05, 2025-W10, 2025-03, 2025-Q1, 2025-S1 or 2025";
  case Fault::bad_person: {
    std::string value;
    const PersonFault fault =
        is_utf8(text_of(c)) ? normalize(scheme_of(f.scheme), text_of(c), value) : PersonFault::not_utf8;
    return f.name + " is no " + f.scheme + ": it " + sentence_of(fault) + "; correct it in the source";
  }
  }
  return "";
}

} // namespace kepu::host
