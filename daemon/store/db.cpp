#include "store/db.hpp"

#include <sqlite3.h>

#include <sys/stat.h>

namespace kepu::store {
namespace {

// Waiting for another connection's lock is only ever needed at opening; the hub has one writer.
constexpr int busy_timeout_ms = 2000;
// Enough for directory pages and hot chunks; blocks pass through.
constexpr const char* writer_cache = "PRAGMA cache_size=-8192";
constexpr const char* reader_cache = "PRAGMA cache_size=-2048";

int only_reading(void*, int action, const char* a, const char*, const char*, const char*) {
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_READ:
  case SQLITE_FUNCTION:
  case SQLITE_RECURSIVE:
  case SQLITE_TRANSACTION:
    return SQLITE_OK;
  case SQLITE_PRAGMA:
    return std::string_view(a) == "page_count" || std::string_view(a) == "page_size" ? SQLITE_OK : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

Error describe(int code, const std::string& what, const std::string& file, const char* doing) {
  switch (code & 0xff) {
  case SQLITE_FULL:
    return {"disk_full", "the disk that holds " + file + " is full; free some space, the hub goes on by itself"};
  case SQLITE_IOERR:
    return {"io_error",
            "cannot " + std::string(doing) + " " + file + ": " + what + "; check the disk and its free space"};
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return {"damaged", file + " is damaged (" + what + "); put a backup in its place"};
  case SQLITE_INTERRUPT:
    return {"deadline", "the question took too long and was stopped; ask for less"};
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_READONLY:
    return {"no_access",
            "cannot open " + file + ": " + what + "; check that the folder exists and belongs to the hub's user"};
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return {"locked", file + " is locked by another program; end it and start again"};
  default:
    return {"store", "cannot " + std::string(doing) + " " + file + ": " + what};
  }
}

} // namespace

Query::Query(Query&& other) noexcept : db_(other.db_), statement_(other.statement_) { other.statement_ = nullptr; }

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(int at, int64_t value) {
  sqlite3_bind_int64(statement_, at, value);
  return *this;
}
Query& Query::bind(int at, std::string_view text) {
  sqlite3_bind_text64(statement_, at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}
Query& Query::bind_blob(int at, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, at, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
  return *this;
}
Query& Query::bind_null(int at) {
  sqlite3_bind_null(statement_, at);
  return *this;
}

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const char* file = sqlite3_db_filename(db_, "main");
  throw SqlError(describe(code, sqlite3_errmsg(db_), file ? file : "the store", "use"));
}

void Query::run() {
  while (step()) {
  }
}

int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
std::string Query::text(int column) const {
  const auto* at = sqlite3_column_text(statement_, column);
  return at ? std::string(reinterpret_cast<const char*>(at),
                          static_cast<size_t>(sqlite3_column_bytes(statement_, column)))
            : std::string();
}
std::string_view Query::blob(int column) const {
  const auto* at = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return at ? std::string_view(at, static_cast<size_t>(sqlite3_column_bytes(statement_, column))) : std::string_view();
}
bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Db::Db(const std::filesystem::path& file, Mode mode) : file_(file) {
  // Else every allocation of every connection takes one lock, to count what nobody asks.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  // Pages as they were at a savepoint stay in memory: a part that shares a transaction is small.
  static const int unspilt = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
  (void)unspilt;
  const bool writes = mode != Mode::read;
  // The store holds what departments entrusted: nobody but the hub's user reads it.
  const mode_t old_mask = umask(0077);
  const int flags =
      (writes ? SQLITE_OPEN_READWRITE | (mode == Mode::write ? SQLITE_OPEN_CREATE : 0) : SQLITE_OPEN_READONLY) |
      SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(file.c_str(), &db_, flags, nullptr);
  umask(old_mask);
  try {
    if (code != SQLITE_OK) fail(code, "open");
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    if (mode == Mode::copy) {
      exec("PRAGMA synchronous=FULL");
      exec("PRAGMA wal_autocheckpoint=0");
    } else if (writes) {
      // Where it writes what it cannot hold: beside the file, since nobody else may read it. The one variable is read
      // by every connection, so it is set before there are others.
      sqlite3_free(sqlite3_temp_directory);
      sqlite3_temp_directory = sqlite3_mprintf("%s", file.parent_path().c_str());
      exec("PRAGMA synchronous=FULL");
      sqlite3_wal_hook(
          db_,
          [](void* pages, sqlite3*, const char*, int in_log) {
            *static_cast<int64_t*>(pages) = in_log;
            return SQLITE_OK;
          },
          &log_pages_);
      exec("PRAGMA secure_delete=ON"); // what is deleted is zeroed
      exec("PRAGMA trusted_schema=OFF");
      exec(writer_cache);
    } else {
      exec("PRAGMA query_only=1");
      exec("PRAGMA trusted_schema=OFF");
      exec(reader_cache);
      sqlite3_wal_autocheckpoint(db_, 0);
      sqlite3_set_authorizer(db_, only_reading, nullptr);
    }
  } catch (...) {
    sqlite3_close_v2(db_);
    throw;
  }
}

Db::~Db() {
  for (auto& [sql, statement] : statements_)
    sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

void Db::fail(int code, const char* doing) const {
  throw SqlError(describe(code, db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code), file_.string(), doing));
}

Query Db::query(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      statements_.erase(sql);
      fail(code, "read");
    }
  } else if (sqlite3_stmt_busy(statement)) {
    throw std::logic_error(std::string("statement used while it is still running: ") + sql);
  }
  return Query(db_, statement);
}

void Db::exec(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "use");
}

int64_t Db::last_rowid() const { return sqlite3_last_insert_rowid(db_); }
int64_t Db::changes() const { return sqlite3_changes64(db_); }
bool Db::in_transaction() const { return !sqlite3_get_autocommit(db_); }

int Db::checkpoint(int mode, int patience_ms) {
  sqlite3_busy_timeout(db_, patience_ms);
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  sqlite3_busy_timeout(db_, busy_timeout_ms);
  if (code == SQLITE_OK && mode != SQLITE_CHECKPOINT_PASSIVE) log_pages_ = 0;
  return code;
}

bool Db::is_done(int code) const {
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) fail(code, "write");
  return code == SQLITE_OK;
}

void Db::copy_log() { is_done(checkpoint(SQLITE_CHECKPOINT_PASSIVE, busy_timeout_ms)); }

void Db::begin_log_anew() { is_done(checkpoint(SQLITE_CHECKPOINT_RESTART, 0)); }

void Db::checkpoint_all() { checkpoint(SQLITE_CHECKPOINT_TRUNCATE, busy_timeout_ms); }

void Db::rewrite() { exec("VACUUM"); }

bool Db::empty_log() {
  // Short, since others wait for this thread; the caller comes again.
  constexpr int patience_ms = 50;
  return is_done(checkpoint(SQLITE_CHECKPOINT_TRUNCATE, patience_ms));
}

void Db::release_memory() { sqlite3_db_release_memory(db_); }

void Db::interrupt() { sqlite3_interrupt(db_); }

Query Db::held() {
  // SQLite remembers an interrupt as long as a statement is active.
  auto active = query("SELECT 1 UNION ALL SELECT 2");
  active.step();
  return active;
}

Transaction::Transaction(Db& db) : db_(db) { db_.query("BEGIN IMMEDIATE").run(); }
Transaction::~Transaction() {
  if (!open_ || !db_.in_transaction()) return;
  try {
    db_.query("ROLLBACK").run();
  } catch (const SqlError&) {
    // SQLite has rolled back by itself already.
  }
}
void Transaction::commit() {
  db_.query("COMMIT").run();
  open_ = false;
}

Savepoint::Savepoint(Db& db) : db_(db) { db_.query("SAVEPOINT part").run(); }
Savepoint::~Savepoint() {
  if (!open_ || !db_.in_transaction()) return;
  try {
    db_.query("ROLLBACK TO part").run();
    db_.query("RELEASE part").run();
  } catch (const SqlError&) {
    // Half of it must not stay: all goes.
    sqlite3_exec(db_.db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}
void Savepoint::keep() {
  db_.query("RELEASE part").run();
  open_ = false;
}

} // namespace kepu::store
