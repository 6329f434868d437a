#include "pipeline/memory_plan.h"

#include <ilk/cae.h>
#include <ilk/threads.h>

#include <algorithm>

#include "cluster/cosine_rows.h"
#include "cluster/distributed_kmeans.h"
#include "cluster/screen.h"
#include "core/fail.h"
#include "core/memory_size.h"
#include "methods/semantic_centres.h"
#include "pipeline/method.h"

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
// For each image: its neighbours, their graph, and the graph that an approximate search walks.
constexpr double map_bytes_of_an_image = 1024;
// For each thread: blocks of images, words and cosines.
constexpr double bytes_of_a_thread = 24 << 20;

/// How many of the offered words are chosen at most.
double selected_words(const RunSize& size, const RunOptions& options, std::int64_t offered) {
  // Where the number of clusters is yet to be chosen, it may be the largest.
  const std::int64_t most_clusters = options.n_clusters ? options.n_clusters->largest() : 1;
  const double centres =
      static_cast<double>(semantic_centre_count(size.images, most_clusters, options.selection));
  return std::min(static_cast<double>(offered), centres * static_cast<double>(options.selection.top));
}

double cosine_bytes(const RunSize& size, const RunOptions& options) {
  const auto n = static_cast<double>(size.images);
  // A quarter of the images where that is more than the constant.
  const auto most = static_cast<double>(internal::CosineLimits().kept_bytes);
  return std::min(n * selected_words(size, options, std::max(size.nouns, size.captions)) * float_bytes,
                  std::max(most, n * static_cast<double>(size.dimensions)));
}

double share_bytes(const RunSize& size, const RunOptions& options) {
  const auto most = static_cast<double>(internal::CosineLimits().shares_bytes);
  double bytes = 0;
  for (const std::int64_t offered : {size.nouns, size.captions})
    bytes += std::min(
        static_cast<double>(size.images) * selected_words(size, options, offered) * float_bytes / 2, most);
  return bytes;
}

}  // namespace

double bytes_of_rows(std::int64_t rows, std::int64_t columns) {
  return static_cast<double>(rows) * static_cast<double>(columns) * float_bytes;
}

double kmeans_bytes(const RunSize& size, const RunOptions& options, std::int64_t width) {
  const std::int64_t k = options.n_clusters ? options.n_clusters->largest() : 1;
  const double starts = std::min(static_cast<double>(options.kmeans.n_init), most_starts);
  const std::int64_t n_sampled = kmeans_sample_size(size.images, k);
  const auto n = static_cast<double>(size.images), sampled = static_cast<double>(n_sampled);
  return std::min(sampled * starts * most_trials * float_bytes, most_candidate_bytes) +
         (n + sampled * starts) * bytes_of_a_start +
         (n_sampled < size.images ? bytes_of_rows(n_sampled, width) : 0) +
         std::min(bytes_of_rows(size.images, width) / 2,
                  static_cast<double>(internal::ScreenedPoints::most_memory));
}

MemoryNeed memory_need(const RunSize& size, const RunOptions& options) {
  const Method& method = find_method(options.method);
  const auto n = static_cast<double>(size.images);
  const double images = bytes_of_rows(size.images, size.dimensions);
  const double words = bytes_of_rows(std::max(size.nouns, size.captions), size.dimensions);
  const double everywhere = images + n * bytes_of_an_image + threads() * bytes_of_a_thread +
                            (words > 0 ? share_bytes(size, options) : 0);
  MemoryNeed largest;
  const auto needs = [&](const char* stage, double bytes) {
    const auto whole = static_cast<std::uint64_t>(std::min(everywhere + bytes, 4e18));
    if (whole > largest.bytes) largest = {stage, whole};
  };
  needs("clustering", kmeans_bytes(size, options, size.dimensions));
  const bool counterparts = method.needs.aligned_words != AlignedWords::none;
  if (words > 0)
    needs("aligning words",
          words + (counterparts ? 2 * images : 0) + cosine_bytes(size, options) + n * double_bytes);
  for (const auto& [stage, bytes] : method.memory(size, options)) needs(stage, bytes);
  // What was clustered is up to three features wide; the search for neighbours has two copies of it in bytes.
  const double clustered = counterparts ? 3 * images : images;
  if (options.map)
    needs("laying out the map",
          n * map_bytes_of_an_image + (counterparts ? clustered : 0) + clustered / float_bytes * 2);
  if (!options.by.empty())
    needs("clustering by a criterion", 2 * images + kmeans_bytes(size, options, size.dimensions));
  return largest;
}

void require_memory(const RunSize& size, const RunOptions& options) {
  const bool given = !options.memory.empty();
  const std::uint64_t budget =
      given ? parse_memory_size(options.memory, "run", "memory") : machine_memory() / 5 * 4;
  const MemoryNeed need = memory_need(size, options);
  const std::uint64_t held = resident_memory();
  require(held + need.bytes <= budget, "run", "memory must be at least ", memory_size_text(held + need.bytes),
          " for ", size.images, " × ", size.dimensions, " features with method ", options.method, " (",
          need.stage, " takes ", memory_size_text(need.bytes), " beside the program's ",
          memory_size_text(held), "), got ", memory_size_text(budget),
          given ? "." : ", four fifths of the machine's.");
}

}  // namespace ilk
