// Reading and writing little-endian bytes with bounds. Pure; any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace kepu {

static_assert(std::endian::native == std::endian::little, "stored bytes are little-endian, read by memcpy");

template <class T> T load(const void* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
inline int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

// Appends to a string. Varints are LEB128.
class ByteWriter {
public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T> void put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void bytes(std::string_view v) { out_.append(v); }
  // u32 length, then the bytes.
  void text(std::string_view v) {
    put(static_cast<uint32_t>(v.size()));
    out_.append(v);
  }
  void varint(uint64_t v) {
    char buffer[10];
    int n = 0;
    while (v >= 0x80) {
      buffer[n++] = static_cast<char>(v | 0x80);
      v >>= 7;
    }
    buffer[n++] = static_cast<char>(v);
    out_.append(buffer, static_cast<size_t>(n));
  }
  void svarint(int64_t v) { varint(zigzag(v)); }
  size_t size() const { return out_.size(); }

private:
  std::string& out_;
};

// Reads what may be hostile: every read past the end sets !ok() and yields zero or empty; callers
// check ok() once at the end.
class ByteReader {
public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == in_.size(); }
  size_t left() const { return in_.size() - at_; }
  size_t position() const { return at_; }
  void fail() {
    ok_ = false;
    at_ = in_.size();
  }

  template <class T> T get() {
    if (left() < sizeof(T)) {
      fail();
      return T{};
    }
    T value = load<T>(in_.data() + at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view bytes(size_t n) {
    if (left() < n) {
      fail();
      return {};
    }
    auto v = in_.substr(at_, n);
    at_ += n;
    return v;
  }
  std::string_view text() { return bytes(get<uint32_t>()); }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == in_.size()) break;
      auto byte = static_cast<unsigned char>(in_[at_++]);
      if (shift == 63 && byte > 1) break;
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return v;
    }
    fail();
    return 0;
  }
  int64_t svarint() { return unzigzag(varint()); }

private:
  std::string_view in_;
  size_t at_ = 0;
  bool ok_ = true;
};

} // namespace kepu
