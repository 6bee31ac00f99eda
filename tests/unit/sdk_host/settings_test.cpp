#include <kepu/host/settings.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using kepu::abi::Setting;
using kepu::abi::SettingSpec;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SettingSpec spec(int32_t type, std::vector<std::string> choices = {}) {
  SettingSpec s;
  s.key = "k";
  s.type = type;
  s.help = "Help.";
  s.choices = std::move(choices);
  return s;
}

TEST(Settings, ReadsEveryTypeAsItIsWritten) {
  Setting s;
  const auto read = [&](int32_t type, std::string_view text) {
    const auto complaint = kepu::host::read_setting(spec(type, {"upsert", "replace"}), text, s);
    EXPECT_FALSE(complaint) << *complaint;
    return s;
  };
  EXPECT_EQ(read(KEPU_SETTING_TEXT, "科普").text, "科普");
  EXPECT_EQ(read(KEPU_SETTING_INTEGER, "-12").integer, -12);
  EXPECT_EQ(read(KEPU_SETTING_REAL, "0.25").real, 0.25);
  EXPECT_EQ(read(KEPU_SETTING_BOOLEAN, "true").integer, 1);
  EXPECT_EQ(read(KEPU_SETTING_BOOLEAN, "false").integer, 0);
  EXPECT_EQ(read(KEPU_SETTING_DURATION, "250ms").integer, 250000);
  EXPECT_EQ(read(KEPU_SETTING_DURATION, "30s").integer, 30000000);
  EXPECT_EQ(read(KEPU_SETTING_DURATION, "5m").integer, 300000000);
  EXPECT_EQ(read(KEPU_SETTING_DURATION, "2h").integer, 7200000000);
  EXPECT_EQ(read(KEPU_SETTING_DURATION, "1d").integer, 86400000000);
  EXPECT_EQ(read(KEPU_SETTING_ENUM, "replace").text, "replace");
  EXPECT_THAT(read(KEPU_SETTING_LIST, "a, b ,c").items, ElementsAre("a", "b", "c"));
  EXPECT_THAT(read(KEPU_SETTING_LIST, "").items, IsEmpty());
  EXPECT_THAT(read(KEPU_SETTING_TABLE, "held_on = 日期\n\n a.b=c = d").items,
              ElementsAre("held_on", "日期", "a.b", "c = d"));
  EXPECT_THAT(read(KEPU_SETTING_TABLE, "").items, IsEmpty());
  EXPECT_EQ(read(KEPU_SETTING_INPUT_FOLDER, "/data/in").text, "/data/in");
  EXPECT_EQ(read(KEPU_SETTING_HOST, "mqtt.example:1883").text, "mqtt.example:1883");
  EXPECT_EQ(read(KEPU_SETTING_HOST, "[::1]").text, "[::1]");
}

TEST(Settings, SaysWhatIsWrongAndWhatToWrite) {
  const struct {
    int32_t type;
    const char* text;
    const char* said;
  } table[] = {{KEPU_SETTING_INTEGER, "12a", "not a whole number"},
               {KEPU_SETTING_INTEGER, "", "not a whole number"},
               {KEPU_SETTING_INTEGER, "99999999999999999999", "not a whole number"},
               {KEPU_SETTING_TABLE, "no sign", "not \"key = value\""},
               {KEPU_SETTING_TABLE, "a = 1\na = 2", "has the key \"a\" twice"},
               {KEPU_SETTING_TABLE, " = 1", "an entry with an empty key"},
               {KEPU_SETTING_REAL, "nan", "not a finite number"},
               {KEPU_SETTING_REAL, "1,5", "not a number"},
               {KEPU_SETTING_BOOLEAN, "yes", "neither true nor false"},
               {KEPU_SETTING_DURATION, "30", "write a whole number with ms, s, m, h or d"},
               {KEPU_SETTING_DURATION, "s", "write a whole number"},
               {KEPU_SETTING_DURATION, "3 weeks", "not a unit of time"},
               {KEPU_SETTING_DURATION, "99999999999999d", "longer than any clock"},
               {KEPU_SETTING_ENUM, "replce", "did you mean \"replace\"?"},
               {KEPU_SETTING_WORK_FOLDER, "data/in", "not an absolute path"},
               {KEPU_SETTING_COMMAND, "", "not an absolute path"},
               {KEPU_SETTING_HOST, "a:b", "not a host"},
               {KEPU_SETTING_HOST, "http://a", "not a host"},
               {KEPU_SETTING_HOST, "a:70000", "not a host"},
               {KEPU_SETTING_TEXT, "\xb2\xe2", "not UTF-8"}};
  for (const auto& c : table) {
    Setting s;
    const auto complaint = kepu::host::read_setting(spec(c.type, {"upsert", "replace"}), c.text, s);
    ASSERT_TRUE(complaint) << c.text;
    EXPECT_THAT(*complaint, HasSubstr(c.said)) << c.text;
  }
}

TEST(Settings, CompletionFindsEveryFaultAndAddsDefaults) {
  auto folder = spec(KEPU_SETTING_INPUT_FOLDER);
  folder.key = "folder";
  folder.required = true;
  auto every = spec(KEPU_SETTING_DURATION);
  every.key = "interval";
  every.has_default = true;
  every.default_value = "30s";
  auto note = spec(KEPU_SETTING_TEXT);
  note.key = "note"; // neither required nor defaulted: may be absent
  const std::vector<SettingSpec> specs{folder, every, note};

  std::vector<std::string> problems;
  const auto whole = kepu::host::settings_from_text(specs, {{"folder", "/in"}}, problems);
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_EQ(whole[1].integer, 30000000);

  kepu::host::settings_from_text(specs, {{"folder", "in"}, {"intervall", "30s"}}, problems);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("folder: \"in\" is not an absolute path"),
                                    HasSubstr("unknown setting \"intervall\", did you mean \"interval\"?")));
  problems.clear();
  kepu::host::settings_from_text(specs, {}, problems);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("setting folder is missing")));

  problems.clear();
  Setting wrong;
  wrong.key = "interval";
  wrong.type = KEPU_SETTING_INTEGER;
  kepu::host::complete_settings(specs, {wrong}, problems);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("is of type integer, the connector wants duration")));

  problems.clear();
  Setting twice;
  twice.key = "note";
  kepu::host::complete_settings(specs, {twice, twice}, problems);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("note is given twice")));
}

} // namespace
