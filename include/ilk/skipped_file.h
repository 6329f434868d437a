#pragma once
#include <string>

namespace ilk {

/// A file that was left out, and why. `kind` is one of a short list of fixed words, for counting; `reason` is
/// a sentence for people.
struct SkippedFile {
  std::string path;
  /// "not an image", "unsupported format", "empty", "damaged", "unreadable", "vanished", "too large", "link
  /// loop", "dangling link", "special file" or "duplicate path".
  std::string kind;
  std::string reason;
};

}  // namespace ilk
