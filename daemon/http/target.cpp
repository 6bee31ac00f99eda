#include "http/target.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace kepu::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail("bad_target", "a % that two hexadecimal digits do not follow");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (out.find('\0') != std::string::npos) return fail("bad_target", "the target holds a NUL");
  if (!is_utf8(out)) return fail("bad_target", "the target is not UTF-8");
  return Result<std::string>(boost::system::in_place_value, std::move(out));
}

} // namespace

std::string_view path_of(std::string_view raw) { return raw.substr(0, raw.find('?')); }

Result<Target> parse_target(std::string_view raw) {
  if (raw.empty() || raw.front() != '/') return fail("bad_target", "the target does not begin with /");
  for (const char c : raw) {
    if (c <= ' ' || c > '~' || c == '#') {
      return fail("bad_target", "the target holds a character that must be percent-encoded");
    }
  }
  Target out;
  std::string_view path = path_of(raw);
  std::string_view query = raw.substr(path.size());
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    auto segment = decoded(path.substr(0, slash), false);
    if (!segment) return segment.error();
    out.path.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) out.path.emplace_back(); // "/a/" is not "/a"
  }
  if (!query.empty()) query.remove_prefix(1);
  while (!query.empty()) {
    const auto piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), piece.size() + 1));
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    auto name = decoded(piece.substr(0, equals), true);
    if (!name) return name.error();
    auto value = decoded(equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1), true);
    if (!value) return value.error();
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

} // namespace kepu::http
