// A connector whose functions are lambdas, and a sink that writes down what reaches it.
#pragma once

#include <kepu/connector.hpp>
#include <kepu/host/host.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace scripted {

inline kepu_str str(std::string_view text) { return {text.data(), text.size()}; }

// One row's cell as the sink saw it: "null", a number, a text; flags after '~'.
inline std::string cell(const kepu::abi::Column& c, size_t row) {
  std::string out = "null";
  if (!c.is_null(row)) {
    switch (c.coding) {
    case kepu::abi::Coding::fixed:
      out = c.type == KEPU_REAL ? std::to_string(c.real(row)) : std::to_string(c.integer(row));
      break;
    case kepu::abi::Coding::bytes:
      out = c.booleans[row] ? "true" : "false";
      break;
    case kepu::abi::Coding::dictionary:
    case kepu::abi::Coding::plain:
      out = c.text_at(row);
      break;
    }
  }
  return c.flag(row) ? out + "~" + std::to_string(c.flag(row)) : out;
}

struct Recorder : kepu::host::Sink {
  std::vector<std::string> lines;      // "rows 0 @2 V1|5", "reject 7 field code: message", ...
  std::vector<kepu::abi::Batch> heads; // without columns
  std::vector<std::vector<kepu::abi::Coding>> codings;
  std::vector<uint64_t> persons; // of all pseudonym columns
  std::vector<std::string> logs;
  std::map<std::string, int32_t> answers; // by act; absent: KEPU_OK
  kepu::host::InputAnswer input_answer;
  std::string stored_cursor = "before";
  bool is_cancelled = false;

  int32_t act(const std::string& name, const std::string& rest = "") {
    lines.push_back(rest.empty() ? name : name + " " + rest);
    const auto at = answers.find(name);
    return at == answers.end() ? KEPU_OK : at->second;
  }
  int32_t begin_input(const kepu::host::Input& input, kepu::host::InputAnswer& answer) override {
    answer = input_answer;
    return act("begin_input", input.name);
  }
  int32_t end_input() override { return act("end_input"); }
  void keep(const kepu::abi::Batch& batch) {
    heads.push_back({batch.dataset, batch.rows, batch.has_places, batch.first_place, nullptr, {}});
    codings.emplace_back();
    for (const auto& column : batch.columns) {
      codings.back().push_back(column.coding);
      if (column.type != kepu::abi::pseudonym) continue;
      for (size_t row = 0; row < batch.rows; ++row)
        if (!column.is_null(row)) persons.push_back(column.person(row));
    }
  }
  int32_t write(const char* name, const kepu::abi::Batch& batch) {
    keep(batch);
    int32_t status = KEPU_OK;
    for (size_t row = 0; row < batch.rows; ++row) {
      std::string line = std::to_string(batch.dataset);
      if (batch.has_places) line += " @" + std::to_string(batch.place(row));
      line += " ";
      for (size_t i = 0; i < batch.columns.size(); ++i)
        line += (i ? "|" : "") + (batch.columns[i].type == kepu::abi::pseudonym && !batch.columns[i].is_null(row)
                                      ? std::string("person")
                                      : cell(batch.columns[i], row));
      status = act(name, line);
    }
    return status;
  }
  int32_t rows(const kepu::abi::Batch& batch) override { return write("rows", batch); }
  int32_t retract(const kepu::abi::Batch& keys) override { return write("retract", keys); }
  int32_t begin_replace(const kepu::host::Scope& scope) override {
    std::string line = std::to_string(scope.dataset) + (scope.this_input ? " this_input" : "");
    for (const auto& c : scope.conditions)
      line += " " + std::to_string(c.field) + "=" + (c.text.empty() ? std::to_string(c.integer) : c.text);
    return act("begin_replace", line);
  }
  int32_t end_replace() override { return act("end_replace"); }
  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) override {
    return act("reject", std::to_string(place) + " " + std::string(field) + " " + std::string(code) + ": " +
                             std::string(message));
  }
  int32_t commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) override {
    return act("commit", std::to_string(part) + " " + std::string(cursor) + " rows=" + std::to_string(rows) +
                             " rejects=" + std::to_string(rejects));
  }
  int32_t wait_durable(uint64_t part) override { return act("wait_durable", std::to_string(part)); }
  std::string cursor() override { return stored_cursor; }
  void log(int32_t level, std::string_view text) override {
    logs.push_back(std::to_string(level) + " " + std::string(text));
  }
  void progress(uint64_t done, uint64_t total) override {
    act("progress", std::to_string(done) + "/" + std::to_string(total));
  }
  bool cancelled() override { return is_cancelled; }
  int cancel_fd() override { return 77; }
};

using Act = std::function<int32_t(const kepu_host*)>;

struct Script {
  Act create, discover, run, destroy;
  const kepu_host* host = nullptr;
  std::map<std::string, std::string> settings; // as create saw them
};
inline Script* current = nullptr; // C functions have no other way to their script

inline int32_t call(const Act& act) { return act ? act(current->host) : static_cast<int32_t>(KEPU_RUN_OK); }
inline int32_t discover(void*) { return call(current->discover); }
inline int32_t run(void*) { return call(current->run); }
inline void destroy(void*) { call(current->destroy); }
inline int32_t create(const kepu_host* host, const kepu_settings* settings, kepu_connector* out) {
  current->host = host;
  for (size_t i = 0; i < settings->count; ++i) {
    const kepu_setting& s = *settings->items[i];
    std::string value = s.text.size ? std::string(s.text.data, s.text.size) : std::to_string(s.integer);
    for (size_t n = 0; n < s.item_count; ++n)
      value += (n ? "," : "[") + std::string(s.items[n].data, s.items[n].size);
    current->settings[std::string(s.key.data, s.key.size)] = value;
  }
  out->discover = &discover;
  out->run = &run;
  out->destroy = &destroy;
  return call(current->create);
}

// Two datasets: 0 has every type, 1 has no key.
inline constinit const kepu::Dataset every{"every",
                                           1,
                                           kepu::field::text("id").key().required(),
                                           kepu::field::integer("n").measure(),
                                           kepu::field::decimal("d", 2),
                                           kepu::field::real("r"),
                                           kepu::field::boolean("b"),
                                           kepu::field::date("day"),
                                           kepu::field::timestamp("ts").time(),
                                           kepu::field::period("p").period()};
inline constinit const kepu::Dataset loose{"loose", 2, kepu::field::text("word"), kepu::field::integer("n").required()};
inline constinit const kepu::Dataset people{"people",
                                            1,
                                            kepu::field::text("id").key().required(),
                                            kepu::field::text("card").person("id_card"),
                                            kepu::field::text("phone").person("mobile"),
                                            kepu::field::text("badge").person("account:door")};
inline constinit const kepu::Datasets two{every, loose};
inline constinit const kepu::Datasets with_people{people};
inline constinit const kepu::SettingSpecs specs{kepu::setting::text("name").otherwise("none").help("A name."),
                                                kepu::setting::list("words").help("Words."),
                                                kepu::setting::duration("wait").otherwise("90s").help("How long.")};
inline constinit const kepu::Descriptor about{
    {.id = "scripted", .version = "1", .title = "Scripted", .owner = "Tests"}, specs, two};
inline constinit const kepu::Descriptor about_people{
    {.id = "people", .version = "1", .title = "People", .owner = "Tests"}, specs, with_people};
inline constinit const kepu::Descriptor about_dynamic{
    {.id = "dynamic", .version = "1", .title = "Dynamic", .owner = "Tests"}, specs};

inline kepu_entry entry_of(const kepu::Descriptor& descriptor) {
  return {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor.c(), &create};
}

// Creates and runs; the sink keeps what came.
inline kepu::host::Outcome execute(Recorder& sink, Script script, kepu::host::Config config = {},
                                   const kepu::Descriptor& descriptor = about,
                                   std::vector<kepu::abi::Dataset>* datasets = nullptr) {
  current = &script;
  const kepu_entry entry = entry_of(descriptor);
  kepu::host::Outcome outcome;
  const auto library = kepu::host::Library::from_entry(&entry, "scripted", outcome);
  if (!library) return outcome;
  kepu::host::Runner runner(*library, sink, std::move(config));
  outcome = runner.create();
  if (datasets) *datasets = runner.datasets();
  return outcome.ok() ? runner.run() : outcome;
}
inline kepu::host::Outcome execute(Recorder& sink, Act run) {
  return execute(sink, Script{{}, {}, std::move(run), {}, nullptr, {}});
}

} // namespace scripted
