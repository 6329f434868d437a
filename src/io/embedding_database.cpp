#if ILK_WITH_SQLITE
#include "io/embedding_database.h"
#include "core/fnv1a.h"

namespace ilk::embedding_database {
namespace {

constexpr std::int64_t schema_version = 1;
constexpr std::int64_t application = 0x696c6b63;  // "ilkc"
constexpr const char* schema = R"(
  CREATE TABLE encoders (id INTEGER PRIMARY KEY, encoder TEXT NOT NULL UNIQUE);
  CREATE TABLE embeddings (encoder INTEGER NOT NULL, content TEXT NOT NULL, width INTEGER NOT NULL,
                           checksum INTEGER NOT NULL, embedding BLOB NOT NULL, UNIQUE (encoder, content));
  CREATE TABLE files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;)";

std::string schema_of(const sqlite::Database& database) {
  sqlite::Statement statement(database, "SELECT type, name, sql FROM sqlite_master ORDER BY type, name");
  std::string text;
  while (statement.step())
    for (int column = 0; column < 3; ++column) text += std::string(statement.bytes(column)) + "\n";
  return text;
}

std::int64_t pragma(const sqlite::Database& database, const std::string& name) {
  sqlite::Statement statement(database, "PRAGMA " + name);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

std::int64_t checksum_of(std::string_view bytes) {
  return static_cast<std::int64_t>(Fnv1a().add(bytes).value());
}

void prepare(const sqlite::Database& database) {
  sqlite3_busy_timeout(database.handle(), 20'000);
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // A rollback journal, not a write-ahead log: the log's memory map cannot be shared between the machines of
  // a cluster, and batches are stored about once a second, so that its speed would not show.
  database.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA page_size = 16384");
  if (pragma(database, "user_version") == 0) {
    database.execute("BEGIN IMMEDIATE");
    // Another process may have made the tables while we waited.
    if (pragma(database, "user_version") == 0 && schema_of(database).empty())
      database.execute(std::string(schema) + "PRAGMA application_id = " + std::to_string(application) +
                       "; PRAGMA user_version = " + std::to_string(schema_version));
    database.execute("COMMIT");
  }
  if (pragma(database, "application_id") != application) throw Damage("it is not a cache of ilk");
  if (const std::int64_t version = pragma(database, "user_version"); version != schema_version)
    throw Damage("its format is version " + std::to_string(version) + ", this ilk reads version " +
                 std::to_string(schema_version));
  const sqlite::Database fresh(":memory:");
  fresh.execute(schema);
  if (schema_of(database) != schema_of(fresh)) throw Damage("its tables are not those of ilk");
  database.execute("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL");
}

}  // namespace ilk::embedding_database
#endif
