#include "support/folder.hpp"

#include "supervisor/library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace kepu::supervisor;
using kepu::test::Folder;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

TEST(Library, IsFoundInTheFirstFolderThatHasIt) {
  Folder f;
  f.write("b/x.so", "second");
  const auto c = f.write("c/x.so", "third");
  const auto found = find_library({f.path() / "a", f.path() / "b", f.path() / "c"}, "x");
  EXPECT_FALSE(found.problem);
  EXPECT_EQ(found.look.path, (f.path() / "b/x.so").string());
  EXPECT_EQ(found.look.size, 6u);
  EXPECT_GT(found.look.mtime_ns, 0);
  EXPECT_TRUE(found.look.usable);
}

TEST(Library, AMissingOneIsNamedWithTheFoldersAndTheNearest) {
  Folder f;
  f.write("a/venue_turnstile.so", "");
  const auto found = find_library({f.path() / "a"}, "venue_turnstyle");
  ASSERT_TRUE(found.problem);
  EXPECT_THAT(found.problem->en, HasSubstr("venue_turnstyle.so"));
  EXPECT_THAT(found.problem->en, HasSubstr((f.path() / "a").string()));
  EXPECT_THAT(found.problem->en, HasSubstr("did you mean \"venue_turnstile\"?"));
  EXPECT_THAT(found.problem->zh, HasSubstr("venue_turnstile"));
  EXPECT_FALSE(found.look.usable);
  EXPECT_TRUE(found.look.path.empty());
}

TEST(Library, IsRefusedWhenOthersCouldChangeIt) {
  struct {
    const char* name;
    fs::perms file;
    fs::perms folder;
    const char* says; // nullptr: may be loaded
  } const table[] = {
      {"good", fs::perms(0644), fs::perms(0755), nullptr},
      {"executable", fs::perms(0755), fs::perms(0700), nullptr},
      {"group may write", fs::perms(0664), fs::perms(0755), "chmod go-w "},
      {"others may write", fs::perms(0646), fs::perms(0755), "chmod go-w "},
      {"others may replace", fs::perms(0644), fs::perms(0757), "chmod o-w "},
      {"sticky folder", fs::perms(0644), fs::perms(01777), nullptr},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    Folder f;
    const auto path = f.write("lib/x.so", "code");
    fs::permissions(path, row.file);
    fs::permissions(path.parent_path(), row.folder);
    const auto found = look_at_library(path);
    EXPECT_EQ(found.look.usable, row.says == nullptr);
    if (!row.says) {
      EXPECT_FALSE(found.problem);
      continue;
    }
    ASSERT_TRUE(found.problem);
    EXPECT_THAT(found.problem->en, HasSubstr(row.says));
    EXPECT_THAT(found.problem->zh, HasSubstr(row.says));
    EXPECT_THAT(found.problem->en, HasSubstr(path.parent_path().string()));
  }
}

TEST(Library, IsRefusedWhenItBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  Folder f;
  const auto path = f.write("lib/x.so", "code");
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  EXPECT_THAT(look_at_library(path).problem->en, HasSubstr("chown root"));
  ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(path.parent_path().c_str(), 12345, 0), 0);
  EXPECT_THAT(look_at_library(path).problem->en, HasSubstr("user 12345"));
}

TEST(Library, ALinkIsFollowedAndBothFoldersAreJudged) {
  Folder f;
  const auto real = f.write("real/x-1.2.so", "code");
  fs::create_directories(f.path() / "lib");
  const auto link = f.path() / "lib/x.so";
  fs::create_symlink(real, link);
  const auto found = find_library({f.path() / "lib"}, "x");
  EXPECT_FALSE(found.problem);
  EXPECT_EQ(found.look.path, real.string());
  fs::permissions(f.path() / "lib", fs::perms(0777));
  EXPECT_THAT(look_at_library(link).problem->en, HasSubstr("chmod o-w"));
  fs::permissions(f.path() / "lib", fs::perms(0755));
  fs::permissions(f.path() / "real", fs::perms(0777));
  EXPECT_THAT(look_at_library(link).problem->en, HasSubstr("chmod o-w"));
}

TEST(Library, AFolderAFifoAndADanglingLinkAreNone) {
  Folder f;
  fs::create_directories(f.path() / "lib/dir.so");
  ASSERT_EQ(::mkfifo((f.path() / "lib/fifo.so").c_str(), 0600), 0);
  fs::create_symlink(f.path() / "nowhere", f.path() / "lib/dangling.so");
  for (const auto* name : {"dir", "fifo", "dangling"}) {
    const auto found = find_library({f.path() / "lib"}, name);
    ASSERT_TRUE(found.problem) << name;
    EXPECT_FALSE(found.look.usable) << name;
  }
}

TEST(Library, IsHashedAsSha256) {
  Folder f;
  EXPECT_EQ(hash_library(f.write("abc", "abc").string()).value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_library((f.path() / "none").string()).error().code, "library_unreadable");
}

} // namespace
