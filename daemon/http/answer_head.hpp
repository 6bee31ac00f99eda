// The head of an answer as HTTP/1.1 writes it. Pure but for the date; any thread.
#pragma once

#include "http/handle.hpp"

namespace kepu::http {

// Status line, the response's own headers and those that the I/O half knows, to the empty line.
std::string answer_head(const Response& response, bool keep_alive);

} // namespace kepu::http
