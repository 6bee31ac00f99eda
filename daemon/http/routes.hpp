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

// A moment of the store for one answer.
class Moment {
public:
  // Now.
  explicit Moment(store::Reader& reader) : reader_(reader), commit_(take(reader.begin())) {}
  // What the parameter `as_of` asks for: an instant, a date, which means its end in the hub's zone, or a commit by its
  // label; what lies ahead is refused. Without it: now.
  explicit Moment(const Asked& asked);
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  ~Moment() { reader_.end(); }
  const store::CommitInfo& commit() const { return commit_; }
  // The instant asked for; of a label that of its commit. nullopt: now.
  const std::optional<Instant>& then() const { return then_; }
  const std::string& label() const { return label_; } // empty: none was asked for
  // Periods were cut in it then, and times are told in it. Of the hub's now, where the moment knows none.
  model::Zone zone(const Asked& asked) const;
  // The day that is now, of the moment.
  model::Day today(const Asked& asked) const { return zone(asked).day_at(then_.value_or(asked.context.now)); }
  // Members `as_of` and, where it was asked for, `as_of_label` and `as_of_commit`.
  void echo(Json& json, const Asked& asked) const;

private:
  store::Reader& reader_;
  std::string label_;
  std::optional<Instant> then_;
  store::CommitInfo commit_;
};

// Member `notice`, where the hub has one.
void write_notice(Json& json, const Asked& asked);
// Strong ETag of an answer of this moment that changes with commits only, the last of them `changed`; `day`: and with
// the hub's day.
std::string etag_of(const Asked& asked, const Moment& moment, store::Seq changed, std::optional<model::Day> day = {});
// Whether the client has that answer.
bool client_has(const Asked& asked, const std::string& etag);
Response not_modified(const std::string& etag);
Response not_modified(const Response& full);

struct Draft {
  std::string body;
  std::string etag;                   // empty: made of the body
  std::string next;                   // link to the next page; empty: none
  std::optional<model::Day> day = {}; // the only day on which it holds
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
std::string link_with(const Asked& asked, const std::vector<std::pair<std::string, std::string>>& more);
std::vector<std::string> with_common(std::vector<std::string> names); // plus format, for
// Refuses a filter that names no source, neither of the hub nor of its store: one that was taken away may have left
// something. For answers without rows. Which sources the hub had at an earlier moment is not known: then none is
// refused, so that the answer stays.
void check_source(const Asked& asked, const Moment& moment, const std::optional<std::string>& id);

// "2025 annual report; 年报", empty: none.
std::string labels_text(const std::vector<std::string>& labels);
// "count"
std::string_view measure_name(model::Measure measure);
// What SQLite can number.
inline constexpr auto largest_number = static_cast<uint64_t>(INT64_MAX);
// The number that stands in the path; nullopt: there is none that could be of anything.
std::optional<uint64_t> number_asked(const Asked& asked);
// The run that the path names; refuses one that there is not. Within a moment.
store::RunRow run_asked(const Asked& asked);
// {"data": status} of one source; refuses one that there is not.
std::string source_body(const Asked& asked, const std::string& id);

Response indicators(const Asked& asked);
Response indicator(const Asked& asked);
Response observations(const Asked& asked);
Response history(const Asked& asked);
Response explain(const Asked& asked);
Response plans(const Asked& asked);
Response targets(const Asked& asked);
Response target(const Asked& asked);
Response departments(const Asked& asked);
Response department(const Asked& asked);
Response completeness(const Asked& asked);
Response commits(const Asked& asked);
Response label_commit(const Asked& asked);
Response sources(const Asked& asked);
Response source(const Asked& asked);
Response run_source(const Asked& asked);
Response backfill_source(const Asked& asked);
Response pause_source(const Asked& asked);
Response resume_source(const Asked& asked);
Response runs(const Asked& asked);
Response run(const Asked& asked);
Response rejects(const Asked& asked);
Response reject(const Asked& asked);
Response retry_reject(const Asked& asked);
Response retry_source(const Asked& asked);
Response withdraw_run(const Asked& asked);
Response withdraw_source(const Asked& asked);
Response retention(const Asked& asked);
Response rebuild(const Asked& asked);
Response verify(const Asked& asked);
Response compact(const Asked& asked);
Response reload(const Asked& asked);
Response erase_person(const Asked& asked);
Response jobs(const Asked& asked);
Response job(const Asked& asked);
Response healthz(const Asked& asked);
Response readyz(const Asked& asked);
Response metrics(const Asked& asked);
Response front_page(const Asked& asked);
Response style_sheet(const Asked& asked);

} // namespace kepu::http
