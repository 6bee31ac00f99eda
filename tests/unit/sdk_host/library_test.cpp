// What is refused before it runs, and how a real library loads.
#include "scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace {

using kepu::host::Library;
using kepu::host::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string folder = TEST_LIBRARIES;

TEST(Library, ARealOneLoadsAndRuns) {
  Outcome outcome;
  const auto library = Library::open(folder + "/readings.so", outcome);
  ASSERT_TRUE(library) << outcome.text;
  EXPECT_EQ(library->descriptor().id, "readings");
  EXPECT_EQ(library->descriptor().title_zh, "读数");
  ASSERT_EQ(library->descriptor().datasets.size(), 1u);
  EXPECT_EQ(library->descriptor().datasets[0].fields[1].roles, uint32_t{KEPU_ROLE_KEY | KEPU_ROLE_TIME});

  scripted::Recorder sink;
  kepu::host::Runner runner(*library, sink, {});
  ASSERT_TRUE(runner.create().ok());
  EXPECT_TRUE(runner.run().ok());
  EXPECT_THAT(sink.lines,
              ElementsAre("rows 0 @2 S1|0|0.500000", "rows 0 @3 S1|1000000|0.500000", "rows 0 @4 S1|2000000|0.500000",
                          "commit 1 3 rows=3 rejects=0", "wait_durable 1"));
}

TEST(Library, ExportsOneSymbolAndNothingElse) {
  FILE* nm = popen(("nm -D --defined-only '" + folder + "/readings.so'").c_str(), "r");
  ASSERT_TRUE(nm);
  std::string listed;
  char buffer[256];
  while (const size_t n = fread(buffer, 1, sizeof buffer, nm))
    listed.append(buffer, n);
  ASSERT_EQ(pclose(nm), 0);
  std::istringstream lines(listed);
  std::vector<std::string> symbols;
  for (std::string line; std::getline(lines, line);)
    symbols.push_back(line.substr(line.rfind(' ') + 1));
  EXPECT_THAT(symbols, ElementsAre("kepu_connector_entry"));
}

TEST(Library, FilesThatAreNoConnectorsAreNamedInTheSentence) {
  const std::string text = testing::TempDir() + "/text.so";
  std::ofstream(text) << "not a library";
  const struct {
    std::string path;
    const char* said;
  } table[] = {
      {folder + "/missing.so", "cannot open shared object file"},
      {"missing_in_the_current_folder.so", "cannot open shared object file"},
      {text, "file too short"},
      {folder + "/no_connector.so", "does not export kepu_connector_entry; build it with kepu_add_connector()"},
      {folder + "/misnamed.so", "it is the connector readings; name the file readings.so"}};
  for (const auto& c : table) {
    Outcome outcome;
    EXPECT_FALSE(Library::open(c.path, outcome));
    EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
    EXPECT_THAT(outcome.text, StartsWith(c.path + ": "));
    EXPECT_EQ(outcome.text.find(c.path, 1), std::string::npos) << outcome.text; // once is enough
    EXPECT_THAT(outcome.text, HasSubstr(c.said));
  }
}

// A descriptor that can be spoilt, member by member.
struct Parts {
  kepu_field id = kepu::field::text("id").key().required().c;
  kepu_field other = kepu::field::decimal("n", 2).c;
  const kepu_field* fields[2] = {&id, &other};
  kepu_dataset dataset{sizeof(kepu_dataset), 1, "things", fields, 2};
  kepu_dataset second{sizeof(kepu_dataset), 1, "others", fields, 2};
  const kepu_dataset* datasets[2] = {&dataset, &second};
  const char* choices[3] = {"a", "b", nullptr};
  kepu_setting_spec text = kepu::setting::text("name").help("A name.").c;
  kepu_setting_spec choice = kepu::setting::of("mode", KEPU_SETTING_ENUM).otherwise("a").help("Which.").c;
  const kepu_setting_spec* settings[2] = {&text, &choice};
  kepu_descriptor descriptor{sizeof(kepu_descriptor),
                             KEPU_SCHEDULED,
                             "things",
                             "1.0",
                             "Things",
                             nullptr,
                             "Us",
                             0,
                             0,
                             settings,
                             2,
                             datasets,
                             2};
  kepu_entry entry{sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor, &scripted::create};
  Parts() { choice.choices = choices; }
};

struct Spoilt {
  const char* name;
  void (*spoil)(Parts&);
  const char* said;
};
void PrintTo(const Spoilt& s, std::ostream* out) { *out << s.name; }

class EverySpoilt : public testing::TestWithParam<Spoilt> {};

TEST_P(EverySpoilt, IsRefusedWithItsReason) {
  Parts parts;
  Outcome outcome;
  ASSERT_TRUE(Library::from_entry(&parts.entry, "x.so", outcome)) << outcome.text;
  GetParam().spoil(parts);
  EXPECT_FALSE(Library::from_entry(&parts.entry, "x.so", outcome));
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(outcome.text, HasSubstr("x.so: "));
  EXPECT_THAT(outcome.text, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Library, EverySpoilt,
    testing::Values(
        Spoilt{"entry_size", [](Parts& p) { p.entry.struct_size = 4; }, "not a kepu_entry"},
        Spoilt{"entry_short", [](Parts& p) { p.entry.struct_size = 16; }, "lacks the descriptor or create"},
        Spoilt{"major", [](Parts& p) { p.entry.abi_major = 2; }, "built for version 2.2 of the connector ABI, this host speaks 1.2"},
        Spoilt{"no_descriptor", [](Parts& p) { p.entry.descriptor = nullptr; }, "lacks the descriptor or create"},
        Spoilt{"no_create", [](Parts& p) { p.entry.create = nullptr; }, "lacks the descriptor or create"},
        Spoilt{"descriptor_size", [](Parts& p) { p.descriptor.struct_size = 8; }, "struct_size 8"},
        Spoilt{"id_null", [](Parts& p) { p.descriptor.id = nullptr; }, "id NULL is not a name"},
        Spoilt{"id_case", [](Parts& p) { p.descriptor.id = "Things"; }, "id \"Things\" is not a name"},
        Spoilt{"id_digit", [](Parts& p) { p.descriptor.id = "1things"; }, "is not a name"},
        Spoilt{"version", [](Parts& p) { p.descriptor.version = ""; }, "the version is missing"},
        Spoilt{"title", [](Parts& p) { p.descriptor.title = "two\nlines"; }, "the title is missing"},
        Spoilt{"title_zh", [](Parts& p) { p.descriptor.title_zh = "\xb2\xe2"; }, "title_zh is missing"},
        Spoilt{"owner", [](Parts& p) { p.descriptor.owner = nullptr; }, "the owner is missing"},
        Spoilt{"mode", [](Parts& p) { p.descriptor.mode = 3; }, "the mode is 3"},
        Spoilt{"needs", [](Parts& p) { p.descriptor.needs = 4; }, "does not know"},
        Spoilt{"dynamic_with_datasets", [](Parts& p) { p.descriptor.dynamic = 1; }, "it is dynamic and lists datasets"},
        Spoilt{"no_datasets", [](Parts& p) { p.descriptor.dataset_count = 0; }, "lists 0 datasets"},
        Spoilt{"many_datasets", [](Parts& p) { p.descriptor.dataset_count = 65; }, "lists 65 datasets"},
        Spoilt{"dataset_null", [](Parts& p) { p.datasets[1] = nullptr; }, "a dataset is NULL"},
        Spoilt{"dataset_size", [](Parts& p) { p.dataset.struct_size = 8; }, "a dataset has struct_size 8"},
        Spoilt{"dataset_id", [](Parts& p) { p.dataset.id = "a-b"; }, "\"a-b\" is not a name"},
        Spoilt{"dataset_twice", [](Parts& p) { p.second.id = "things"; }, "dataset things is listed twice"},
        Spoilt{"dataset_version", [](Parts& p) { p.dataset.version = 0; }, "version 0"},
        Spoilt{"no_fields", [](Parts& p) { p.dataset.field_count = 0; }, "has 0 fields"},
        Spoilt{"many_fields", [](Parts& p) { p.dataset.field_count = 257; }, "has 257 fields"},
        Spoilt{"field_null", [](Parts& p) { p.fields[0] = nullptr; }, "a field is NULL"},
        Spoilt{"field_size", [](Parts& p) { p.other.struct_size = 12; }, "a field has struct_size 12"},
        Spoilt{"field_name", [](Parts& p) { p.other.name = ""; }, "is not a name"},
        Spoilt{"field_twice", [](Parts& p) { p.other.name = "id"; }, "has the field id twice"},
        Spoilt{"field_null_type", [](Parts& p) { p.id.type = KEPU_NULL; }, "has the type null"},
        Spoilt{"field_type", [](Parts& p) { p.id.type = 9; }, "unknown (9)"},
        Spoilt{"field_scale", [](Parts& p) { p.other.scale = 10; }, "scale 10"},
        Spoilt{"field_scale_of_text", [](Parts& p) { p.id.scale = 1; }, "scale 1"},
        Spoilt{"field_role", [](Parts& p) { p.id.roles = 1u << 12; }, "a role that this host does not know"},
        Spoilt{"field_time", [](Parts& p) { p.id.roles = KEPU_ROLE_TIME; }, "needs a date or timestamp, not text"},
        Spoilt{"field_period", [](Parts& p) { p.id.roles = KEPU_ROLE_PERIOD; }, "needs a period"},
        Spoilt{"field_person", [](Parts& p) { p.other.roles = KEPU_ROLE_PERSON; }, "needs a text"},
        Spoilt{"field_measure", [](Parts& p) { p.id.roles = KEPU_ROLE_MEASURE; }, "needs a number"},
        Spoilt{"field_scheme", [](Parts& p) { p.id.scheme = "passport"; }, "the scheme \"passport\""},
        Spoilt{"field_namespace", [](Parts& p) { p.id.scheme = "account:"; }, "the scheme \"account:\""},
        Spoilt{"field_scheme_no_person", [](Parts& p) { p.id.scheme = "mobile"; }, "is not a person"},
        Spoilt{"field_scheme_no_text", [](Parts& p) { p.other.scheme = "mobile"; }, "a scheme but is no text"},
        Spoilt{"field_register", [](Parts& p) { p.id.entity_register = "venues"; }, "is not an entity"},
        Spoilt{"setting_null", [](Parts& p) { p.settings[0] = nullptr; }, "a setting is NULL"},
        Spoilt{"setting_list_null", [](Parts& p) { p.descriptor.settings = nullptr; }, "2 settings"},
        Spoilt{"setting_size", [](Parts& p) { p.text.struct_size = 8; }, "a setting has struct_size 8"},
        Spoilt{"setting_key", [](Parts& p) { p.text.key = "the key"; }, "\"the key\" is not a name"},
        Spoilt{"setting_twice", [](Parts& p) { p.text.key = "mode"; }, "setting mode is declared twice"},
        Spoilt{"setting_type", [](Parts& p) { p.text.type = 14; }, "unknown type 14"},
        Spoilt{"setting_help", [](Parts& p) { p.text.help = nullptr; }, "help of setting name is missing"},
        Spoilt{"setting_required_default", [](Parts& p) { p.choice.required = 1; }, "is required and has a default"},
        Spoilt{"setting_default", [](Parts& p) { p.choice.default_value = "c"; }, "default of setting mode: \"c\" is not one of a, b"},
        Spoilt{"setting_no_choices", [](Parts& p) { p.choice.choices = nullptr; }, "an enum without choices"},
        Spoilt{"setting_stray_choices", [](Parts& p) { p.text.choices = p.choices; }, "has choices but is no enum"},
        Spoilt{"secret_default",
               [](Parts& p) {
                 p.text.type = KEPU_SETTING_SECRET;
                 p.text.default_value = "x";
               },
               "a secret and has a default"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Library, AnEntryOfTheFirstMinorVersionLoads) {
  Parts parts;
  parts.entry.abi_minor = 0;
  Outcome outcome;
  EXPECT_TRUE(Library::from_entry(&parts.entry, "x.so", outcome)) << outcome.text;
}

TEST(Library, AnEntryOfALaterMinorVersionLoads) {
  Parts parts;
  parts.entry.abi_minor = 7;
  parts.entry.struct_size += 64; // members that this host does not look at
  parts.descriptor.struct_size += 64;
  Outcome outcome;
  EXPECT_TRUE(Library::from_entry(&parts.entry, "x.so", outcome)) << outcome.text;
}

} // namespace
