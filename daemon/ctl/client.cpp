// The only file with Beast. Operations are asynchronous so that each has a deadline; the caller waits for all of them.
#include "ctl/client.hpp"

#include "base/printable.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <fmt/format.h>

namespace kepu::ctl {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace {

constexpr auto to_connect = std::chrono::seconds(5); // it is on this machine
constexpr auto to_answer = std::chrono::seconds(60); // longer than the daemon gives any answer
constexpr uint64_t largest_answer = 256u << 20;      // some 2 million rows; a page of the daemon has 100,000 at most
constexpr size_t longest_path = 107;                 // sockaddr_un, without the NUL

using Stream = beast::basic_stream<asio::local::stream_protocol>;

Error out_of_reach(const std::filesystem::path& socket, const std::string& why) {
  return fail("out_of_reach", fmt::format("kepud cannot be reached over {}: {}", printable(socket.string()), why));
}

Error unconnected(const std::filesystem::path& socket, const boost::system::error_code& ec) {
  if (ec == boost::system::errc::no_such_file_or_directory)
    return out_of_reach(socket, "there is no such socket; start it (systemctl start kepud), or name the right socket "
                                "with --socket or the daemon's configuration with --config");
  if (ec == boost::system::errc::connection_refused)
    return out_of_reach(socket, "nothing listens there; start it (systemctl start kepud) and see its log "
                                "(journalctl -u kepud)");
  if (ec == boost::system::errc::permission_denied)
    return out_of_reach(socket, "you may not use this socket; run kepuctl as the daemon's user or root (sudo)");
  return out_of_reach(socket, ec.message() + "; see the daemon's log (journalctl -u kepud)");
}

Error unanswered(const std::filesystem::path& socket, const boost::system::error_code& ec) {
  if (ec == beast::error::timeout)
    return out_of_reach(socket, fmt::format("no answer within {} s; see its log (journalctl -u kepud)",
                                            std::chrono::seconds(to_answer).count()));
  if (ec == http::error::end_of_stream || ec == http::error::partial_message || ec == asio::error::connection_reset)
    return out_of_reach(socket, "it hung up before it had answered; see its log (journalctl -u kepud)");
  return out_of_reach(
      socket,
      fmt::format("the answer is not HTTP as it should be ({}); is it kepud that listens there?", ec.message()));
}

} // namespace

Result<Answer> Client::get(std::string_view target, std::string_view accept) const {
  return ask(false, target, accept);
}
Result<Answer> Client::post(std::string_view target) const { return ask(true, target, "application/json"); }

Result<Answer> Client::ask(bool post, std::string_view target, std::string_view accept) const {
  if (socket_.empty() || socket_.native().size() > longest_path)
    return out_of_reach(socket_, "a socket's path has 1 to 107 bytes; give another with --socket");

  asio::io_context io(1);
  Stream stream(io);
  boost::system::error_code failure;
  const auto done = [&failure](const boost::system::error_code& ec, auto&&...) { failure = ec; };
  const auto finish = [&] {
    io.restart();
    io.run();
    return !failure;
  };
  stream.expires_after(to_connect);
  stream.async_connect(asio::local::stream_protocol::endpoint(socket_.string()), done);
  if (!finish()) return unconnected(socket_, failure);

  http::request<http::empty_body> request(post ? http::verb::post : http::verb::get,
                                          beast::string_view(target.data(), target.size()), 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::user_agent, "kepuctl");
  request.set(http::field::accept, beast::string_view(accept.data(), accept.size()));
  request.set(http::field::connection, "close");
  if (post) request.content_length(0);
  stream.expires_after(to_answer);
  http::async_write(stream, request, done);
  // A refusal may come, and the connection be closed, before the request was taken whole: only reading decides.
  finish();

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_answer);
  http::async_read(stream, buffer, parser, done);
  if (!finish()) return unanswered(socket_, failure);
  return Answer{parser.get().result_int(), std::move(parser.get().body())};
}

} // namespace kepu::ctl
