#include "hub.hpp"

#include "support/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace kepu::http {
namespace {

class AdminSocket : public testing::Test {
protected:
  // Of another program, at the admin socket's path.
  int bound(int kind) const {
    const int fd = socket(AF_UNIX, kind, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    options.admin_socket.string().copy(at.sun_path, sizeof at.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    return fd;
  }
  void SetUp() override { options.admin_socket = folder.path() / "admin.sock"; }
  test::Folder folder;
  Server::Options options;
};

TEST_F(AdminSocket, IsItsOwnersAloneAndGoesWhenTheServerStops) {
  {
    Hub hub(options);
    ASSERT_TRUE(hub.started);
    struct stat found {};
    ASSERT_EQ(stat(options.admin_socket.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    Client client(options.admin_socket);
    client.send(post(""));
    EXPECT_THAT(client.answer(), HasSubstr("<POST /x admin>"));
  }
  EXPECT_FALSE(std::filesystem::exists(options.admin_socket));
}

TEST_F(AdminSocket, ReplacesTheFileThatACrashLeft) {
  ::close(bound(SOCK_STREAM));
  Hub hub(options);
  ASSERT_TRUE(hub.started) << hub.started.error().text;
  EXPECT_TRUE(Client(options.admin_socket).connected());
}

TEST_F(AdminSocket, LeavesAServerThatListensThereAlone) {
  Hub first(options);
  {
    Hub second(options);
    EXPECT_FALSE(second.started);
  }
  EXPECT_TRUE(Client(options.admin_socket).connected());
}

TEST_F(AdminSocket, LeavesAFileThatIsNoSocketAlone) {
  const int file = open(options.admin_socket.c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_GE(file, 0);
  ::close(file);
  Hub hub(options);
  EXPECT_FALSE(hub.started);
  EXPECT_TRUE(std::filesystem::is_regular_file(options.admin_socket));
}

TEST_F(AdminSocket, LeavesASocketAloneOfWhichItCannotTellWhetherItIsUsed) {
  const int other = bound(SOCK_DGRAM);
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  EXPECT_THAT(hub.started.error().text, HasSubstr("remove the file if nothing uses it"));
  EXPECT_TRUE(std::filesystem::is_socket(options.admin_socket));
  ::close(other);
}

TEST_F(AdminSocket, DoesNotWaitForAProgramThatListensAndNeverAccepts) {
  const int other = bound(SOCK_STREAM);
  ASSERT_EQ(::listen(other, 0), 0);
  const Client in_its_queue(options.admin_socket);
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  EXPECT_THAT(hub.started.error().text, HasSubstr("another program listens"));
  ::close(other);
}

TEST_F(AdminSocket, IsHadOrNothingIsAccepted) {
  std::filesystem::create_directory(options.admin_socket);
  options.port = 0;
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  ASSERT_NE(hub.port(), 0);
  EXPECT_FALSE(Client(hub.port()).connected());
}

TEST_F(AdminSocket, HasABoundOfItsOwn) {
  options.port = 0;
  options.connections = 1;
  options.admin_connections = 1;
  Hub hub(options);
  Client admin(options.admin_socket);
  admin.send(get("/"));
  EXPECT_THAT(admin.answer(), HasSubstr(" admin>"));
  Client tcp(hub.port());
  tcp.send(get("/"));
  EXPECT_THAT(tcp.answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Client(options.admin_socket).rest(), turned_away);
  // The one over TCP is idle; the one over the admin socket does not make room for another of TCP.
  Client next(hub.port());
  next.send(get("/"));
  EXPECT_THAT(next.answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(tcp.closed());
  admin.send(get("/"));
  EXPECT_THAT(admin.answer(), HasSubstr(" admin>"));
}

} // namespace
} // namespace kepu::http
