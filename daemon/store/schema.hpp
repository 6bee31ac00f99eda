// The store's tables, and which files they may lie in. Writer thread.
#pragma once

#include "store/db.hpp"

namespace kepu::store {

constexpr int64_t application_id = 0x4b707531; // "Kpu1"
constexpr int64_t first_version = 3;           // 1 and 2 were never released
constexpr int64_t schema_version = 7;

// Makes the tables of a new store, or carries those of an older version over in one transaction, and turns the log
// (WAL) on; a file that it refuses is left as it was. Throws SqlError
// with code "newer_store", "older_store", "foreign_store" or as SQLite says.
void prepare_tables(Db& db, const std::string& file);

} // namespace kepu::store
