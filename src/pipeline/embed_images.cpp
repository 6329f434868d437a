#include "pipeline/embed_images.h"

#include <ilk/options.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/fail.h"
#include "core/option_checks.h"
#include "core/parallel.h"
#include "core/text.h"
#include "io/no_images.h"

namespace ilk {
namespace {

// Images that one thread decodes before it encodes them together: one or two of the encoder's groups, so that
// progress and the cache keep up, and a kill costs little.
constexpr std::int64_t images_at_a_time = 16;

/// Everything but the image that an embedding depends on.
std::string encoder_identity(const ImageTextEncoder& encoder, const DecodeOptions& options) {
  return concatenate(encoder.fingerprint(), " ", arithmetic_of(encoder),
                     " decode-3 shrink_on_load=", options.shrink_on_load);
}

/// What became of one file of the list.
struct Outcome {
  std::string content;  // SHA-256, once known
  std::optional<SkippedFile> skipped;
  std::int64_t same_as = -1;  // an earlier claim on the same content
};

class Embedder {
 public:
  Embedder(const ImageTextEncoder& encoder, const ImageList& list, const DecodeOptions& options,
           EmbeddingCache& cache, Progress& progress)
      : encoder_(encoder),
        list_(list),
        paths_(list.paths),
        options_(options),
        cache_(cache),
        progress_(progress),
        identity_(encoder_identity(encoder, options)),
        embeddings_(Matrix<float>::uninitialised(static_cast<std::int64_t>(paths_.size()), encoder.width())),
        outcomes_(paths_.size()) {}

  void embed_all() {
    parallel_blocks(static_cast<std::int64_t>(paths_.size()), images_at_a_time,
                    [this](std::int64_t begin, std::int64_t end, std::int64_t) { embed_some(begin, end); });
  }

  EmbeddedImages result(std::vector<SkippedFile> skipped) {
    EmbeddedImages result{.encoded = encoded_, .from_cache = from_cache_};
    const auto copy_row = [this](std::int64_t from, std::int64_t to) {
      if (from != to) std::copy_n(embeddings_[from], embeddings_.columns(), embeddings_[to]);
    };
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      Outcome& outcome = outcomes_[i];
      if (outcome.same_as < 0) continue;
      // The bytes are equal, so whatever was wrong with the other file is wrong with this one.
      if (const auto& other = outcomes_[static_cast<std::size_t>(outcome.same_as)].skipped) {
        outcome.skipped = {paths_[i], other->kind, other->reason};
      } else {
        copy_row(outcome.same_as, static_cast<std::int64_t>(i));
        ++result.repeated;
      }
    }
    // The rows of usable images move up in place.
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (const auto& left_out = outcomes_[i].skipped) {
        skipped.push_back(*left_out);
      } else {
        copy_row(row, static_cast<std::int64_t>(result.rows.size()));
        result.paths.push_back(paths_[i]);
        result.rows.push_back(row);
      }
    }
    std::stable_sort(skipped.begin(), skipped.end(),
                     [](const auto& a, const auto& b) { return a.path < b.path; });
    require_some(result.rows, skipped);
    embeddings_.keep_rows(static_cast<std::int64_t>(result.rows.size()));
    result.embeddings = std::move(embeddings_);
    result.skipped = std::move(skipped);
    return result;
  }

 private:
  void embed_some(std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> decoded;  // whose pixels are the rows of `pixels`
    Matrix<float> pixels;
    for (std::int64_t i = begin; i < end; ++i) {
      progress_.check_stop();
      try {
        const auto image = decode_unless_known(i);
        if (!image) {
          progress_.advance(1);
          continue;
        }
        if (pixels.empty()) pixels = Matrix<float>::uninitialised(end - i, image->size());
        std::copy_n(image->data(), image->size(), pixels[static_cast<std::int64_t>(decoded.size())]);
        decoded.push_back(i);
      } catch (const ImageError& error) {
        outcomes_[static_cast<std::size_t>(i)].skipped = {paths_[static_cast<std::size_t>(i)], error.kind(),
                                                          error.what()};
        progress_.advance(1);
      }
    }
    if (decoded.empty()) return;
    const auto n = static_cast<std::int64_t>(decoded.size());
    const Matrix<float> features = encoder_.encode_images(pixels.rows_between(0, n));
    std::vector<EmbeddingCache::Entry> entries;
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t index = decoded[static_cast<std::size_t>(j)];
      const auto row = features.row(j);
      std::copy(row.begin(), row.end(), embeddings_[index]);
      entries.push_back({outcomes_[static_cast<std::size_t>(index)].content, {row.begin(), row.end()}});
    }
    cache_.store(entries, identity_);
    for (const std::int64_t index : decoded) note_content(index);
    encoded_ += n;
    progress_.advance(n);
  }

  /// The pixels of a file that the model has to see, or nothing if its embedding is known or on its way.
  std::optional<Matrix<float>> decode_unless_known(std::int64_t index) {
    const std::string& path = paths_[static_cast<std::size_t>(index)];
    Outcome& outcome = outcomes_[static_cast<std::size_t>(index)];
    std::optional<ImageFile> file;
    if (auto content = list_.read ? std::nullopt : cache_.known_content(path)) {
      outcome.content = *content;
    } else {
      file = list_.read ? list_.read(index) : read_image_file(path);
      outcome.content = file->sha256;
    }
    outcome.same_as = claim(outcome.content, index);
    if (outcome.same_as >= 0) return std::nullopt;
    if (auto known = cache_.find(outcome.content, identity_);
        known && static_cast<std::int64_t>(known->size()) == encoder_.width()) {
      std::copy(known->begin(), known->end(), embeddings_[index]);
      if (file) note_content(index);
      ++from_cache_;
      return std::nullopt;
    }
    if (!file) file = read_image_file(path);
    return decode_for_model(*file, encoder_.preprocessor(), options_);
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
    if (rows.empty()) fail_without_images(skipped, "embed_images");
  }

  const ImageTextEncoder& encoder_;
  const ImageList& list_;
  const std::vector<std::string>& paths_;
  const DecodeOptions& options_;
  EmbeddingCache& cache_;
  Progress& progress_;
  const std::string identity_;
  Matrix<float> embeddings_;
  std::vector<Outcome> outcomes_;
  std::atomic<std::int64_t> encoded_ = 0, from_cache_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> claims_;
};

/// "Reading images: 255 known, 8 skipped": no rate, since nothing was encoded.
std::string without_encoding(const EmbeddedImages& images) {
  std::string text = concatenate("Reading images: ", images.from_cache, " known");
  if (images.repeated > 0) text += concatenate(", ", images.repeated, " repeated");
  if (!images.skipped.empty()) text += concatenate(", ", images.skipped.size(), " skipped");
  return text;
}

}  // namespace

EmbeddedImages embed_images(const ImageTextEncoder& encoder, const ImageList& list,
                            const DecodeOptions& options, EmbeddingCache& cache, Progress& progress) {
  check_ranges(options, "embed_images");
  progress.start("Encoding images", static_cast<std::int64_t>(list.paths.size()), "images");
  Embedder embedder(encoder, list, options, cache, progress);
  embedder.embed_all();
  EmbeddedImages result = embedder.result(list.skipped);
  if (result.encoded > 0)
    progress.finish();
  else
    progress.conclude(without_encoding(result));
  return result;
}

EmbeddedImages embed_images(const ImageTextEncoder& encoder, const ImageList& list,
                            const DecodeOptions& options, Progress& progress) {
  EmbeddingCache nothing_kept{std::filesystem::path()};
  return embed_images(encoder, list, options, nothing_kept, progress);
}

}  // namespace ilk
