#pragma once
// What a download writes to.
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "io/file_lock.h"

namespace ilk::http {

/// Where the bytes go: the part file, or a string.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::int64_t size() const = 0;
  virtual void append(std::string_view bytes) = 0;
  /// Empties it; `validator` is the ETag of what comes next, empty where there is none.
  virtual void begin_anew(const std::string& validator) = 0;
  /// The ETag of what is held.
  virtual std::string validator() const = 0;
};

class TextSink : public Sink {
 public:
  explicit TextSink(std::int64_t at_most) : at_most_(at_most) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(text_.size()); }
  void append(std::string_view bytes) override;
  void begin_anew(const std::string& validator) override;
  std::string validator() const override { return validator_; }
  std::string take() { return std::move(text_); }

 private:
  std::int64_t at_most_;
  std::string text_, validator_;
};

/// The part file, locked; its ETag lies beside it, so that a later run can go on too.
class FileSink : public Sink {
 public:
  explicit FileSink(const FileLock& file);
  std::int64_t size() const override { return size_; }
  void append(std::string_view bytes) override;
  void begin_anew(const std::string& validator) override;
  std::string validator() const override { return validator_; }

  /// Of all that is held; Stopped on request.
  std::string sha256(const Progress& progress) const;
  /// Writes through to the disk and renames.
  void rename_to(const std::filesystem::path& destination);
  void remove();

 private:
  const FileLock& file_;
  std::filesystem::path validator_path_;
  std::int64_t size_;
  std::string validator_;
};

}  // namespace ilk::http
