#pragma once
// The file of captions that grows line by line.

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/file_lock.h"

namespace ilk {

/// The function of all errors of captioning.
inline constexpr std::string_view in_caption_images = "caption_images";

/// What a file of captions holds for one model and prompt, and the way to add to it. Thread-safe but for
/// moving.
class CaptionLog {
 public:
  /// Locks the file, which is created where it is not there, and removes what a kill left of a last line;
  /// if `only_looks`, neither. Throws Error where another process has it, and for a file of something else.
  CaptionLog(const std::filesystem::path& path, std::string model, std::string prompt, bool only_looks);

  /// The caption of an image with these bytes.
  std::optional<std::string> caption_of(const std::string& sha256) const;
  /// Whether the last line for this path is of these bytes, this model and this prompt.
  bool has(const std::string& path, const std::string& sha256) const;
  /// Writes a line for each path; on return they survive a kill. Throws Error naming the system's reason.
  void append(const std::vector<std::string>& paths, const std::string& sha256, const std::string& caption);

  /// What was found to be wrong, a sentence; empty if nothing was.
  const std::string& notice() const { return notice_; }

 private:
  void read(std::string_view contents);

  std::filesystem::path path_;
  std::string model_, prompt_, notice_;
  FileLock file_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::string> captions_;  // by the image's SHA-256
  std::unordered_map<std::string, std::string> last_;      // the SHA-256 by path; empty: of another question
};

}  // namespace ilk
