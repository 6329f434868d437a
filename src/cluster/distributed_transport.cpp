// N images of which no process has all, M words, D dimensions.
#include "cluster/distributed_transport.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <optional>

#include "cluster/transport_checks.h"
#include "cluster/transport_passes.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t most_chunks = 128, most_half_chunks = 32;
// Fewer images than this say nothing of the others.
constexpr std::int64_t least_sample = 64;
// Where all cosines are kept, one in so many images is the sample, if these are so many for each word; fewer
// cost more than they save.
constexpr std::int64_t images_for_one_sampled = 8, least_sampled_for_a_word = 4;
// Where less than this share of the images can be kept, the heaviest entries of all are.
constexpr std::int64_t images_for_one_kept = 8, bytes_of_an_entry = 8;

/// The sample's images are numbers 0, 1, …; of those before image i there are i · sample / N.
struct Sample {
  std::int64_t n, size;
  std::int64_t before(std::int64_t image) const { return image * size / n; }
  std::int64_t image(std::int64_t number) const { return block_count((number + 1) * n, size) - 1; }
  /// The first image of all others that has so many others before it.
  std::int64_t other(std::int64_t number) const {
    std::int64_t low = number, high = std::min(n, number + size);  // the image is in low … high
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      // Others up to and with `middle`.
      (middle + 1 - before(middle + 1) > number) ? high = middle : low = middle + 1;
    }
    return low;
  }
};

}  // namespace

TransportChunks transport_chunks(std::int64_t n, std::int64_t m, std::int64_t dimensions) {
  constexpr auto function = "transport_chunks";
  require(n >= 1 && m >= 1 && dimensions >= 1, function, "there must be images, words and dimensions.");
  const std::int64_t block = internal::cosine_block(m), bytes = internal::kept_cosine_bytes(n, dimensions);
  const auto& limits = internal::cosine_limits();
  TransportChunks found;
  found.n_images = n;
  found.kept = std::min({n, limits.most_kept_images, bytes / (m * 4)});
  if (found.kept < n / images_for_one_kept) {
    // Too few images are kept to stand for the others: half of the memory goes to entries of all images.
    found.kept /= 2;
    found.entries = std::min({m, limits.most_entries, bytes / (2 * bytes_of_an_entry * n)});
  }
  if (found.kept < least_sample) found.kept = 0;
  found.sample = found.kept < n ? found.kept : n / images_for_one_sampled;
  if (found.kept == n && found.sample < std::max(least_sample, least_sampled_for_a_word * m))
    found.sample = 0;
  if (found.sample == 0) {
    found.chunks = internal::even_chunks(0, n, most_chunks, block);
    return found;
  }
  const auto add = [&](std::int64_t begin, std::int64_t end, std::int64_t most) {
    for (const auto& chunk : internal::even_chunks(begin, end, most, block)) found.chunks.push_back(chunk);
    return static_cast<std::int64_t>(found.chunks.size());
  };
  const std::int64_t middle = (found.sample + 1) / 2;
  found.first_half_chunks = add(0, middle, most_half_chunks);
  found.sample_chunks = add(middle, found.sample, most_half_chunks);
  add(found.sample, n, most_chunks);
  return found;
}

std::vector<std::int64_t> TransportChunks::images(std::int64_t begin, std::int64_t end) const {
  const Sample drawn{n_images, sample};
  const std::int64_t middle = (sample + 1) / 2;
  std::vector<std::int64_t> found;
  found.reserve(static_cast<std::size_t>(end - begin));
  std::int64_t place = begin;
  for (; place < std::min(end, middle); ++place) found.push_back(drawn.image(2 * place));
  for (; place < std::min(end, sample); ++place) found.push_back(drawn.image(2 * (place - middle) + 1));
  if (place >= end) return found;
  std::int64_t image = sample > 0 ? drawn.other(place - sample) : place;
  for (; place < end; ++image) {
    if (sample > 0 && drawn.before(image + 1) > drawn.before(image)) continue;
    found.push_back(image);
    ++place;
  }
  return found;
}

struct TransportWords::Held {
  MatrixView<const float> words;
  internal::PackedWords packed;
};

TransportWords::TransportWords(MatrixView<const float> words)
    : held_(new Held{words, internal::PackedWords(words)}) {
  require_unit_rows(words, "TransportWords", "words");
}
TransportWords::~TransportWords() = default;
TransportWords::TransportWords(TransportWords&&) noexcept = default;

struct TransportPart::Held {
  MatrixView<const float> images;
  const TransportWords::Held& words;
  std::int64_t n_images;
  double epsilon;
  std::optional<internal::HeaviestEntries> entries;
  std::optional<internal::CosineRows> kept;

  /// Calls body(rows): those whose cosines are kept, or such as are there for one pass only.
  template <class Body>
  void with_rows(Body body) {
    if (kept) return body(*kept);
    internal::CosineRows rows = made(0);
    body(rows);
  }
  internal::CosineRows made(std::int64_t n_kept) const {
    return {images, words.words, {}, {{0, images.rows()}}, n_kept, silent(), &words.packed};
  }
};

TransportPart::TransportPart(MatrixView<const float> images, const TransportWords& words,
                             std::int64_t n_images, double epsilon, bool keep_cosines, std::int64_t entries)
    : held_(new Held{images, *words.held_, n_images, epsilon, std::nullopt, std::nullopt}) {
  internal::require_aligned(images, words.held_->words, "TransportPart");
  if (entries > 0) held_->entries.emplace(images.rows(), words.held_->words.rows(), entries, epsilon);
  if (keep_cosines)
    held_->kept.emplace(images, words.held_->words, std::vector<std::int64_t>(),
                        std::vector<TransportChunks::Chunk>{{0, images.rows()}}, images.rows(), silent(),
                        &words.held_->packed);
}
TransportPart::~TransportPart() = default;
TransportPart::TransportPart(TransportPart&&) noexcept = default;

void TransportPart::sums(std::span<const double> column_potentials, CosinesBy by, bool take_entries,
                         std::span<double> sums) {
  const MatrixView<double> to(sums.data(), 1, static_cast<std::int64_t>(sums.size()));
  held_->with_rows([&](internal::CosineRows& rows) {
    internal::walk_plan(rows, by, 1, column_potentials, held_->epsilon, /*times_cosine=*/true,
                        {.sums = to, .entries = take_entries && held_->entries ? &*held_->entries : nullptr},
                        silent());
  });
}

void TransportPart::log_sums(const std::vector<std::int64_t>& columns,
                             std::span<const double> column_potentials, CosinesBy by,
                             std::span<double> highest, std::span<double> sums) {
  const std::int64_t n = held_->images.rows();
  const auto words = PackedMatrix::of_transpose(rows_of(held_->words.words, columns));
  std::vector<double> row_potentials(static_cast<std::size_t>(n));
  held_->with_rows([&](internal::CosineRows& rows) {
    internal::walk_plan(rows, by, 1, column_potentials, held_->epsilon, /*times_cosine=*/true,
                        {.row_potentials = row_potentials, .n_images = held_->n_images}, silent());
    internal::add_log_sums(rows, {0, n}, words, columns, column_potentials, row_potentials, held_->epsilon,
                           highest, sums);
  });
}

double TransportPart::entry_sums(std::span<const float> changes, double factor,
                                 std::span<double> sums) const {
  const std::optional<internal::HeaviestEntries>& entries = held_->entries;
  if (!entries) fail("entry_sums", "no entries were asked for.");
  return entries->add_sums(0, held_->images.rows(), changes, factor, sums);
}

}  // namespace ilk
