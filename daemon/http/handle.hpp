// From a request to an answer, without a socket: the routes, their words and their refusals. What the I/O half
// (listener, session) reads and writes is Request and Response.
#pragma once

#include "base/clock.hpp"
#include "http/control.hpp"
#include "model/zone.hpp"
#include "store/reader.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kepu::http {

class AnswerBudget;  // http/budget.hpp
class AnswerCache;   // http/cache.hpp
class RequestCounts; // http/counts.hpp

struct Request {
  std::string method; // "GET"; HEAD is answered like GET, the I/O half leaves the body out
  std::string target; // as received, origin-form: "/api/v1/observations?indicator=..."
  std::string accept; // header values; empty: absent
  std::string accept_encoding;
  std::string if_none_match;
  bool has_body = false; // Content-Length above 0, or Transfer-Encoding
  bool admin = false;    // came over the local admin socket
};

struct Response {
  int status = 200;
  // Names in lower case. Without content-length, date, server and connection: the I/O half knows those.
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body; // never null; empty for 304
  std::optional<Instant> until = {};       // when the hub's day ends, on which alone it holds
};

struct Context {
  const model::Zone* zone = nullptr; // of the hub; outlives the call
  Instant now{};
  std::string version;                  // of the daemon
  AnswerCache* cache = nullptr;         // nullptr: nothing is kept
  RequestCounts* counts = nullptr;      // for /metrics; nullptr: none are shown
  AnswerBudget* budget = nullptr;       // nullptr: answers take what they take
  const model::Label* notice = nullptr; // what every answer bears; nullptr: nothing. Outlives the call
};

// The reader's thread (kepu-read-N). Begins and ends its own moment of the store. Never throws for bad input;
// what the hub itself does wrong is for the I/O half to log and to answer.
Response handle(const Request& request, store::Reader& reader, Control& control, const Context& context);

// The answer to /healthz, which needs neither the store nor a turn: it tells that the process lives. Any thread, does
// not wait. nullopt: ask handle().
std::optional<Response> at_once(const Request& request, const Context& context);

// The answer kept for this request, if it is of the commit `latest`; 304 where the client has it. Any thread,
// does not wait for I/O. nullopt: ask handle().
std::optional<Response> from_cache(const Request& request, AnswerCache& cache, store::Seq latest, Instant now);

// What names the answer to this request, while `latest` is the newest commit: requests of one name may share one
// answer. Any thread. Empty: none may.
std::string share_key(const Request& request, store::Seq latest);

// A refusal as RFC 9457 says it. `code` is one of problem_codes(); `status` must be what the table says of it.
// Any thread; the I/O half uses it for its own refusals.
Response problem(int status, std::string_view code, std::string detail, std::string hint = {},
                 std::string parameter = {});

// Every code that an answer may bear, with its status, its title, and what to do where a refusal says nothing nearer.
struct ProblemCode {
  std::string_view code;
  int status;
  std::string_view title;
  std::string_view hint;
};
const std::vector<ProblemCode>& problem_codes();

// Short stable name of the route for /metrics ("observations"), "other" for what is none. Never text of the client.
std::string_view route_name(std::string_view target);

} // namespace kepu::http
