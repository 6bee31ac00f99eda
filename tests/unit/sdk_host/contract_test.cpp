// Who may call what, when, from where; and what comes of it.
#include "scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>
#include <thread>

namespace {

using scripted::execute;
using scripted::Recorder;
using scripted::str;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

kepu_input input_of(std::string_view name) {
  kepu_input input{};
  input.struct_size = sizeof input;
  input.name = str(name);
  input.size = 10;
  return input;
}
int32_t begin(const kepu_host* h, std::string_view name = "a.csv") {
  const kepu_input input = input_of(name);
  kepu_input_answer answer{};
  answer.struct_size = sizeof answer;
  return h->begin_input(h->ctx, &input, &answer);
}
int32_t emit_loose(const kepu_host* h, int64_t n = 1) {
  const kepu_cell cells[] = {kepu::cell::text("w"), kepu::cell::integer(n)};
  return h->emit(h->ctx, 1, cells, 1, nullptr);
}
int32_t replace(const kepu_host* h,
                kepu_scope scope = {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, nullptr, nullptr, 0},
                uint32_t dataset = 0) {
  return h->begin_replace(h->ctx, dataset, &scope);
}

struct Breach {
  const char* name;
  scripted::Act act; // the last call must be the breach; returns its status
  const char* said;
};
void PrintTo(const Breach& b, std::ostream* out) { *out << b.name; }

const kepu_cell wrong_type[] = {kepu::cell::text("w"), kepu::cell::text("no number")};
const kepu_cell unknown_type[] = {{99, 0, 0, 0, {0}}, kepu::cell::integer(1)};
const kepu_cell unknown_flags[] = {{KEPU_TEXT, 8, 0, 0, {0}}, kepu::cell::integer(1)};
const kepu_cell null_text[] = {{KEPU_TEXT, 0, 0, 4, {0}}, kepu::cell::integer(1)};
const kepu_cell null_period[] = {kepu::cell::text("r"), {}, {}, {}, {}, {}, {}, {KEPU_PERIOD, 0, 0, 4, {0}}};
const kepu_str null_str{nullptr, 5};
const kepu_cell sized_number[] = {kepu::cell::text("w"), {KEPU_INTEGER, 0, 0, 3, {0}}};
const kepu_cell key[] = {kepu::cell::text("x"), kepu::cell::text("y")};

class EveryBreach : public testing::TestWithParam<Breach> {};

TEST_P(EveryBreach, IsAnsweredRememberedAndEndsAsABug) {
  Recorder sink;
  int32_t status = -1, after = -1;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    status = GetParam().act(h);
    after = h->commit(h->ctx, str("later"), nullptr);
    return KEPU_RUN_OK; // what it says does not count any more
  });
  EXPECT_EQ(status, KEPU_E_CONTRACT);
  EXPECT_EQ(after, KEPU_E_CONTRACT);
  EXPECT_EQ(outcome.status, KEPU_RUN_BUG);
  EXPECT_THAT(outcome.text, HasSubstr(GetParam().said));
  for (const auto& line : sink.lines)
    EXPECT_THAT(line, testing::Not(HasSubstr("commit")));
}

INSTANTIATE_TEST_SUITE_P(
    Contract, EveryBreach,
    testing::Values(
        Breach{"unknown_dataset", [](const kepu_host* h) { return h->emit(h->ctx, 2, key, 1, nullptr); },
               "no dataset 2"},
        Breach{"null_cells", [](const kepu_host* h) { return h->emit(h->ctx, 1, nullptr, 1, nullptr); },
               "cells are NULL"},
        Breach{"null_cells_of_five_rows", [](const kepu_host* h) { return h->emit(h->ctx, 1, nullptr, 5, nullptr); },
               "emit: the cells are NULL"},
        Breach{"null_period", [](const kepu_host* h) { return h->emit(h->ctx, 0, null_period, 1, nullptr); },
               "field p: the text is NULL"},
        Breach{"null_answer",
               [](const kepu_host* h) {
                 const kepu_input input = input_of("a.csv");
                 return h->begin_input(h->ctx, &input, nullptr);
               },
               "answer is NULL"},
        Breach{"null_input_name",
               [](const kepu_host* h) {
                 kepu_input input = input_of("a.csv");
                 input.name = null_str;
                 kepu_input_answer answer{};
                 answer.struct_size = sizeof answer;
                 return h->begin_input(h->ctx, &input, &answer);
               },
               "begin_input: the input's name is NULL"},
        Breach{"null_key", [](const kepu_host* h) { return h->retract(h->ctx, 0, nullptr, 1); },
               "retract: the key is NULL"},
        Breach{"null_text_in_key", [](const kepu_host* h) { return h->retract(h->ctx, 0, null_text, 1); },
               "the text is NULL"},
        Breach{"null_scope", [](const kepu_host* h) { return h->begin_replace(h->ctx, 0, nullptr); },
               "begin_replace: the scope is NULL"},
        Breach{"null_fields_of_scope",
               [](const kepu_host* h) {
                 return replace(h, {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, nullptr, key, 1});
               },
               "conditions are NULL"},
        Breach{"null_values_of_scope",
               [](const kepu_host* h) {
                 const uint32_t field = 0;
                 return replace(h, {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, &field, nullptr, 1});
               },
               "conditions are NULL"},
        Breach{"null_text_of_scope",
               [](const kepu_host* h) {
                 const uint32_t field = 0;
                 return replace(h, {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, &field, null_text, 1});
               },
               "the value for field id is NULL"},
        Breach{"null_field_of_reject",
               [](const kepu_host* h) { return h->reject(h->ctx, 1, null_str, str("c"), str("m")); },
               "reject: a text is NULL"},
        Breach{"null_code", [](const kepu_host* h) { return h->reject(h->ctx, 1, str(""), null_str, str("m")); },
               "reject: a text is NULL"},
        Breach{"null_message", [](const kepu_host* h) { return h->reject(h->ctx, 1, str(""), str("c"), null_str); },
               "reject: a text is NULL"},
        Breach{"null_cursor", [](const kepu_host* h) { return h->commit(h->ctx, null_str, nullptr); },
               "commit: the cursor is NULL"},
        Breach{"null_line",
               [](const kepu_host* h) { return h->log(h->ctx, KEPU_INFO, null_str), h->end_input(h->ctx); },
               "log: the text is NULL"},
        Breach{"null_explanation",
               [](const kepu_host* h) { return h->explain(h->ctx, null_str), h->end_input(h->ctx); },
               "explain: the text is NULL"},
        Breach{"wrong_type", [](const kepu_host* h) { return h->emit(h->ctx, 1, wrong_type, 1, nullptr); },
               "field n: the cell's type is text, the field's is integer"},
        Breach{"unknown_type", [](const kepu_host* h) { return h->emit(h->ctx, 1, unknown_type, 1, nullptr); },
               "unknown (99)"},
        Breach{"unknown_flags", [](const kepu_host* h) { return h->emit(h->ctx, 1, unknown_flags, 1, nullptr); },
               "unknown flags"},
        Breach{"null_text", [](const kepu_host* h) { return h->emit(h->ctx, 1, null_text, 1, nullptr); },
               "text is NULL"},
        Breach{"sized_number", [](const kepu_host* h) { return h->emit(h->ctx, 1, sized_number, 1, nullptr); },
               "only texts have"},
        Breach{"two_inputs", [](const kepu_host* h) { return begin(h), begin(h, "b.csv"); }, "another input is open"},
        Breach{"nameless_input", [](const kepu_host* h) { return begin(h, ""); }, "name is empty"},
        Breach{"undecoded_input_name", [](const kepu_host* h) { return begin(h, "\xb2\xe2.csv"); }, "not UTF-8"},
        Breach{"null_input", [](const kepu_host* h) { return h->begin_input(h->ctx, nullptr, nullptr); }, "NULL"},
        Breach{"end_without_input", [](const kepu_host* h) { return h->end_input(h->ctx); }, "no input is open"},
        Breach{"retract_without_key", [](const kepu_host* h) { return h->retract(h->ctx, 1, key, 1); }, "has no key"},
        Breach{"retract_with_half_a_key", [](const kepu_host* h) { return h->retract(h->ctx, 0, key, 2); },
               "has 1 fields, 2 were given"},
        Breach{"replace_twice", [](const kepu_host* h) { return replace(h), replace(h); },
               "another replacement is open"},
        Breach{"replace_this_input_without_one",
               [](const kepu_host* h) {
                 return replace(h, {sizeof(kepu_scope), 1, INT64_MIN, INT64_MAX, nullptr, nullptr, 0});
               },
               "no input is open"},
        Breach{"replace_by_time_without_time",
               [](const kepu_host* h) {
                 return replace(h, {sizeof(kepu_scope), 0, 0, 1, nullptr, nullptr, 0}, 1);
               },
               "no time field"},
        Breach{"replace_backwards",
               [](const kepu_host* h) {
                 return replace(h, {sizeof(kepu_scope), 0, 5, 5, nullptr, nullptr, 0});
               },
               "not before"},
        Breach{"replace_unknown_field",
               [](const kepu_host* h) {
                 const uint32_t field = 8;
                 return replace(h, {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, &field, key, 1});
               },
               "no field 8"},
        Breach{"replace_by_real",
               [](const kepu_host* h) {
                 const uint32_t field = 3;
                 const kepu_cell real{KEPU_REAL, 0, 0, 0, {0}};
                 return replace(h, {sizeof(kepu_scope), 0, INT64_MIN, INT64_MAX, &field, &real, 1});
               },
               "no scope can name"},
        Breach{"end_replace_without_one", [](const kepu_host* h) { return h->end_replace(h->ctx); },
               "no replacement is open"},
        Breach{"commit_in_replacement",
               [](const kepu_host* h) { return replace(h), h->commit(h->ctx, str("c"), nullptr); },
               "call end_replace first"},
        Breach{"end_input_in_its_replacement",
               [](const kepu_host* h) {
                 begin(h);
                 replace(h, {sizeof(kepu_scope), 1, INT64_MIN, INT64_MAX, nullptr, nullptr, 0});
                 return h->end_input(h->ctx);
               },
               "call end_replace first"},
        Breach{"reject_with_a_sentence_as_code",
               [](const kepu_host* h) { return h->reject(h->ctx, 1, str(""), str("Bad row!"), str("m")); },
               "[a-z0-9_]"},
        Breach{"wait_for_no_part", [](const kepu_host* h) { return h->wait_durable(h->ctx, 1); }, "there is no part 1"},
        Breach{"declare_while_running", [](const kepu_host* h) { return h->declare(h->ctx, &scripted::every.c()); },
               "declare was called outside discover"},
        Breach{"emit_from_another_thread",
               [](const kepu_host* h) {
                 int32_t status = 0;
                 std::thread([&] { status = emit_loose(h); }).join();
                 return status;
               },
               "emit was called from another thread"},
        Breach{"commit_from_another_thread",
               [](const kepu_host* h) {
                 int32_t status = 0;
                 std::thread([&] { status = h->commit(h->ctx, str("c"), nullptr); }).join();
                 return status;
               },
               "commit was called from another thread"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Contract, ADatasetThatIsNullOrHasNullFieldsIsABreachOfDiscover) {
  const kepu_field* const no_field[] = {nullptr};
  const kepu_dataset holes[] = {{sizeof(kepu_dataset), 1, nullptr, no_field, 1},
                                {sizeof(kepu_dataset), 1, "a", nullptr, 5},
                                {sizeof(kepu_dataset), 1, "a", no_field, 1}};
  for (const kepu_dataset* dataset : {static_cast<const kepu_dataset*>(nullptr), &holes[0], &holes[1], &holes[2]}) {
    Recorder sink;
    scripted::Script script;
    script.discover = [&](const kepu_host* h) {
      EXPECT_EQ(h->declare(h->ctx, dataset), KEPU_E_CONTRACT);
      return KEPU_RUN_OK;
    };
    const auto outcome = execute(sink, script, {}, scripted::about_dynamic);
    EXPECT_EQ(outcome.status, KEPU_RUN_BUG);
    EXPECT_THAT(outcome.text, testing::StartsWith("declare: "));
  }
}

struct Lost {
  const char* call;
  std::function<int32_t(const kepu_host*)> act; // returns a status, or KEPU_E_CONTRACT where it has none
};

TEST(Contract, EveryFunctionWithoutItsCtxIsABreachAndNoCrash) {
  const kepu_input input = input_of("a.csv");
  const Lost table[] = {
      {"log", [](const kepu_host* h) { return h->log(nullptr, KEPU_INFO, str("x")), KEPU_E_CONTRACT; }},
      {"progress", [](const kepu_host* h) { return h->progress(nullptr, 1, 2), KEPU_E_CONTRACT; }},
      {"is_cancelled", [](const kepu_host* h) { return h->is_cancelled(nullptr) ? KEPU_E_CONTRACT : KEPU_OK; }},
      {"cancel_fd", [](const kepu_host* h) { return h->cancel_fd(nullptr) == -1 ? KEPU_E_CONTRACT : KEPU_OK; }},
      {"time_zone", [](const kepu_host* h) { return h->time_zone(nullptr).size == 0 ? KEPU_E_CONTRACT : KEPU_OK; }},
      {"explain", [](const kepu_host* h) { return h->explain(nullptr, str("x")), KEPU_E_CONTRACT; }},
      {"declare", [](const kepu_host* h) { return h->declare(nullptr, nullptr); }},
      {"begin_input", [&](const kepu_host* h) { return h->begin_input(nullptr, &input, nullptr); }},
      {"end_input", [](const kepu_host* h) { return h->end_input(nullptr); }},
      {"emit", [](const kepu_host* h) { return h->emit(nullptr, 1, key, 1, nullptr); }},
      {"retract", [](const kepu_host* h) { return h->retract(nullptr, 0, key, 1); }},
      {"begin_replace", [](const kepu_host* h) { return h->begin_replace(nullptr, 0, nullptr); }},
      {"end_replace", [](const kepu_host* h) { return h->end_replace(nullptr); }},
      {"reject", [](const kepu_host* h) { return h->reject(nullptr, 1, str(""), str("c"), str("m")); }},
      {"commit", [](const kepu_host* h) { return h->commit(nullptr, str("c"), nullptr); }},
      {"wait_durable", [](const kepu_host* h) { return h->wait_durable(nullptr, 1); }},
      {"cursor", [](const kepu_host* h) { return h->cursor(nullptr).size == 0 ? KEPU_E_CONTRACT : KEPU_OK; }},
  };
  for (const auto& lost : table) {
    Recorder sink;
    int32_t status = -1;
    const auto outcome = execute(sink, [&](const kepu_host* h) { return status = lost.act(h), KEPU_RUN_OK; });
    EXPECT_EQ(status, KEPU_E_CONTRACT) << lost.call;
    EXPECT_EQ(outcome.status, KEPU_RUN_BUG) << lost.call;
    EXPECT_EQ(outcome.text, std::string(lost.call) + ": ctx is NULL; pass the ctx of the host");
    EXPECT_THAT(sink.lines, IsEmpty());
  }
}

// The names that the sink sees, one for each input.
std::vector<std::string> names_seen(const std::vector<std::string>& names, std::optional<std::string> under) {
  Recorder sink;
  scripted::Script script;
  script.run = [&](const kepu_host* h) {
    for (const auto& name : names) {
      EXPECT_EQ(begin(h, name), KEPU_OK);
      EXPECT_EQ(h->end_input(h->ctx), KEPU_OK);
    }
    return KEPU_RUN_OK;
  };
  kepu::host::Config config;
  config.person_key = std::move(under);
  execute(sink, std::move(script), std::move(config));
  std::vector<std::string> out;
  for (const auto& line : sink.lines)
    if (line.starts_with("begin_input ")) out.push_back(line.substr(12));
  return out;
}

TEST(Contract, APersonInAnInputsNameIsATagThatIsStableDistinctAndKeyed) {
  const std::vector<std::string> names = {"13812345678.csv", "13812345679.csv", "138-1234-5678.csv", "a.csv"};
  const std::string one(32, 'k'), other(32, 'o');
  const auto seen = names_seen(names, one);
  ASSERT_EQ(seen.size(), 4u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_THAT(seen[i], testing::MatchesRegex("\\*[b-t]{10}\\.csv"));
  EXPECT_EQ(seen[3], "a.csv");
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 4u);
  EXPECT_EQ(names_seen(names, one), seen);
  EXPECT_NE(names_seen(names, other)[0], seen[0]);
  const auto without = names_seen(names, std::nullopt);
  EXPECT_THAT(without[0], testing::MatchesRegex("\\*[b-t]{6}\\.csv"));
  EXPECT_EQ(names_seen(names, std::nullopt), without);
  // Not even a name of nothing but numbers grows past the limit, and none is blanked again in a log.
  std::string longest;
  while (longest.size() + 12 <= KEPU_MAX_INPUT_NAME_BYTES)
    longest += "13812345678,";
  const auto full = names_seen({longest}, one);
  ASSERT_EQ(full.size(), 1u);
  EXPECT_LE(full[0].size(), size_t{KEPU_MAX_INPUT_NAME_BYTES});
  EXPECT_EQ(kepu::host::scrub(full[0]), full[0]);
}

TEST(Contract, CallsOutsideRunAreBreaches) {
  Recorder sink;
  scripted::Script script;
  script.create = [](const kepu_host* h) {
    EXPECT_EQ(emit_loose(h), KEPU_E_CONTRACT);
    return KEPU_RUN_OK;
  };
  const auto outcome = execute(sink, script);
  EXPECT_EQ(outcome.status, KEPU_RUN_BUG);
  EXPECT_THAT(outcome.text, HasSubstr("emit was called outside run"));
}

TEST(Contract, WhatAnyThreadMayCallWorksFromAnyThread) {
  Recorder sink;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    std::thread([&] {
      h->log(h->ctx, KEPU_WARNING, str("line\nfrom a thread"));
      h->progress(h->ctx, 1, 2);
      EXPECT_EQ(h->is_cancelled(h->ctx), 0);
      EXPECT_EQ(h->cancel_fd(h->ctx), 77);
      const kepu_str zone = h->time_zone(h->ctx);
      EXPECT_EQ(std::string(zone.data, zone.size), "Asia/Shanghai");
      EXPECT_EQ(h->extension(h->ctx, "none"), nullptr);
    }).join();
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(outcome.status, KEPU_RUN_OK);
  EXPECT_THAT(sink.logs, ElementsAre("3 line\\nfrom a thread"));
  EXPECT_THAT(sink.lines, ElementsAre("progress 1/2"));
}

TEST(Contract, ActsReachTheSinkInTheOrderThatMatters) {
  Recorder sink;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    emit_loose(h, 1);
    EXPECT_EQ(begin(h), KEPU_OK);
    emit_loose(h, 2);
    EXPECT_EQ(replace(h), KEPU_OK);
    emit_loose(h, 3);
    EXPECT_EQ(h->end_replace(h->ctx), KEPU_OK);
    EXPECT_EQ(h->end_input(h->ctx), KEPU_OK);
    const kepu_cell id = kepu::cell::text("gone");
    EXPECT_EQ(h->retract(h->ctx, 0, &id, 1), KEPU_OK);
    uint64_t part = 0;
    EXPECT_EQ(h->commit(h->ctx, str("c1"), &part), KEPU_OK);
    EXPECT_EQ(part, 1u);
    EXPECT_EQ(h->wait_durable(h->ctx, part), KEPU_OK);
    EXPECT_EQ(h->commit(h->ctx, str(""), nullptr), KEPU_OK);
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(outcome.status, KEPU_RUN_OK) << outcome.text;
  EXPECT_THAT(sink.lines, ElementsAre("rows 1 w|1", "begin_input a.csv", "rows 1 w|2", "begin_replace 0", "rows 1 w|3",
                                      "end_replace", "end_input", "retract 0 gone", "commit 1 c1 rows=3 rejects=0",
                                      "wait_durable 1", "commit 2  rows=0 rejects=0"));
}

TEST(Contract, RetractionsKeepTheirPlaceAmongRowsOfTheirDataset) {
  Recorder sink;
  execute(sink, [&](const kepu_host* h) {
    kepu_cell row[8] = {kepu::cell::text("x")};
    h->emit(h->ctx, 0, row, 1, nullptr);
    h->retract(h->ctx, 0, row, 1);
    h->emit(h->ctx, 0, row, 1, nullptr);
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  });
  ASSERT_EQ(sink.lines.size(), 4u);
  EXPECT_THAT(sink.lines[0], HasSubstr("rows 0 x"));
  EXPECT_EQ(sink.lines[1], "retract 0 x");
  EXPECT_THAT(sink.lines[2], HasSubstr("rows 0 x"));
}

TEST(Contract, AKnownInputIsNotOpen) {
  Recorder sink;
  sink.input_answer.decision = KEPU_KNOWN;
  execute(sink, [&](const kepu_host* h) {
    EXPECT_EQ(begin(h, "a"), KEPU_OK);
    EXPECT_EQ(begin(h, "b"), KEPU_OK);
    return KEPU_RUN_OK;
  });
  EXPECT_THAT(sink.lines, ElementsAre("begin_input a", "begin_input b"));
}

TEST(Contract, AnswersAboutInputsArePassedOnWhole) {
  Recorder sink;
  sink.input_answer = {KEPU_RESUME, true, 99, {7}};
  execute(sink, [&](const kepu_host* h) {
    const kepu_input input = input_of("a");
    kepu_input_answer answer{};
    answer.struct_size = sizeof answer;
    EXPECT_EQ(h->begin_input(h->ctx, &input, &answer), KEPU_OK);
    EXPECT_EQ(answer.decision, KEPU_RESUME);
    EXPECT_EQ(answer.has_previous, 1u);
    EXPECT_EQ(answer.previous_size, 99u);
    EXPECT_EQ(answer.previous_hash[0], 7);
    const kepu_str cursor = h->cursor(h->ctx);
    EXPECT_EQ(std::string(cursor.data, cursor.size), "before");
    return KEPU_RUN_OK;
  });
}

TEST(Contract, PassedLimitsTakeNothingAndAreNoBreach) {
  Recorder sink;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    EXPECT_EQ(h->commit(h->ctx, str(std::string(KEPU_MAX_CURSOR_BYTES + 1, 'c')), nullptr), KEPU_E_LIMIT);
    EXPECT_EQ(begin(h, std::string(KEPU_MAX_INPUT_NAME_BYTES + 1, 'n')), KEPU_E_LIMIT);
    EXPECT_EQ(begin(h, std::string(KEPU_MAX_INPUT_NAME_BYTES, 'n')), KEPU_OK);
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(outcome.status, KEPU_RUN_OK);
  EXPECT_EQ(sink.lines.size(), 1u);
}

struct Stop {
  const char* act;
  int32_t answer;
  int32_t outcome;
};
class EveryStop : public testing::TestWithParam<Stop> {};

// A part of which something was refused must never be committed without it.
TEST_P(EveryStop, IsPassedOnAndNothingIsCommittedAfterIt) {
  Recorder sink;
  sink.answers[GetParam().act] = GetParam().answer;
  int32_t last = KEPU_OK;
  const auto outcome = execute(sink, [&](const kepu_host* h) {
    const kepu_cell id = kepu::cell::text("x");
    for (const auto& act : std::vector<scripted::Act>{
             [](const kepu_host* host) { return begin(host); }, [](const kepu_host* host) { return replace(host); },
             [](const kepu_host* host) { return emit_loose(host); },
             [&](const kepu_host* host) { return host->reject(host->ctx, 1, str("f"), str("c"), str("m")); },
             [](const kepu_host* host) { return host->end_replace(host->ctx); },
             [](const kepu_host* host) { return host->end_input(host->ctx); },
             [&](const kepu_host* host) { return host->retract(host->ctx, 0, &id, 1); },
             [](const kepu_host* host) { return host->commit(host->ctx, str("c"), nullptr); }})
      last = act(h);
    return KEPU_RUN_OK;
  });
  EXPECT_EQ(last, GetParam().answer);
  EXPECT_EQ(outcome.status, GetParam().outcome);
  if (std::string(GetParam().act) != "commit") {
    EXPECT_THAT(sink.lines.back(), testing::Not(HasSubstr("commit")));
  }
}

INSTANTIATE_TEST_SUITE_P(Contract, EveryStop,
                         testing::Values(Stop{"begin_input", KEPU_E_CANCELLED, KEPU_RUN_CANCELLED},
                                         Stop{"begin_replace", KEPU_E_DROPPED, KEPU_RUN_BAD_DATA},
                                         Stop{"rows", KEPU_E_CANCELLED, KEPU_RUN_CANCELLED},
                                         Stop{"reject", KEPU_E_DROPPED, KEPU_RUN_BAD_DATA},
                                         Stop{"end_replace", KEPU_E_CLOSED, KEPU_RUN_CANCELLED},
                                         Stop{"end_input", KEPU_E_CLOSED, KEPU_RUN_CANCELLED},
                                         Stop{"retract", KEPU_E_CANCELLED, KEPU_RUN_CANCELLED},
                                         Stop{"commit", KEPU_E_DROPPED, KEPU_RUN_BAD_DATA}),
                         [](const auto& one) { return std::string(one.param.act); });

struct End {
  scripted::Act run;
  int32_t status;
  const char* said;
};

TEST(Contract, HowRunEndsIsToldWithASentence) {
  const End table[] = {
      {[](const kepu_host* h) {
         return h->explain(h->ctx, str("first")), h->explain(h->ctx, str("the server is off")), KEPU_RUN_RETRY;
       },
       KEPU_RUN_RETRY, "the server is off"},
      {[](const kepu_host*) { return KEPU_RUN_BAD_DATA; }, KEPU_RUN_BAD_DATA, "run did not say why"},
      {[](const kepu_host*) { return KEPU_RUN_RETRY; }, KEPU_RUN_RETRY, "run did not say why"},
      {[](const kepu_host*) { return KEPU_RUN_BUG; }, KEPU_RUN_BUG, "run did not say why"},
      {[](const kepu_host*) { return KEPU_RUN_CANCELLED; }, KEPU_RUN_CANCELLED, ""},
      {[](const kepu_host*) { return 42; }, KEPU_RUN_BUG, "returned 42, which is no kepu_run_status"},
      {[](const kepu_host*) -> int32_t { throw std::runtime_error("oops 13812345678"); }, KEPU_RUN_BUG,
       "let an exception cross the ABI: oops ***********"},
      {[](const kepu_host*) -> int32_t { throw 3; }, KEPU_RUN_BUG, "let an exception cross the ABI"},
      {[](const kepu_host*) { return KEPU_RUN_OK; }, KEPU_RUN_OK, ""},
  };
  for (const auto& end : table) {
    Recorder sink;
    const auto outcome = execute(sink, end.run);
    EXPECT_EQ(outcome.status, end.status);
    EXPECT_THAT(outcome.text, HasSubstr(end.said));
    // Whoever shows it says before whose contract was broken, or that the source is out of reach.
    EXPECT_THAT(outcome.text, testing::Not(HasSubstr("scripted")));
    EXPECT_THAT(outcome.text, testing::Not(HasSubstr("contract")));
  }
}

TEST(Contract, ABreachIsToldByWhatWasCalledOnly) {
  Recorder sink;
  EXPECT_EQ(execute(sink, [](const kepu_host* h) { return h->end_input(h->ctx); }).text, "end_input: no input is open");
}

// The answer comes with rows that were taken: what was emitted before may still be committed.
TEST(Contract, EmitSaysThatARunIsCancelledAndLosesNothing) {
  Recorder sink;
  sink.is_cancelled = true;
  int32_t emitted = -1, committed = -1;
  execute(sink, [&](const kepu_host* h) {
    emitted = emit_loose(h, 5);
    committed = h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_CANCELLED;
  });
  EXPECT_EQ(emitted, KEPU_E_CANCELLED);
  EXPECT_EQ(committed, KEPU_OK);
  EXPECT_THAT(sink.lines, ElementsAre("rows 1 w|5", "commit 1 c rows=1 rejects=0"));
}

TEST(Contract, AForgottenCommitIsWarnedOf) {
  Recorder sink;
  EXPECT_EQ(execute(sink, [](const kepu_host* h) { return emit_loose(h), KEPU_RUN_OK; }).status, KEPU_RUN_OK);
  ASSERT_EQ(sink.logs.size(), 1u);
  EXPECT_THAT(sink.logs[0], HasSubstr("3 run returned OK with 1 rows or other changes after its last commit"));
  EXPECT_THAT(sink.lines, IsEmpty());
}

TEST(Contract, ASinkThatThrowsDoesNotThrowThroughTheConnector) {
  struct Throwing : Recorder {
    int32_t commit(std::string_view, uint64_t, uint64_t, uint64_t) override { throw std::runtime_error("socket"); }
  } sink;
  int32_t status = -1;
  const auto outcome =
      execute(sink, [&](const kepu_host* h) { return status = h->commit(h->ctx, str("c"), nullptr), KEPU_RUN_OK; });
  EXPECT_EQ(status, KEPU_E_CLOSED);
  EXPECT_EQ(outcome.status, KEPU_RUN_BUG);
  EXPECT_THAT(outcome.text, HasSubstr("commit failed inside the host: socket"));
}

TEST(Contract, LongTextsAreCutOnACharacterBorder) {
  Recorder sink;
  std::string text = "a";
  while (text.size() < 3 * KEPU_MAX_TEXT_BYTES)
    text += "字";
  execute(sink, [&](const kepu_host* h) {
    h->log(h->ctx, 99, str(text));
    h->reject(h->ctx, 1, str("f"), str("c"), str(text));
    h->commit(h->ctx, str("c"), nullptr);
    return KEPU_RUN_OK;
  });
  ASSERT_EQ(sink.logs.size(), 1u);
  EXPECT_EQ(sink.logs[0].size(), 2 + 4096u); // 1 + 1365 * 3; an unknown level is INFO
  EXPECT_EQ(sink.logs[0].substr(0, 3), "2 a");
  EXPECT_EQ(sink.logs[0].substr(sink.logs[0].size() - 3), "字");
  EXPECT_EQ(sink.lines[0].size(), std::string("reject 1 f c: ").size() + 4096u);
}

kepu::host::Config in_a_backfill() {
  kepu::host::Config config;
  config.range = kepu::host::Range{10, 20, 3, 4};
  return config;
}

TEST(Contract, TheRangeOfABackfillIsAnExtension) {
  for (const bool backfill : {true, false}) {
    Recorder sink;
    const kepu_range* range = nullptr;
    const void* other = nullptr;
    execute(sink,
            scripted::Script{{},
                             {},
                             [&](const kepu_host* h) {
                               const auto* found = static_cast<const kepu_range*>(h->extension(h->ctx, KEPU_RANGE));
                               range = found;
                               other = h->extension(h->ctx, "kepu.range.2");
                               if (found) {
                                 EXPECT_EQ(found->struct_size, sizeof(kepu_range));
                                 EXPECT_EQ(found->time_from, 10);
                                 EXPECT_EQ(found->time_until, 20);
                                 EXPECT_EQ(found->first_day, 3);
                                 EXPECT_EQ(found->until_day, 4);
                               }
                               return KEPU_RUN_OK;
                             },
                             {},
                             nullptr,
                             {}},
            backfill ? in_a_backfill() : kepu::host::Config());
    EXPECT_EQ(range != nullptr, backfill);
    EXPECT_EQ(other, nullptr);
  }
}

TEST(Contract, TheCatalogsContractsAreAnExtensionFromCreateOn) {
  kepu::abi::Dataset own{"own",
                         3,
                         {{"id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
                          {"hours", KEPU_DECIMAL, 2, KEPU_ROLE_MEASURE, "", "", false},
                          {"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:x", "", false},
                          {"venue", KEPU_TEXT, 0, KEPU_ROLE_ENTITY, "", "venues", false}}};
  const auto contracts = [](const kepu_host* h) {
    return static_cast<const kepu_contracts*>(h->extension(h->ctx, KEPU_CONTRACTS));
  };
  kepu::host::Config config;
  config.contracts = {own, {"other", 1, {{"n", KEPU_INTEGER, 0, 0, "", "", false}}}};
  Recorder sink;
  scripted::Script script;
  script.create = [&](const kepu_host* h) {
    const auto* found = contracts(h);
    EXPECT_NE(found, nullptr);
    if (!found || found->dataset_count != 2) return KEPU_RUN_BUG;
    const kepu_dataset& first = *found->datasets[0];
    EXPECT_EQ(found->struct_size, sizeof(kepu_contracts));
    EXPECT_STREQ(first.id, "own");
    EXPECT_EQ(first.version, 3u);
    EXPECT_EQ(first.field_count, 4u);
    EXPECT_EQ(first.fields[0]->required, 1);
    EXPECT_EQ(first.fields[0]->scheme, nullptr) << "what is not given is NULL";
    EXPECT_EQ(first.fields[1]->scale, 2);
    EXPECT_STREQ(first.fields[2]->scheme, "account:x");
    EXPECT_STREQ(first.fields[3]->entity_register, "venues");
    return KEPU_RUN_OK;
  };
  script.discover = [&](const kepu_host* h) {
    EXPECT_EQ(h->declare(h->ctx, contracts(h)->datasets[0]), KEPU_OK);
    return KEPU_RUN_OK;
  };
  script.run = [&](const kepu_host* h) { return contracts(h) ? KEPU_RUN_OK : KEPU_RUN_BUG; };
  config.person_key = std::string(32, 'k');
  std::vector<kepu::abi::Dataset> agreed;
  const auto outcome = scripted::execute(sink, script, config, scripted::about_dynamic, &agreed);
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_EQ(agreed, (std::vector<kepu::abi::Dataset>{own})) << "what is declared as the catalog has it is what it has";
}

TEST(Contract, WithoutACatalogThereAreNoContracts) {
  Recorder sink;
  EXPECT_TRUE(execute(sink, [](const kepu_host* h) {
                return h->extension(h->ctx, KEPU_CONTRACTS) ? KEPU_RUN_BUG : KEPU_RUN_OK;
              }).ok());
}

TEST(Contract, NothingIsDurableInABackfillAndWhoWaitsForItEndsWithAReason) {
  Recorder sink;
  int32_t status = -1;
  const auto outcome = execute(sink,
                               scripted::Script{{},
                                                {},
                                                [&](const kepu_host* h) {
                                                  uint64_t part = 0;
                                                  h->commit(h->ctx, str("c"), &part);
                                                  status = h->wait_durable(h->ctx, part);
                                                  EXPECT_EQ(emit_loose(h), KEPU_E_DROPPED);
                                                  return KEPU_RUN_OK;
                                                },
                                                {},
                                                nullptr,
                                                {}},
                               in_a_backfill());
  EXPECT_EQ(status, KEPU_E_DROPPED);
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_DATA);
  EXPECT_THAT(outcome.text, HasSubstr("wait_durable was called in a backfill"));
}

} // namespace
