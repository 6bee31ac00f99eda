// SPDX-License-Identifier: Apache-2.0
#include "hub.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

extern "C" const kepu_entry kepu_connector_entry;

namespace venue_turnstile::tests {
namespace {

std::string of(kepu_str s) { return s.size ? std::string(s.data, s.size) : std::string(); }

// As the host hands settings over: the given ones and the defaults, typed.
struct Given {
  explicit Given(const Hub::Settings& settings) {
    const auto& descriptor = *kepu_connector_entry.descriptor;
    for (const auto& [key, value] : settings) {
      bool known = false;
      for (size_t i = 0; i < descriptor.setting_count; ++i)
        known |= key == descriptor.settings[i]->key;
      if (!known) throw std::logic_error("the descriptor has no setting " + key);
    }
    for (size_t i = 0; i < descriptor.setting_count; ++i) {
      const auto& spec = *descriptor.settings[i];
      const auto found = settings.find(spec.key);
      if (found == settings.end() && !spec.default_value) continue;
      texts.push_back(std::make_unique<std::string>(found != settings.end() ? found->second : spec.default_value));
      const std::string& text = *texts.back();
      auto item = std::make_unique<kepu_setting>();
      *item = {sizeof(kepu_setting),
               spec.type,
               {spec.key, std::strlen(spec.key)},
               0,
               0,
               {text.data(), text.size()},
               nullptr,
               0};
      if (spec.type == KEPU_SETTING_DURATION) item->integer = std::stoll(text) * 1'000'000; // tests use seconds
      if (spec.type == KEPU_SETTING_INTEGER) item->integer = std::stoll(text);
      pointers.push_back(item.get());
      items.push_back(std::move(item));
    }
    c = {sizeof(kepu_settings), pointers.data(), pointers.size()};
  }
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<std::unique_ptr<kepu_setting>> items;
  std::vector<const kepu_setting*> pointers;
  kepu_settings c{};
};

} // namespace

bool Hub::alive(const std::string& call) {
  calls.push_back(call);
  gone_ = gone_ || (before_call && !before_call(++call_, call));
  return !gone_;
}

int32_t Hub::begin_input(const kepu_input& input, kepu_input_answer& answer) {
  const std::string name = of(input.name);
  if (!alive("begin_input " + name)) return KEPU_E_CLOSED;
  if (input_open_) return KEPU_E_CONTRACT;
  Content content{input.size, {}};
  std::memcpy(content.hash.data(), input.content_hash, content.hash.size());
  answer.has_previous = 0;
  if (refuses.contains(name)) {
    answer.decision = KEPU_REFUSED;
    calls.back() += " refused";
    return KEPU_OK;
  }
  answer.decision = KEPU_TAKE;
  if (const auto it = next_.taken.find(name); it != next_.taken.end()) {
    answer.has_previous = 1;
    answer.previous_size = it->second.size;
    std::memcpy(answer.previous_hash, it->second.hash.data(), it->second.hash.size());
    if (it->second == content) answer.decision = KEPU_KNOWN;
  } else {
    for (const auto& [other, taken] : next_.taken)
      if (taken == content) answer.decision = KEPU_KNOWN;
  }
  if (answer.decision == KEPU_KNOWN) {
    calls.back() += " known";
    return KEPU_OK;
  }
  const auto taking = next_.taking.find(name);
  if (taking != next_.taking.end() && taking->second == content) answer.decision = KEPU_RESUME;
  calls.back() += answer.decision == KEPU_RESUME ? " resume" : " take";
  next_.taking[name] = content;
  input_ = name;
  input_open_ = true;
  return KEPU_OK;
}

int32_t Hub::emit(const kepu_cell* cells, size_t count, const uint64_t* places) {
  if (!alive("emit")) return KEPU_E_CLOSED;
  for (size_t r = 0; r < count; ++r) {
    Row row;
    row.fact.input = input_;
    row.fact.place = places ? places[r] : 0;
    for (size_t f = 0; f < 6; ++f) {
      const auto& cell = cells[r * 6 + f];
      const bool time = f == 4;
      const bool may_be_null = f == 2 || f == 5;
      if (cell.type != (time ? KEPU_TIMESTAMP : KEPU_TEXT) && !(may_be_null && cell.type == KEPU_NULL))
        return KEPU_E_CONTRACT;
      std::string value = cell.type == KEPU_NULL ? "-"
                          : time                 ? std::to_string(cell.value.integer)
                                                 : std::string(cell.value.text, cell.size);
      if (cell.flags & KEPU_REPAIRED) value += '!';
      if (f == 0)
        row.key = value;
      else
        row.fact.text += (f == 1 ? "" : "|") + value;
    }
    rows_.push_back(std::move(row));
  }
  return KEPU_OK;
}

int32_t Hub::commit(kepu_str cursor_text, uint64_t* part) {
  if (!alive("commit")) return KEPU_E_CLOSED;
  if (replacing_ || cursor_text.size > KEPU_MAX_CURSOR_BYTES) return KEPU_E_CONTRACT;
  if (replaced_) std::erase_if(facts, [&](const auto& fact) { return fact.second.input == *replaced_; });
  for (auto& row : rows_)
    facts[row.key] = std::move(row.fact);
  rejects.insert(rejects.end(), part_rejects_.begin(), part_rejects_.end());
  rows_.clear();
  part_rejects_.clear();
  replaced_.reset();
  ledger_ = next_;
  cursor = of(cursor_text);
  ++parts;
  if (part) *part = parts;
  return KEPU_OK;
}

int32_t Hub::run(const Settings& settings) {
  text.clear();
  log.clear();
  progress.clear();
  calls.clear();
  call_ = 0;
  gone_ = false;
  next_ = ledger_;
  kepu_host host{};
  host.struct_size = sizeof host;
  host.abi_major = KEPU_ABI_MAJOR;
  host.ctx = this;
  host.log = [](void* ctx, int32_t level, kepu_str line) {
    constexpr const char* names[] = {"", "debug: ", "info: ", "warning: ", "error: "};
    static_cast<Hub*>(ctx)->log.push_back(names[level] + of(line));
  };
  host.progress = [](void* ctx, uint64_t done, uint64_t total) {
    static_cast<Hub*>(ctx)->progress.emplace_back(done, total);
  };
  host.is_cancelled = [](void* ctx) { return int32_t{static_cast<Hub*>(ctx)->cancelled}; };
  host.time_zone = [](void* ctx) {
    const auto& name = static_cast<Hub*>(ctx)->zone;
    return kepu_str{name.data(), name.size()};
  };
  host.extension = [](void* ctx, const char* id) -> const void* {
    const auto& days = static_cast<Hub*>(ctx)->range;
    return days && std::string_view(id) == KEPU_RANGE ? &*days : nullptr;
  };
  host.explain = [](void* ctx, kepu_str line) { static_cast<Hub*>(ctx)->text = of(line); };
  host.begin_input = [](void* ctx, const kepu_input* input, kepu_input_answer* answer) {
    return static_cast<Hub*>(ctx)->begin_input(*input, *answer);
  };
  host.end_input = [](void* ctx) {
    auto& hub = *static_cast<Hub*>(ctx);
    if (!hub.alive("end_input")) return int32_t{KEPU_E_CLOSED};
    if (!hub.input_open_) return int32_t{KEPU_E_CONTRACT};
    hub.next_.taken[hub.input_] = hub.next_.taking[hub.input_];
    hub.next_.taking.erase(hub.input_);
    hub.input_open_ = false;
    return int32_t{KEPU_OK};
  };
  host.emit = [](void* ctx, uint32_t, const kepu_cell* cells, size_t count, const uint64_t* places) {
    return static_cast<Hub*>(ctx)->emit(cells, count, places);
  };
  host.begin_replace = [](void* ctx, uint32_t, const kepu_scope* scope) {
    auto& hub = *static_cast<Hub*>(ctx);
    if (!hub.alive("begin_replace")) return int32_t{KEPU_E_CLOSED};
    if (!scope->this_input || !hub.input_open_) return int32_t{KEPU_E_CONTRACT};
    hub.replacing_ = hub.input_;
    return int32_t{KEPU_OK};
  };
  host.end_replace = [](void* ctx) {
    auto& hub = *static_cast<Hub*>(ctx);
    if (!hub.alive("end_replace")) return int32_t{KEPU_E_CLOSED};
    hub.replaced_ = std::exchange(hub.replacing_, std::nullopt);
    return int32_t{KEPU_OK};
  };
  host.reject = [](void* ctx, uint64_t place, kepu_str field, kepu_str code, kepu_str message) {
    auto& hub = *static_cast<Hub*>(ctx);
    if (!hub.alive("reject")) return int32_t{KEPU_E_CLOSED};
    hub.part_rejects_.push_back({hub.input_open_ ? hub.input_ : "", place, of(field), of(code), of(message)});
    return int32_t{KEPU_OK};
  };
  host.commit = [](void* ctx, kepu_str line, uint64_t* part) { return static_cast<Hub*>(ctx)->commit(line, part); };
  host.wait_durable = [](void* ctx, uint64_t) {
    return int32_t{static_cast<Hub*>(ctx)->alive("wait_durable") ? KEPU_OK : KEPU_E_CLOSED};
  };
  host.cursor = [](void* ctx) {
    const auto& mark = static_cast<Hub*>(ctx)->cursor;
    return kepu_str{mark.data(), mark.size()};
  };

  const Given given(settings);
  kepu_connector connector{};
  connector.struct_size = sizeof connector;
  int32_t status = kepu_connector_entry.create(&host, &given.c, &connector);
  if (status == KEPU_RUN_OK) {
    status = connector.run(connector.self);
    connector.destroy(connector.self);
  }
  // What was not committed is dropped.
  rows_.clear();
  part_rejects_.clear();
  replacing_.reset();
  replaced_.reset();
  input_open_ = false;
  return status;
}

} // namespace venue_turnstile::tests
