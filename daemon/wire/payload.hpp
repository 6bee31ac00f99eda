// The two directions of a payload, with one face, so that each message is described once. Of wire only.
#pragma once

#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "wire/frames.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::wire {

// Appends a header whose size end_frame fills in; returns where it begins.
size_t begin_frame(Type type, uint32_t tag, std::string& out);
// Throws std::length_error, with `out` as it was before, when the payload passes max_payload.
void end_frame(size_t begin, std::string& out);

class PayloadWriter {
public:
  template <class T> using Of = const T;

  explicit PayloadWriter(std::string& out) : out_(out) {}

  template <class T> void number(const T& v, T, T, const char*) { out_.put(v); }
  void number(const int32_t& v, int, int, const char*) { out_.put(v); }
  template <class T> void choice(const T& v, T, T, const char*) { out_.put(static_cast<uint8_t>(v)); }
  void bits(const uint32_t& v, uint32_t, const char*) { out_.put(v); }
  void boolean(const bool& v, const char*) { out_.put(static_cast<uint8_t>(v)); }
  void real(const double& v, const char*) { out_.put(v); }
  void hash(const std::array<uint8_t, 32>& v) { out_.put(v); }
  void text(const std::string& v, size_t, const char*) { out_.text(v); }
  void code(const std::string& v, size_t, const char*) { out_.text(v); }
  void path(const std::string& v, size_t, const char*) { out_.text(v); }
  void opaque(const std::string& v, size_t, const char*) { out_.text(v); }
  void exactly(const std::string& v, size_t, const char*) { out_.text(v); }
  template <class T, class Each> void list(const std::vector<T>& v, size_t, const char*, Each each) {
    out_.put(static_cast<uint32_t>(v.size()));
    for (const auto& item : v)
      each(item);
  }
  template <class T, class Then> void optional(const std::optional<T>& v, const char*, Then then) {
    out_.put(static_cast<uint8_t>(v.has_value()));
    if (v) then(*v);
  }

private:
  ByteWriter out_;
};

// Keeps the first complaint; what is read after it is of no meaning.
class PayloadReader {
public:
  template <class T> using Of = T;

  explicit PayloadReader(std::string_view in) : in_(in) {}

  // What is wrong with the payload, bytes left over included.
  std::optional<std::string> complaint() const {
    if (wrong_) return std::string(what_) + " " + wrong_;
    if (!in_.ok()) return "it is cut short";
    if (!in_.at_end()) return std::to_string(in_.left()) + " bytes are left over";
    return std::nullopt;
  }

  template <class T> void number(T& v, T low, T high, const char* what) {
    v = in_.get<T>();
    check(v >= low && v <= high, what, "is out of range");
  }
  void number(int32_t& v, int low, int high, const char* what) { number<int32_t>(v, low, high, what); }
  template <class T> void choice(T& v, T low, T high, const char* what) {
    const auto n = in_.get<uint8_t>();
    check(n >= static_cast<uint8_t>(low) && n <= static_cast<uint8_t>(high), what, "is out of range");
    v = static_cast<T>(n);
  }
  void bits(uint32_t& v, uint32_t all, const char* what) {
    v = in_.get<uint32_t>();
    check((v & ~all) == 0, what, "has unknown bits");
  }
  void boolean(bool& v, const char* what) {
    const auto n = in_.get<uint8_t>();
    check(n <= 1, what, "is neither 0 nor 1");
    v = n == 1;
  }
  void real(double& v, const char* what) {
    v = in_.get<double>();
    check(std::isfinite(v), what, "is not a finite number");
  }
  void hash(std::array<uint8_t, 32>& v) { v = in_.get<std::array<uint8_t, 32>>(); }
  void opaque(std::string& v, size_t most, const char* what) {
    const auto bytes = in_.text();
    check(bytes.size() <= most, what, "is too long");
    v = bytes;
  }
  void text(std::string& v, size_t most, const char* what) {
    opaque(v, most, what);
    check(is_utf8(v), what, "is not UTF-8");
  }
  void code(std::string& v, size_t most, const char* what) {
    opaque(v, most, what);
    bool good = !v.empty();
    for (const char c : v)
      good &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    check(good, what, "is not of a-z, 0-9 and _");
  }
  // Bytes, not text: a folder may bear any name.
  void path(std::string& v, size_t most, const char* what) {
    opaque(v, most, what);
    check(v.starts_with('/') && v.find('\0') == std::string::npos, what, "is not an absolute path");
  }
  void exactly(std::string& v, size_t size, const char* what) {
    opaque(v, size, what);
    check(v.size() == size, what, "is of the wrong length");
  }
  template <class T, class Each> void list(std::vector<T>& v, size_t most, const char* what, Each each) {
    const auto n = in_.get<uint32_t>();
    check(n <= most, what, "are too many");
    // Grows with what is there, not with what is claimed.
    for (uint32_t i = 0; i < n && !wrong_ && in_.ok(); ++i)
      each(v.emplace_back());
  }
  template <class T, class Then> void optional(std::optional<T>& v, const char* what, Then then) {
    bool there = false;
    boolean(there, what);
    if (there) then(v.emplace());
  }

private:
  void check(bool good, const char* what, const char* wrong) {
    if (good || wrong_ || !in_.ok()) return;
    what_ = what;
    wrong_ = wrong;
  }

  ByteReader in_;
  const char* what_ = "";
  const char* wrong_ = nullptr;
};

} // namespace kepu::wire
