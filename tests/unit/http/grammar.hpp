#pragma once

#include "http/handle.hpp"

#include <random>
#include <string>
#include <vector>

namespace kepu::http::test {

// Requests out of a grammar that mixes words the hub knows with words it does not.
class Grammar {
public:
  explicit Grammar(uint32_t seed) : random_(seed) {}

  Request next() {
    Request out;
    out.method = any({"GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "", "OPTIONS"});
    out.target = path();
    const size_t count = below(6);
    for (size_t i = 0; i < count; ++i)
      out.target += (i == 0 ? "?" : "&") + name() + "=" + value();
    out.accept = any({"", "*/*", "text/csv", "application/json;q=0.1,text/*", "image/png", ";q=,,", "text/html"});
    out.accept_encoding = any({"", "gzip", "*;q=0", ",;"});
    out.if_none_match = any({"", "", "*", "\"0\"", "W/"});
    out.has_body = below(50) == 0;
    out.admin = below(2) == 0;
    return out;
  }

private:
  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  std::string any(const std::vector<std::string>& words) { return words[below(words.size())]; }
  std::string path() {
    if (below(2) > 0)
      return any({"/api/v1/observations", "/api/v1/observations", "/api/v1/history", "/api/v1/explain"});
    return any({"/",
                "/healthz",
                "/readyz",
                "/metrics",
                "/style.css",
                "/api/v1/indicators",
                "/api/v1/runs",
                "/api/v1/indicators/venue.visits",
                "/api/v1/indicators/%00",
                "/api/v1/runs/3",
                "/api/v1/runs/x",
                "/api/v1/rejects",
                "/api/v1/sources",
                "/api/v1/sources/gates",
                "/api/v1/sources/gates/run",
                "/api/v1/commits",
                "/api/v1/commits/latest/label",
                "/api/v1/commits/6/label",
                "/api/v1/commits/%2D1/label",
                "/api/v1/sources/none/pause",
                "/api/v1/sources/gates/withdraw",
                "/api/v1/sources/gates/retention",
                "/api/v1/sources/gates/backfill",
                "/api/v1/runs/3/withdraw",
                "/api/v1/jobs",
                "/api/v1/compact",
                "/api/v1/reload",
                "/api/v1/jobs/1",
                "/api/v1/targets",
                "/api/v1/targets/1.visits",
                "/api/v1/departments",
                "/api/v1/departments/library",
                "/api/v1/plans",
                "/api/v1/completeness",
                "/api//v1",
                "",
                "*",
                "/%",
                "/api/v1/runs/%E7%A7%91"});
  }
  std::string name() {
    return any({"indicator", "indicator",   "freq",   "from",       "to",      "area",    "by",
                "source",    "limit",       "cursor", "lang",       "columns", "format",  "for",
                "venue",     "gate",        "before", "as_of",      "x",       "",        "%ff",
                "period",    "period",      "period", "label",      "replace", "combine", "sort",
                "sort",      "allow_empty", "on",     "department", "status"});
  }
  std::string value() {
    return any({"venue.visits",
                "venue.visits",
                "venue.income",
                "venue.visitors",
                "plain.count",
                "venue.visits,plain.count",
                "venue.income,venue.visitors,venue.visits",
                "sum",
                "-value",
                "value",
                "-period",
                "now",
                "now-3",
                "now-99999",
                "now-",
                "source",
                "n,flags,carried,missing,differing,numerator,denominator,interval_low,n_eff",
                "M",
                "D",
                "W",
                "A",
                "2025",
                "2025-01",
                "2025-W05",
                "2025-02-30",
                "1900",
                "9999",
                "510104",
                "510104017",
                "venue",
                "venue,gate",
                "subdistrict",
                "area,venue",
                "gates",
                "1",
                "0",
                "100000",
                "-1",
                "18446744073709551616",
                "zh",
                "en",
                "n,labels",
                "unit",
                "csv",
                "json",
                "excel",
                "V01",
                "%E7%A7%91",
                "%22%3C",
                "%00",
                "%",
                "",
                "AAAA",
                "label:2025%20%E5%B9%B4%E6%8A%A5",
                "label:",
                "true",
                "2025-Q1",
                "a,,b",
                "%F0%9F%94%AD"});
  }

  std::mt19937 random_;
};

} // namespace kepu::http::test
