// Result<T>: expected failure as a value. Pure; any thread.
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace kepu {

// What went wrong, where and what to do, in one sentence for people; `code` is stable, [a-z0-9_]+.
struct Error {
  Error() = default;
  // Never from one string, so that Result<std::string> takes a text as its value.
  Error(std::string what, std::string sentence) : code(std::move(what)), text(std::move(sentence)) {}
  std::string code;
  std::string text;
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("value() of a failed Result: " + error.text);
}

template <class T> using Result = boost::system::result<T, Error>;

inline Error fail(std::string code, std::string text) { return Error{std::move(code), std::move(text)}; }

} // namespace kepu
