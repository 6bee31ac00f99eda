#include "fake_hub.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace kepu::ctl {
namespace asio = boost::asio;
using asio::local::stream_protocol;

FakeHub::FakeHub() : acceptor_(io_, stream_protocol::endpoint(socket())), thread_([this] { serve(); }) {}

FakeHub::~FakeHub() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stream_protocol::socket wake(io_);
  boost::system::error_code none;
  wake.connect(stream_protocol::endpoint(socket()), none);
  thread_.join();
}

void FakeHub::on(const std::string& request, std::vector<std::string> bodies, int status) {
  {
    const std::lock_guard lock(mutex_);
    answers_[request].clear();
  }
  for (const auto& body : bodies)
    then_on(request, body, status);
}

void FakeHub::then_on(const std::string& request, const std::string& body, int status) {
  const std::lock_guard lock(mutex_);
  answers_[request].push_back("HTTP/1.1 " + std::to_string(status) + " So\r\ncontent-length: " +
                              std::to_string(body.size()) + "\r\nconnection: close\r\n\r\n" + body);
}

void FakeHub::on_raw(const std::string& request, std::string bytes) {
  const std::lock_guard lock(mutex_);
  answers_[request] = {std::move(bytes)};
}

std::vector<std::string> FakeHub::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::string FakeHub::last_header() {
  const std::lock_guard lock(mutex_);
  return last_header_;
}

std::string FakeHub::answer_to(const std::string& header) {
  const std::lock_guard lock(mutex_);
  const auto request = header.substr(0, header.find(" HTTP/1.1"));
  asked_.push_back(request);
  last_header_ = header;
  const auto found = answers_.find(request);
  if (found == answers_.end())
    return "HTTP/1.1 404 Not Found\r\ncontent-length: 48\r\nconnection: close\r\n\r\n"
           R"({"code":"not_found","detail":"nobody said this"})";
  auto& left = found->second;
  auto answer = left.front();
  if (left.size() > 1) left.erase(left.begin());
  return answer;
}

void FakeHub::serve() {
  for (;;) {
    boost::system::error_code ec;
    stream_protocol::socket peer(io_);
    acceptor_.accept(peer, ec);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    std::string header;
    asio::read_until(peer, asio::dynamic_buffer(header), "\r\n\r\n", ec);
    if (!ec) asio::write(peer, asio::buffer(answer_to(header)), ec);
  }
}

} // namespace kepu::ctl
