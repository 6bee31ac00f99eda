// kepuctl as a program, and what it says about configurations with real libraries.
#include "ctl/run.hpp"
#include "fake_hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace kepu::ctl {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct Ran {
  int exit = -1;
  std::string output; // both streams
};

// `arguments` as a shell reads them.
Ran kepuctl(const std::string& arguments) {
  Ran ran;
  FILE* pipe = ::popen((std::string("'" KEPUCTL "' ") + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ran.output.append(buffer, n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ran.exit = WEXITSTATUS(status);
  return ran;
}

TEST(Kepuctl, AsksADaemonAndEndsWithTheExitCode) {
  FakeHub hub;
  hub.on("GET /api/v1/sources", {R"({"data":[{"id":"gates","state":"ready"}]})"});
  const auto at = " --socket '" + hub.socket() + "'";
  const auto good = kepuctl("sources" + at);
  EXPECT_EQ(good.exit, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("gates"));
  EXPECT_EQ(kepuctl("pause nobody" + at).exit, 1);
  EXPECT_EQ(kepuctl("nothing" + at).exit, 2);
  EXPECT_EQ(kepuctl("runs --socket /nowhere/admin.sock").exit, 3);
}

TEST(Kepuctl, ItsBashCompletionCompletes) {
  const Folder folder;
  const auto script = folder.write("completion", kepuctl("completion bash").output);
  const auto complete = [&](const std::string& words) {
    const auto command =
        "bash --norc -c 'HOME=/home/me; kepuctl() { echo gates; echo wall; printf \"%s\\n\" \"$@\"; }; . " +
        script.string() + "; COMP_WORDS=(" + words + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kepuctl; " +
        "echo \"${COMPREPLY[@]}\"'";
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[1024] = "";
    const size_t n = std::fread(buffer, 1, sizeof buffer - 1, pipe);
    ::pclose(pipe);
    return std::string(buffer, n);
  };
  EXPECT_EQ(complete("kepuctl obs"), "observations\n");
  EXPECT_EQ(complete("kepuctl run ga"), "gates\n");
  EXPECT_EQ(complete("kepuctl --socket /x run w"), "wall\n");
  EXPECT_EQ(complete("kepuctl observations x --fr"), "--freq --from\n");
  EXPECT_EQ(complete("kepuctl completion z"), "zsh\n");
  EXPECT_EQ(complete("kepuctl runs --source g"), "gates\n");
  // Names come from the daemon that the line names: the stand-in for kepuctl gives its arguments back.
  EXPECT_EQ(complete("kepuctl run --config /x/kepud.toml /x"), "/x/kepud.toml\n");
  EXPECT_EQ(complete("kepuctl --config = /x/kepud.toml run /x"), "/x/kepud.toml\n");
  EXPECT_EQ(complete("kepuctl --socket /x.sock observations /x"), "/x.sock\n");
  EXPECT_EQ(complete("kepuctl --config \"~/kepud.toml\" run /home"), "/home/me/kepud.toml\n");
}

class Checking : public testing::Test {
protected:
  void SetUp() override {
    const auto key = folder.write("person.key", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    main_file("[persons]\nkey_file = \"person.key\"\n");
  }
  void main_file(const std::string& more, const std::string& first_folders = "") {
    folder.write("kepud.toml", "state_dir = \"state\"\nconnector_dirs = [" + first_folders +
                                   "\"" KEPU_BAD_CONNECTORS "\", \"" KEPU_CTL_CONNECTORS
                                   "\"]\ncatalog_dir = \"" KEPU_CATALOG "\"\n" +
                                   more);
  }
  void source(const std::string& id, const std::string& text) { folder.write("sources.d/" + id + ".toml", text); }
  std::string at(const std::string& id, const std::string& place) {
    return (folder.path() / "sources.d" / (id + ".toml")).string() + place;
  }
  int check(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"check", "--config", (folder.path() / "kepud.toml").string()});
    out.str("");
    return run(more, Console{.out = out, .err = err, .worker = KEPU_WORKER});
  }

  const Folder folder;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(Checking, AConfigurationInOrderIsSaidToBe) {
  source("a", "connector = \"good\"\nevery = \"1h\"\n");
  EXPECT_EQ(check(), ok) << out.str();
  EXPECT_THAT(out.str(), HasSubstr("in order, with 1 source\n"));
  EXPECT_EQ(check({"--json"}), ok);
  EXPECT_EQ(out.str(), "[]\n");
}

TEST_F(Checking, LeavesNothingBehind) {
  source("a", "connector = \"good\"\n");
  const auto files = [&] {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      all.push_back(entry.path().string());
    std::sort(all.begin(), all.end());
    return all;
  };
  const auto before = files();
  EXPECT_EQ(check(), ok) << out.str();
  EXPECT_EQ(files(), before);
}

TEST_F(Checking, EveryMistakeOfEverySourceComesAtOnceWithItsPlace) {
  source("a", "every = \"1h\"\nconnector = \"goood\"\n");
  source("b", "connector = \"good\"\n[settings]\nfolder = \"x\"\n");
  source("c", "connector = \"good\"\nevery = \"soon\"\n");
  source("d", "connector = \"bad_text\"\n");
  source("e", "connector = \"../good\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":2:")));
  EXPECT_THAT(out.str(), HasSubstr("did you mean \"good\"?"));
  EXPECT_THAT(out.str(), HasSubstr(at("b", ":3:1: ") + "connector good has no setting \"folder\""));
  EXPECT_THAT(out.str(), HasSubstr(at("c", ":2:")));
  EXPECT_THAT(out.str(), HasSubstr(at("d", ":1:")));
  EXPECT_THAT(out.str(), HasSubstr(at("e", ":1:")));
  EXPECT_EQ(check({"--json"}), failed);
  EXPECT_THAT(out.str(), HasSubstr(R"("code":"no_library")"));
  EXPECT_THAT(out.str(), HasSubstr(R"("code":"unknown_key")"));
}

TEST_F(Checking, ALibraryThatCrashesIsAComplaintAndNoCrash) {
  source("a", "connector = \"bad_text\"\n");
  source("b", "connector = \"bad_empty\"\n");
  source("c", "connector = \"good\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr("a.toml:1:"));
  EXPECT_THAT(out.str(), HasSubstr("b.toml:1:"));
  EXPECT_THAT(out.str(), Not(HasSubstr("c.toml")));
}

TEST_F(Checking, AConnectorThatReadsPersonsWantsAKey) {
  main_file("");
  source("a", "connector = \"good\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":1:13: ") + "connector good reads persons"));
  main_file("[persons]\nkey_file = \"none.key\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr("none.key"));
  EXPECT_THAT(out.str(), Not(HasSubstr("a.toml")));
}

TEST_F(Checking, AMissingKeyIsToldWhereItIsNamedAlsoWhenOtherThingsAreWrong) {
  main_file("[persons]\nkey_file = \"none.key\"\n");
  source("a", "connector = \"nobody\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), ContainsRegex("kepud\\.toml:[0-9]+:12: the person key"));
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":1:13: ")));
}

TEST_F(Checking, NeedsScheduleAndSettingsAreComparedWithWhatTheConnectorSays) {
  source("a", "connector = \"demanding\"\nevery = \"1h\"\n[settings]\ncount = \"many\"\ntoken = \"hunter2\"\n");
  source("b", "connector = \"demanding\"\nallow = [\"exec\"]\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":2:9: ") + "connector demanding runs all the time"));
  EXPECT_THAT(out.str(),
              HasSubstr("connector demanding needs \"network\"; if that is right, write allow = [\"network\"]"));
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":4:")));
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":5:")));
  EXPECT_THAT(out.str(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(out.str(), HasSubstr(at("b", ":2:9: ") + "connector demanding needs \"network\""));
  EXPECT_THAT(out.str(), HasSubstr("needs the setting \"count\": how many"));
  EXPECT_THAT(out.str(), HasSubstr("needs the setting \"token\": its key"));
}

TEST_F(Checking, ACredentialOfTheUnitIsNoComplaint) {
  source("a",
         "connector = \"demanding\"\nallow = [\"network\"]\n[settings]\ncount = 1\ntoken = { credential = \"t\" }\n");
  EXPECT_EQ(check(), ok) << out.str();
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":3:1: ") + "warning: connector demanding was not asked"));
  EXPECT_THAT(out.str(), HasSubstr("in order, with 1 source and 1 warning\n"));
}

TEST_F(Checking, TheConnectorItselfJudgesItsSettings) {
  source("a", "connector = \"choosy\"\n[settings]\nway = \"refuse\"\n");
  source("b", "connector = \"choosy\"\n[settings]\nway = \"crash\"\n");
  source("c", "connector = \"choosy\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":2:1: ") + "the configuration does not work: it wants another way"));
  EXPECT_THAT(out.str(), ContainsRegex("b\\.toml:2:1: connector choosy .* crashed"));
  EXPECT_THAT(out.str(), Not(HasSubstr("c.toml")));
  EXPECT_EQ(check({"--json"}), failed);
  EXPECT_THAT(out.str(), HasSubstr(R"("severity":"error","code":"settings_refused")"));
}

TEST_F(Checking, AConnectorThatIsAskedSeesItsFoldersAndIsNotRun) {
  std::filesystem::create_directory(folder.path() / "work");
  source("a", "connector = \"choosy\"\n[settings]\nwork = \"work\"\n");
  EXPECT_EQ(check(), ok) << out.str();
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/ran"));
  constexpr long version = 1;                                             // asks for nothing but the version
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, version) >= 1) { // else nothing keeps a library from writing
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "work"));
  }
}

TEST_F(Checking, ASourceOutOfReachIsAWarning) {
  source("a", "connector = \"choosy\"\n[settings]\nway = \"retry\"\n");
  EXPECT_EQ(check(), ok);
  EXPECT_THAT(out.str(), HasSubstr("a.toml:2:1: warning: the source could not be read for now: the server is off\n"));
}

TEST_F(Checking, AFolderThatDoesNotExistIsAWarning) {
  main_file("sources_dir = \"sources.d\"\n[persons]\nkey_file = \"person.key\"\n", "\"nowhere\", ");
  source("a", "connector = \"choosy\"\n[settings]\nway = \"refuse\"\nwork = \"lost\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr(at("a", ":4:") + "1: warning: \"work\": the folder " +
                                   (folder.path() / "lost").string() + " does not exist"));
  EXPECT_THAT(out.str(), ContainsRegex("kepud\\.toml:2:19: warning: .*/nowhere does not exist"));
  EXPECT_EQ(check({"--json"}), failed);
  EXPECT_THAT(out.str(), HasSubstr(R"("severity":"warning","code":"no_folder")"));
}

TEST_F(Checking, ARuleThatNamesNoConfiguredSourceIsAWarning) {
  std::filesystem::copy(KEPU_CATALOG, folder.path() / "catalog", std::filesystem::copy_options::recursive);
  folder.write("catalog/indicators.toml",
               "[[indicator]]\nid = \"a\"\nname = { zh = \"名\" }\ndefinition = { zh = \"口径\" }\nunit = \"persons\"\n"
               "dataset = \"passages\"\nmeasure = \"count\"\n"
               "sources = { rule = \"compare\", order = [\"gates\", \"b\"] }\ngrain = { freq = \"M\", by = [] }\n");
  std::filesystem::remove_all(folder.path() / "catalog/plans"); // they are held against indicators of that file
  folder.write("kepud.toml", "state_dir = \"state\"\nconnector_dirs = [\"" KEPU_CTL_CONNECTORS
                             "\"]\n[persons]\nkey_file = \"person.key\"\n");
  source("b", "connector = \"choosy\"\n");
  EXPECT_EQ(check(), ok) << out.str();
  EXPECT_THAT(out.str(), HasSubstr("indicators.toml:8:40: warning: no file configures source \"gates\""));
}

TEST_F(Checking, ABrokenCatalogIsNotHeldAgainstConnectors) {
  std::filesystem::copy(KEPU_CATALOG, folder.path() / "catalog", std::filesystem::copy_options::recursive);
  folder.write("catalog/datasets/passages.toml", "nonsense = 1\n");
  folder.write("kepud.toml", "state_dir = \"state\"\nconnector_dirs = [\"" KEPU_CTL_CONNECTORS
                             "\"]\n[persons]\nkey_file = \"person.key\"\n");
  source("a", "connector = \"choosy\"\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), HasSubstr("passages.toml"));
  EXPECT_THAT(out.str(), Not(HasSubstr("a.toml")));
}

TEST_F(Checking, WhatCouldNotBeReadIsNotMissingToo) {
  source("a",
         "connector = \"demanding\"\nallow = [\"netwrk\"]\n[settings]\ncount = 2026-01-01\ntoken = { file = 7 }\n");
  EXPECT_EQ(check(), failed);
  EXPECT_THAT(out.str(), Not(HasSubstr("needs the setting")));
  EXPECT_THAT(out.str(), Not(HasSubstr("if that is right"))) << "the word beside it was complained about";
}

TEST_F(Checking, AMissingFileIsAComplaint) {
  EXPECT_EQ(run({"check", "--config", "/nowhere/kepud.toml"}, Console{.out = out, .err = err, .worker = KEPU_WORKER}),
            failed);
  EXPECT_THAT(out.str(), HasSubstr("/nowhere/kepud.toml"));
}

TEST_F(Checking, AMissingWorkerIsSaidOnce) {
  source("a", "connector = \"good\"\n");
  source("b", "connector = \"good\"\n");
  const auto file = (folder.path() / "kepud.toml").string();
  EXPECT_EQ(run({"check", "--config", file}, Console{.out = out, .err = err, .worker = "/nowhere/kepu-worker"}),
            failed);
  EXPECT_THAT(out.str(), testing::StartsWith(file));
  EXPECT_THAT(out.str(), HasSubstr("/nowhere/kepu-worker is not there"));
  const auto text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

} // namespace
} // namespace kepu::ctl
