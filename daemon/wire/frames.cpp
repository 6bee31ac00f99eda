#include "wire/frames.hpp"

#include "wire/payload.hpp"

#include <stdexcept>

namespace kepu::wire {
namespace {

// Each payload is described once, for both directions: A is a PayloadWriter (whose Of<T> is const T)
// or a PayloadReader, which checks what it reads against the limits given.

constexpr size_t max_id_bytes = 256;        // ids, keys, versions, schemes: far above honest use
constexpr size_t max_path_bytes = 4096;     // PATH_MAX
constexpr size_t max_setting_bytes = 65536; // a certificate in a secret fits
constexpr size_t max_settings = 256;
constexpr size_t max_items = 4096; // of one list setting, choices of one enum; keys and values of one table
static_assert(max_items == 2 * abi::most_table_entries);
constexpr size_t max_contracts = 4096; // datasets of the whole catalog
constexpr size_t max_folders = 1024;
constexpr uint32_t all_roles = (KEPU_ROLE_ATTRIBUTE << 1) - 1;
constexpr uint32_t all_needs = KEPU_NEED_NETWORK | KEPU_NEED_EXEC;

template <class A> void body(A& a, typename A::template Of<abi::Field>& v) {
  a.text(v.name, max_id_bytes, "field name");
  a.number(v.type, KEPU_TEXT, KEPU_PERIOD, "field type");
  a.number(v.scale, 0, 9, "scale");
  a.bits(v.roles, all_roles, "roles");
  a.text(v.scheme, max_id_bytes, "scheme");
  a.text(v.entity_register, max_id_bytes, "register");
  a.boolean(v.required, "required");
}

template <class A> void body(A& a, typename A::template Of<abi::Dataset>& v) {
  a.text(v.id, max_id_bytes, "dataset id");
  a.number(v.version, 1u, UINT32_MAX, "dataset version");
  a.list(v.fields, KEPU_MAX_FIELDS, "fields", [&](auto& field) { body(a, field); });
}

template <class A> void body(A& a, typename A::template Of<abi::SettingSpec>& v) {
  a.text(v.key, max_id_bytes, "setting key");
  a.number(v.type, KEPU_SETTING_TEXT, KEPU_SETTING_TABLE, "setting type");
  a.boolean(v.required, "required");
  a.boolean(v.has_default, "has default");
  a.text(v.default_value, max_setting_bytes, "default");
  a.text(v.help, KEPU_MAX_TEXT_BYTES, "help");
  a.text(v.help_zh, KEPU_MAX_TEXT_BYTES, "Chinese help");
  a.list(v.choices, max_items, "choices", [&](auto& choice) { a.text(choice, max_setting_bytes, "choice"); });
}

template <class A> void body(A& a, typename A::template Of<abi::Setting>& v) {
  a.text(v.key, max_id_bytes, "setting key");
  a.number(v.type, KEPU_SETTING_TEXT, KEPU_SETTING_TABLE, "setting type");
  a.number(v.integer, INT64_MIN, INT64_MAX, "setting");
  a.real(v.real, "setting");
  a.text(v.text, max_setting_bytes, "setting");
  a.list(v.items, max_items, "items", [&](auto& item) { a.text(item, max_setting_bytes, "item"); });
}

template <class A> void body(A& a, typename A::template Of<Hello>& v) {
  a.number(v.protocol, 0u, UINT32_MAX, "protocol");
  a.number(v.pid, 1u, static_cast<uint32_t>(INT32_MAX), "pid");
  a.number(v.landlock_abi, 0, 1 << 16, "landlock abi");
  a.boolean(v.seccomp, "seccomp");
}

template <class A> void body(A& a, typename A::template Of<Described>& described) {
  auto& v = described.descriptor;
  a.text(v.id, max_id_bytes, "connector id");
  a.text(v.version, max_id_bytes, "connector version");
  a.text(v.title, KEPU_MAX_TEXT_BYTES, "title");
  a.text(v.title_zh, KEPU_MAX_TEXT_BYTES, "Chinese title");
  a.text(v.owner, KEPU_MAX_TEXT_BYTES, "owner");
  a.number(v.mode, KEPU_SCHEDULED, KEPU_STREAMING, "mode");
  a.bits(v.needs, all_needs, "needs");
  a.boolean(v.dynamic, "dynamic");
  a.list(v.settings, max_settings, "settings", [&](auto& spec) { body(a, spec); });
  a.list(v.datasets, KEPU_MAX_DATASETS, "datasets", [&](auto& dataset) { body(a, dataset); });
}

template <class A> void body(A& a, typename A::template Of<InputAsked>& v) {
  a.choice(v.act, InputAsked::Act::begin, InputAsked::Act::end, "act");
  if (v.act == InputAsked::Act::end) return;
  a.text(v.name, KEPU_MAX_INPUT_NAME_BYTES, "input name");
  a.number(v.size, uint64_t{0}, UINT64_MAX, "size");
  a.hash(v.content_hash);
}

template <class A> void body(A& a, typename A::template Of<ScopeFrame>& v) {
  a.choice(v.act, ScopeFrame::Act::begin, ScopeFrame::Act::end, "act");
  if (v.act == ScopeFrame::Act::end) return;
  a.number(v.dataset, uint16_t{0}, uint16_t{KEPU_MAX_DATASETS - 1}, "dataset");
  a.boolean(v.this_input, "this input");
  a.number(v.time_from, INT64_MIN, INT64_MAX, "time");
  a.number(v.time_until, INT64_MIN, INT64_MAX, "time");
  a.list(v.conditions, KEPU_MAX_FIELDS, "conditions", [&](auto& condition) {
    a.number(condition.field, uint16_t{0}, uint16_t{KEPU_MAX_FIELDS - 1}, "field");
    a.text(condition.text, KEPU_MAX_CELL_BYTES, "condition");
    a.number(condition.integer, INT64_MIN, INT64_MAX, "condition");
  });
}

template <class A> void body(A& a, typename A::template Of<RejectFrame>& v) {
  a.number(v.place, uint64_t{0}, uint64_t{INT64_MAX}, "place");
  a.text(v.field, max_id_bytes, "field");
  a.code(v.code, max_id_bytes, "code");
  a.text(v.message, KEPU_MAX_TEXT_BYTES, "message");
}

template <class A> void body(A& a, typename A::template Of<CommitFrame>& v) {
  a.opaque(v.cursor, KEPU_MAX_CURSOR_BYTES, "cursor");
  a.number(v.rows, uint64_t{0}, UINT64_MAX, "rows");
  a.number(v.rejects, uint64_t{0}, UINT64_MAX, "rejects");
}

template <class A> void body(A& a, typename A::template Of<ProgressFrame>& v) {
  a.number(v.done, uint64_t{0}, UINT64_MAX, "done");
  a.number(v.total, uint64_t{0}, UINT64_MAX, "total");
}

template <class A> void body(A& a, typename A::template Of<LogFrame>& v) {
  a.number(v.level, KEPU_DEBUG, KEPU_ERROR, "level");
  a.text(v.text, KEPU_MAX_TEXT_BYTES, "text");
}

template <class A> void body(A& a, typename A::template Of<Done>& v) {
  a.number(v.status, KEPU_RUN_OK, KEPU_RUN_BUG, "status");
  a.text(v.text, KEPU_MAX_TEXT_BYTES, "text");
}

template <class A> void body(A& a, typename A::template Of<Configure>& v) {
  a.text(v.source, max_id_bytes, "source");
  a.text(v.time_zone, max_id_bytes, "time zone");
  a.bits(v.allow, all_needs, "allow");
  a.list(v.settings, max_settings, "settings", [&](auto& setting) { body(a, setting); });
  a.list(v.datasets, max_contracts, "datasets", [&](auto& dataset) { body(a, dataset); });
  a.opaque(v.cursor, KEPU_MAX_CURSOR_BYTES, "cursor");
  a.optional(v.person_key, "person key", [&](auto& key) { a.exactly(key.key, 32, "person key"); });
  a.optional(v.range, "range", [&](auto& range) {
    a.number(range.time_from, INT64_MIN, INT64_MAX, "time");
    a.number(range.time_until, INT64_MIN, INT64_MAX, "time");
    a.number(range.first_day, INT32_MIN, INT32_MAX, "day");
    a.number(range.until_day, INT32_MIN, INT32_MAX, "day");
  });
  a.list(v.readable, max_folders, "folders", [&](auto& path) { a.path(path, max_path_bytes, "folder"); });
  a.list(v.writable, max_folders, "folders", [&](auto& path) { a.path(path, max_path_bytes, "folder"); });
}

template <class A> void body(A& a, typename A::template Of<Start>& v) {
  a.number(v.run, uint64_t{0}, UINT64_MAX, "run");
}

template <class A> void body(A& a, typename A::template Of<InputAnswered>& v) {
  a.number(v.decision, KEPU_TAKE, KEPU_REFUSED, "decision");
  a.boolean(v.has_previous, "has previous");
  a.number(v.previous_size, uint64_t{0}, UINT64_MAX, "size");
  a.hash(v.previous_hash);
}

template <class A> void body(A& a, typename A::template Of<Ack>& v) { a.boolean(v.dropped, "dropped"); }

template <class A> void body(A&, typename A::template Of<Describe>&) {}
template <class A> void body(A&, typename A::template Of<Cancel>&) {}
template <class A> void body(A&, typename A::template Of<Bye>&) {}

template <Type type> struct Is { static constexpr Type value = type; };
template <class M> struct TypeOf;
template <> struct TypeOf<Hello> : Is<Type::hello> {};
template <> struct TypeOf<Described> : Is<Type::descriptor> {};
template <> struct TypeOf<InputAsked> : Is<Type::input> {};
template <> struct TypeOf<ScopeFrame> : Is<Type::replace> {};
template <> struct TypeOf<RejectFrame> : Is<Type::reject> {};
template <> struct TypeOf<CommitFrame> : Is<Type::commit> {};
template <> struct TypeOf<ProgressFrame> : Is<Type::progress> {};
template <> struct TypeOf<LogFrame> : Is<Type::log> {};
template <> struct TypeOf<Done> : Is<Type::done> {};
template <> struct TypeOf<Describe> : Is<Type::describe> {};
template <> struct TypeOf<Configure> : Is<Type::configure> {};
template <> struct TypeOf<Start> : Is<Type::start> {};
template <> struct TypeOf<InputAnswered> : Is<Type::input> {};
template <> struct TypeOf<Ack> : Is<Type::ack> {};
template <> struct TypeOf<Cancel> : Is<Type::cancel> {};
template <> struct TypeOf<Bye> : Is<Type::bye> {};

// What a frame of the type can hold at most, so that a small frame cannot claim a large buffer.
size_t most_payload(Type type) {
  constexpr size_t numbers = 128; // above what the fixed parts of a small frame take together
  switch (type) {
  case Type::hello:
  case Type::describe:
  case Type::start:
  case Type::ack:
  case Type::progress:
  case Type::cancel:
  case Type::bye:
    return numbers;
  case Type::input:
    return numbers + KEPU_MAX_INPUT_NAME_BYTES;
  case Type::log:
  case Type::done:
    return numbers + KEPU_MAX_TEXT_BYTES;
  case Type::reject:
    return numbers + 2 * max_id_bytes + KEPU_MAX_TEXT_BYTES;
  case Type::commit:
    return numbers + KEPU_MAX_CURSOR_BYTES;
  case Type::descriptor:
  case Type::configure:
  case Type::rows:
  case Type::retract:
  case Type::replace:
    return max_payload;
  }
  return 0;
}

template <class M> Result<Message> decode(std::string_view payload) {
  M message;
  PayloadReader reader(payload);
  body(reader, message);
  if (auto wrong = reader.complaint())
    return fail("bad_frame", std::string("a ") + name(TypeOf<M>::value) + " frame is refused: " + *wrong);
  return Message(std::move(message));
}

Error not_expected(Type type, const char* from) {
  return fail("bad_frame", std::string("a ") + name(type) + " frame does not come from the " + from);
}

} // namespace

const char* name(Type type) {
  switch (type) {
  case Type::hello:
    return "HELLO";
  case Type::describe:
    return "DESCRIBE";
  case Type::descriptor:
    return "DESCRIPTOR";
  case Type::configure:
    return "CONFIGURE";
  case Type::start:
    return "START";
  case Type::input:
    return "INPUT";
  case Type::rows:
    return "ROWS";
  case Type::retract:
    return "RETRACT";
  case Type::replace:
    return "REPLACE";
  case Type::reject:
    return "REJECT";
  case Type::commit:
    return "COMMIT";
  case Type::ack:
    return "ACK";
  case Type::progress:
    return "PROGRESS";
  case Type::log:
    return "LOG";
  case Type::cancel:
    return "CANCEL";
  case Type::done:
    return "DONE";
  case Type::bye:
    return "BYE";
  }
  return "unknown";
}

Result<Header> decode_header(std::string_view in) {
  ByteReader reader(in.substr(0, header_bytes));
  Header header{};
  header.size = reader.get<uint32_t>();
  const auto type = reader.get<uint8_t>();
  const auto zero8 = reader.get<uint8_t>();
  const auto zero16 = reader.get<uint16_t>();
  header.tag = reader.get<uint32_t>();
  if (!reader.ok()) return fail("bad_frame", "a frame's header is cut short");
  if (type < static_cast<uint8_t>(Type::hello) || type > static_cast<uint8_t>(Type::bye))
    return fail("bad_frame", "a frame has the unknown type " + std::to_string(type));
  header.type = static_cast<Type>(type);
  if (zero8 != 0 || zero16 != 0)
    return fail("bad_frame",
                std::string("the header of a ") + name(header.type) + " frame is not zero where it must be");
  if (header.size > most_payload(header.type))
    return fail("bad_frame", std::string("a ") + name(header.type) + " frame claims " + std::to_string(header.size) +
                                 " bytes and may have " + std::to_string(most_payload(header.type)));
  return header;
}

void encode(const Message& message, uint32_t tag, std::string& out) {
  std::visit(
      [&]<class M>(const M& m) {
        const size_t begin = begin_frame(TypeOf<M>::value, tag, out);
        PayloadWriter writer(out);
        body(writer, m);
        end_frame(begin, out);
      },
      message);
}

size_t begin_frame(Type type, uint32_t tag, std::string& out) {
  const size_t begin = out.size();
  ByteWriter header(out);
  header.put(uint32_t{0});
  header.put(static_cast<uint8_t>(type));
  header.put(uint8_t{0});
  header.put(uint16_t{0});
  header.put(tag);
  return begin;
}

void end_frame(size_t begin, std::string& out) {
  const size_t size = out.size() - begin - header_bytes;
  if (size > max_payload) {
    out.resize(begin);
    throw std::length_error("a frame's payload passes max_payload");
  }
  const auto written = static_cast<uint32_t>(size);
  std::memcpy(out.data() + begin, &written, sizeof written);
}

Result<Message> decode_from_worker(Type type, std::string_view payload) {
  switch (type) {
  case Type::hello:
    return decode<Hello>(payload);
  case Type::descriptor:
    return decode<Described>(payload);
  case Type::input:
    return decode<InputAsked>(payload);
  case Type::replace:
    return decode<ScopeFrame>(payload);
  case Type::reject:
    return decode<RejectFrame>(payload);
  case Type::commit:
    return decode<CommitFrame>(payload);
  case Type::progress:
    return decode<ProgressFrame>(payload);
  case Type::log:
    return decode<LogFrame>(payload);
  case Type::done:
    return decode<Done>(payload);
  case Type::describe:
  case Type::configure:
  case Type::start:
  case Type::rows:
  case Type::retract:
  case Type::ack:
  case Type::cancel:
  case Type::bye:
    break;
  }
  return not_expected(type, "worker");
}

Result<Message> decode_from_daemon(Type type, std::string_view payload) {
  switch (type) {
  case Type::describe:
    return decode<Describe>(payload);
  case Type::configure:
    return decode<Configure>(payload);
  case Type::start:
    return decode<Start>(payload);
  case Type::input:
    return decode<InputAnswered>(payload);
  case Type::ack:
    return decode<Ack>(payload);
  case Type::cancel:
    return decode<Cancel>(payload);
  case Type::bye:
    return decode<Bye>(payload);
  case Type::hello:
  case Type::descriptor:
  case Type::rows:
  case Type::retract:
  case Type::replace:
  case Type::reject:
  case Type::commit:
  case Type::progress:
  case Type::log:
  case Type::done:
    break;
  }
  return not_expected(type, "daemon");
}

} // namespace kepu::wire
