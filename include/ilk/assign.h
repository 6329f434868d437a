#pragma once
// N new images, K clusters of a run.
#include <ilk/encoder.h>
#include <ilk/image_list.h>
#include <ilk/kmeans.h>
#include <ilk/naming.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

struct AssignOptions {
  std::string features;
  std::string model;
  Device device = Device::automatic;
  std::optional<std::int64_t> threads;
  std::string cache;
};

template <OptionsOf<AssignOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"features", options.features,
              "place these features instead of images: X.npy, X.npz:name or X.safetensors:name, from the "
              "run's model"});
  visit(Field{"model", options.model, "where the run's model is now, if not where it was"});
  visit(Field{"device", options.device, device_help});
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
  visit(
      Field{"cache", options.cache, "folder for embeddings that are kept between runs; none: keep nothing"});
}

/// Where new images belong among the clusters of a run.
struct Placement {
  std::vector<std::string> paths;          ///< of the usable images; row numbers for features from a file
  Assignment assignment;                   ///< of each
  std::vector<std::string> cluster_names;  ///< of the K clusters
  ClusterLevels levels;                    ///< above them, where the run's clusters are nested
  std::vector<SkippedFile> skipped;
};

/// Places images in the clusters of a finished run without clustering again, as the run's method does it: by
/// centroids (kmeans), by counterparts, fusion and centroids (cae, tac), by the image head (sac,
/// tac-trained). An image of the run gets the cluster it has there. Where an image
/// is placed does not depend on the others.
/// What is encoded is of the run's precision, which is fp32 where the device of either is cuda. `images` must
/// be empty where options.features is given. Throws Error for a folder that is no finished run, another model
/// than the run's, features of another width; where no image is usable.
Placement assign(const std::filesystem::path& run, const ImageList& images, const AssignOptions& options,
                 Progress& progress = silent());

/// A CSV: path, cluster, name, score, second_cluster, margin; with levels, the cluster and name of each.
std::string to_csv(const Placement& placement);

}  // namespace ilk
