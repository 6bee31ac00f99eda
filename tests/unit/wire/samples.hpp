// One message of every kind with every member off its default, and small batches, for tests of wire.
#pragma once

#include "wire/frames.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace kepu::wire::samples {

inline std::array<uint8_t, 32> hash_of(uint8_t first) {
  std::array<uint8_t, 32> hash{};
  for (auto& byte : hash)
    byte = first++;
  return hash;
}

inline abi::Dataset dataset() {
  return {"passages",
          3,
          {{"event_id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
           {"fee", KEPU_DECIMAL, 2, KEPU_ROLE_MEASURE, "", "", false},
           {"venue", KEPU_TEXT, 0, KEPU_ROLE_ENTITY, "", "venues", true},
           {"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:turnstile", "", false}}};
}

inline std::vector<Message> from_worker() {
  Described described;
  described.descriptor = {
      "gates",
      "1.4.0",
      "Gates",
      "闸机",
      "Bureau of gates",
      KEPU_STREAMING,
      KEPU_NEED_NETWORK | KEPU_NEED_EXEC,
      true,
      {{"folder", KEPU_SETTING_INPUT_FOLDER, true, false, "", "Where files lie", "文件夹", {}},
       {"on_change", KEPU_SETTING_ENUM, false, true, "upsert", "What then", "", {"upsert", "replace"}}},
      {dataset()}};
  ScopeFrame scope;
  scope.dataset = 2;
  scope.this_input = true;
  scope.time_from = -5;
  scope.time_until = 7;
  scope.conditions = {{1, "a", 0}, {2, "", -9}};
  ScopeFrame scope_end;
  scope_end.act = ScopeFrame::Act::end;
  InputAsked input_end;
  input_end.act = InputAsked::Act::end;
  return {Hello{9, 4711, 3, true},
          described,
          InputAsked{InputAsked::Act::begin, "三月.csv", 1u << 20, hash_of(1)},
          input_end,
          scope,
          scope_end,
          RejectFrame{17, "ts", "bad_time", "not a time; write 2025-03-05 09:30:00"},
          CommitFrame{std::string("\xff\x00opaque", 8), 100, 3},
          ProgressFrame{5, 10},
          LogFrame{KEPU_WARNING, "门禁"},
          Done{KEPU_RUN_RETRY, "the server is out of reach"}};
}

inline std::vector<Message> from_daemon() {
  Configure configure;
  configure.source = "gates";
  configure.time_zone = "Asia/Shanghai";
  configure.allow = KEPU_NEED_NETWORK;
  configure.settings = {{"folder", KEPU_SETTING_INPUT_FOLDER, 0, 0, "/srv/gates", {}},
                        {"weight", KEPU_SETTING_REAL, 4, 2.5, "", {"a", "b"}}};
  configure.datasets = {dataset(), dataset()};
  configure.cursor = "at 7";
  configure.person_key = PersonKey{std::string(32, 'k')};
  configure.range = Range{-5, INT64_MAX, -1, 20'000};
  configure.readable = {"/srv/gates"};
  configure.writable = {"/srv/work", std::string("/srv/\xb9\xc5")};
  return {Describe{}, configure, Configure{}, Start{77}, InputAnswered{KEPU_RESUME, true, 12, hash_of(9)},
          Ack{true},  Cancel{},  Bye{}};
}

// A batch that owns what it points to.
struct OwnedBatch {
  Batch batch;
  std::vector<std::unique_ptr<std::string>> bytes;

  const char* keep(std::string what) {
    bytes.push_back(std::make_unique<std::string>(std::move(what)));
    return bytes.back()->data();
  }
  template <class T> const char* keep(const std::vector<T>& values) {
    return keep(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
  }
  Column& add(int32_t type, abi::Coding coding) {
    auto& column = batch.columns.emplace_back();
    column.type = type;
    column.coding = coding;
    return column;
  }
  void fixed(int32_t type, const std::vector<int64_t>& values) { add(type, abi::Coding::fixed).fixed = keep(values); }
  void reals(const std::vector<double>& values) { add(KEPU_REAL, abi::Coding::fixed).fixed = keep(values); }
  void booleans(const std::vector<uint8_t>& values) {
    add(KEPU_BOOLEAN, abi::Coding::bytes).booleans = reinterpret_cast<const uint8_t*>(keep(values));
  }
  void texts(Column& column, const std::vector<std::string>& values) {
    std::string text;
    std::vector<uint32_t> ends;
    for (const auto& value : values) {
      text += value;
      ends.push_back(static_cast<uint32_t>(text.size()));
    }
    column.ends = keep(ends);
    column.text = keep(text);
  }
  void plain(const std::vector<std::string>& values) { texts(add(KEPU_TEXT, abi::Coding::plain), values); }
  void dictionary(const std::vector<std::string>& entries, const std::vector<uint16_t>& indexes) {
    auto& column = add(KEPU_TEXT, abi::Coding::dictionary);
    texts(column, entries);
    column.entries = static_cast<uint32_t>(entries.size());
    column.indexes = keep(indexes);
  }
  void nulls(const std::vector<uint8_t>& bits) {
    batch.columns.back().nulls = reinterpret_cast<const uint8_t*>(keep(bits));
  }
  void flags(const std::vector<uint8_t>& values) {
    batch.columns.back().flags = reinterpret_cast<const uint8_t*>(keep(values));
  }
};

// Three rows with every type and coding.
inline OwnedBatch three_rows() {
  OwnedBatch made;
  made.batch.dataset = 1;
  made.batch.rows = 3;
  made.batch.has_places = true;
  made.batch.first_place = 2;
  made.batch.gaps = made.keep(std::vector<uint32_t>{0, 4, 1});
  made.plain({"e-1", "", "三"});
  made.dictionary({"馆", "b"}, {1, 0, 0});
  made.nulls({0b100});
  made.fixed(KEPU_TIMESTAMP, {INT64_MIN, 0, INT64_MAX});
  made.nulls({0b010});
  made.flags({KEPU_REPAIRED, 0, KEPU_APPROXIMATE | KEPU_PROVISIONAL});
  made.reals({-0.0, 1.5, 1e308});
  made.booleans({0, 1, 1});
  made.fixed(abi::pseudonym, {-1, 5, 6});
  return made;
}

} // namespace kepu::wire::samples
