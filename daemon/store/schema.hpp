// The store's tables and how an older store becomes a newer one. Writer thread.
#pragma once

#include "store/db.hpp"

namespace kepu::store {

constexpr int64_t application_id = 0x4b707531; // "Kpu1"
constexpr int64_t schema_version = 3;

// Makes or migrates the tables, one transaction per version, and turns the log (WAL) on. Before that it
// leaves a file that it refuses as it was. Throws SqlError with code
// "newer_store", "foreign_store" or as SQLite says.
void migrate(Db& db, const std::string& file);

} // namespace kepu::store
