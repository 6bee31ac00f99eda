// What the client takes (RFC 9110, 12.5) and has (13.1.2). Pure; any thread.
#pragma once

#include "http/cache.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace kepu::http {

std::string_view media_type(Format format);

// The offered format that `accept` likes best, the first of equals; nullopt: none. An absent header, or one
// without a readable range, takes everything.
std::optional<Format> best_format(std::string_view accept, std::span<const Format> offered);
bool takes_gzip(std::string_view accept_encoding);
// Whether If-None-Match names `etag` (quoted), by weak comparison; "*" only when `any`.
bool names_etag(std::string_view if_none_match, std::string_view etag, bool any);

} // namespace kepu::http
