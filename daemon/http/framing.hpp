// What a request's head must look like before anything believes it: the rules that keep two parsers from
// reading one stream as different requests (RFC 9112). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::http {

constexpr size_t max_head = 16u << 10; // request line and header fields
constexpr size_t max_target = 8u << 10;
constexpr uint64_t max_body = 64u << 10;

struct Head {
  std::string method;
  std::string target;
  bool keep_alive = true;
  uint64_t body = 0; // bytes that follow, to be read past
  std::string accept;
  std::string accept_encoding;
  std::string if_none_match;
};

// The status and code of a refusal (see problem_codes()), and what is wrong.
struct HeadRefusal {
  int status = 400;
  std::string code = "bad_request";
  std::string detail;
};

// Bytes up to and with the empty line; npos: not there yet.
size_t head_size(std::string_view bytes);
// `head` ends with the empty line. Fills `out` or says why not; the connection is closed then.
std::optional<HeadRefusal> read_head(std::string_view head, Head& out);

} // namespace kepu::http
