#include "base/hash.hpp"
#include "base/percent.hpp"
#include "http/gzip.hpp"
#include "http/routes.hpp"

#include <algorithm>
#include <array>

namespace kepu::http {
namespace {

constexpr size_t least_to_compress = 1024; // below, the headers outweigh what is won

std::string quoted_hex(uint64_t value) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (int shift = 60; shift >= 0; shift -= 4)
    out.push_back(hex[value >> shift & 15]);
  out.push_back('"');
  return out;
}

Refused no_room() {
  return {"busy",
          "answers that their clients have not taken yet fill the memory that answers may take",
          "ask again when Retry-After has passed, or for a smaller page: fewer columns, a limit below 100",
          "",
          {}};
}

// The file that a spreadsheet saves bears the notice in its name.
std::string attachment(const Asked& asked) {
  std::string out = "attachment; filename=\"kepu.csv\"";
  if (const auto* notice = asked.context.notice)
    out += "; filename*=UTF-8''" + percent_encoded(notice->zh + " kepu.csv");
  return out;
}

} // namespace

std::string etag_of(const Asked& asked, const Moment& moment, store::Seq changed, std::optional<model::Day> day) {
  // A label may be moved to a commit at which the answer is the same but for what it tells of the label.
  const auto labelled = moment.label().empty() ? 0 : moment.commit().seq;
  return quoted_hex(hash64(std::to_string(changed) + ' ' + std::to_string(labelled) + ' ' +
                           (day ? std::to_string(*day) : "") + ' ' + asked.context.version + ' ' +
                           answer_key(asked.request.target, asked.format, asked.gzip)));
}

bool client_has(const Asked& asked, const std::string& etag) {
  return names_etag(asked.request.if_none_match, etag, false);
}

Response not_modified(const std::string& etag) {
  return {304,
          {{"etag", etag}, {"cache-control", "no-cache"}, {"vary", "Accept, Accept-Encoding"}},
          std::make_shared<const std::string>()};
}

Response not_modified(const Response& full) {
  const auto etag =
      std::find_if(full.headers.begin(), full.headers.end(), [](const auto& header) { return header.first == "etag"; });
  return not_modified(etag->second);
}

Response finish(const Asked& asked, Draft draft, store::Seq commit) {
  if (draft.etag.empty()) draft.etag = quoted_hex(hash64(draft.body, asked.gzip ? 1 : 0));
  Response out{200,
               {{"content-type", std::string(media_type(asked.format))},
                {"etag", draft.etag},
                {"cache-control", "no-cache"},
                {"vary", "Accept, Accept-Encoding"},
                {"x-content-type-options", "nosniff"}},
               nullptr};
  if (draft.day) out.until = asked.context.zone->start_of(*draft.day + 1);
  // Forms without a place for it bear it too; a header holds ASCII.
  if (const auto* notice = asked.context.notice) out.headers.emplace_back("kepu-notice", percent_encoded(notice->zh));
  if (!draft.next.empty()) out.headers.emplace_back("link", "<" + draft.next + ">; rel=\"next\"");
  if (asked.excel) out.headers.emplace_back("content-disposition", attachment(asked));
  if (asked.gzip && draft.body.size() > least_to_compress) {
    if (auto small = gzipped(draft.body)) {
      draft.body = std::move(*small);
      out.headers.emplace_back("content-encoding", "gzip");
    }
  }
  if (draft.body.capacity() > draft.body.size() + draft.body.size() / 8) draft.body.shrink_to_fit(); // it may be kept
  if (!asked.hold.settle(draft.body.capacity())) throw no_room();
  out.body = held(std::move(draft.body), std::move(asked.hold));
  if (commit != 0 && asked.context.cache) {
    asked.context.cache->keep(answer_key(asked.request.target, asked.format, asked.gzip), commit, out);
  }
  if (names_etag(asked.request.if_none_match, draft.etag, true)) return not_modified(out);
  return out;
}

void write_notice(Json& json, const Asked& asked) {
  const auto* notice = asked.context.notice;
  if (!notice) return;
  const bool english = asked.params.word("lang", {"zh", "en"}) == "en" && !notice->en.empty();
  json.key("notice").text(english ? notice->en : notice->zh);
}

void reserve(const Asked& asked, size_t bytes) {
  if (!asked.hold.reserve(bytes)) throw no_room();
}

Response plain(const Asked& asked, int status, std::string body) {
  asked.hold.count(body.capacity());
  return plain(status, asked.format, held(std::move(body), std::move(asked.hold)));
}

Response plain(int status, Format format, std::shared_ptr<const std::string> body) {
  return {status,
          {{"content-type", std::string(media_type(format))},
           {"cache-control", "no-store"},
           {"x-content-type-options", "nosniff"}},
          std::move(body)};
}

std::string link_with(const Asked& asked, const std::vector<std::pair<std::string, std::string>>& more) {
  std::string out(path_of(asked.request.target));
  char separator = '?';
  auto add = [&](std::string_view key, std::string_view text) {
    out.push_back(separator);
    out += percent_encoded(key) + "=" + percent_encoded(text);
    separator = '&';
  };
  for (const auto& [key, text] : asked.params.all()) {
    if (std::ranges::find(more, key, &std::pair<std::string, std::string>::first) == more.end()) add(key, text);
  }
  for (const auto& [name, value] : more)
    add(name, value);
  return out;
}

std::string link_with(const Asked& asked, std::string_view name, std::string_view value) {
  return link_with(asked, {{std::string(name), std::string(value)}});
}

std::vector<std::string> with_common(std::vector<std::string> names) {
  names.insert(names.end(), {"format", "for"});
  return names;
}

} // namespace kepu::http
