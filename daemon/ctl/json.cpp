#include "ctl/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <cmath>

namespace kepu::ctl {
namespace json = boost::json;
namespace {

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// Digits in full where they are read easily; Boost.JSON would write 1.5 as 1.5E0.
std::string digits(double value) {
  char buffer[64];
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e18);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  return {buffer, end};
}

} // namespace

std::optional<json::object> object_in(std::string_view body) {
  json::error_code ec;
  auto value = json::parse(view(body), ec);
  if (ec || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

const json::object* object(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(view(key));
  return found ? found->if_object() : nullptr;
}

const json::array* array(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(view(key));
  return found ? found->if_array() : nullptr;
}

std::string text(const json::value& value) {
  switch (value.kind()) {
  case json::kind::null:
    return {};
  case json::kind::bool_:
    return value.get_bool() ? "yes" : "no";
  case json::kind::int64:
    return std::to_string(value.get_int64());
  case json::kind::uint64:
    return std::to_string(value.get_uint64());
  case json::kind::double_:
    return digits(value.get_double());
  case json::kind::string:
    return {value.get_string().data(), value.get_string().size()};
  case json::kind::array: {
    std::string out;
    for (const auto& item : value.get_array())
      out += (out.empty() ? "" : ", ") + text(item);
    return out;
  }
  case json::kind::object: {
    const auto& names = value.get_object();
    for (const auto* key : {"zh", "en", "id"})
      if (auto found = text(names, key); !found.empty()) return found;
    return json::serialize(value);
  }
  }
  return {};
}

std::string text(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(view(key));
  return found ? text(*found) : std::string();
}

uint64_t number(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(view(key));
  if (!found) return 0;
  if (const auto* value = found->if_uint64()) return *value;
  const auto* value = found->if_int64();
  return value && *value > 0 ? static_cast<uint64_t>(*value) : 0;
}

bool is_true(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(view(key));
  return found && found->is_bool() && found->get_bool();
}

std::string sentence(const boost::json::object& in, bool chinese) {
  auto found = text(in, chinese ? "sentence_zh" : "sentence");
  return found.empty() ? text(in, "sentence") : found;
}

} // namespace kepu::ctl
