#pragma once
// N images, P words of a kind, D dimensions, K clusters.
#include <ilk/run.h>

#include <cstdint>

namespace ilk {

/// How large a run is, as far as it is known.
struct RunSize {
  std::int64_t images = 0;      ///< N
  std::int64_t dimensions = 0;  ///< D
  std::int64_t nouns = 0, captions = 0;
};

/// What a stage of a run holds at once, in bytes: in floating point, which a file that claims an absurd size
/// does not overflow.
struct StageMemory {
  const char* stage = "";
  double bytes = 0;
};

/// Rows of float32.
double bytes_of_rows(std::int64_t rows, std::int64_t columns);
/// What k-means of the images' features, `width` numbers each, holds beside them.
double kmeans_bytes(const RunSize& size, const RunOptions& options, std::int64_t width);

/// What the largest stage of a run holds at once: `bytes` beside the program itself.
struct MemoryNeed {
  const char* stage = "";
  std::uint64_t bytes = 0;
};
MemoryNeed memory_need(const RunSize& size, const RunOptions& options);

/// Throws Error that says how much is needed where the options' memory (by default four fifths of the
/// machine's) cannot hold what the process holds already and the run's largest stage.
void require_memory(const RunSize& size, const RunOptions& options);

}  // namespace ilk
