// `kepuctl erase-person`: what it asks the hub with, and what it never says.
#include "asking.hpp"

#include <fmt/format.h>
#include <persons.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace kepu::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* mobile = "13800138000";

std::string job(const std::string& state, bool was_held = true) {
  return R"({"data":{"id":3,"kind":"erase","what":"a person","state":")" + state +
         R"(","done":1,"total":1,"sentence":"The person is erased.","sentence_zh":"已抹除。","ended":null)" +
         (state == "done" ? std::string(R"(,"erased":{"was_held":)") + (was_held ? "true" : "false") + R"(,"facts":2})"
                          : "") +
         "}}";
}

class Erasing : public Asking {
protected:
  void SetUp() override {
    key_file_ = std::filesystem::temp_directory_path() / ("kepu_erase_key_" + std::to_string(::getpid()));
    std::ofstream(key_file_) << key_;
    std::filesystem::permissions(key_file_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    console.secret = [this](const std::string& prompt) {
      prompt_ = prompt;
      return given_;
    };
    hub.on("POST " + target(), {job("queued")}, 202);
    hub.on("GET /api/v1/jobs/3", {job("running"), job("done")});
  }
  void TearDown() override { std::filesystem::remove(key_file_); }

  std::string target() const {
    host::Mac mac(key_);
    const auto pseudonym = mac(std::string("mobile\0", 7) + mobile);
    return fmt::format("/api/v1/persons/erase?pseudonym={:016x}&key={}", pseudonym, host::key_fingerprint(key_));
  }
  int erase(const std::string& scheme = "mobile") {
    return ask({"erase-person", "--scheme", scheme, "--key-file", key_file_.string(), "--yes"});
  }

  const std::string key_ = "0123456789abcdefghijklmnopqrstuv"; // 32 raw bytes
  std::filesystem::path key_file_;
  std::optional<std::string> given_ = std::string("+86 138-0013-8000");
  std::string prompt_;
};

TEST_F(Erasing, AsksWithThePseudonymAndTheKeysFingerprintOnly) {
  EXPECT_EQ(erase(), ok);
  EXPECT_EQ(out.str(), "The person is erased.\n");
  EXPECT_THAT(hub.asked(), ElementsAre("POST " + target(), "GET /api/v1/jobs/3", "GET /api/v1/jobs/3"));
  EXPECT_THAT(prompt_, HasSubstr("mobile"));
}

TEST_F(Erasing, OfOneThatWasNotHeldEndsWithACodeOfItsOwn) {
  hub.on("GET /api/v1/jobs/3", {job("done", false)});
  EXPECT_EQ(erase(), nothing_held);
}

TEST_F(Erasing, WhatCannotBeANumberIsRefusedWithoutSayingItAgain) {
  given_ = "1380013800";
  EXPECT_EQ(erase(), failed);
  EXPECT_THAT(err.str(), HasSubstr("has the wrong number of digits"));
  EXPECT_THAT(out.str() + err.str(), Not(HasSubstr("1380013")));
  EXPECT_THAT(hub.asked(), IsEmpty());
}

TEST_F(Erasing, WithoutANumberNothingIsAsked) {
  given_.reset();
  EXPECT_EQ(erase(), usage);
  EXPECT_THAT(hub.asked(), IsEmpty());
}

TEST_F(Erasing, ASchemeThatThereIsNotIsRefused) {
  EXPECT_EQ(erase("passport"), usage);
  EXPECT_THAT(err.str(), HasSubstr("id_card, mobile and account:NAMESPACE"));
}

TEST_F(Erasing, AKeyThatOthersMayReadIsRefused) {
  std::filesystem::permissions(key_file_, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  EXPECT_EQ(erase(), failed);
  EXPECT_THAT(err.str(), HasSubstr("chmod 600"));
  EXPECT_THAT(prompt_, IsEmpty());
}

TEST_F(Erasing, WhereNobodyCanBeAskedItNeedsYes) {
  EXPECT_EQ(ask({"erase-person", "--scheme", "mobile", "--key-file", key_file_.string()}), usage);
  EXPECT_THAT(err.str(), HasSubstr("--yes"));
  EXPECT_THAT(prompt_, IsEmpty());
}

} // namespace
} // namespace kepu::ctl
