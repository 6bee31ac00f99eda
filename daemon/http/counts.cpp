#include "http/counts.hpp"

#include <algorithm>
#include <charconv>

namespace kepu::http {
namespace {

std::string number(double value) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
  return {digits, end};
}

} // namespace

void RequestCounts::started() {
  state_.with([](State& state) { ++state.in_flight; });
}

void RequestCounts::finished(std::string_view route, int status, std::chrono::microseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin());
  state_.with([&](State& state) {
    --state.in_flight;
    ++state.requests[{std::string(route), status / 100}];
    auto& histogram = state.seconds.try_emplace(std::string(route)).first->second;
    ++histogram.counts[bucket];
    histogram.micros += static_cast<uint64_t>(std::max<int64_t>(0, took.count()));
  });
}

int64_t RequestCounts::in_flight() const {
  return state_.with([](const State& state) { return state.in_flight; });
}

std::string RequestCounts::text() const {
  const State state = state_.with([](const State& held) { return held; });
  std::string out = "# HELP kepu_http_requests_total Requests answered, by route and class of status.\n"
                    "# TYPE kepu_http_requests_total counter\n";
  for (const auto& [key, count] : state.requests) {
    out += "kepu_http_requests_total{route=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "xx\"} " +
           std::to_string(count) + "\n";
  }
  out += "# HELP kepu_http_request_seconds Time from the last byte of a request to its answer.\n"
         "# TYPE kepu_http_request_seconds histogram\n";
  for (const auto& [route, histogram] : state.seconds) {
    const std::string label = "{route=\"" + route + "\"";
    uint64_t sum = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      sum += histogram.counts[i];
      out += "kepu_http_request_seconds_bucket" + label + ",le=\"" +
             (i < bounds.size() ? number(bounds[i]) : std::string("+Inf")) + "\"} " + std::to_string(sum) + "\n";
    }
    out += "kepu_http_request_seconds_sum" + label + "} " + number(static_cast<double>(histogram.micros) / 1e6) + "\n";
    out += "kepu_http_request_seconds_count" + label + "} " + std::to_string(sum) + "\n";
  }
  out += "# HELP kepu_http_requests_in_flight Requests that are being answered.\n"
         "# TYPE kepu_http_requests_in_flight gauge\n"
         "kepu_http_requests_in_flight " +
         std::to_string(state.in_flight) + "\n";
  return out;
}

} // namespace kepu::http
