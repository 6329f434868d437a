#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

/// Embeddings of images by content and model, kept in one SQLite file so that no image is encoded twice, also
/// after a kill. Thread-safe; several processes may use one file at a time. A damaged file is set aside
/// (…​.damaged), begun anew and reported by `notice`. Where the file cannot be used (a folder that cannot
/// be written, a full disk), the work goes on without it, and `notice` says so. Built without SQLite, it
/// keeps nothing.
class EmbeddingCache {
 public:
  /// Opens or creates the file; an empty path keeps nothing.
  explicit EmbeddingCache(const std::filesystem::path& path);
  ~EmbeddingCache();
  EmbeddingCache(const EmbeddingCache&) = delete;
  EmbeddingCache& operator=(const EmbeddingCache&) = delete;

  /// `encoder` says everything that determines an embedding but the image: model hash, preprocessing,
  /// precision. Returns (D) float32, or nothing where it is not known.
  std::optional<std::vector<float>> find(const std::string& content_sha256, const std::string& encoder);

  struct Entry {
    std::string content_sha256;
    std::vector<float> embedding;  ///< (D), D ≥ 1
  };
  /// Stores all in one transaction; on return they survive a kill. Throws Error for an empty embedding.
  void store(const std::vector<Entry>& entries, const std::string& encoder);

  /// The same for other bytes that are made of an image, such as a thumbnail; `kind` says everything that
  /// determines them but the image.
  std::optional<std::string> find_bytes(const std::string& content_sha256, const std::string& kind);
  struct BytesEntry {
    std::string content_sha256;
    std::string bytes;  ///< not empty
  };
  void store_bytes(const std::vector<BytesEntry>& entries, const std::string& kind);

  /// The content hash of an unchanged file (same path, size, times and inode), so that a known file is not
  /// read again; nothing where it is new or changed, or was changed within the last two seconds before it was
  /// noted. Call it before the file is read: a file that changes between this call and `note_content` is then
  /// not noted.
  std::optional<std::string> known_content(const std::string& path);
  /// Written with the next `store`, every few hundred notes, or at the end: a note that a kill loses costs
  /// one reading.
  void note_content(const std::string& path, const std::string& content_sha256);

  /// What went wrong so far, one sentence or more; empty if nothing did.
  std::string notice() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
