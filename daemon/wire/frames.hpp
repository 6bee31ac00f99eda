// Frames between daemon and worker, over one socketpair. No I/O here. Pure; any thread.
//
// A frame is a header of 12 bytes and a payload, little-endian:
//   u32 payload size (<= max_payload)   u8 type   u8 0   u16 0   u32 tag
// The tag joins a question and its answer: INPUT and its INPUT, COMMIT and its ACK (the part's number).
// Payloads are read as if an enemy had sent them: every decode checks bounds, counts, enums, UTF-8,
// and that nothing is left over. Daemon and worker are installed together; `protocol_version` is
// compared in HELLO all the same.
#pragma once

#include "base/result.hpp"

#include <kepu/batch.hpp>
#include <kepu/values.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kepu::wire {

constexpr uint32_t protocol_version = 3; // 3: settings may be tables
constexpr size_t header_bytes = 12;
constexpr size_t max_payload = 2u << 20;   // a batch of rows is cut at batch_bytes, far below
constexpr size_t batch_rows = 8192;        // rows of one ROWS frame at most
constexpr size_t batch_bytes = 512u << 10; // the host flushes a batch when its texts pass this

enum class Type : uint8_t {
  hello = 1,
  describe,
  descriptor,
  configure,
  start,
  input,
  rows,
  retract,
  replace,
  reject,
  commit,
  ack,
  progress,
  log,
  cancel,
  done,
  bye
};

struct Header {
  uint32_t size;
  Type type;
  uint32_t tag;
};

// As messages name it: "ROWS".
const char* name(Type type);

// Checks size (each type has its own most), type and zero bytes. `in` holds at least header_bytes.
Result<Header> decode_header(std::string_view in);

// ---- worker to daemon ----
struct Hello { // first frame of every worker
  uint32_t protocol = protocol_version;
  uint32_t pid = 0;
  int32_t landlock_abi = 0; // 0: the kernel has none
  bool seccomp = false;
  bool operator==(const Hello&) const = default;
};
struct Described { // DESCRIPTOR: answer to DESCRIBE; also the first answer to CONFIGURE, with discovered datasets
  abi::Descriptor descriptor;
  bool operator==(const Described&) const = default;
};
struct InputAsked { // INPUT, worker to daemon; begin: answered under the same tag; end: not answered
  enum class Act : uint8_t { begin = 1, end = 2 } act = Act::begin;
  std::string name;
  uint64_t size = 0;
  std::array<uint8_t, 32> content_hash{};
  bool operator==(const InputAsked&) const = default;
};
struct ScopeFrame { // REPLACE
  enum class Act : uint8_t { begin = 1, end = 2 } act = Act::begin;
  uint16_t dataset = 0;
  bool this_input = false;
  int64_t time_from = INT64_MIN;
  int64_t time_until = INT64_MAX;
  struct Condition { // exactly one of text and integer by the field's type
    uint16_t field = 0;
    std::string text;
    int64_t integer = 0;
    bool operator==(const Condition&) const = default;
  };
  std::vector<Condition> conditions;
  bool operator==(const ScopeFrame&) const = default;
};
struct RejectFrame {
  uint64_t place = 0;
  std::string field;
  std::string code;
  std::string message;
  bool operator==(const RejectFrame&) const = default;
};
struct CommitFrame { // tag = part number
  std::string cursor;
  uint64_t rows = 0;    // rows sent since the last commit; must agree with what came
  uint64_t rejects = 0; // rejects sent since the last commit; must agree
  bool operator==(const CommitFrame&) const = default;
};
struct ProgressFrame {
  uint64_t done = 0;
  uint64_t total = 0;
  bool operator==(const ProgressFrame&) const = default;
};
struct LogFrame {
  int32_t level = KEPU_INFO;
  std::string text;
  bool operator==(const LogFrame&) const = default;
};
struct Done {                   // the end of a run, a discovery or a description
  int32_t status = KEPU_RUN_OK; // kepu_run_status
  std::string text;
  bool operator==(const Done&) const = default;
};

// ---- daemon to worker ----
struct Describe {
  bool operator==(const Describe&) const = default;
};
struct PersonKey {
  std::string key; // 32 bytes
  bool operator==(const PersonKey&) const = default;
};
struct Range { // of a backfill; see kepu_range
  int64_t time_from = 0;
  int64_t time_until = 0;
  int32_t first_day = 0;
  int32_t until_day = 0;
  bool operator==(const Range&) const = default;
};
struct Configure {
  std::string source;
  std::string time_zone;
  uint32_t allow = 0; // kepu_need, combined
  std::vector<abi::Setting> settings;
  std::vector<abi::Dataset> datasets; // the catalog's contracts, all of them
  std::string cursor;
  std::optional<PersonKey> person_key;
  std::optional<Range> range;
  // Folders for the fence, beyond those that every fence allows.
  std::vector<std::string> readable;
  std::vector<std::string> writable;
  bool operator==(const Configure&) const = default;
};
struct Start {
  uint64_t run = 0;
  bool operator==(const Start&) const = default;
};
struct InputAnswered { // INPUT, daemon to worker
  int32_t decision = KEPU_TAKE;
  bool has_previous = false;
  uint64_t previous_size = 0;
  std::array<uint8_t, 32> previous_hash{};
  bool operator==(const InputAnswered&) const = default;
};
struct Ack { // tag = part number: parts up to this one are on disk, or this part was dropped
  bool dropped = false;
  bool operator==(const Ack&) const = default;
};
struct Cancel {
  bool operator==(const Cancel&) const = default;
};
struct Bye { // daemon to worker: end now
  bool operator==(const Bye&) const = default;
};

// ROWS and RETRACT carry a batch in columns.
//   u16 dataset  u16 columns  u32 rows (1..batch_rows)
//   u8 place coding: 0 none | 1 consecutive from `first` | 2 u32 gaps from `first`
//   u64 first place  [rows * u32]
//   then per column:
//   u8 type (kepu_type, or abi::pseudonym)  u8 coding  u8 has nulls  u8 has flags
//   [nulls: (rows+7)/8 bytes, bit set = null]  [flags: rows bytes]
//   coding 0 fixed: rows * 8 bytes (i64 or double; null: 0)       integer decimal real date timestamp pseudonym
//   coding 1 dictionary: u32 n (1..65535), n * u32 end offsets, bytes, rows * u16 indexes     text period
//   coding 2 plain: rows * u32 end offsets, bytes (null: empty)   text period
//   coding 3 bytes: rows * u8                                     boolean
using abi::Batch;
using abi::Column;

// Views into `payload`, which must outlive the batch. Checks everything but the schema: sizes,
// codings that fit types, index ranges, UTF-8 of each cell, its length and the row's, finite reals,
// booleans 0 or 1, known flags, places from 0 to INT64_MAX, null cells 0 or empty.
Result<Batch> decode_batch(std::string_view payload);
// Appends the payload. Preconditions as decode_batch checks; used by the worker and tests.
void encode_batch(const Batch& batch, std::string& out);

// encode(x, tag, out) appends a whole frame; decode_x(payload) reads one payload.
using Message = std::variant<Hello, Described, InputAsked, ScopeFrame, RejectFrame, CommitFrame, ProgressFrame,
                             LogFrame, Done, Describe, Configure, Start, InputAnswered, Ack, Cancel, Bye>;

// Appends header and payload. InputAsked and InputAnswered share Type::input (told apart by direction).
// Throws std::length_error, with `out` unchanged, when the payload passes max_payload: of what the
// daemon sends only a Configure can.
void encode(const Message& message, uint32_t tag, std::string& out);
// Appends one frame, or several where one would pass max_payload or batch_rows.
void encode_rows(const Batch& batch, Type rows_or_retract, std::string& out);

// Decodes every type but rows and retract (see decode_batch).
Result<Message> decode_from_worker(Type type, std::string_view payload);
Result<Message> decode_from_daemon(Type type, std::string_view payload);

} // namespace kepu::wire
