// The connections of a server. kepu-io only.
#pragma once

#include "http/framing.hpp"
#include "http/read_pool.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <array>
#include <map>
#include <vector>

namespace kepu::http {

class Session;

// What a server's connections share.
struct SessionHost {
  SessionHost(boost::asio::io_context& context, const Clock& time, RequestCounts& counted, Server::Options given,
              Server::Calls called);
  virtual ~SessionHost() = default;
  virtual void ended(const std::shared_ptr<Session>& session) = 0;
  void warn(const std::string& text) const {
    if (calls.warn) calls.warn(text);
  }
  Response failed(std::string_view route, const std::string& what) const; // logged; the answer to it

  boost::asio::io_context& io;
  const Clock& clock;
  RequestCounts& counts;
  const Server::Options options;
  Server::Calls calls;
  ReadPool pool;
  // Questions that are asked, by Server::Calls::share, and the connections that wait for the answer besides the one
  // that asked. One that closes is forgotten.
  std::map<std::string, std::vector<std::weak_ptr<Session>>, std::less<>> shared;
  uint64_t events = 0; // of connections that began to wait for a request, to tell which waits longest
};

// One connection: reads a request, answers it, reads the next. kepu-io only.
class Session : public std::enable_shared_from_this<Session> {
public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Session(std::weak_ptr<SessionHost> host, Socket socket, bool admin, std::string address);

  bool admin() const { return admin_; }
  const std::string& address() const { return address_; }
  void start() { read(); }
  void check_deadline(Steady now);
  // No further requests; an answer that is on its way is let out.
  void wind_down();
  void close();

  // How readily the connection can be closed to make room for another, the least first; nullopt: it is being answered.
  struct Spare {
    enum class Kind : uint8_t { idle, unasked, drained };
    Kind kind;
    uint64_t since; // number of the event since which it is so
    auto operator<=>(const Spare&) const = default;
  };
  std::optional<Spare> spare() const;
  // Bytes have come that are not read yet: what looks idle may be asking.
  bool hears() const;

private:
  enum class Phase : uint8_t { idle, head, answering, writing, draining, closed };
  void enter(Phase phase, std::chrono::milliseconds within);
  void begin_wait();
  void read();
  void take();
  void answer();
  void ask(SessionHost& host, Request request);
  // The time that the request took, now that it is answered; nullopt: it was counted already, or there is none.
  std::optional<std::chrono::microseconds> count(int status);
  void write(Response response);
  void refuse(Response response);
  void written();
  void drain();

  std::weak_ptr<SessionHost> host_;
  const Server::Options& options_; // of the host, as the next: not to be used once closed
  const Clock& clock_;
  Socket socket_;
  const bool admin_;
  const std::string address_;
  Phase phase_ = Phase::idle;
  Steady deadline_;
  bool asked_before_ = false; // an answer went out: to be closed while idle is nothing new to its client
  uint64_t since_;            // event that began the wait for a whole request
  std::string buffer_;        // received, not yet taken
  std::array<char, 4096> chunk_{};
  Head head_;
  uint64_t skip_ = 0; // of the body, not yet read past
  bool keep_alive_ = true;
  bool winding_down_ = false;
  bool body_wanted_ = true;     // not for HEAD
  std::optional<Steady> asked_; // a request came in and is not counted yet
  std::string_view route_;      // of that request
  std::string out_head_;
  std::shared_ptr<const std::string> out_body_;
};

} // namespace kepu::http
