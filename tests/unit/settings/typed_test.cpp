#include "fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace kepu::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

abi::SettingSpec spec(const char* key, int32_t type) {
  abi::SettingSpec out;
  out.key = key;
  out.type = type;
  return out;
}

abi::SettingSpec with_default(const char* key, int32_t type, const char* value) {
  auto out = spec(key, type);
  out.has_default = true;
  out.default_value = value;
  return out;
}

class Typing : public ConfigFolder {
protected:
  // Types `settings`, the lines of a [settings] table that begins in line 3.
  Typed typed(const std::string& settings, const std::vector<abi::SettingSpec>& specs,
              Secrets secrets = Secrets::read) {
    write_valid();
    write("sources.d/x.toml", "connector = \"c\"\n[settings]\n" + settings);
    const auto loaded = load(folder / "kepud.toml");
    EXPECT_THAT(sentences(loaded.problems), IsEmpty());
    return type_settings(loaded.configuration.sources.at(0), specs, folder, secrets);
  }
  std::vector<std::string> complaints(const std::string& settings, const std::vector<abi::SettingSpec>& specs) {
    return sentences(typed(settings, specs).problems);
  }
  std::filesystem::path file(const std::string& name, const std::string& text, mode_t mode) {
    write(name, text);
    ::chmod((folder / name).c_str(), mode);
    return folder / name;
  }
};

TEST_F(Typing, ValuesTakeTheTypesOfTheSpecs) {
  auto choice = spec("e", KEPU_SETTING_ENUM);
  choice.choices = {"leave", "move"};
  const auto out =
      typed("t = \"x\"\ni = -3\nr = 2\nb = true\nd = \"90s\"\ne = \"move\"\nl = [\"p\", \"\"]\nin = \"data/./in/\"\n"
            "work = \"/w\"\nh = \"example.org:443\"\nc = \"/bin/true\"\n",
            {spec("t", KEPU_SETTING_TEXT), spec("i", KEPU_SETTING_INTEGER), spec("r", KEPU_SETTING_REAL),
             spec("b", KEPU_SETTING_BOOLEAN), spec("d", KEPU_SETTING_DURATION), choice, spec("l", KEPU_SETTING_LIST),
             spec("in", KEPU_SETTING_INPUT_FOLDER), spec("work", KEPU_SETTING_WORK_FOLDER),
             spec("h", KEPU_SETTING_HOST), spec("c", KEPU_SETTING_COMMAND), spec("absent", KEPU_SETTING_TEXT)});
  EXPECT_THAT(sentences(out.problems), IsEmpty());
  ASSERT_EQ(out.settings.size(), 11u);
  EXPECT_EQ(out.settings[0].text, "x");
  EXPECT_EQ(out.settings[0].type, KEPU_SETTING_TEXT);
  EXPECT_EQ(out.settings[1].integer, -3);
  EXPECT_EQ(out.settings[2].real, 2.0);
  EXPECT_EQ(out.settings[3].integer, 1);
  EXPECT_EQ(out.settings[4].integer, 90'000'000);
  EXPECT_EQ(out.settings[4].text, "");
  EXPECT_EQ(out.settings[5].text, "move");
  EXPECT_THAT(out.settings[6].items, ElementsAre("p", ""));
  EXPECT_EQ(out.settings[7].text, (folder / "data/in").string());
  EXPECT_EQ(out.settings[8].text, "/w");
  EXPECT_EQ(out.settings[9].text, "example.org:443");
  EXPECT_EQ(out.settings[10].text, "/bin/true");
}

TEST_F(Typing, DefaultsAreReadFromTheirTexts) {
  const auto out =
      typed("", {with_default("i", KEPU_SETTING_INTEGER, "42"), with_default("r", KEPU_SETTING_REAL, "0.5"),
                 with_default("b", KEPU_SETTING_BOOLEAN, "true"), with_default("d", KEPU_SETTING_DURATION, "2s"),
                 with_default("l", KEPU_SETTING_LIST, "a,b"), with_default("none", KEPU_SETTING_LIST, ""),
                 with_default("t", KEPU_SETTING_TEXT, "")});
  EXPECT_THAT(sentences(out.problems), IsEmpty());
  ASSERT_EQ(out.settings.size(), 7u);
  EXPECT_EQ(out.settings[0].integer, 42);
  EXPECT_EQ(out.settings[1].real, 0.5);
  EXPECT_EQ(out.settings[2].integer, 1);
  EXPECT_EQ(out.settings[3].integer, 2'000'000);
  EXPECT_THAT(out.settings[4].items, ElementsAre("a", "b"));
  EXPECT_THAT(out.settings[5].items, IsEmpty());
  for (const auto& bad :
       {with_default("k", KEPU_SETTING_INTEGER, "4x"), with_default("k", KEPU_SETTING_REAL, "inf"),
        with_default("k", KEPU_SETTING_BOOLEAN, "yes"), with_default("k", KEPU_SETTING_SECRET, "x")}) {
    EXPECT_THAT(complaints("", {bad}), ElementsAre(HasSubstr("tell the connector's owner")));
  }
}

TEST_F(Typing, EveryComplaintComesAtOnceAndWithItsPlace) {
  auto folder_spec = spec("folder", KEPU_SETTING_WORK_FOLDER);
  folder_spec.required = true;
  folder_spec.help = "where files come in";
  EXPECT_THAT(complaints("fodler = \"x\"\nn = \"3\"\n", {folder_spec, spec("n", KEPU_SETTING_INTEGER)}),
              ElementsAre("sources.d/x.toml:3:1: connector c has no setting \"fodler\", did you mean \"folder\"?",
                          "sources.d/x.toml:2:1: connector c needs the setting \"folder\": where files come in",
                          "sources.d/x.toml:4:1: \"n\" wants an integer, found the text \"3\""));
}

TEST_F(Typing, WrongValuesAreRefused) {
  struct Case {
    int32_t type;
    const char* value;
    const char* sentence;
  };
  const Case cases[] = {
      {KEPU_SETTING_TEXT, "1", "wants a text, found the integer 1"},
      {KEPU_SETTING_INTEGER, "1.5", "wants an integer, found a real number"},
      {KEPU_SETTING_REAL, "inf", "is not a finite number"},
      {KEPU_SETTING_REAL, "true", "wants a number, found true"},
      {KEPU_SETTING_BOOLEAN, "1", "wants true or false, found the integer 1"},
      {KEPU_SETTING_DURATION, "30", "wants a duration such as \"30s\", found the integer 30"},
      {KEPU_SETTING_DURATION, "\"30\"", "\"30\" has no unit"},
      {KEPU_SETTING_ENUM, "\"mve\"", "cannot be \"mve\", did you mean \"move\"?"},
      {KEPU_SETTING_LIST, "\"a\"", "wants a list of texts, found the text \"a\""},
      {KEPU_SETTING_INPUT_FOLDER, "\"\"", "is no path"},
      {KEPU_SETTING_INPUT_FOLDER, "\"/\"", "cannot be the root folder"},
      {KEPU_SETTING_WORK_FOLDER, "\"/tmp/../..\"", "cannot be the root folder"},
      {KEPU_SETTING_WORK_FOLDER, "\"a\\u0000b\"", "is no path"},
      {KEPU_SETTING_HOST, "\"http://x\"", "wants \"name\" or \"name:port\""},
      {KEPU_SETTING_HOST, "\"x:0\"", "wants \"name\" or \"name:port\""},
      {KEPU_SETTING_HOST, "\"x:99999\"", "wants \"name\" or \"name:port\""},
      {KEPU_SETTING_HOST, "\"[::1\"", "wants \"name\" or \"name:port\""},
      {KEPU_SETTING_COMMAND, "\"ls\"", "wants the absolute path of a program"},
      {KEPU_SETTING_TEXT, "{ file = \"x\" }", "wants a text, found a table"},
      {KEPU_SETTING_TABLE, "\"a = b\"", "wants a table, found the text \"a = b\""},
      {KEPU_SETTING_TABLE, "{ a.b = 1, \"a.b\" = 2 }", "has the key \"a.b\" twice"},
      {KEPU_SETTING_TABLE, "{ \"\" = 2 }", "has an entry with an empty key"},
      {KEPU_SETTING_SECRET, "{ credential = \"a\", file = \"b\" }", "wants a secret's place"},
      {KEPU_SETTING_SECRET, "{ fiel = \"b\" }", "wants a secret's place"},
      {KEPU_SETTING_SECRET, "{ file = 1 }", "wants a secret's place"},
      {KEPU_SETTING_SECRET, "{ credential = \"../x\" }", "\"../x\" cannot be a credential"},
  };
  for (const auto& one : cases) {
    auto wanted = spec("k", one.type);
    wanted.choices = {"leave", "move"};
    EXPECT_THAT(complaints(std::string("k = ") + one.value + "\n", {wanted}), ElementsAre(HasSubstr(one.sentence)))
        << one.value;
  }
  EXPECT_THAT(complaints("k = \"[::1]:80\"\n", {spec("k", KEPU_SETTING_HOST)}), IsEmpty());
}

TEST_F(Typing, ATableIsTextsByKeyInTheFilesOrder) {
  const std::vector<abi::SettingSpec> specs{spec("columns", KEPU_SETTING_TABLE),
                                            with_default("none", KEPU_SETTING_TABLE, "a = b\n c=d = e ")};
  const auto out = typed("[settings.columns]\nheld_on = \"日期\"\nn = 3\nr = 0.1\nyes = true\nday = 2025-03-05\n"
                         "[settings.columns.direction]\n\"进\" = \"in\"\n\"1.5\" = \"x\"\n",
                         specs);
  EXPECT_THAT(sentences(out.problems), IsEmpty());
  EXPECT_THAT(out.settings.at(0).items, ElementsAre("held_on", "日期", "n", "3", "r", "0.1", "yes", "true", "day",
                                                    "2025-03-05", "direction.进", "in", "direction.1.5", "x"));
  EXPECT_THAT(out.settings.at(1).items, ElementsAre("a", "b", "c", "d = e"));
}

TEST_F(Typing, ATableHasABoundOfEntries) {
  std::string table = "[settings.t]\n";
  for (size_t i = 0; i < abi::most_table_entries; ++i)
    table += "k" + std::to_string(i) + " = 1\n";
  const std::vector<abi::SettingSpec> specs{spec("t", KEPU_SETTING_TABLE)};
  EXPECT_THAT(complaints(table, specs), IsEmpty());
  EXPECT_THAT(complaints(table + "more = 1\n", specs), ElementsAre(HasSubstr("has more than 2048 entries")));
}

TEST_F(Typing, ASecretComesFromItsPlaceAndNeverFromTheConfiguration) {
  const std::vector<abi::SettingSpec> specs{spec("password", KEPU_SETTING_SECRET)};
  const auto literal = complaints("password = \"hunter2\"\n", specs);
  EXPECT_THAT(literal,
              ElementsAre(HasSubstr("sources.d/x.toml:3:1: \"password\" is a secret and is never written here")));
  EXPECT_THAT(literal[0], ::testing::Not(HasSubstr("hunter2")));

  file("s", "hunter2\n", 0600);
  auto out = typed("password = { file = \"s\" }\n", specs);
  EXPECT_THAT(sentences(out.problems), IsEmpty());
  EXPECT_EQ(out.settings.at(0).text, "hunter2");
  EXPECT_EQ(typed("password = { file = \"s\" }\n", specs, Secrets::form_only).settings.at(0).text, "");

  file("creds/p", "from systemd", 0400);
  ::setenv("CREDENTIALS_DIRECTORY", (folder / "creds").c_str(), 1);
  EXPECT_EQ(typed("password = { credential = \"p\" }\n", specs).settings.at(0).text, "from systemd");
  EXPECT_THAT(complaints("password = { credential = \"q\" }\n", specs),
              ElementsAre(HasSubstr("add LoadCredential=q:")));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(complaints("password = { credential = \"p\" }\n", specs),
              ElementsAre(HasSubstr("$CREDENTIALS_DIRECTORY is not set")));
  EXPECT_THAT(typed("password = { credential = \"p\" }\n", specs, Secrets::form_only).problems, IsEmpty());
}

TEST_F(Typing, ASecretsFileThatOthersMayReadIsRefused) {
  const std::vector<abi::SettingSpec> specs{spec("k", KEPU_SETTING_SECRET)};
  const auto told = [&](Secrets secrets) { return codes(typed("k = { file = \"s\" }\n", specs, secrets).problems); };
  for (const auto secrets : {Secrets::read, Secrets::form_only}) {
    std::filesystem::remove(folder / "s");
    EXPECT_THAT(told(secrets), ElementsAre("no_secret_file"));
    file("s", "x", 0644);
    EXPECT_THAT(told(secrets), ElementsAre("open_secret_file"));
    file("s", "x", 0640);
    EXPECT_THAT(told(secrets), IsEmpty());
    file("s", "\n", 0600);
    EXPECT_THAT(told(secrets), ElementsAre("bad_secret"));
    file("s", "\xff", 0600);
    EXPECT_THAT(told(secrets), ElementsAre("bad_secret"));
    file("s", std::string(70'000, 'x'), 0600);
    EXPECT_THAT(told(secrets), ElementsAre("bad_secret"));
  }
}

TEST_F(Typing, APipeIsNoSecretAndNobodyWaitsForIt) {
  ASSERT_EQ(::mkfifo((folder / "s").c_str(), 0600), 0);
  EXPECT_THAT(codes(typed("k = { file = \"s\" }\n", {spec("k", KEPU_SETTING_SECRET)}).problems),
              ElementsAre("unreadable_secret"));
}

TEST_F(Typing, ThePersonKeyIs32BytesInEitherForm) {
  std::string raw;
  std::string hex;
  for (int i = 0; i < 32; ++i) {
    raw += static_cast<char>(i * 7 + 1);
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", (i * 7 + 1) & 0xff);
    hex += digits;
  }
  std::string upper = hex;
  for (char& c : upper)
    c = static_cast<char>(std::toupper(c));
  for (const auto& text : {raw, hex, hex + "\n", hex + "\r\n", upper}) {
    const auto key = read_person_key(file("key", text, 0600));
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_EQ(*key, raw);
  }
}

TEST_F(Typing, ABadPersonKeySaysWhatToDo) {
  struct Case {
    std::string text;
    mode_t mode;
    const char* code;
    const char* advice;
  };
  std::string good = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const Case cases[] = {
      {good, 0640, "open_key_file", "chmod 600"},
      {good, 0604, "open_key_file", "chmod 600"},
      {"", 0600, "bad_key_file", "openssl rand -hex 32"},
      {good.substr(1), 0600, "bad_key_file", "neither 64 hexadecimal digits"},
      {good + "0", 0600, "bad_key_file", "neither 64 hexadecimal digits"},
      {good.substr(0, 63) + "g", 0600, "bad_key_file", "neither 64 hexadecimal digits"},
      {good + "\n\n", 0600, "bad_key_file", "neither 64 hexadecimal digits"},
      {std::string(64, '0'), 0600, "bad_key_file", "which anyone can guess"},
      {std::string(32, 'x'), 0600, "bad_key_file", "which anyone can guess"},
  };
  for (const auto& one : cases) {
    const auto key = read_person_key(file("key", one.text, one.mode));
    ASSERT_FALSE(key) << one.text;
    EXPECT_EQ(key.error().code, one.code);
    EXPECT_THAT(key.error().text, HasSubstr(one.advice));
  }
  const auto none = read_person_key(folder / "nothing");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "no_key_file");
}

} // namespace
} // namespace kepu::settings
