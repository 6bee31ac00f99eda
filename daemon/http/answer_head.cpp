#include "http/answer_head.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace kepu::http {
namespace {

std::string_view reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 202:
    return "Accepted";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 417:
    return "Expectation Failed";
  case 422:
    return "Unprocessable Content";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Answer";
  }
}

// "12.345"
std::string milliseconds(std::chrono::microseconds time) {
  char out[32];
  const auto micros = static_cast<long long>(std::max<int64_t>(0, time.count()));
  const int n = std::snprintf(out, sizeof out, "%lld.%03lld", micros / 1000, micros % 1000);
  return std::string(out, static_cast<size_t>(n));
}

std::string date_now() {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm at{};
  gmtime_r(&now, &at);
  char out[40];
  const int n = std::snprintf(out, sizeof out, "%s, %02d %s %d %02d:%02d:%02d GMT",
                              days[static_cast<size_t>(at.tm_wday)], at.tm_mday, months[static_cast<size_t>(at.tm_mon)],
                              at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
  return std::string(out, static_cast<size_t>(n));
}

} // namespace

std::string answer_head(const Response& response, bool keep_alive, std::optional<std::chrono::microseconds> took) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += reason(response.status);
  out += "\r\nserver: kepud\r\ndate: " + date_now() + "\r\n";
  bool has_nosniff = false;
  for (const auto& [name, value] : response.headers) {
    out += name + ": " + value + "\r\n";
    has_nosniff = has_nosniff || name == "x-content-type-options";
  }
  if (!has_nosniff) out += "x-content-type-options: nosniff\r\n";
  if (took) out += "server-timing: total;dur=" + milliseconds(*took) + "\r\n";
  if (response.status != 304)
    out += "content-length: " + std::to_string(response.body ? response.body->size() : 0) + "\r\n";
  out += keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n";
  return out;
}

} // namespace kepu::http
