#include "memory_plan.h"

#include <ilk/error.h>
#include <ilk/memory_size.h>
#include <ilk/parallel.h>

#include <algorithm>

#include "method.h"

namespace ilk {
namespace {

constexpr double float_bytes = 4, double_bytes = 8;
// k-means++ keeps cosines of all points with the candidates of the starts that run side by side; k-means
// itself sees to it that they are not more than this.
constexpr double most_candidate_bytes = 1 << 28;
// For each point of each start side by side: a label, a margin, a distance.
constexpr double bytes_of_a_start = 12, most_starts = 32, most_trials = 12;
// For each image: its name, scores and runners-up, its row of a table.
constexpr double bytes_of_an_image = 512;
// For each thread: blocks of images, words and cosines.
constexpr double bytes_of_a_thread = 24 << 20;
// What a solve of the transport keeps of the cosines, a quarter of the images where that is more; and of the
// plan's rows until the clusters have their names.
constexpr double most_cosine_bytes = 256 << 20, most_share_bytes = 128 << 20;

double kmeans_bytes(double points, const KMeansOptions& options) {
  const double starts = std::min(static_cast<double>(options.n_init), most_starts);
  return std::min(points * starts * most_trials * float_bytes, most_candidate_bytes) +
         points * starts * bytes_of_a_start;
}

/// How many of the offered words are chosen at most.
double selected_words(const RunSize& size, const RunOptions& options, std::int64_t offered) {
  const SelectionOptions& selection = options.cae.selection;
  const double centres =
      static_cast<double>(semantic_centre_count(size.images, options.cae.kmeans.n_clusters, selection));
  return std::min(static_cast<double>(offered), centres * static_cast<double>(selection.top));
}

double cosine_bytes(const RunSize& size, const RunOptions& options) {
  const auto n = static_cast<double>(size.images);
  return std::min(n * selected_words(size, options, std::max(size.nouns, size.captions)) * float_bytes,
                  std::max(most_cosine_bytes, n * static_cast<double>(size.dimensions)));
}

double share_bytes(const RunSize& size, const RunOptions& options) {
  double bytes = 0;
  for (const std::int64_t offered : {size.nouns, size.captions})
    bytes +=
        std::min(static_cast<double>(size.images) * selected_words(size, options, offered) * float_bytes / 2,
                 most_share_bytes);
  return bytes;
}

}  // namespace

MemoryNeed memory_need(const RunSize& size, const RunOptions& options) {
  // In floating point, which a file that claims an absurd size does not overflow.
  const auto n = static_cast<double>(size.images), d = static_cast<double>(size.dimensions);
  const double images = n * d * float_bytes;
  const double words = static_cast<double>(std::max(size.nouns, size.captions)) * d * float_bytes;
  const double everywhere = images + n * bytes_of_an_image + threads() * bytes_of_a_thread +
                            (words > 0 ? share_bytes(size, options) : 0);
  MemoryNeed largest;
  const auto needs = [&](const char* stage, double bytes) {
    const auto whole = static_cast<std::uint64_t>(std::min(bytes, 4e18));
    if (whole > largest.bytes) largest = {stage, whole};
  };
  needs("clustering", everywhere + kmeans_bytes(n, options.cae.kmeans));
  if (words > 0)
    needs("aligning words", everywhere + words + (fuses_words(options.method) ? 2 * images : 0) +
                                cosine_bytes(size, options) + n * double_bytes);
  if (options.method == Method::sac || options.method == Method::tac_trained) {
    // Neighbours in both spaces; of both heads weights, gradients, moments and what is saved of them.
    const auto neighbours =
        static_cast<double>(options.training.neighbours > 0 ? options.training.neighbours : 50);
    needs("training", everywhere + images + 2 * n * neighbours * float_bytes + 2 * d * d * float_bytes * 7);
  } else if (options.method == Method::tac) {
    needs("clustering", everywhere + 3 * images + kmeans_bytes(n, options.cae.kmeans));
  } else if (needs_words(options.method)) {
    const int parts = 1 + (size.nouns > 0 && options.levels != Levels::captions) +
                      (size.captions > 0 && options.levels != Levels::nouns);
    const double fused = options.cae.fusion.fusion == FusionKind::sum ? images : parts * images;
    needs("fusing", everywhere + (parts - 1) * images + fused);
    // The automatic method keeps the counterparts, by which it judges.
    const double judged_by = options.method == Method::automatic ? (parts - 1) * images : 0;
    needs("clustering", everywhere + fused + judged_by + kmeans_bytes(n, options.cae.kmeans));
  }
  return largest;
}

void require_memory(const RunSize& size, const RunOptions& options) {
  const bool given = !options.memory.empty();
  const std::uint64_t budget =
      given ? parse_memory_size(options.memory, "run", "memory") : machine_memory() / 5 * 4;
  const MemoryNeed need = memory_need(size, options);
  const std::uint64_t held = resident_memory();
  require(held + need.bytes <= budget, "run", "memory must be at least ", memory_size_text(held + need.bytes),
          " for ", size.images, " × ", size.dimensions, " features with method ", enum_name(options.method),
          " (", need.stage, " takes ", memory_size_text(need.bytes), " beside the program's ",
          memory_size_text(held), "), got ", memory_size_text(budget),
          given ? "." : ", four fifths of the machine's.");
}

}  // namespace ilk
