#include "measure/cells.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace kepu::measure {
namespace {

constexpr uint8_t version = 1;
constexpr uint64_t max_days = 31;

Error damaged(const char* what) {
  return fail("damaged", std::string("the stored ") + what + " is damaged; run kepuctl rebuild");
}

// ByteReader's varints where nearly all take a byte: those are read without a call.
class Varints {
public:
  explicit Varints(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  uint64_t next() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) return static_cast<unsigned char>(*at_++);
    ByteReader rest(std::string_view(at_, end_));
    const uint64_t value = rest.varint();
    ok_ = ok_ && rest.ok();
    at_ += rest.position();
    return value;
  }
  int64_t next_signed() { return unzigzag(next()); }
  bool whole() const { return ok_ && at_ == end_; }

private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

} // namespace

std::string encode_chunk(std::span<const ChunkDay> days, model::Day first) {
  std::string out;
  ByteWriter writer(out);
  writer.put(version);
  writer.varint(days.size());
  for (const auto& day : days) {
    writer.varint(static_cast<uint64_t>(day.day - first));
    writer.svarint(day.n);
    writer.svarint(static_cast<int64_t>(day.sum));
    writer.svarint(static_cast<int64_t>(day.sum >> 64));
    writer.svarint(day.approximate);
    writer.svarint(day.repaired);
    writer.svarint(day.provisional);
    writer.varint(day.first_seq);
    writer.varint(day.last_seq - day.first_seq);
  }
  seal(out);
  return out;
}

Result<void> decode_chunk(std::string_view blob, model::Day first, std::vector<ChunkDay>& days) {
  bool ok = false;
  ByteReader reader(unseal(blob, ok));
  if (!ok || reader.get<uint8_t>() != version) return damaged("chunk of figures");
  Varints in(reader.bytes(reader.left()));
  const uint64_t count = in.next();
  if (count > max_days) return damaged("chunk of figures");
  days.resize(count);
  for (auto& day : days) {
    const uint64_t offset = in.next();
    if (offset >= max_days) return damaged("chunk of figures");
    day.day = first + static_cast<model::Day>(offset);
    day.n = in.next_signed();
    const auto low = static_cast<uint64_t>(in.next_signed());
    const int64_t high = in.next_signed();
    day.sum = static_cast<__int128>((static_cast<unsigned __int128>(static_cast<uint64_t>(high)) << 64) | low);
    day.approximate = in.next_signed();
    day.repaired = in.next_signed();
    day.provisional = in.next_signed();
    day.first_seq = in.next();
    day.last_seq = day.first_seq + in.next();
  }
  if (!in.whole()) return damaged("chunk of figures");
  return {};
}

std::string encode_set(std::span<const Counted> values) {
  std::string out;
  out.reserve(values.size() * 2 + 16);
  ByteWriter writer(out);
  writer.put(version);
  writer.varint(values.size());
  uint32_t previous = 0;
  for (const auto& value : values) {
    const bool more = value.count > 1;
    writer.varint(static_cast<uint64_t>(value.number - previous) << 1 | (more ? 1 : 0));
    if (more) writer.varint(value.count - 2);
    previous = value.number;
  }
  seal(out);
  return out;
}

namespace {

template <class Reserve, class Take> Result<void> walk_set(std::string_view blob, Reserve&& reserve, Take&& take) {
  bool ok = false;
  ByteReader reader(unseal(blob, ok));
  if (!ok || reader.get<uint8_t>() != version) return damaged("set of values");
  const uint64_t count = reader.varint();
  if (count > reader.left()) return damaged("set of values");
  reserve(count);
  const auto values = reader.bytes(reader.left());
  const char* at = values.data();
  const char* const end = at + values.size();
  bool whole = reader.ok();
  // Nearly all steps of a day's visitors take two bytes, and all counts one; what does not goes the long way.
  const auto long_varint = [&] {
    ByteReader rest(std::string_view(at, end));
    const uint64_t value = rest.varint();
    whole = whole && rest.ok();
    at += rest.position();
    return value;
  };
  const auto byte = [](const char* c) { return static_cast<unsigned char>(*c); };
  uint64_t number = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t step = 0;
    if (end - at >= 2 && byte(at) >= 0x80 && byte(at + 1) < 0x80) {
      step = (byte(at) & 0x7fu) | static_cast<uint64_t>(byte(at + 1)) << 7;
      at += 2;
    } else {
      step = long_varint();
    }
    number += step >> 1;
    uint64_t times = 1;
    if (step & 1) times = 2 + (at != end && byte(at) < 0x80 ? byte(at++) : long_varint());
    const bool ascends = i == 0 || step >> 1 > 0;
    if (!ascends || step >> 1 > UINT32_MAX || number > UINT32_MAX || times > UINT32_MAX)
      return damaged("set of values");
    take(static_cast<uint32_t>(number), static_cast<uint32_t>(times));
  }
  if (!whole || at != end) return damaged("set of values");
  return {};
}

} // namespace

Result<std::vector<Counted>> decode_set(std::string_view blob) {
  std::vector<Counted> values;
  auto done = walk_set(
      blob, [&](uint64_t count) { values.reserve(count); },
      [&](uint32_t number, uint32_t times) {
        values.push_back({number, times});
      });
  if (!done) return done.error();
  return values;
}

Result<void> decode_numbers(std::string_view blob, std::vector<uint32_t>& out) {
  out.clear();
  return walk_set(
      blob, [&](uint64_t count) { out.reserve(count); }, [&](uint32_t number, uint32_t) { out.push_back(number); });
}

} // namespace kepu::measure
