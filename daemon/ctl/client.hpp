// Asks the daemon over its admin socket, one request at a time. Blocks; one thread.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace kepu::ctl {

struct Answer {
  unsigned status = 0;
  std::string body;
  bool ok() const { return status >= 200 && status < 300; }
};

class Client {
public:
  explicit Client(std::filesystem::path socket) : socket_(std::move(socket)) {}
  const std::filesystem::path& socket() const { return socket_; }

  // `target` is path and query, escaped. An answer may be a refusal of the daemon; an Error (code "out_of_reach")
  // means that there was none, and says which socket that is about and what to do.
  Result<Answer> get(std::string_view target, std::string_view accept = "application/json") const;
  Result<Answer> post(std::string_view target) const;

private:
  Result<Answer> ask(bool post, std::string_view target, std::string_view accept) const;

  std::filesystem::path socket_;
};

} // namespace kepu::ctl
