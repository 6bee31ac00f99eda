// Refusals inside this folder: thrown by what finds something wrong, caught by handle().
#pragma once

#include "base/result.hpp"
#include "http/handle.hpp"

namespace kepu::http {

struct Refused {
  std::string code; // of problem_codes()
  std::string detail;
  std::string hint;      // what to do; empty: as problem_codes() says of the code
  std::string parameter; // name of the parameter at fault; empty: none
  std::vector<std::pair<std::string, std::string>> headers;
};

// `instance`: path that was asked; empty: unknown.
Response answer_to(const Refused& refused, std::string_view instance);

// The value, or its error thrown as Refused.
template <class T> T take(Result<T> result, std::string_view parameter = {}) {
  if (!result) throw Refused{result.error().code, result.error().text, "", std::string(parameter), {}};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

} // namespace kepu::http
