#pragma once
// N images, K clusters, R classes; R runs, side by side.
#include <ilk/dataset.h>
#include <ilk/metrics.h>
#include <ilk/naming.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

struct EvaluateOptions {
  std::string labels;
  std::string dataset;
  std::string wordnet;
  std::string text_encoder;
  std::optional<std::int64_t> level;
  DatasetOptions part;
  SeparationOptions separation;
};

template <OptionsOf<EvaluateOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"labels", options.labels,
              "CSV of path and label, or a label for each row of assignments.csv (lines, or an array of "
              "whole numbers)"});
  visit(Field{"dataset", options.dataset,
              "data set that was clustered, for its labels: a path, FORMAT:PATH, or the name of one that was "
              "fetched"});
  visit(Field{"wordnet", options.wordnet,
              "folder with WordNet's data.noun and index.noun, by which names are compared with labels (else "
              "found)"});
  visit(
      Field{"text_encoder", options.text_encoder,
            "a model that reads names and labels too, and gives the cosine of both (ilk-lite, or a sentence "
            "encoder)"});
  visit(Field{
      "level", options.level,
      "of nested clusters, the level to judge, by its number of clusters (else the finest, and the scores "
      "of the others below)"}
            .at_least(1));
  visit.group("part", options.part);
  visit.group("separation", options.separation);
}

/// How good the clusters of a run are.
struct Evaluation {
  std::int64_t n_images = 0;
  std::int64_t unlabelled = 0;              ///< images without a label; all of them where none were given
  std::vector<std::string> cluster_names;   ///< of the K clusters, by number
  std::vector<std::string> classes;         ///< names of the rows of `matched`
  std::optional<Agreement> agreement;       ///< with the labels, where given
  std::optional<MatchedConfusion> matched;  ///< of the labelled images
  std::vector<std::string> class_names;     ///< of `names`, by number
  std::optional<NameCorrectness> names;     ///< against the labels, where WordNet is there and knows one
  /// Mean over the labelled images of the cosine of their cluster's name with their label, 0 where there is
  /// no name; where a text encoder was named.
  std::optional<double> name_cosine;
  std::optional<Separation>
      separation;  ///< of the features that were clustered; absent where they are not there
  /// Of nested clusters, how far each level above agrees with the labels, fewest clusters first; where labels
  /// were given, and no level.
  struct Level {
    std::int64_t n_clusters = 0;
    Agreement agreement;
    std::optional<double> right;  ///< NameCorrectness::right
  };
  std::vector<Level> levels;
  std::string notice;  ///< what the user should know of the run: that it is not complete; else empty
};

/// Scores a run directory (assignments.csv and, for scores without labels, features.safetensors) against
/// labels, or by itself where no labels are named. Labels are matched as read_labels does; a data set's by
/// its images' names, or by row where the run's rows have no names but their numbers. Throws Error naming
/// file and rule.
Evaluation evaluate(const std::filesystem::path& run_directory, const EvaluateOptions& options = {});

/// The machine-readable form of `ilk eval --json`; scores that are not defined are null.
std::string to_json(const Evaluation& evaluation);

/// The confusion matrix as a picture (SVG): a row a class, a column a cluster in the order of the best
/// matching, each cell the darker the larger its share of the row. Requires `matched`.
std::string confusion_picture(const Evaluation& evaluation);

/// Runs over the same images, side by side.
struct Comparison {
  struct Run {
    std::string path, method;        ///< method: empty where the run has no manifest
    std::string notice;              ///< that it is not complete; else empty
    std::int64_t n_images = 0;       ///< of the run, whether others have them or not
    std::vector<std::string> names;  ///< of its clusters
    std::vector<std::int64_t> sizes;
    std::optional<Agreement> agreement;  ///< with the labels, of the images that all runs have
  };
  std::int64_t n_images = 0;
  std::vector<Run> runs;
  Matrix<double> adjusted_rand_index;  ///< (R, R), of each run with each
};

/// Compares finished runs by the images whose paths all of them have; labels as evaluate takes them. Throws
/// Error for fewer than two runs, for runs that share no image, and as evaluate does.
Comparison compare(const std::vector<std::string>& runs, const EvaluateOptions& labels = {});

std::string to_json(const Comparison& comparison);

}  // namespace ilk
