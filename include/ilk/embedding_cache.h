#pragma once
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Embeddings of images by content and model, kept in one SQLite file so that no image is encoded twice, also after a
/// kill. Thread-safe; several processes may use one file at a time. A damaged file is set aside (…​.damaged),
/// begun anew and reported by `notice`. Built without SQLite, it keeps nothing.
class EmbeddingCache {
 public:
  /// Opens or creates the file; an empty path keeps nothing.
  explicit EmbeddingCache(const std::filesystem::path& path);
  ~EmbeddingCache();

  /// `encoder` says everything that determines an embedding but the image: model hash, preprocessing, precision.
  /// Returns (D) float32, or nothing where it is not known.
  std::optional<torch::Tensor> find(const std::string& content_sha256, const std::string& encoder);

  struct Entry {
    std::string content_sha256;
    torch::Tensor embedding;  ///< (D) float32
  };
  /// Stores all in one transaction; on return they survive a kill.
  void store(const std::vector<Entry>& entries, const std::string& encoder);

  /// The content hash of an unchanged file (same path, size and modification time), so that a known file is not read
  /// again; nothing where it is new or changed, or was changed within the last two seconds before it was noted.
  std::optional<std::string> known_content(const std::string& path);
  void note_content(const std::string& path, const std::string& content_sha256);

  /// What went wrong on opening, empty if nothing did.
  const std::string& notice() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
