// Percent-encoding (RFC 3986, 2.1). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kepu {

// For a path's segment or a parameter's value: all but letters, digits and -._~,: are escaped.
std::string percent_encoded(std::string_view text);

} // namespace kepu
