// Where a page ended, as an opaque word for clients. A cursor is a position (the last row's sort key)
// and the question it belongs to, not an offset: rows that arrive between two pages neither shift nor
// double others. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "query/observations.hpp"

#include <string>
#include <string_view>

namespace kepu::query {

struct Position {
  int32_t period = 0; // index
  std::vector<std::string> by;
};

// The binary form of ObservationQuery::after.
std::string encode_position(const Position& position);
// Error code "bad_cursor" when it is not one with `dimensions` codes.
Result<Position> decode_position(std::string_view after, size_t dimensions);

// Of several indicators: which one the position is of, before the position itself, which may be empty: its start.
std::string with_part(size_t part, std::string_view after);
// The other way; takes the number out of `after`. Error code "bad_cursor".
Result<size_t> take_part(std::string& after, size_t parts);

// base64url, without padding. Page size is not part of the question: it may change between pages.
std::string cursor_of(const ObservationQuery& query, std::string_view after);
// The value for ObservationQuery::after. Error code "bad_cursor": damaged, or of another question.
Result<std::string> position_in(std::string_view cursor, const ObservationQuery& query);

} // namespace kepu::query
