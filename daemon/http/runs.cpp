#include "base/printable.hpp"
#include "http/routes.hpp"

#include <algorithm>
#include <charconv>

namespace kepu::http {
namespace {

constexpr uint32_t usual_page = 100;
constexpr uint32_t largest_page = 1000;

const std::vector<std::string> run_columns{
    "run",      "source", "connector", "connector_version", "library_hash", "started",   "ended",
    "status",   "text",   "rows",      "inserted",          "changed",      "unchanged", "removed",
    "rejected", "parts",  "withdrawn", "withdrawn_commit"};
const std::vector<std::string> reject_columns{"id",    "run",  "source",  "input",       "place", "dataset",
                                              "field", "code", "message", "recorded_at", "count"};

const std::vector<std::string> commit_columns{"commit", "recorded_at", "kind", "source", "run", "label"};

void write(RowWriter& rows, const Asked& asked, const store::CommitRow& commit) {
  rows.number(commit.seq);
  rows.text(asked.context.zone->text(commit.recorded_at));
  rows.text(commit.kind);
  rows.text_or_null(commit.source);
  commit.run == 0 ? rows.null() : rows.number(commit.run);
  rows.text_or_null(labels_text(commit.labels));
}

void write(RowWriter& rows, const Asked& asked, const store::RunRow& run) {
  rows.number(run.run);
  rows.text(run.source);
  rows.text_or_null(run.connector);
  rows.text_or_null(run.connector_version);
  rows.text_or_null(run.library_hash);
  rows.text(asked.context.zone->text(run.started));
  rows.text_or_null(run.ended ? asked.context.zone->text(*run.ended) : "");
  rows.text(run.status);
  rows.text(run.text);
  for (const uint64_t count :
       {run.rows, run.inserted, run.changed, run.unchanged, run.removed, run.rejected, run.parts}) {
    rows.number(count);
  }
  rows.text_or_null(run.withdrawn ? asked.context.zone->text(run.withdrawn->recorded_at) : "");
  run.withdrawn ? rows.number(run.withdrawn->seq) : rows.null();
}

void write(RowWriter& rows, const Asked& asked, const store::RejectRow& reject) {
  rows.number(reject.id);
  rows.number(reject.run);
  rows.text(reject.source);
  rows.text_or_null(reject.input);
  reject.place == 0 ? rows.null() : rows.number(reject.place);
  rows.text_or_null(reject.dataset);
  rows.text_or_null(reject.field);
  rows.text(reject.code);
  rows.text(reject.message);
  rows.text(asked.context.zone->text(reject.recorded_at));
  rows.number(reject.count);
}

// A page of what the store keeps, newest first. One row more is asked than shown, to know of a next page.
template <class Row, class Ask>
Response page(const Asked& asked, const std::vector<std::string>& columns, Ask ask, uint64_t Row::*number) {
  store::PageAsk wanted;
  wanted.source = asked.params.text("source");
  wanted.before = asked.params.number("before", 1, largest_number).value_or(0);
  const auto limit = static_cast<uint32_t>(asked.params.number("limit", 1, largest_page).value_or(usual_page));
  wanted.limit = limit + 1;
  const Moment moment(asked.reader);
  std::vector<Row> found = take(ask(wanted));
  if (found.empty()) check_source(asked, moment, wanted.source);

  Draft draft;
  if (found.size() > limit) {
    found.resize(limit);
    draft.next = link_with(asked, "before", std::to_string(found.back().*number));
  }
  const bool json = asked.format == Format::json;
  if (json) draft.body += "{\"data\":";
  RowWriter rows(draft.body, asked.format, columns, asked.excel);
  for (const auto& row : found)
    write(rows, asked, row);
  rows.finish();
  if (json) {
    draft.body += ",\"next\":";
    Json(draft.body).text_or_null(draft.next);
    draft.body += "}";
  }
  return finish(asked, std::move(draft), 0);
}

// A row without the array of rows.
template <class Row> Response only(const Asked& asked, const std::vector<std::string>& columns, const Row& row) {
  Draft draft;
  RowWriter rows(draft.body, Format::json, columns, false);
  write(rows, asked, row);
  draft.body = "{\"data\":" + draft.body.substr(1) + "}";
  return finish(asked, std::move(draft), 0);
}

// The reject that the path names; refuses one that there is not. Within a moment.
store::RejectRow reject_asked(const Asked& asked) {
  store::PageAsk ask;
  ask.limit = 1;
  if (const auto number = number_asked(asked); number && *number < largest_number) {
    ask.before = *number + 1;
    auto found = take(asked.reader.rejects(ask));
    if (!found.empty() && found[0].id == *number) return std::move(found[0]);
  }
  throw Refused{"unknown_reject", "no reject " + in_quotes(asked.id), "", "", {}};
}

// Of the source that the path names. Within a moment.
bool has_rejected_input(const Asked& asked) {
  store::PageAsk ask;
  ask.source = asked.id;
  ask.limit = largest_page;
  for (;;) {
    const auto found = take(asked.reader.rejects(ask));
    if (std::ranges::any_of(found, [](const store::RejectRow& one) { return !one.input.empty(); })) return true;
    if (found.size() < ask.limit) return false;
    ask.before = found.back().id;
  }
}

} // namespace

Response runs(const Asked& asked) {
  asked.params.allow_only(with_common({"source", "before", "limit"}));
  return page(
      asked, run_columns, [&](const store::PageAsk& ask) { return asked.reader.runs(ask); }, &store::RunRow::run);
}

Response commits(const Asked& asked) {
  asked.params.allow_only(with_common({"source", "labelled", "before", "limit"}));
  const bool labelled = asked.params.word("labelled", {"true", "false"}) == "true";
  return page(
      asked, commit_columns, [&](const store::PageAsk& ask) { return asked.reader.commits(ask, labelled); },
      &store::CommitRow::seq);
}

Response rejects(const Asked& asked) {
  asked.params.allow_only(with_common({"source", "before", "limit"}));
  return page(
      asked, reject_columns, [&](const store::PageAsk& ask) { return asked.reader.rejects(ask); },
      &store::RejectRow::id);
}

std::optional<uint64_t> number_asked(const Asked& asked) {
  uint64_t number = 0;
  const char* end = asked.id.data() + asked.id.size();
  const auto read = std::from_chars(asked.id.data(), end, number);
  const bool possible = read.ec == std::errc{} && read.ptr == end && number != 0 && number <= largest_number;
  return possible ? std::optional(number) : std::nullopt;
}

store::RunRow run_asked(const Asked& asked) {
  const auto number = number_asked(asked);
  auto found = number ? take(asked.reader.run(*number)) : std::nullopt;
  if (!found) throw Refused{"unknown_run", "no run " + in_quotes(asked.id), "/api/v1/runs lists them", "", {}};
  return std::move(*found);
}

Response run(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  const Moment moment(asked.reader);
  return only(asked, run_columns, run_asked(asked));
}

Response reject(const Asked& asked) {
  asked.params.allow_only(with_common({}));
  const Moment moment(asked.reader);
  return only(asked, reject_columns, reject_asked(asked));
}

Response retry_reject(const Asked& asked) {
  asked.params.allow_only({});
  const auto found = [&] {
    const Moment moment(asked.reader);
    return reject_asked(asked);
  }();
  if (found.input.empty()) {
    throw Refused{
        "no_input", "reject " + std::to_string(found.id) + " of " + found.source + " is of no input", "", "", {}};
  }
  take(asked.control.retry(found.source, found.input));
  auto out = plain(asked, 202, source_body(asked, found.source));
  out.headers.emplace_back("location", "/api/v1/rejects/" + std::to_string(found.id));
  return out;
}

Response retry_source(const Asked& asked) {
  asked.params.allow_only({});
  auto body = source_body(asked, asked.id);
  {
    const Moment moment(asked.reader);
    if (!has_rejected_input(asked))
      throw Refused{"no_input", "no reject of " + asked.id + " is of an input", "", "", {}};
  }
  take(asked.control.retry(asked.id, std::nullopt));
  auto out = plain(asked, 202, std::move(body));
  out.headers.emplace_back("location", "/api/v1/rejects?source=" + asked.id);
  return out;
}

} // namespace kepu::http
