// Reading the daemon's answers without trusting their shape. Inside ctl/ only; any thread.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::ctl {

// nullopt: `body` is no JSON object.
std::optional<boost::json::object> object_in(std::string_view body);

// Members of another type than asked, or absent, are nullptr.
const boost::json::object* object(const boost::json::object& in, std::string_view key);
const boost::json::array* array(const boost::json::object& in, std::string_view key);

// For people: texts as they are, numbers in full, null and absent ones empty, lists with commas, of {zh, en} the
// Chinese where there is one. May hold control characters.
std::string text(const boost::json::value& value);
std::string text(const boost::json::object& in, std::string_view key);
uint64_t number(const boost::json::object& in, std::string_view key); // 0: there is none
// The daemon's sentence about what `in` tells; English where there is no Chinese one.
std::string sentence(const boost::json::object& in, bool chinese);
bool is_true(const boost::json::object& in, std::string_view key);

} // namespace kepu::ctl
