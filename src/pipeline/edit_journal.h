#pragma once
// N images, K clusters as the method made them, D dimensions of an embedding.
#include <ilk/matrix.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pipeline/edit_run.h"

namespace ilk {

/// The function of all errors of edits.
inline constexpr std::string_view in_edit = "edit";

/// A line of edits.jsonl.
struct Edit {
  using Kind = EditRequest::Kind;
  Kind kind = Kind::rename;
  std::int64_t cluster = 0;            ///< the one that is edited, or was made
  std::vector<std::int64_t> clusters;  ///< merge: those that went into it; split: the parts' numbers
  std::vector<std::string> names;      ///< rename: one; split: of the parts; move to a new cluster: one
  std::vector<std::string> images;     ///< move: those moved; lock: its members
  std::vector<std::vector<float>> centroids;  ///< split: (parts, D), of unit length
};

/// "cluster 3 was called “parrot”"
std::string sentence(const Edit& edit);

std::vector<Edit> read_edits(const std::filesystem::path& run);
/// No edits: the file is removed.
void write_edits(const std::filesystem::path& run, const std::vector<Edit>& edits);

struct EditedCluster {
  std::string name;
  bool locked = false;
  std::int64_t merged_into = -1;
};

/// Images and clusters, before or after edits.
struct EditedClusters {
  std::vector<std::int64_t> labels, seconds;  ///< (N); −1 among `seconds`: there is no second cluster
  std::vector<EditedCluster> clusters;        ///< by number
};

/// What a replay must know of the images besides.
struct EditedImages {
  std::vector<std::string> paths;                    ///< (N)
  std::function<const Matrix<float>&()> embeddings;  ///< (N, D), rows of unit length; for splits
  /// Where images of the last run were, by path; locked clusters keep those that they have.
  std::unordered_map<std::string, std::int64_t> before;
};

/// Does the edits again, in their order. What cannot be done any more (a cluster that is not there, centroids
/// of another model) is left out, with a notice.
EditedClusters replay(EditedClusters clusters, const std::vector<Edit>& edits, const EditedImages& images,
                      std::vector<std::string>& notices);

/// Whether a path is the same as it is written in JSON.
std::string path_key(const std::string& path);

}  // namespace ilk
