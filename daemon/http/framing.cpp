#include "http/framing.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace kepu::http {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.find(c) != others.npos;
}
bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

// The elements of a list in a field's value, lower case; empty ones are none (RFC 9110, 5.6.1).
std::vector<std::string> listed(std::string_view value) {
  std::vector<std::string> out;
  split(value, ',', [&](std::string_view one) {
    if (!one.empty()) out.push_back(lower(one));
  });
  return out;
}

// reg-name, IPv4 or a bracketed IPv6 address, with a port or without.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  std::string_view name = text;
  if (text.front() == '[') {
    const size_t close = text.find(']');
    if (close == text.npos || close < 3) return false;
    for (const char c : text.substr(1, close - 1)) {
      if (!(is_token_char(c) || c == ':') || c == '%') return false;
    }
    name = text.substr(close + 1);
    if (name.empty()) return true;
    if (name.front() != ':') return false;
    name.remove_prefix(1);
  } else {
    const size_t colon = text.find(':');
    for (const char c : text.substr(0, colon)) {
      if (!(is_token_char(c) && c != '`' && c != '|' && c != '^' && c != '#')) return false;
    }
    if (colon == 0) return false;
    if (colon == text.npos) return true;
    name = text.substr(colon + 1);
  }
  return name.size() <= 5 && std::all_of(name.begin(), name.end(), is_digit);
}

HeadRefusal bad(std::string detail) { return {400, "bad_request", std::move(detail)}; }

constexpr std::array known_methods{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"};

// Leaves the origin-form of "http://host/path?query", whose host counts in place of the Host field's (RFC 9112, 3.2.2).
std::string origin_form(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (lower(target.substr(0, scheme.size())) != scheme) return std::string(target);
  const auto rest = target.substr(scheme.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!is_host(rest.substr(0, end))) return std::string(target);
  return (rest.substr(end).starts_with('/') ? "" : "/") + std::string(rest.substr(end));
}

// Why a request with Transfer-Encoding is refused: none here has a body of unknown length.
HeadRefusal refuse_coding(const std::vector<std::string>& codings, bool faulty) {
  const auto chunked = std::count(codings.begin(), codings.end(), "chunked");
  if (faulty || chunked != 1 || codings.back() != "chunked")
    return bad("Transfer-Encoding leaves open where the body ends; send a Content-Length");
  if (codings.size() > 1) return {501, "not_implemented", "the transfer coding is unknown"};
  return {411, "length_required", "send a Content-Length, or no body"};
}

std::optional<HeadRefusal> read_request_line(std::string_view line, Head& out, bool& is_1_0) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return bad("the request line is not METHOD TARGET HTTP/1.1");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method)) return bad("the method is no token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7]))
    return bad("the request line does not end in HTTP/1.1");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return HeadRefusal{505, "version_not_supported", "send HTTP/1.1"};
  is_1_0 = version == "HTTP/1.0";
  if (target.size() > max_target)
    return HeadRefusal{414, "target_too_long", "the target is longer than 8 kB; ask for less at once"};
  out.target = origin_form(target);
  if (!out.target.starts_with('/')) return HeadRefusal{400, "bad_target", "the target must begin with /"};
  for (const char c : out.target) {
    if (c <= ' ' || c >= 0x7f || c == '#')
      return HeadRefusal{400, "bad_target", "the target holds bytes that must be percent-encoded"};
  }
  if (std::find(known_methods.begin(), known_methods.end(), method) == known_methods.end()) {
    return HeadRefusal{501, "not_implemented", "the method is unknown"};
  }
  out.method = method;
  return std::nullopt;
}

} // namespace

size_t head_size(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  return end == bytes.npos ? bytes.npos : end + 4;
}

std::optional<HeadRefusal> read_head(std::string_view head, Head& out) {
  for (size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return bad("a carriage return stands alone");
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return bad("a line feed stands alone");
    if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) return bad("the head holds a control character");
  }
  const size_t line_end = head.find("\r\n");
  bool is_1_0 = false;
  if (auto refused = read_request_line(head.substr(0, line_end), out, is_1_0)) return refused;
  head.remove_prefix(line_end + 2);

  size_t hosts = 0;
  size_t lengths = 0;
  std::vector<std::string> codings;
  bool coded = false;
  bool expects = false;
  bool close = false;
  bool keep = false;
  while (head != "\r\n") {
    const size_t end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.front() == ' ' || line.front() == '\t') return bad("a header field is folded over two lines");
    const size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) return bad("a header field is not NAME: VALUE");
    const auto name = lower(line.substr(0, colon));
    const auto value = trimmed(line.substr(colon + 1));
    if (name == "host") {
      ++hosts;
      if (!is_host(value)) return bad("the Host field is no host");
    } else if (name == "content-length") {
      ++lengths;
      const auto [at, error] = std::from_chars(value.data(), value.data() + value.size(), out.body);
      if (value.empty() || at != value.data() + value.size() || !is_digit(value.front()))
        return bad("Content-Length is no number");
      if (error != std::errc()) return HeadRefusal{413, "body_too_large", "a body of more than 64 kB is not taken"};
    } else if (name == "transfer-encoding") {
      const auto more = listed(value);
      coded = true;
      codings.insert(codings.end(), more.begin(), more.end());
    } else if (name == "connection") {
      for (const auto& option : listed(value)) {
        close = close || option == "close";
        keep = keep || option == "keep-alive";
      }
    } else if (name == "expect") {
      expects = true;
    } else if (name == "accept") {
      out.accept += (out.accept.empty() ? "" : ",") + std::string(value);
    } else if (name == "accept-encoding") {
      out.accept_encoding += (out.accept_encoding.empty() ? "" : ",") + std::string(value);
    } else if (name == "if-none-match") {
      out.if_none_match += (out.if_none_match.empty() ? "" : ",") + std::string(value);
    }
  }
  if (hosts > 1 || (hosts == 0 && !is_1_0)) return bad("there must be one Host field");
  if (lengths > 1) return bad("Content-Length is given more than once");
  if (coded) return refuse_coding(codings, lengths > 0 || is_1_0);
  if (expects && !is_1_0)
    return HeadRefusal{417, "expectation_failed", "no Expect is met; send the request without it"};
  if (out.body > max_body) return HeadRefusal{413, "body_too_large", "a body of more than 64 kB is not taken"};
  if (out.body > 0 && (out.method == "GET" || out.method == "HEAD"))
    return HeadRefusal{400, "unexpected_body", "a GET takes no body"};
  out.keep_alive = !close && (!is_1_0 || keep);
  return std::nullopt;
}

} // namespace kepu::http
