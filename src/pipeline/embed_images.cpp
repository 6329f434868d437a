#include <ilk/embed_images.h>
#include <ilk/error.h>
#include <ilk/options.h>
#include <ilk/parallel.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <sstream>
#include <unordered_map>

namespace ilk {
namespace {

// Images that one thread decodes before it encodes them together: one or two of the encoder's groups, so that
// progress and the cache keep up, and a kill costs little.
constexpr std::int64_t images_at_a_time = 16;

/// Everything but the image that an embedding depends on.
std::string encoder_identity(const Clip& clip, const DecodeOptions& options) {
  std::ostringstream identity;
  identity << clip.fingerprint() << " " << enum_name(clip.precision())
           << " decode-1 shrink_on_load=" << options.shrink_on_load;
  return identity.str();
}

/// What became of one file of the list.
struct Outcome {
  std::string content;  // SHA-256, once known
  std::optional<SkippedFile> skipped;
  std::int64_t same_as = -1;  // an earlier claim on the same content
};

class Embedder {
 public:
  Embedder(const Clip& clip, const ImageList& list, const DecodeOptions& options, EmbeddingCache& cache,
           Progress& progress)
      : clip_(clip),
        list_(list),
        paths_(list.paths),
        options_(options),
        cache_(cache),
        progress_(progress),
        identity_(encoder_identity(clip, options)),
        embeddings_(torch::empty({static_cast<std::int64_t>(paths_.size()), clip.width()})),
        outcomes_(paths_.size()) {}

  void embed_all() {
    parallel_blocks(static_cast<std::int64_t>(paths_.size()), images_at_a_time,
                    [this](std::int64_t begin, std::int64_t end, std::int64_t) { embed_some(begin, end); });
  }

  EmbeddedImages result(std::vector<SkippedFile> skipped) {
    EmbeddedImages result{.encoded = encoded_, .from_cache = from_cache_};
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      Outcome& outcome = outcomes_[i];
      std::int64_t row = static_cast<std::int64_t>(i);
      if (outcome.same_as >= 0) {
        row = outcome.same_as;
        // The bytes are equal, so whatever was wrong with the other file is wrong with this one.
        if (const auto& other = outcomes_[static_cast<std::size_t>(row)].skipped)
          outcome.skipped = {paths_[i], other->kind, other->reason};
        else
          ++result.repeated;
      }
      if (outcome.skipped) {
        skipped.push_back(*outcome.skipped);
      } else {
        rows.push_back(row);
        result.paths.push_back(paths_[i]);
        result.rows.push_back(static_cast<std::int64_t>(i));
      }
    }
    std::stable_sort(skipped.begin(), skipped.end(),
                     [](const auto& a, const auto& b) { return a.path < b.path; });
    require_some(rows, skipped);
    bool in_place = rows.size() == paths_.size();
    for (std::size_t i = 0; in_place && i < rows.size(); ++i)
      in_place = rows[i] == static_cast<std::int64_t>(i);
    result.embeddings =
        in_place ? embeddings_ : embeddings_.index_select(0, torch::tensor(rows, torch::kInt64));
    result.skipped = std::move(skipped);
    return result;
  }

 private:
  struct Decoded {
    std::int64_t index;
    torch::Tensor pixels;
  };

  void embed_some(std::int64_t begin, std::int64_t end) {
    std::vector<Decoded> decoded;
    for (std::int64_t i = begin; i < end; ++i) {
      progress_.check_stop();
      try {
        if (auto pixels = decode_unless_known(i))
          decoded.push_back({i, *pixels});
        else
          progress_.advance(1);
      } catch (const ImageError& error) {
        outcomes_[static_cast<std::size_t>(i)].skipped = {paths_[static_cast<std::size_t>(i)], error.kind(),
                                                          error.what()};
        progress_.advance(1);
      }
    }
    if (decoded.empty()) return;
    std::vector<torch::Tensor> pixels;
    for (const auto& image : decoded) pixels.push_back(image.pixels);
    const torch::Tensor features = clip_.encode_images(torch::stack(pixels));
    std::vector<EmbeddingCache::Entry> entries;
    for (std::size_t j = 0; j < decoded.size(); ++j) {
      const torch::Tensor row = features[static_cast<std::int64_t>(j)];
      embeddings_[decoded[j].index].copy_(row);
      entries.push_back({outcomes_[static_cast<std::size_t>(decoded[j].index)].content, row});
    }
    cache_.store(entries, identity_);
    for (const auto& image : decoded) note_content(image.index);
    encoded_ += static_cast<std::int64_t>(decoded.size());
    progress_.advance(static_cast<std::int64_t>(decoded.size()));
  }

  /// The pixels of a file that the model has to see, or nothing if its embedding is known or on its way.
  std::optional<torch::Tensor> decode_unless_known(std::int64_t index) {
    const std::string& path = paths_[static_cast<std::size_t>(index)];
    Outcome& outcome = outcomes_[static_cast<std::size_t>(index)];
    std::optional<ImageFile> file;
    if (auto content = list_.read ? std::nullopt : cache_.known_content(path)) {
      outcome.content = *content;
    } else {
      file = list_.read ? list_.read(index) : read_image_file(path);
      outcome.content = file->sha256;
    }
    if ((outcome.same_as = claim(outcome.content, index)) >= 0) return std::nullopt;
    if (auto known = cache_.find(outcome.content, identity_); known && known->numel() == clip_.width()) {
      embeddings_[index].copy_(*known);
      if (file) note_content(index);
      ++from_cache_;
      return std::nullopt;
    }
    if (!file) file = read_image_file(path);
    return decode_for_model(*file, clip_.preprocessor(), options_);
  }

  /// The file that came first with this content, or −1 if it is this one.
  std::int64_t claim(const std::string& content, std::int64_t index) {
    const std::lock_guard lock(mutex_);
    const auto [found, first] = claims_.emplace(content, index);
    return first ? -1 : found->second;
  }

  void note_content(std::int64_t index) {
    if (list_.read) return;  // a name says nothing about a file
    cache_.note_content(paths_[static_cast<std::size_t>(index)],
                        outcomes_[static_cast<std::size_t>(index)].content);
  }

  void require_some(const std::vector<std::int64_t>& rows, const std::vector<SkippedFile>& skipped) const {
    if (!rows.empty()) return;
    if (skipped.empty()) fail("embed_images", "there must be at least one image, got an empty list.");
    fail("embed_images", "there must be at least one usable image, but all ", skipped.size(),
         " files were skipped; the first: ", skipped.front().path, ": ", skipped.front().reason);
  }

  const Clip& clip_;
  const ImageList& list_;
  const std::vector<std::string>& paths_;
  const DecodeOptions& options_;
  EmbeddingCache& cache_;
  Progress& progress_;
  const std::string identity_;
  torch::Tensor embeddings_;
  std::vector<Outcome> outcomes_;
  std::atomic<std::int64_t> encoded_ = 0, from_cache_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> claims_;
};

}  // namespace

EmbeddedImages embed_images(const Clip& clip, const ImageList& list, const DecodeOptions& options,
                            EmbeddingCache& cache, Progress& progress) {
  check_ranges(options, "embed_images");
  progress.start("Encoding images", static_cast<std::int64_t>(list.paths.size()), "images");
  Embedder embedder(clip, list, options, cache, progress);
  embedder.embed_all();
  progress.finish();
  return embedder.result(list.skipped);
}

}  // namespace ilk
