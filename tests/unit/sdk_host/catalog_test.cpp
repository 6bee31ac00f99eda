// Connectors against the catalog; creation, discovery and settings on the way there.
#include "scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using kepu::abi::Dataset;
using kepu::abi::Field;
using scripted::Recorder;
using testing::HasSubstr;
using testing::IsEmpty;

// What the catalog says of the scripted connector's datasets.
std::vector<Dataset> contracts() {
  Dataset every{"every", 1, {}};
  const auto add = [](Dataset& d, const char* name, int32_t type, uint32_t roles, int32_t scale = 0) {
    Field f;
    f.name = name;
    f.type = type;
    f.roles = roles;
    f.scale = scale;
    d.fields.push_back(f);
  };
  add(every, "id", KEPU_TEXT, KEPU_ROLE_KEY | KEPU_ROLE_ATTRIBUTE);
  add(every, "n", KEPU_INTEGER, KEPU_ROLE_MEASURE);
  add(every, "d", KEPU_DECIMAL, KEPU_ROLE_MEASURE, 2);
  add(every, "r", KEPU_REAL, KEPU_ROLE_WEIGHT);
  add(every, "b", KEPU_BOOLEAN, KEPU_ROLE_ATTRIBUTE);
  add(every, "day", KEPU_DATE, KEPU_ROLE_ATTRIBUTE);
  add(every, "ts", KEPU_TIMESTAMP, KEPU_ROLE_TIME);
  add(every, "p", KEPU_PERIOD, KEPU_ROLE_PERIOD);
  add(every, "extra", KEPU_TEXT, KEPU_ROLE_ATTRIBUTE); // the connector leaves it out
  Dataset loose{"loose", 2, {}};
  add(loose, "word", KEPU_TEXT, KEPU_ROLE_ENTITY);
  loose.fields[0].entity_register = "venues";
  add(loose, "n", KEPU_INTEGER, KEPU_ROLE_MEASURE);
  return {every, loose};
}

Field& field(std::vector<Dataset>& all, size_t dataset, const char* name) {
  for (auto& f : all[dataset].fields)
    if (f.name == name) return f;
  throw std::logic_error(name);
}

TEST(Catalog, FillsInWhatTheConnectorLeavesOpen) {
  Recorder sink;
  kepu::host::Config config;
  config.contracts = contracts();
  field(*config.contracts, 1, "word").required = true;
  std::vector<Dataset> agreed;
  const auto outcome = scripted::execute(sink, {}, config, scripted::about, &agreed);
  ASSERT_TRUE(outcome.ok()) << outcome.text;
  ASSERT_EQ(agreed.size(), 2u);
  EXPECT_EQ(agreed[0].fields.size(), 8u);
  EXPECT_EQ(agreed[0].fields[0].roles, uint32_t{KEPU_ROLE_KEY | KEPU_ROLE_ATTRIBUTE});
  EXPECT_TRUE(agreed[0].fields[0].required); // the connector's own demand stays
  EXPECT_EQ(agreed[0].fields[4].roles, uint32_t{KEPU_ROLE_ATTRIBUTE});
  EXPECT_EQ(agreed[1].fields[0].entity_register, "venues");
  EXPECT_TRUE(agreed[1].fields[0].required);
}

struct Disagreement {
  const char* name;
  void (*change)(std::vector<Dataset>&);
  const char* said;
};
void PrintTo(const Disagreement& d, std::ostream* out) { *out << d.name; }

class EveryDisagreement : public testing::TestWithParam<Disagreement> {};

TEST_P(EveryDisagreement, IsRefusedBeforeRun) {
  Recorder sink;
  kepu::host::Config config;
  config.contracts = contracts();
  GetParam().change(*config.contracts);
  bool ran = false;
  scripted::Script script;
  script.run = [&](const kepu_host*) { return ran = true, KEPU_RUN_OK; };
  const auto outcome = scripted::execute(sink, script, config);
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(outcome.text, HasSubstr(GetParam().said));
  EXPECT_FALSE(ran);
}

INSTANTIATE_TEST_SUITE_P(
    Catalog, EveryDisagreement,
    testing::Values(Disagreement{"type", [](auto& c) { field(c, 0, "n").type = KEPU_REAL; },
                                 "field every.n has type integer, the catalog says real"},
                    Disagreement{"scale", [](auto& c) { field(c, 0, "d").scale = 3; },
                                 "has scale 2, the catalog says 3"},
                    Disagreement{"role", [](auto& c) { field(c, 0, "id").roles = KEPU_ROLE_ATTRIBUTE; },
                                 "has role key, the catalog says attribute"},
                    Disagreement{"version", [](auto& c) { c[1].version = 3; },
                                 "dataset loose is emitted in version 2, the catalog has version 3"},
                    Disagreement{"unknown_field", [](auto& c) { field(c, 0, "day").name = "days"; },
                                 "has no field \"day\", did you mean \"days\"?"},
                    Disagreement{"unknown_dataset", [](auto& c) { c[1].id = "looses"; },
                                 "no dataset \"loose\", did you mean \"looses\"?"},
                    Disagreement{"no_datasets", [](auto& c) { c.clear(); }, "the catalog has no dataset \"every\""},
                    Disagreement{"lacking_required", [](auto& c) { field(c, 0, "extra").required = true; },
                                 "lacks the field extra, which the catalog requires"},
                    Disagreement{"lacking_key", [](auto& c) { field(c, 0, "extra").roles = KEPU_ROLE_KEY; },
                                 "lacks the field extra"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Catalog, SchemesMustAgree) {
  Recorder sink;
  kepu::host::Config config;
  config.person_key = std::string(32, 'k');
  Dataset people{"people", 1, {}};
  for (const char* name : {"id", "card", "phone", "badge"}) {
    Field f;
    f.name = name;
    f.roles = std::string(name) == "id" ? KEPU_ROLE_KEY : KEPU_ROLE_PERSON;
    people.fields.push_back(f);
  }
  people.fields[1].scheme = "id_card";
  people.fields[2].scheme = "mobile";
  people.fields[3].scheme = "account:gate";
  config.contracts = std::vector<Dataset>{people};
  auto outcome = scripted::execute(sink, {}, config, scripted::about_people);
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(outcome.text, HasSubstr("field people.badge has scheme account:door, the catalog says account:gate"));
  config.contracts->at(0).fields[3].scheme = "account:door";
  outcome = scripted::execute(sink, {}, config, scripted::about_people);
  EXPECT_TRUE(outcome.ok()) << outcome.text;
}

TEST(Creation, SettingsAreTypedDefaultedAndHandedOver) {
  Recorder sink;
  kepu::host::Config config;
  kepu::abi::Setting words;
  words.key = "words";
  words.type = KEPU_SETTING_LIST;
  words.items = {"a", "b"};
  config.settings = {words};
  scripted::Script script;
  std::map<std::string, std::string> seen;
  script.run = [&](const kepu_host*) { return seen = scripted::current->settings, KEPU_RUN_OK; };
  EXPECT_TRUE(scripted::execute(sink, script, config).ok());
  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"name", "none"}, {"wait", "90000000"}, {"words", "0[a,b"}}));
}

TEST(Creation, WrongSettingsNeverReachTheConnector) {
  Recorder sink;
  kepu::host::Config config;
  kepu::abi::Setting unknown;
  unknown.key = "nam";
  config.settings = {unknown};
  bool created = false;
  scripted::Script script;
  script.create = [&](const kepu_host*) { return created = true, KEPU_RUN_OK; };
  const auto outcome = scripted::execute(sink, script, config);
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(outcome.text, HasSubstr("unknown setting \"nam\", did you mean \"name\"?"));
  EXPECT_FALSE(created);
}

TEST(Creation, AFailedCreateIsNotDestroyed) {
  Recorder sink;
  bool destroyed = false;
  scripted::Script script;
  script.create = [](const kepu_host* h) {
    return h->explain(h->ctx, scripted::str("no such folder")), KEPU_RUN_BAD_CONFIG;
  };
  script.destroy = [&](const kepu_host*) { return destroyed = true, 0; };
  const auto outcome = scripted::execute(sink, script);
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_EQ(outcome.text, "no such folder");
  EXPECT_FALSE(destroyed);
}

TEST(Creation, ACreatedConnectorIsDestroyedOnce) {
  Recorder sink;
  int destroyed = 0;
  scripted::Script script;
  script.destroy = [&](const kepu_host*) { return ++destroyed; };
  EXPECT_TRUE(scripted::execute(sink, script).ok());
  EXPECT_EQ(destroyed, 1);
}

TEST(Discovery, DeclaredDatasetsAreTheOnesThatCount) {
  Recorder sink;
  scripted::Script script;
  script.discover = [](const kepu_host* h) {
    EXPECT_EQ(h->declare(h->ctx, &scripted::loose.c()), KEPU_OK);
    return KEPU_RUN_OK;
  };
  script.run = [](const kepu_host* h) {
    const kepu_cell row[] = {kepu::cell::text("w"), kepu::cell::integer(5)};
    EXPECT_EQ(h->emit(h->ctx, 0, row, 1, nullptr), KEPU_OK);
    EXPECT_EQ(h->commit(h->ctx, scripted::str("c"), nullptr), KEPU_OK);
    return KEPU_RUN_OK;
  };
  std::vector<Dataset> agreed;
  EXPECT_TRUE(scripted::execute(sink, script, {}, scripted::about_dynamic, &agreed).ok());
  ASSERT_EQ(agreed.size(), 1u);
  EXPECT_EQ(agreed[0].id, "loose");
  EXPECT_EQ(sink.lines.at(0), "rows 0 w|5");
}

TEST(Discovery, NothingFoundOrDeclaredTwiceIsRefused) {
  Recorder sink;
  EXPECT_EQ(scripted::execute(sink, {}, {}, scripted::about_dynamic).status, KEPU_RUN_BAD_CONFIG);
  scripted::Script script;
  script.discover = [](const kepu_host* h) {
    h->declare(h->ctx, &scripted::loose.c());
    EXPECT_EQ(h->declare(h->ctx, &scripted::loose.c()), KEPU_E_CONTRACT);
    return KEPU_RUN_OK;
  };
  const auto outcome = scripted::execute(sink, script, {}, scripted::about_dynamic);
  EXPECT_EQ(outcome.status, KEPU_RUN_BUG);
  EXPECT_THAT(outcome.text, HasSubstr("loose is declared twice"));
}

} // namespace
