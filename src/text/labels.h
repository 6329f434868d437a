#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Known classes of some of the images, for scoring.
struct Labels {
  std::vector<std::string> classes;    ///< names, in alphabetical order; of numbers, in their order
  std::vector<std::int64_t> of_image;  ///< (N): number of the class, −1 where there is none
  bool by_row = false;                 ///< matched in the order of the rows, not by path
};

/// Reads labels from
/// - a table divided by , ; tabs or |, with a header that names a path and a label column ("path" or
///   "file_name", "image", …; "label" or "class", "category", …) or with two columns (read_path_table):
///   matched by path, as the run wrote it, from the table's folder, or by the ending that only one image has
///   (ImageMatcher), with its extension or without, so that it still fits where images, table or working
///   directory have moved;
/// - one label a line (a first line "label" may stand above them): matched in order, one for each image;
/// - an array of N whole numbers or texts (.npy, .npz:name, .safetensors:name): matched in order; a negative
///   number means no label.
/// A blank label is none. What is matched in order needs `in_order`: a folder's images have no order that a
/// list could follow. Throws Error where no image is mentioned at all or none gets a class, where two rows
/// say different things of an image, and for a count that is not N.
Labels read_labels(const std::string& place, const std::vector<std::string>& image_paths,
                   bool in_order = false);

/// Classes and clusters of the images that have a label, for the metrics; `clusters` (N).
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> labelled_only(
    const Labels& labels, std::span<const std::int64_t> clusters);

}  // namespace ilk
