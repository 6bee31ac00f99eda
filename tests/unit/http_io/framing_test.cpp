#include "hub.hpp"

namespace kepu::http {
namespace {

struct Raw {
  std::string bytes;
  int status;
  bool closes; // by the server, on its own
};

std::vector<Raw> table() {
  using namespace std::string_literals;
  std::vector<Raw> all{
      {get("/"), 200, false},
      {get("/a?b=c%20d"), 200, false},
      {get("/", "Connection: close\r\n"), 200, true},
      {get("/", "connection: Keep-Alive, CLOSE\r\n"), 200, true},
      {get("/", "Connection: closed, disclose\r\n"), 200, false},
      {get("/", "Connection: x,\tClose\t,\r\n"), 200, true},
      {get("/", "Connection: x\r\nConnection: close\r\n"), 200, true},
      {"GET / HTTP/1.0\r\nConnection: not-keep-alive\r\n\r\n", 200, true},
      {get("http://hub/"), 200, false},
      {get("HTTP://hub:80/a?b=http://c"), 200, false},
      {get("http://[::1]?a"), 200, false},
      {get("http:///"), 400, true},
      {get("http://a@hub/"), 400, true},
      {get("http://hub/#a"), 400, true},
      {get("https://hub/"), 400, true},
      {get("hub/"), 400, true},
      {"GET http://hub/ HTTP/1.1\r\n\r\n", 400, true},
      {"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 200, true},
      {get("/", "Expect: 100-continue\r\n"), 417, true},
      {post("Content-Length: 3\r\nExpect: 100-continue\r\n"), 417, true},
      {post("Content-Length: 3\r\nExpect: tea\r\n"), 417, true},
      {get("/", "Upgrade: h2c\r\nConnection: Upgrade\r\n"), 200, false},
      {get("/", "Content-Length: 0\r\n"), 200, false},
      {get("/", "X:\r\n"), 200, false},
      {get("/", "X: \xe4\xb8\xad\r\n"), 200, false},
      {"\r\n" + get("/"), 200, false},
      {"\r\n\r\n\r\n" + get("/"), 200, false},
      {"\n" + get("/"), 400, true},
      {"GET / HTTP/1.0\r\n\r\n", 200, true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false},
      {"GET / HTTP/1.1\r\nhOST:hub:8080\r\n\r\n", 200, false},
      {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, false},
      {"HEAD / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n", 200, true},
      {post("Content-Length: 3\r\n", "abc"), 200, false},
      {"DELETE /x HTTP/1.1\r\nHost: hub\r\n\r\n", 200, false},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, true},
      {"GET / HTTP/2.0\r\nHost: hub\r\n\r\n", 505, true},
      {"GET / HTTP/0.9\r\n\r\n", 505, true},
      {"GET / HTTP/1.2\r\nHost: hub\r\n\r\n", 505, true},
      {"GET /\r\n\r\n", 400, true},
      {"GET / http/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/x.y\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/11\r\nHost: hub\r\n\r\n", 400, true},
      {"GET  / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/1.1 \r\nHost: hub\r\n\r\n", 400, true},
      {" GET / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"G(T / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"\x16\x03\x01 hello\r\n\r\n", 400, true},
      {"BREW / HTTP/1.1\r\nHost: hub\r\n\r\n", 501, true},
      {"get / HTTP/1.1\r\nHost: hub\r\n\r\n", 501, true},
      {"OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"CONNECT hub:80 HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {get("x"), 400, true},
      {get("/a b"), 400, true},
      {get("/#a"), 400, true},
      {get("/\xe4\xb8\xad"), 400, true},
      {get("/\x01"), 400, true},
      {get("/\x7f"), 400, true},
      {get("/\0"s), 400, true},
      {"GET / HTTP/1.1\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub\r\nX: a\rb\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub:x\r\n\r\n", 400, true},
      {get("/", "X : a\r\n"), 400, true},
      {get("/", "X\r\n"), 400, true},
      {get("/", ": a\r\n"), 400, true},
      {get("/", "X: a\r\n b\r\n"), 400, true},
      {get("/", "X: a\r\n\tb\r\n"), 400, true},
      {get("/", "X: \x01\r\n"), 400, true},
      {get("/", "X: \0\r\n"s), 400, true},
      {get("/", "Content-Length: 3\r\n") + "abc", 400, true},
      {get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 411, true},
      {post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400, true},
      {post("Content-Length: 3, 3\r\n", "abc"), 400, true},
      {post("Content-Length: +3\r\n", "abc"), 400, true},
      {post("Content-Length: -3\r\n", "abc"), 400, true},
      {post("Content-Length: 0x3\r\n", "abc"), 400, true},
      {post("Content-Length:\r\n"), 400, true},
      {post("Content-Length: 65537\r\n"), 413, true},
      {post("Content-Length: 99999999999999999999999\r\n"), 413, true},
      {post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), 411, true},
      {post("Transfer-Encoding: gzip, chunked\r\n"), 501, true},
      {post("Transfer-Encoding: chunked, gzip\r\n"), 400, true},
      {post("Transfer-Encoding:\r\n"), 400, true},
      {post("Transfer-Encoding: identity\r\n"), 400, true},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, true},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400, true},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true},
      {get("/" + std::string(8192, 'a')), 414, true},
      {"GET /" + std::string(20000, 'a'), 414, true},
      {get("/", "X: " + std::string(17000, 'a') + "\r\n"), 431, true},
  };
  return all;
}

void expect(const Raw& raw, const std::string& got) {
  EXPECT_THAT(got, StartsWith("HTTP/1.1 " + std::to_string(raw.status) + " "))
      << testing::PrintToString(raw.bytes.substr(0, 90));
  if (raw.status >= 400) {
    EXPECT_THAT(got, HasSubstr("application/problem+json")) << testing::PrintToString(raw.bytes.substr(0, 90));
  }
}

TEST(HttpFraming, AnswersOrRefusesEveryRequestOfTheTable) {
  Hub hub;
  for (const auto& raw : table()) {
    Client client(hub.port());
    client.send(raw.bytes);
    if (raw.closes) {
      expect(raw, client.rest());
      continue;
    }
    expect(raw, client.answer());
    client.send(get("/still-here", "Connection: close\r\n"));
    EXPECT_THAT(client.rest(), HasSubstr("<GET /still-here>")) << raw.bytes;
  }
}

TEST(HttpFraming, SaysTheSameHoweverTheBytesAreSplit) {
  Hub hub;
  for (const auto& raw : table()) {
    if (raw.bytes.size() > 80) continue;
    for (size_t at = 1; at < raw.bytes.size(); ++at) {
      Client client(hub.port());
      client.send(raw.bytes.substr(0, at));
      client.send(raw.bytes.substr(at));
      expect(raw, raw.closes ? client.rest() : client.answer());
    }
  }
}

TEST(HttpFraming, BoundsAHeadAtTheSameByteHoweverTheBytesAreSplit) {
  Hub hub;
  const auto head_of = [](size_t size) {
    return get("/", "X: " + std::string(size - get("/", "X: \r\n").size(), 'a') + "\r\n");
  };
  for (const auto& [size, status] : {std::pair(16384, "200"), std::pair(16385, "431")}) {
    for (size_t from_end = 0; from_end < 8; ++from_end) {
      Client client(hub.port());
      const auto head = head_of(static_cast<size_t>(size));
      client.send(head.substr(0, head.size() - from_end));
      client.send(head.substr(head.size() - from_end));
      EXPECT_THAT(client.answer(), StartsWith(std::string("HTTP/1.1 ") + status)) << size << " " << from_end;
    }
  }
}

TEST(HttpFraming, AnswersPipelinedRequestsInTheirOrder) {
  // Every other one is answered without a reader, so it is done before the one ahead of it could be.
  Hub hub({}, Hub::echo, [](const Request& request) -> std::optional<Response> {
    if (request.target.back() % 2) return Hub::text("<fast " + request.target + ">");
    return std::nullopt;
  });
  Client client(hub.port());
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += get("/" + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i)
    EXPECT_THAT(client.answer(), HasSubstr(" /" + std::to_string(i) + ">"));
}

TEST(HttpFraming, ReadsPastABodyToTheNextRequest) {
  Hub hub;
  Client client(hub.port());
  client.send(post("Content-Length: 32\r\n", "GET /smuggled HTTP/1.1\r\nHost: h\r\n").substr(0) + get("/next"));
  EXPECT_THAT(client.answer(), HasSubstr("<POST /x body>"));
}

TEST(HttpFraming, TakesAWholeUriForItsPathAndQuery) {
  Hub hub;
  Client client(hub.port());
  client.send(get("http://hub:8080/a?b=c") + get("http://hub") + get("http://hub?b"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET /a?b=c>"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET />"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET /?b>"));
}

TEST(HttpFraming, AnswersHeadWithTheHeaderOfGetAlone) {
  Hub hub;
  Client client(hub.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: hub\r\n\r\n" + get("/b"));
  const auto head = client.answer(true);
  EXPECT_THAT(head, HasSubstr("ength: 8\r\n")); // <GET /a>
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpFraming, SaysWhoAnswersAndThatTypesAreNotGuessed) {
  Hub hub;
  Client client(hub.port());
  client.send(get("/"));
  auto got = client.answer();
  std::transform(got.begin(), got.end(), got.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  EXPECT_THAT(got, HasSubstr("\r\nserver: kepud\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nx-content-type-options: nosniff\r\n"));
  EXPECT_THAT(got, HasSubstr(" gmt\r\n"));
}

} // namespace
} // namespace kepu::http
