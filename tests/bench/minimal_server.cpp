// What answers cost at least: a plain Beast server on one thread, as kepud has one for its connections, that answers
// every GET on 127.0.0.1:PORT with the same BYTES, or with 304 and none. Keep-alive, deadlines, no copy of the body.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;
using Body = http::span_body<const char>;

class Session : public std::enable_shared_from_this<Session> {
public:
  Session(tcp::socket socket, const std::string& body) : stream_(std::move(socket)), body_(body) {}

  void read() {
    request_ = {};
    stream_.expires_after(std::chrono::seconds(30));
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->answer();
    });
  }

private:
  void answer() {
    const bool known = request_.method() == http::verb::get;
    const auto status = !known          ? http::status::method_not_allowed
                        : body_.empty() ? http::status::not_modified
                                        : http::status::ok;
    response_.emplace(status, request_.version());
    response_->set(http::field::server, "minimal");
    response_->set(http::field::etag, "\"0123456789abcdef\"");
    if (!body_.empty()) response_->set(http::field::content_type, "application/json");
    response_->keep_alive(request_.keep_alive());
    if (known && !body_.empty()) response_->body() = {body_.data(), body_.size()};
    if (status != http::status::not_modified) response_->prepare_payload();
    http::async_write(stream_, *response_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error && self->response_->keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  const std::string& body_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  std::optional<http::response<Body>> response_;
};

void accept(tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept([&](beast::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket), body)->read();
    }
    accept(acceptor, body);
  });
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: minimal_server PORT BYTES (0: answers 304)\n", stderr);
    return 2;
  }
  const std::string body(std::strtoul(argv[2], nullptr, 10), 'x');
  boost::asio::io_context io(1);
  const auto port = static_cast<unsigned short>(std::strtoul(argv[1], nullptr, 10));
  tcp::acceptor acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), port});
  accept(acceptor, body);
  // The port that a 0 became.
  std::printf("%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  io.run();
}
