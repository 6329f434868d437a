#pragma once
// N images, U of them unlike each other.
#include <functional>
#include <optional>
#include <vector>

#include "pipeline/run_directory.h"

namespace ilk {

/// All images of a run while it clusters one of each group of copies.
struct WithCopies {
  EmbeddedImages all;                       ///< the N images
  std::vector<std::int64_t> stands_for_it;  ///< (N): the row among the U that are clustered
  std::vector<std::int64_t> original;       ///< (U): the row among the N
};

/// Leaves the best of each group of copies in `images` (duplicate_groups with usual_similarity) and returns
/// what was there; `read` gives the bytes of an image by its path and row. Nothing where there are no copies.
std::optional<WithCopies> leave_out_copies(
    EmbeddedImages& images, const std::function<ImageFile(const std::string& path, std::int64_t image)>& read,
    const DecodeOptions& options, Progress& progress);

/// Gives each copy the cluster and the words of the image that stood for it.
void spread_to_copies(RunRecord& record, WithCopies images);

}  // namespace ilk
