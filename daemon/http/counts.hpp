// Counts of requests for /metrics. Any thread.
#pragma once

#include "base/guarded.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace kepu::http {

class RequestCounts {
public:
  // Seconds; the last bucket is without bound.
  static constexpr std::array<double, 13> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                 0.025,  0.05,    0.1,    0.25,  1,      5};

  void started();
  // `route`: route_name(). Ends what started() began.
  void finished(std::string_view route, int status, std::chrono::microseconds took);
  int64_t in_flight() const;

  // Families kepu_http_requests_total, kepu_http_request_seconds and kepu_http_requests_in_flight, as Prometheus
  // text 0.0.4.
  std::string text() const;

private:
  struct Histogram {
    std::array<uint64_t, bounds.size() + 1> counts{}; // not cumulated
    uint64_t micros = 0;
  };
  struct State {
    std::map<std::pair<std::string, int>, uint64_t> requests; // route, status class
    std::map<std::string, Histogram, std::less<>> seconds;
    int64_t in_flight = 0;
  };
  Guarded<State> state_;
};

} // namespace kepu::http
