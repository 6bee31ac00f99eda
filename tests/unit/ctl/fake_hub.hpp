// A daemon of few words on a Unix socket: says what the test gave it, and keeps what it was asked.
#pragma once

#include "support/folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kepu::ctl {

using test::Folder;

class FakeHub {
public:
  FakeHub();
  ~FakeHub();
  std::string socket() const { return (folder_.path() / "admin.sock").string(); }

  // The answers to "GET /path?query", one after another; the last one stays.
  void on(const std::string& request, std::vector<std::string> bodies, int status = 200);
  // The answer after those.
  void then_on(const std::string& request, const std::string& body, int status);
  // These bytes instead of HTTP, then the end of the connection.
  void on_raw(const std::string& request, std::string bytes);
  // First lines without the version, in order.
  std::vector<std::string> asked();
  // Header fields of the last request, as sent.
  std::string last_header();

private:
  void serve();
  std::string answer_to(const std::string& header);

  Folder folder_;
  boost::asio::io_context io_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> answers_; // whole, by request
  std::vector<std::string> asked_;
  std::string last_header_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace kepu::ctl
