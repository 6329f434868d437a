#pragma once
// SQLite's C interface behind two owners and one exception. Included only where ILK_WITH_SQLITE is 1.
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ilk::sqlite {

/// What SQLite answered, with its primary result code.
class Fault : public std::runtime_error {
 public:
  Fault(int code, const std::string& text) : std::runtime_error(text), code_(code & 0xff) {}
  int code() const { return code_; }
  bool damage() const { return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB || code_ == SQLITE_FORMAT; }

 private:
  int code_;
};

class Database {
 public:
  explicit Database(const std::string& path) {
    const int code = sqlite3_open_v2(
        path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code == SQLITE_OK) return;
    const Fault fault(code, handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    sqlite3_close_v2(handle_);
    throw fault;
  }
  ~Database() { sqlite3_close_v2(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  sqlite3* handle() const { return handle_; }
  void check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)
      throw Fault(code, sqlite3_errmsg(handle_));
  }
  void execute(const std::string& text) const {
    check(sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr));
  }

 private:
  sqlite3* handle_ = nullptr;
};

/// A prepared statement. Bound text and blobs must outlive the step; call reset after the last step of each
/// use.
class Statement {
 public:
  Statement(const Database& database, std::string_view text) : database_(&database) {
    database.check(sqlite3_prepare_v3(database.handle(), text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value) {
    database_->check(sqlite3_bind_int64(handle_, index, value));
    return *this;
  }
  Statement& bind(int index, std::string_view text) {
    database_->check(
        sqlite3_bind_text64(handle_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
  }
  Statement& bind_blob(int index, std::string_view bytes) {
    database_->check(sqlite3_bind_blob64(handle_, index, bytes.data(), bytes.size(), SQLITE_STATIC));
    return *this;
  }
  /// True where there is a row.
  bool step() {
    const int code = sqlite3_step(handle_);
    database_->check(code);
    return code == SQLITE_ROW;
  }
  void reset() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  /// Text or blob; valid until the next step or reset.
  std::string_view bytes(int column) const {
    const void* data = sqlite3_column_blob(handle_, column);
    return {static_cast<const char*>(data),
            data ? static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)) : 0};
  }

 private:
  const Database* database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// Resets a statement at the end of its use, also where an exception ends it.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Statement* operator->() { return &statement_; }

 private:
  Statement& statement_;
};

}  // namespace ilk::sqlite
