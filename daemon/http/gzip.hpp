// The only user of zlib. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kepu::http {

// nullopt: no memory for it.
std::optional<std::string> gzipped(std::string_view text);

} // namespace kepu::http
