// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/bookmark.hpp>

#include <kepu/connector.h>

#include <algorithm>
#include <cstring>

namespace kepu::toolkit {
namespace {

// What the first connector that had such a cursor called it: its hubs need not look at their files again.
constexpr std::string_view magic = "VT2\n";
constexpr size_t most_begun =
    512; // files left half-read, each of them once changed under our hands: far beyond any use

void put(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i)
    out += static_cast<char>(value >> (8 * i));
}

struct Input {
  std::string_view left;
  bool ok = true;

  std::string_view bytes(uint64_t n) {
    if (n > left.size()) {
      ok = false;
      return {};
    }
    const auto out = left.substr(0, n);
    left.remove_prefix(n);
    return out;
  }
  uint64_t number() {
    uint64_t out = 0;
    const auto raw = bytes(8);
    for (size_t i = 0; i < raw.size(); ++i)
      out |= uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    return out;
  }
};

} // namespace

bool Bookmark::Open::operator==(const Open& other) const {
  return name == other.name && size == other.size && hash == other.hash && at.offset == other.at.offset &&
         at.row == other.at.row;
}

void Bookmark::begin(uint64_t name) {
  if (has_begun(name)) return;
  if (begun.size() == most_begun) begun.erase(begun.begin());
  begun.push_back(name);
}

void Bookmark::end(uint64_t name) { std::erase(begun, name); }

bool Bookmark::has_begun(uint64_t name) const { return std::find(begun.begin(), begun.end(), name) != begun.end(); }

std::string Bookmark::text(const std::vector<uint64_t>& first) const {
  std::string out(magic);
  put(out, open ? 1 : 0);
  if (open) {
    put(out, open->name);
    put(out, open->size);
    out.append(reinterpret_cast<const char*>(open->hash.data()), open->hash.size());
    put(out, open->at.offset);
    put(out, open->at.row);
  }
  put(out, begun.size());
  for (const uint64_t name : begun)
    put(out, name);
  size_t left = most_settled;
  if (settled.size() <= left) {
    for (const uint64_t mark : settled)
      put(out, mark);
    return out;
  }
  for (const uint64_t mark : first) {
    if (left == 0) break;
    if (!settled.contains(mark)) continue;
    put(out, mark);
    --left;
  }
  return out;
}

std::optional<Bookmark> Bookmark::parse(std::string_view text) {
  Bookmark out;
  if (text.empty()) return out;
  if (!text.starts_with(magic)) return std::nullopt;
  Input in{text.substr(magic.size())};
  if (in.number() == 1) {
    Open open;
    open.name = in.number();
    open.size = in.number();
    const auto hash = in.bytes(open.hash.size());
    std::copy(hash.begin(), hash.end(), reinterpret_cast<char*>(open.hash.data()));
    open.at.offset = in.number();
    open.at.row = in.number();
    out.open = std::move(open);
  }
  for (uint64_t n = in.number(); in.ok && n > 0; --n)
    out.begun.push_back(in.number());
  while (in.ok && !in.left.empty())
    out.settled.insert(in.number());
  if (!in.ok) return std::nullopt;
  return out;
}

static_assert(magic.size() + 8 * 8 + 32 + 8 * (most_begun + 1) + 8 * most_settled <= KEPU_MAX_CURSOR_BYTES);

} // namespace kepu::toolkit
