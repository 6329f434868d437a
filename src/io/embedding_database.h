#pragma once
// The tables of the embedding cache. Included only where ILK_WITH_SQLITE is 1.
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "io/sqlite.h"

namespace ilk::embedding_database {

/// The file holds something that ilk did not write, or not whole.
struct Damage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// FNV-1a of 64 bits (Fowler, Noll, Vo): SQLite checks the shape of its pages, not what is in them.
std::int64_t checksum_of(std::string_view bytes);

/// Makes the tables where the file is new, and checks that it is ilk's. Throws Damage or Fault.
void prepare(const sqlite::Database& database);

/// An open cache and all its statements.
class Connection {
 private:
  struct Prepared {
    explicit Prepared(const sqlite::Database& database) { prepare(database); }
  };

 public:
  sqlite::Database database;

 private:
  Prepared prepared_{database};

 public:
  sqlite::Statement find_encoder{database, "SELECT id FROM encoders WHERE encoder = ?"};
  sqlite::Statement add_encoder{database, "INSERT OR IGNORE INTO encoders (encoder) VALUES (?)"};
  sqlite::Statement find{
      database, "SELECT width, checksum, embedding FROM embeddings WHERE encoder = ? AND content = ?"};
  sqlite::Statement add{database,
                        "INSERT OR REPLACE INTO embeddings (encoder, content, width, checksum, embedding) "
                        "VALUES (?, ?, ?, ?, ?)"};
  sqlite::Statement find_file{database, "SELECT stamp, content FROM files WHERE path = ?"};
  sqlite::Statement add_file{database,
                             "INSERT OR REPLACE INTO files (path, stamp, content) VALUES (?, ?, ?)"};
  std::unordered_map<std::string, std::int64_t> encoders;  // committed ones

  explicit Connection(const std::string& path) : database(path) {}

  std::optional<std::int64_t> encoder_id(const std::string& encoder) {
    if (const auto known = encoders.find(encoder); known != encoders.end()) return known->second;
    sqlite::Use use(find_encoder);
    use->bind(1, encoder);
    if (!use->step()) return std::nullopt;
    return use->integer(0);
  }
};

/// A write transaction that is rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(const sqlite::Database& database) : database_(database) {
    database.execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!committed_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.execute("COMMIT");
    committed_ = true;
  }

 private:
  const sqlite::Database& database_;
  bool committed_ = false;
};

}  // namespace ilk::embedding_database
