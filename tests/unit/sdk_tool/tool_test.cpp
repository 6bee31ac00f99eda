// The program itself, as a shell sees it.
#include "support/folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Tool : public testing::Test {
protected:
  static constexpr fs::perms private_to_me = fs::perms::owner_read | fs::perms::owner_write;

  void write(const std::string& name, const std::string& text, fs::perms perms = fs::perms(0644)) {
    fs::permissions(own_folder.write(name, text), perms);
  }
  std::string read(const std::string& name) {
    std::ifstream in(folder + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Runs the tool in the folder; returns its exit code, fills out and err.
  int tool(const std::string& arguments) {
    const int raw = std::system(
        ("cd '" + folder + "' && env -u CREDENTIALS_DIRECTORY " TOOL " " + arguments + " >out 2>err").c_str());
    out = read("out");
    err = read("err");
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  }

  const kepu::test::Folder own_folder;
  const std::string folder = own_folder.path().string();
  std::string out, err;
};

TEST_F(Tool, InspectShowsTheDescriptorForPeople) {
  EXPECT_EQ(tool("inspect " NOTES), 0);
  EXPECT_THAT(out, HasSubstr("notes 2.0.1  Notes  便条\nowner: Tests\nmode: scheduled\nneeds: network\n"));
  EXPECT_THAT(out, HasSubstr("enum (ok, retry, bad_data, bad_config, bug, breach, wait)  default \"ok\""));
  EXPECT_THAT(out, HasSubstr("dataset notes, version 1\n"));
  EXPECT_THAT(out, HasSubstr("person, scheme account:desk\n"));
}

TEST_F(Tool, InspectShowsItAsJson) {
  EXPECT_EQ(tool("inspect --json " NOTES), 0);
  EXPECT_EQ(tool("inspect " NOTES " --json"), 0);
  EXPECT_THAT(
      out,
      HasSubstr(R"({"id":"notes","version":"2.0.1","title":"Notes","title_zh":"便条","owner":"Tests",)"
                R"("mode":"scheduled","needs":["network"],"dynamic":false,"settings":[{"key":"way","type":"enum",)"));
  EXPECT_THAT(out, HasSubstr(R"({"name":"hours","type":"decimal","scale":1,"roles":["measure"],"required":false})"));
}

TEST_F(Tool, RunShowsWhatTheConnectorReads) {
  write("key", "0123456789abcdef0123456789abcdef", private_to_me);
  EXPECT_EQ(tool("run " NOTES " --person-key key"), 0) << err;
  EXPECT_THAT(out, MatchesRegex("input desk, 3 bytes: take\n"
                                "reject 9 id no_id: the note has no id; give it one\n"
                                "row notes 2: id=\"n0\" hours=0.0 author=~[0-9a-f]+\n"
                                "row notes 3: id=\"n1\" hours=0.5 author=~[0-9a-f]+\n"
                                "row notes 4: id=\"n2\" hours=1.0 author=~[0-9a-f]+\n"
                                "end_input\n"
                                "commit 1, 3 rows, 1 rejects, cursor \"after 3\"\n"
                                "ended ok, 3 rows, 1 rejects: all notes read\n"));
  EXPECT_THAT(err, HasSubstr("info: folder=none token=0 share=0.500000 zone=Asia/Shanghai cursor=\n"));
  EXPECT_THAT(err, HasSubstr("progress: 3 of 3\n"));
  EXPECT_THAT(err, Not(HasSubstr("thrown away")));
}

TEST_F(Tool, AKeyInHexadecimalDigitsIsTheKeyOfTheirBytes) {
  write("raw", "0123456789abcdef0123456789abcdef", private_to_me);
  std::string digits;
  for (int i = 0; i < 2; ++i)
    digits += "30313233343536373839616263646566";
  write("hex", digits + "\n", private_to_me);
  EXPECT_EQ(tool("run " NOTES " --person-key raw"), 0) << err;
  const std::string first = out;
  EXPECT_EQ(tool("run " NOTES " --person-key hex"), 0) << err;
  EXPECT_EQ(out, first);
}

TEST_F(Tool, RunPrintsOneJsonObjectALine) {
  EXPECT_EQ(tool("run --json " NOTES), 0);
  EXPECT_THAT(out, HasSubstr(R"({"type":"input","name":"desk","size":3,"decision":"take"})"
                             "\n"));
  EXPECT_THAT(out, HasSubstr(R"({"type":"row","dataset":"notes","place":3,"row":{"id":"n1","hours":0.5,"author":"~)"));
  EXPECT_THAT(out, HasSubstr(R"({"type":"commit","part":1,"rows":3,"rejects":1,"cursor":"after 3"})"
                             "\n"));
  EXPECT_THAT(out, HasSubstr(R"({"type":"ended","status":"ok","rows":3,"rejects":1,"text":"all notes read"})"
                             "\n"));
}

TEST_F(Tool, ThrowAwayKeysAreSaidAndDiffer) {
  EXPECT_EQ(tool("run " NOTES), 0);
  EXPECT_THAT(err, HasSubstr("a random key that is thrown away"));
  const std::string first = out;
  EXPECT_EQ(tool("run " NOTES), 0);
  EXPECT_NE(out, first);
}

TEST_F(Tool, AConnectorThatFillsAnyDatasetRunsAgainstACatalog) {
  write("catalog/datasets/visits.toml",
        "version = 2\nname = { zh = \"访问\" }\n"
        "[[field]]\nname = \"id\"\ntype = \"text\"\nroles = [\"key\"]\nrequired = true\n"
        "[[field]]\nname = \"hours\"\ntype = \"decimal\"\nscale = 1\nroles = [\"measure\"]\n");
  write("files/a.csv", "编号,时长\nA1,\"1,5\"\n");
  write("source.toml",
        "connector = \"csv_table\"\n[settings]\nfolder = \"files\"\ndataset = \"visits\"\nsettle = \"0s\"\n"
        "[settings.columns]\nid = \"编号\"\nhours = \"时长\"\n[settings.values.hours]\n\"半天\" = 4\n");
  for (const char* catalog : {"catalog", "catalog/datasets", "catalog/datasets/visits.toml"}) {
    EXPECT_EQ(tool("run " CSV_TABLE " --settings source.toml --catalog " + std::string(catalog)), 0) << out << err;
    EXPECT_THAT(out, HasSubstr("row visits 2: id=\"A1\" hours=1.5~repaired\n"));
  }
  EXPECT_EQ(tool("run " CSV_TABLE " --settings source.toml"), 3);
  EXPECT_THAT(out, HasSubstr("there is no catalog that says what dataset visits is"));
  EXPECT_EQ(tool("run " CSV_TABLE " --settings source.toml --catalog files"), 3);
  EXPECT_THAT(err, HasSubstr("there is no dataset in it"));
  write("catalog/datasets/bad.toml", "[[field]]\nname = \"x\"\ntype = \"txt\"\n");
  EXPECT_EQ(tool("run " CSV_TABLE " --settings source.toml --catalog catalog"), 3);
  EXPECT_THAT(err, HasSubstr("bad.toml: this is no dataset"));
  EXPECT_EQ(tool("inspect " CSV_TABLE), 0);
  EXPECT_THAT(out, HasSubstr("columns      table"));
}

TEST_F(Tool, ATableOfSettingsIsHeldToItsForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"columns = \"x\"\n", "setting columns wants a table, as [settings.columns]"},
      {"columns = { a = [\"x\"] }\n", "a wants a text; put it in quotes"},
      {"columns = { \"a.b\" = 1, a.b = 2 }\n", "setting columns has the key \"a.b\" twice"},
  };
  for (const auto& [settings, said] : cases) {
    write("source.toml", std::string("[settings]\nfolder = \"f\"\ndataset = \"d\"\n") + settings);
    EXPECT_EQ(tool("run " CSV_TABLE " --settings source.toml"), 3);
    EXPECT_THAT(err, HasSubstr(said));
  }
}

TEST_F(Tool, EveryEndHasItsExitCode) {
  const struct {
    const char* way;
    int code;
    const char* said;
  } table[] = {{"retry", 5, "ended retry, 0 rows, 0 rejects: the desk is closed"},
               {"bad_data", 4, "ended bad_data, 0 rows, 0 rejects: the notes are wet"},
               {"bad_config", 3, "ended bad_config, 0 rows, 0 rejects: no such desk"},
               {"bug", 1, "run threw an exception: a mistake"},
               {"breach", 1, "ended bug, 0 rows, 0 rejects: end_input: no input is open"}};
  for (const auto& c : table) {
    write("s.toml", "way = \"" + std::string(c.way) + "\"\n");
    EXPECT_EQ(tool("run " NOTES " --settings s.toml"), c.code) << c.way;
    EXPECT_THAT(out, HasSubstr(c.said));
  }
}

TEST_F(Tool, ASourcesFileServesAsItIs) {
  write("token.txt", "secret\n");
  write("s.toml",
        "connector = \"notes\"\nevery = \"30s\"\n[settings]\nfolder = \"in/../here\"\nwords = [\"a\", \"b\"]\n"
        "share = 2\npause = \"250ms\"\ntoken = { file = \"token.txt\" }\ncount = 1\n");
  EXPECT_EQ(tool("run " NOTES " --zone UTC --settings s.toml"), 0) << err;
  EXPECT_THAT(err, HasSubstr("info: folder=" + folder + "/here token=6 share=2.000000 zone=UTC"));
  EXPECT_THAT(err, HasSubstr("words=2"));
  EXPECT_THAT(out, HasSubstr("ended ok, 1 rows"));
}

TEST_F(Tool, WrongSettingsAreAllToldWithTheirPlaces) {
  write("s.toml",
        "[settings]\nwya = \"ok\"\nway = \"oky\"\ncount = 1.5\npause = 30\nwords = [\"a\", 1]\nshare = \"x\"\n"
        "folder = 1\ntoken = \"literal\"\n");
  EXPECT_EQ(tool("run " NOTES " --settings s.toml"), 3);
  EXPECT_EQ(out, "");
  size_t at = 0;
  for (const char* said :
       {"s.toml:2:1: unknown setting \"wya\", did you mean \"way\"?", "s.toml:3:7: setting way: \"oky\" is not one of",
        "s.toml:4:9: setting count wants a whole number", "s.toml:5:9: setting pause wants a text like \"30s\"",
        "s.toml:6:9: setting words wants a list of texts", "s.toml:7:9: setting share wants a number",
        "s.toml:8:10: setting folder wants a folder's path", "s.toml:9:9: setting token is a secret; write { file"}) {
    const size_t found = err.find(said, at); // in the file's order
    ASSERT_NE(found, err.npos) << said << " in\n" << err;
    at = found;
  }
}

TEST_F(Tool, FilesThatCannotBeReadAreNamed) {
  write("broken.toml", "way = \n");
  write("list.toml", "settings = 3\n");
  write("lost.toml", "token = { file = \"nowhere\" }\n");
  write("credential.toml", "token = { credential = \"desk\" }\n");
  write("short", "k", private_to_me);
  write("weak", std::string(32, 'k'), private_to_me);
  write("open", "0123456789abcdef0123456789abcdef");
  const struct {
    const char* arguments;
    const char* said;
  } table[] = {{"run " NOTES " --settings none.toml", "none.toml: cannot be read"},
               {"run " NOTES " --settings .", ".: cannot be read"},
               {"run " NOTES " --settings broken.toml", "broken.toml:1:7: this is not TOML"},
               {"run " NOTES " --settings list.toml", "list.toml:1:12: settings is no table; write [settings]"},
               {"run " NOTES " --settings lost.toml", "nowhere cannot be read"},
               {"run " NOTES " --settings credential.toml", "CREDENTIALS_DIRECTORY is not set"},
               {"run " NOTES " --person-key short", "short: the person key is neither 64 hexadecimal digits nor 32"},
               {"run " NOTES " --person-key weak", "anyone can guess"},
               {"run " NOTES " --person-key open", "chmod 600"},
               {"run " NOTES " --person-key nowhere", "nowhere: the person key cannot be read"},
               {"run none.so", "none.so: cannot open shared object file"},
               {"inspect none.so", "none.so: cannot open shared object file"}};
  for (const auto& c : table) {
    EXPECT_EQ(tool(c.arguments), 3) << c.arguments;
    EXPECT_THAT(err, HasSubstr(c.said));
  }
}

TEST_F(Tool, WrongArgumentsAreExitCodeTwoAndHelpIsNone) {
  for (const char* arguments : {"", "inspekt", "run", "inspect", "run " NOTES " --limit 0", "run " NOTES " --nonsense"})
    EXPECT_EQ(tool(arguments), 2) << arguments;
  EXPECT_EQ(tool("run " NOTES " --limit 0"), 2);
  EXPECT_THAT(err, HasSubstr("--limit: 0 is not a whole number from 1 on"));
  EXPECT_EQ(tool("run --help"), 0);
  EXPECT_THAT(out, HasSubstr("5 RETRY"));
}

TEST_F(Tool, TheLimitEndsTheRunAndKeepsNoCursor) {
  EXPECT_EQ(tool("run " NOTES " --limit 2 --cursor c"), 0);
  EXPECT_THAT(out, HasSubstr("\"n1\""));
  EXPECT_THAT(out, Not(HasSubstr("\"n2\"")));
  EXPECT_THAT(out, HasSubstr("ended cancelled, 2 rows, 1 rejects: --limit is reached"));
  EXPECT_FALSE(fs::exists(folder + "/c"));
}

TEST_F(Tool, TheCursorIsKeptInItsFile) {
  EXPECT_EQ(tool("run " NOTES " --cursor c"), 0);
  EXPECT_EQ(read("c"), "after 3");
  EXPECT_EQ(tool("run " NOTES " --cursor c"), 0);
  EXPECT_THAT(err, HasSubstr("cursor=after 3"));
  EXPECT_EQ(tool("run " NOTES " --cursor nowhere/c"), 7);
  EXPECT_THAT(err, HasSubstr("nowhere/c: the cursor cannot be written"));
}

TEST_F(Tool, AnOutputThatIsFullIsNoSuccess) {
  const std::string command = TOOL " inspect " NOTES " >/dev/full";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 7);
  const std::string run = TOOL " run " NOTES " >/dev/full 2>/dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(run.c_str())), 7);
}

TEST_F(Tool, AnInterruptCancelsTheRun) {
  write("s.toml", "way = \"wait\"\n");
  // The connector says that it waits; then it is interrupted, and the tool's exit code is the shell's.
  const std::string script =
      "cd '" + folder +
      "' && mkfifo said && { " TOOL " run " NOTES " --settings s.toml >out 2>said & } ; pid=$!; "
      "while read -r line; do case \"$line\" in *waiting*) kill -INT $pid;; esac; done <said; wait $pid";
  EXPECT_EQ(WEXITSTATUS(std::system(script.c_str())), 6);
  EXPECT_THAT(read("out"), HasSubstr("ended cancelled, 0 rows"));
}

} // namespace
