#include "fixture.hpp"

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class Load : public ConfigFolder {};

TEST_F(Load, TheShippedConfigurationIsWithoutComplaint) {
  const auto loaded = load(std::filesystem::path(KEPU_CONFIG_FOLDER) / "kepud.toml");
  EXPECT_THAT(sentences(loaded.problems), IsEmpty());
  const auto& catalog = *loaded.configuration.catalog;
  EXPECT_EQ(catalog.areas.all().size(), 88u + 4); // with those that ended in 2019
  EXPECT_EQ(catalog.areas.level("510104017001"), 2);
  EXPECT_EQ(catalog.registers.at("venues").all().size(), 60u);
  EXPECT_TRUE(catalog.unit("person_times"));
  const auto* visits = catalog.indicator("venue.visits");
  ASSERT_TRUE(visits);
  EXPECT_EQ(visits->where, (std::vector<model::Condition>{{"direction", {"in"}}}));
  EXPECT_THAT(visits->by, ElementsAre("venue", "area"));
  const auto* visitors = catalog.indicator("venue.visitors");
  ASSERT_TRUE(visitors);
  EXPECT_EQ(visitors->measure, model::Measure::distinct);
  EXPECT_EQ(visitors->field, "card");
  const auto* dataset = catalog.dataset("passages");
  ASSERT_TRUE(dataset);
  EXPECT_EQ(dataset->accept_future, 24h);
  EXPECT_EQ(dataset->contract.fields[5].scheme, "account:turnstile");
}

TEST_F(Load, TheShippedExampleOfASourceIsWithoutComplaint) {
  write_valid();
  std::filesystem::create_directories(folder / "sources.d");
  std::filesystem::copy(std::filesystem::path(KEPU_CONFIG_FOLDER) / "sources.d/turnstile.toml.example",
                        folder / "sources.d/turnstile.toml");
  const auto loaded = load(folder / "kepud.toml");
  EXPECT_THAT(sentences(loaded.problems), IsEmpty());
  ASSERT_EQ(loaded.configuration.sources.size(), 1u);
  EXPECT_EQ(loaded.configuration.sources[0].connector, "venue_turnstile");
}

TEST_F(Load, DefaultsFillWhatIsNotGivenAndPathsCountFromTheFile) {
  write_valid();
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto& daemon = loaded.configuration.daemon;
  EXPECT_EQ(daemon.file, folder / "kepud.toml");
  EXPECT_EQ(daemon.state_dir, folder / "state");
  EXPECT_THAT(daemon.connector_dirs, ElementsAre(folder / "connectors"));
  EXPECT_EQ(daemon.catalog_dir, folder / "catalog");
  EXPECT_EQ(daemon.sources_dir, folder / "sources.d");
  EXPECT_EQ(daemon.admin_socket, folder / "state/admin.sock");
  EXPECT_EQ(daemon.time_zone, "Asia/Shanghai");
  EXPECT_EQ(daemon.listen.host, "127.0.0.1");
  EXPECT_EQ(daemon.listen.port, 8080);
  EXPECT_FALSE(daemon.person_key_file);
  EXPECT_THAT(loaded.configuration.sources, IsEmpty());
}

TEST_F(Load, EveryKeyIsRead) {
  write_valid();
  write("kepud.toml", "state_dir = \"/var/x/../lib\"\nconnector_dirs = [\"../a\", \"/b\"]\ncatalog_dir = \"catalog\"\n"
                      "sources_dir = \"src\"\ntime_zone = \"Europe/Berlin\"\nadmin_socket = \"a.sock\"\n"
                      "[http]\nlisten = \"[::1]:0\"\n[persons]\nkey_file = \"key\"\n"
                      "[log]\nlevel = \"debug\"\nsink = \"file\"\nfile = \"log/x.log\"\n");
  write("src/a-1.toml", "connector = \"c\"\nevery = \"30s\"\nallow = [\"network\", \"exec\"]\nmax_reject_share = 1\n"
                        "enabled = false\n[settings]\nt = \"x\"\ni = -3\nr = 0.5\nb = true\nl = [\"p\", \"q\"]\n"
                        "c = { credential = \"N\" }\nf = { file = \"s\" }\n");
  write("src/b.toml", "connector = \"c\"\ncron = \"0 3 * * *\"\n");
  write("src/c.toml", "connector = \"c\"\n");
  const auto loaded = load(folder / "kepud.toml");
  ASSERT_THAT(sentences(loaded.problems), IsEmpty());
  const auto& daemon = loaded.configuration.daemon;
  EXPECT_EQ(daemon.state_dir, "/var/lib");
  EXPECT_THAT(daemon.connector_dirs, ElementsAre(folder.parent_path() / "a", "/b"));
  EXPECT_EQ(daemon.time_zone, "Europe/Berlin");
  EXPECT_EQ(daemon.listen.host, "::1");
  EXPECT_EQ(daemon.listen.port, 0);
  EXPECT_EQ(daemon.admin_socket, folder / "a.sock");
  EXPECT_EQ(daemon.person_key_file, folder / "key");
  EXPECT_EQ(daemon.log_level, LogLevel::debug);
  EXPECT_EQ(daemon.log_sink, LogSink::file);
  EXPECT_EQ(daemon.log_file, folder / "log/x.log");
  ASSERT_EQ(loaded.configuration.sources.size(), 3u);
  const auto& source = loaded.configuration.sources[0];
  EXPECT_EQ(source.id, "a-1");
  EXPECT_EQ(std::get<Every>(source.schedule).interval, 30s);
  EXPECT_EQ(source.allow, static_cast<uint32_t>(KEPU_NEED_NETWORK | KEPU_NEED_EXEC));
  EXPECT_EQ(source.max_reject_share, 1);
  EXPECT_FALSE(source.enabled);
  ASSERT_EQ(source.settings.size(), 7u);
  EXPECT_EQ(std::get<std::string>(source.settings[0].value), "x");
  EXPECT_EQ(source.settings[0].line, 7u);
  EXPECT_EQ(source.settings[0].column, 1u);
  EXPECT_EQ(std::get<int64_t>(source.settings[1].value), -3);
  EXPECT_EQ(std::get<double>(source.settings[2].value), 0.5);
  EXPECT_EQ(std::get<bool>(source.settings[3].value), true);
  EXPECT_THAT(std::get<std::vector<std::string>>(source.settings[4].value), ElementsAre("p", "q"));
  const auto& table = std::get<RawTable>(source.settings[5].value);
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table[0].key, "credential");
  EXPECT_EQ(table[0].value, "N");
  EXPECT_EQ(std::get<RawTable>(source.settings[6].value).at(0).key, "file");
  EXPECT_EQ(std::get<Cron>(loaded.configuration.sources[1].schedule).expression, "0 3 * * *");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(loaded.configuration.sources[2].schedule));
}

struct FileCase {
  const char* text;
  const char* sentence; // part of the one complaint
};

TEST_F(Load, TheMainFileTellsWhatIsWrongAndWhere) {
  const std::string good = "state_dir = \"s\"\nconnector_dirs = [\"c\"]\n";
  const FileCase cases[] = {
      {"sources_dri = \"x\"\n", "kepud.toml:3:1: unknown key \"sources_dri\", did you mean \"sources_dir\"?"},
      {"\"\\u001b[31m\" = 1\n", "kepud.toml:3:1: unknown key \"\\x1b[31m\""},
      {"time_zone = 8\n", "kepud.toml:3:13: \"time_zone\" wants a text, found the integer 8"},
      {"time_zone = \"Asia/Chengdu\"\n", "kepud.toml:3:13: \"time_zone\": \"Asia/Chengdu\" is not a time zone"},
      {"catalog_dir = \"\"\n", "kepud.toml:3:15: \"catalog_dir\": \"\" is no path"},
      {"catalog_dir = \"a\\u0000b\"\n", "\"a\\x00b\" is no path"},
      {"http = 1\n", "kepud.toml:3:8: \"http\" wants a table, found the integer 1"},
      {"[http]\nlisten = \"8080\"\n", "kepud.toml:4:10: \"8080\" is no address to listen on"},
      {"[http]\nlisten = \"example.org:80\"\n", "is no address to listen on"},
      {"[http]\nlisten = \"::1:80\"\n", "is no address to listen on"},
      {"[http]\nlisten = \"127.0.0.1:65536\"\n", "is no address to listen on"},
      {"[http]\nlisten = \"127.0.0.1:\"\n", "is no address to listen on"},
      {"[http]\nlisten = \"127.0.0.1:80x\"\n", "is no address to listen on"},
      {"[http]\nport = 80\n", "kepud.toml:4:1: unknown key \"port\"; known: listen"},
      {"[persons]\n", "kepud.toml:3:1: \"key_file\" is missing in [persons]"},
      {"[log]\nlevel = \"warn\"\n", "kepud.toml:4:9: \"level\" cannot be \"warn\"; known: debug, info, warning, error"},
      {"[log]\nlevel = \"warnin\"\n", "did you mean \"warning\"?"},
      {"[log]\nsink = \"file\"\n", "\"file\" is missing in [log]"},
      {"[log]\nfile = \"x\"\n", "\"file\" is only used with sink"},
  };
  for (const auto& one : cases) {
    write_valid();
    write("kepud.toml", good + one.text);
    auto found = complaints();
    if (std::string(one.text).find("catalog_dir") == 0) found.resize(1); // the catalog is elsewhere then
    EXPECT_THAT(found, ElementsAre(HasSubstr(one.sentence))) << one.text;
  }
}

TEST_F(Load, MissingKeysOfTheMainFileAreAllNamed) {
  write_valid();
  write("kepud.toml", "");
  EXPECT_THAT(complaints(), ElementsAre("kepud.toml: \"state_dir\" is missing in the file",
                                        HasSubstr("kepud.toml: \"connector_dirs\" is missing in the file")));
}

TEST_F(Load, TooLongASocketPathIsToldBeforeItCannotBeBound) {
  write_valid();
  write("kepud.toml", "state_dir = \"/" + std::string(120, 'x') + "\"\nconnector_dirs = [\"c\"]\n");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("kepud.toml:1:13: the admin socket")));
}

TEST_F(Load, ASourceTellsWhatIsWrongAndWhere) {
  const FileCase cases[] = {
      {"", "sources.d/x.toml: \"connector\" is missing in the file"},
      {"connector = \"../evil\"\n", "x.toml:1:13: \"../evil\" cannot be a connector"},
      {"connector = \"c\"\nintervall = \"1m\"\n", "x.toml:2:1: unknown key \"intervall\""},
      {"connector = \"c\"\nevry = \"1m\"\n", "x.toml:2:1: unknown key \"evry\", did you mean \"every\"?"},
      {"connector = \"c\"\nevery = 30\n",
       "x.toml:2:9: \"every\" wants a duration such as \"30s\", found the integer 30"},
      {"connector = \"c\"\nevery = \"30\"\n", "x.toml:2:9: \"every\": \"30\" has no unit"},
      {"connector = \"c\"\nevery = \"1ms\"\n", "\"every\" is at least 100ms"},
      {"connector = \"c\"\ncron = \"0 3 * *\"\n", "x.toml:2:8: \"cron\": \"0 3 * *\" has 4 fields"},
      {"connector = \"c\"\nevery = \"1m\"\ncron = \"* * * * *\"\n",
       "x.toml:3:8: a source has \"every\" or \"cron\", not both"},
      {"connector = \"c\"\nallow = [\"netwrk\"]\n",
       "x.toml:2:10: \"netwrk\" cannot be allowed, did you mean \"network\"?"},
      {"connector = \"c\"\nallow = \"network\"\n", "\"allow\" wants a list of texts, found the text \"network\""},
      {"connector = \"c\"\nallow = [1]\n", "x.toml:2:10: \"allow\" wants a list of texts, found the integer 1"},
      {"connector = \"c\"\nmax_reject_share = 10\n", "x.toml:2:20: \"max_reject_share\" is a share from 0 to 1"},
      {"connector = \"c\"\nmax_reject_share = -0.1\n", "share from 0 to 1"},
      {"connector = \"c\"\nmax_reject_share = nan\n", "share from 0 to 1"},
      {"connector = \"c\"\nenabled = \"yes\"\n", "\"enabled\" wants true or false, found the text \"yes\""},
      {"connector = \"c\"\n[settings]\na = 2025-03-05\n",
       "x.toml:3:5: \"a\" wants a text; put it in quotes, found a date"},
      {"connector = \"c\"\n[settings]\na = [\"x\", 1]\n",
       "x.toml:3:11: \"a\" wants a list of texts, found the integer 1"},
      {"connector = \"c\"\n[settings]\na = { x = 1, y = [\"z\"] }\n",
       "x.toml:3:18: \"y\" wants a text; put it in quotes, found a list"},
      {"connector = \"c\"\n[settings.a]\nb.c = 09:30:00\n", "\"b.c\" wants a text; put it in quotes, found a time"},
  };
  for (const auto& one : cases) {
    write_valid();
    write("sources.d/x.toml", one.text);
    EXPECT_THAT(complaints(), ::testing::Contains(HasSubstr(one.sentence))) << one.text;
  }
}

TEST_F(Load, ASourcesNameIsItsIdAndMustBeOne) {
  write_valid();
  for (const char* name : {"Turnstile", "1a", "a b", "门禁", "-a", "a.b"}) {
    write(std::string("sources.d/") + name + ".toml", "connector = \"c\"\n");
  }
  EXPECT_EQ(complaints().size(), 6u);
}

TEST_F(Load, FilesThatDoNotEndInTomlAreNotRead) {
  write_valid();
  for (const char* name : {"a.toml.example", "b.toml~", ".c.toml", "README"})
    write(std::string("sources.d/") + name, "= broken");
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(Load, EveryFileTellsItsSyntaxErrorAndTheOthersGoOn) {
  write_valid();
  write("catalog/units.toml", "[[unit]\n");
  write("catalog/registers/venues.toml", "name = { zh = \"x\" \n");
  write("sources.d/a.toml", "connector = \n");
  write("sources.d/b.toml", "connector = \"c\"\nnonsense = 1\n");
  const auto loaded = load(folder / "kepud.toml");
  EXPECT_THAT(codes(loaded.problems), ElementsAre("syntax", "syntax", "syntax", "unknown_key"))
      << ::testing::PrintToString(sentences(loaded.problems));
  EXPECT_EQ(loaded.problems[0].line, 1u);
}

TEST_F(Load, ABrokenMainFileDoesNotHideTheRest) {
  write_valid();
  write("kepud.toml", "state_dir = \"s\nconnector_dirs = []\n");
  write("sources.d/a.toml", "connector = 1\n");
  EXPECT_THAT(complaints(),
              ElementsAre(HasSubstr("kepud.toml:1:"), HasSubstr("sources.d/a.toml:1:13: \"connector\" wants")));
}

TEST_F(Load, FilesThatCannotBeReadSayWhy) {
  EXPECT_THAT(complaints(), ElementsAre("kepud.toml: cannot be read: No such file or directory"));
  write_valid();
  std::filesystem::create_directories(folder / "sources.d/a.toml");
  std::filesystem::create_symlink("nowhere", folder / "sources.d/b.toml");
  EXPECT_THAT(complaints(), ElementsAre("sources.d/a.toml: cannot be read: it is not a regular file",
                                        "sources.d/b.toml: cannot be read: No such file or directory"));
}

TEST_F(Load, AMissingCatalogIsAComplaint) {
  write("kepud.toml", "state_dir = \"s\"\nconnector_dirs = [\"c\"]\n");
  EXPECT_THAT(complaints(), ElementsAre(StartsWith("kepud.toml: the catalog's folder \"catalog\" does not exist")));
}

TEST_F(Load, AMissingCatalogIsToldWhereItIsNamedBesideOtherMistakes) {
  write("kepud.toml", "state_dir = 5\nconnector_dirs = [\"c\"]\ncatalog_dir = \"nowhere\"\n");
  EXPECT_THAT(complaints(),
              ElementsAre(StartsWith("kepud.toml:1:"), StartsWith("kepud.toml:3:15: the catalog's folder")));
}

} // namespace
} // namespace kepu::settings
