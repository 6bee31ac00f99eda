// A small face on SQLite: one connection, cached statements, errors with what to do. With db.cpp the
// only place that touches sqlite3.h. One thread per connection.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace kepu::store {

// Thrown inside store/ only; its public functions catch it and return the Error.
class SqlError : public std::runtime_error {
public:
  explicit SqlError(Error error) : std::runtime_error(error.text), error_(std::move(error)) {}
  const Error& error() const { return error_; }

private:
  Error error_;
};

// A statement borrowed from its connection's cache; reset when this goes.
class Query {
public:
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  ~Query();

  Query& bind(int at, int64_t value);
  Query& bind(int at, std::string_view text);
  Query& bind_blob(int at, std::string_view bytes); // borrowed until the next step or the end of this
  Query& bind_null(int at);
  // true: a row is there.
  bool step();
  // Runs to the end, expecting no rows.
  void run();

  int64_t integer(int column) const;
  std::string text(int column) const;
  std::string_view blob(int column) const; // valid until the next step
  bool is_null(int column) const;

private:
  friend class Db;
  Query(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  sqlite3* db_;
  sqlite3_stmt* statement_;
};

class Db {
public:
  enum class Mode : uint8_t { write, read, copy };
  // write: creates the file, synchronous=FULL; the only connection that writes. WAL comes with
  // prepare_tables(), since it changes the file, and the file may be somebody else's.
  // read: read-only, query_only, an authorizer that refuses everything but reading.
  // copy: for copy_log() alone, beside the connection that writes.
  Db(const std::filesystem::path& file, Mode mode);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // `sql` must be a literal: statements are cached by its address and text.
  Query query(const char* sql);
  void exec(const char* sql);
  int64_t last_rowid() const;
  int64_t changes() const;
  bool in_transaction() const;
  // How long the log was after the last transaction of this connection that wrote; 0: since it was begun anew none did.
  int64_t log_bytes() const { return log_pages_ * 4'120; } // each with its header
  // Copies of the log into the file what no reader is in the way of; others may write meanwhile.
  void copy_log();
  // Copies the rest, and lets the next transaction write at the log's beginning, when no reader is in the way.
  void begin_log_anew();
  // Copies all of it and empties the log, when no reader is in the way.
  void checkpoint_all();
  // Writes the whole file anew, so that what was deleted or moved is nowhere in it. Takes as long as copying it, and
  // twice its size on disk meanwhile. While no statement runs.
  void rewrite();
  // Copies all of the log into the file and empties it. false: a reader was in the way.
  bool empty_log();
  // Lets go of the pages that it keeps.
  void release_memory();
  // Ends what runs on this connection with code "deadline"; any thread. Between two statements it is lost, unless
  // held().
  void interrupt();
  // While this lives, an interrupt ends the next statement, too. One at a time.
  Query held();

private:
  friend class Savepoint;
  [[noreturn]] void fail(int code, const char* doing) const;
  // Waits for readers so long; returns SQLite's code.
  int checkpoint(int mode, int patience_ms);
  // false: a reader was in the way; throws for other reasons.
  bool is_done(int checkpoint_code) const;
  std::filesystem::path file_;
  sqlite3* db_ = nullptr;
  int64_t log_pages_ = 0;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;
};

// Rolls back unless committed.
class Transaction {
public:
  explicit Transaction(Db& db);
  ~Transaction();
  void commit();

private:
  Db& db_;
  bool open_ = true;
};

// Inside a transaction: what is done while this lives is undone alone unless kept; where that cannot be, the whole
// transaction is. One at a time.
class Savepoint {
public:
  explicit Savepoint(Db& db);
  ~Savepoint();
  void keep();

private:
  Db& db_;
  bool open_ = true;
};

} // namespace kepu::store
