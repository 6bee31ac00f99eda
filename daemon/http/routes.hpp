// The routes behind handle(). Refusals are thrown as Refused. The reader's thread.
#pragma once

#include "http/budget.hpp"
#include "http/handle.hpp"
#include "http/json.hpp"
#include "http/negotiate.hpp"
#include "http/params.hpp"

#include <span>

namespace kepu::http {

// One request on its way to its route.
struct Asked {
  const Request& request;
  const Params& params;
  std::string id; // the path's variable segment, where the route has one
  Format format;
  bool excel; // for=excel
  bool gzip;
  store::Reader& reader;
  Control& control;
  const Context& context;
  AnswerBudget::Hold& hold; // what this answer takes
};

struct Route {
  std::string_view name; // for /metrics
  std::string_view path; // "*" stands for one segment
  bool command;          // POST; else GET and HEAD
  bool cached;           // answers change with commits only
  std::span<const Format> formats;
  bool negotiated; // Accept and format= count
  Response (*answer)(const Asked&);
};

// The end of the moment that `as_of` asks for: an instant, or a date, which means its end in the hub's zone; what lies
// ahead is refused. nullopt: now.
std::optional<Instant> as_of(const Asked& asked);

// A moment of the store for one answer.
class Moment {
public:
  explicit Moment(store::Reader& reader) : reader_(reader), commit_(take(reader.begin())) {}
  Moment(store::Reader& reader, std::optional<Instant> as_of)
      : reader_(reader), commit_(as_of ? take(reader.begin_at(*as_of), "as_of") : take(reader.begin())) {}
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  ~Moment() { reader_.end(); }
  const store::CommitInfo& commit() const { return commit_; }

private:
  store::Reader& reader_;
  store::CommitInfo commit_;
};

// Strong ETag of an answer that changes with commits only.
std::string etag_of(const Asked& asked, store::Seq changed);
// Whether the client has that answer.
bool client_has(const Asked& asked, const std::string& etag);
Response not_modified(const std::string& etag);
Response not_modified(const Response& full);

struct Draft {
  std::string body;
  std::string etag; // empty: made of the body
  std::string next; // link to the next page; empty: none
};
// 200 with all headers, compressed where asked, or 304. `commit`: the moment it was made of, for from_cache(); 0: not
// kept.
Response finish(const Asked& asked, Draft draft, store::Seq commit);
// Text that is neither negotiated nor to be kept, and is never refused for want of room.
Response plain(const Asked& asked, int status, std::string body);
Response plain(int status, Format format, std::shared_ptr<const std::string> body);
// Refuses what will take more memory at most than there is, before the work.
void reserve(const Asked& asked, size_t bytes);

// `path` with the request's parameters but `name`, which gets `value`.
std::string link_with(const Asked& asked, std::string_view name, std::string_view value);
std::vector<std::string> with_common(std::vector<std::string> names); // plus format, for
// Refuses a filter that names no source, neither of the hub nor of its store: one that was taken away may have left
// something. For answers without rows, within a moment.
void check_source(const Asked& asked, const std::optional<std::string>& id);

// The run that the path names; refuses one that there is not. Within a moment.
store::RunRow run_asked(const Asked& asked);

Response indicators(const Asked& asked);
Response indicator(const Asked& asked);
Response observations(const Asked& asked);
Response sources(const Asked& asked);
Response source(const Asked& asked);
Response run_source(const Asked& asked);
Response pause_source(const Asked& asked);
Response resume_source(const Asked& asked);
Response runs(const Asked& asked);
Response run(const Asked& asked);
Response rejects(const Asked& asked);
Response withdraw_run(const Asked& asked);
Response withdraw_source(const Asked& asked);
Response rebuild(const Asked& asked);
Response jobs(const Asked& asked);
Response job(const Asked& asked);
Response healthz(const Asked& asked);
Response readyz(const Asked& asked);
Response metrics(const Asked& asked);
Response front_page(const Asked& asked);
Response style_sheet(const Asked& asked);

} // namespace kepu::http
