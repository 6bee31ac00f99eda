// The listener on TCP and on the local admin socket, and the threads that answer (kepu-read-N).
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/counts.hpp"
#include "http/handle.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kepu::http {

class Server {
public:
  struct Options {
    std::string host = "127.0.0.1";
    std::optional<uint16_t> port;       // 0: any free one; nullopt: no TCP
    std::filesystem::path admin_socket; // empty: none
    size_t read_threads = 2;
    // Over TCP. At a bound the connection that waits longest for its next request makes room; where all are being
    // answered, the new one is told so.
    size_t connections = 1024;
    size_t connections_per_address = 256;
    size_t admin_connections = 64;
    size_t waiting = 256;                             // requests that wait for a thread
    std::chrono::milliseconds head_deadline{10'000};  // from the first byte of a request, body included
    std::chrono::milliseconds idle_deadline{60'000};  // between requests
    std::chrono::milliseconds write_deadline{30'000}; // without a byte that the client takes
    std::chrono::milliseconds query_deadline{10'000}; // the wait for a thread included
    std::chrono::milliseconds stop_deadline{5'000};
    std::chrono::milliseconds accept_pause{100}; // after a failure
  };
  using OpenReader = std::function<Result<std::unique_ptr<store::Reader>>()>;
  using Handler = std::function<Response(const Request&, store::Reader&)>;
  // What either throws is logged and answered with 500.
  struct Calls {
    OpenReader open;                                               // kepu-read-N
    Handler handle;                                                // kepu-read-N
    std::function<std::optional<Response>(const Request&)> fast{}; // kepu-io; nullopt: ask handle
    std::function<void(const std::string&)> warn{};                // kepu-io; for the log
    // kepu-io. Requests of one name that wait at the same time are answered by handle once; empty: each by itself.
    std::function<std::string(const Request&)> share{};
  };

  // `counts` gets every request that has come in whole.
  Server(boost::asio::io_context& io, const Clock& clock, RequestCounts& counts, Options options, Calls calls);
  // kepu-io, or when it no longer runs. Interrupts and waits for what runs on kepu-read-N; calls nothing afterwards.
  ~Server();

  // Error code "listen": the address cannot be had, and what to do.
  Result<void> start();
  uint16_t port() const; // after start
  // Takes no more; lets answers in flight end, bounded; then calls `then` on kepu-io.
  void stop(std::function<void()> then);

  // Ends what has gone on too long. kepu-io; a timer does it too, this is for clocks that it does not follow.
  void check_deadlines();

  struct Impl; // server.cpp alone

private:
  std::shared_ptr<Impl> impl_;
};

} // namespace kepu::http
