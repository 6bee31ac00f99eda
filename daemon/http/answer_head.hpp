// The head of an answer as HTTP/1.1 writes it. Pure but for the date; any thread.
#pragma once

#include "http/handle.hpp"

#include <chrono>
#include <optional>

namespace kepu::http {

// Status line, the response's own headers and those that the I/O half knows, to the empty line. `took`: told as W3C
// Server Timing, in milliseconds; nullopt: no request had come in whole.
std::string answer_head(const Response& response, bool keep_alive, std::optional<std::chrono::microseconds> took = {});

} // namespace kepu::http
