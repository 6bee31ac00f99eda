#include "query/cursor.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

#include <array>

namespace kepu::query {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Longer ones are nobody's: a target has 8 kB in all.
constexpr size_t longest_cursor = 4096;

std::string base64url(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out.push_back(alphabet[bits >> held & 63]);
    }
  }
  if (held > 0) out.push_back(alphabet[bits << (6 - held) & 63]);
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  static const auto values = [] {
    std::array<int8_t, 256> all;
    all.fill(-1);
    for (size_t i = 0; i < alphabet.size(); ++i)
      all[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
    return all;
  }();
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const unsigned char c : text) {
    const int value = values[c];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 255));
    }
  }
  if (held >= 6 || (bits & ((1u << held) - 1)) != 0) return std::nullopt; // one cursor, one text
  return out;
}

uint64_t fingerprint(const ObservationQuery& query) {
  std::string text;
  ByteWriter writer(text);
  writer.text(query.indicator);
  for (const auto& id : query.added)
    writer.text("+" + id);
  writer.put(query.freq);
  for (const auto& end : {query.from, query.to}) {
    writer.put(static_cast<uint8_t>(end.has_value()));
    writer.put(end ? end->index : 0);
  }
  for (const auto& word : {query.area, query.source}) {
    writer.put(static_cast<uint8_t>(word.has_value()));
    writer.text(word.value_or(""));
  }
  writer.put(query.as_of ? to_micros(*query.as_of) : INT64_MIN);
  if (query.until) writer.put(*query.until);
  writer.put(query.sort);
  writer.put(static_cast<uint32_t>(query.by.size()));
  for (const auto& one : query.by)
    writer.text(one);
  for (const auto& [dimension, code] : query.filters) {
    writer.text(dimension);
    writer.text(code);
  }
  return hash64(text);
}

Error bad_cursor(const char* why) {
  return fail("bad_cursor", std::string(why) + "; take `next` of the page before as it is, or ask without a cursor");
}

} // namespace

std::string encode_position(const Position& position) {
  std::string out;
  ByteWriter writer(out);
  writer.svarint(position.period);
  for (const auto& code : position.by) {
    writer.varint(code.size());
    writer.bytes(code);
  }
  return out;
}

Result<Position> decode_position(std::string_view after, size_t dimensions) {
  ByteReader reader(after);
  Position position;
  const int64_t period = reader.svarint();
  for (size_t i = 0; i < dimensions && reader.ok(); ++i)
    position.by.emplace_back(reader.bytes(reader.varint()));
  position.period = static_cast<int32_t>(period);
  if (!reader.ok() || !reader.at_end() || position.period != period) {
    return bad_cursor("the cursor does not belong to this question");
  }
  return position;
}

std::string with_part(size_t part, std::string_view after) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(part);
  writer.bytes(after);
  return out;
}

Result<size_t> take_part(std::string& after, size_t parts) {
  ByteReader reader(after);
  const uint64_t part = reader.varint();
  if (!reader.ok() || part >= parts) return bad_cursor("the cursor does not belong to this question");
  after.erase(0, reader.position());
  return static_cast<size_t>(part);
}

std::string cursor_of(const ObservationQuery& query, std::string_view after) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(fingerprint(query));
  writer.bytes(after);
  seal(bytes);
  return base64url(bytes);
}

Result<std::string> position_in(std::string_view cursor, const ObservationQuery& query) {
  if (cursor.size() > longest_cursor) return bad_cursor("the cursor is too long");
  const auto bytes = from_base64url(cursor);
  bool whole = false;
  const std::string_view inside = bytes ? unseal(*bytes, whole) : std::string_view{};
  if (!whole) return bad_cursor("the cursor is damaged");
  ByteReader reader(inside);
  const auto asked = reader.get<uint64_t>();
  if (!reader.ok()) return bad_cursor("the cursor is damaged");
  if (asked != fingerprint(query)) return bad_cursor("the cursor belongs to another question");
  return Result<std::string>(boost::system::in_place_value, inside.substr(reader.position()));
}

} // namespace kepu::query
