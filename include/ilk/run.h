#pragma once
// A run: from a folder of images, or from features that somebody else made, to named clusters in a run
// directory.
#include <ilk/cae.h>
#include <ilk/cluster_count.h>
#include <ilk/dataset.h>
#include <ilk/encoder.h>
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/metrics.h>
#include <ilk/naming.h>
#include <ilk/progress.h>
#include <ilk/sac.h>
#include <ilk/tac.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// The names of the methods, as RunOptions::method takes them.
std::vector<std::string> method_names();
/// The same, each with what it clusters by.
std::string method_help();

enum class Levels { both, nouns, captions };
constexpr auto enum_names(Levels) {
  return std::array<std::string_view, 3>{"both", "nouns", "captions"};
}

enum class MissingCaptions { refuse, retrieve };
constexpr auto enum_names(MissingCaptions) {
  return std::array<std::string_view, 2>{"refuse", "retrieve"};
}

struct RunOptions {
  std::filesystem::path output = "run";
  std::string features;
  std::string names;
  std::string noun_features;
  std::string caption_features;
  std::string text_features;
  std::string model = "ilk-lite";
  std::optional<ClusterCount> n_clusters;
  std::uint64_t seed = 0;
  std::string method = "auto";
  Levels levels = Levels::both;
  std::string nouns;
  std::string wordnet;
  std::string captions_corpus;
  std::string templates;
  std::string captions;
  std::string text_encoder;
  MissingCaptions missing_captions = MissingCaptions::refuse;
  std::string labels;
  bool unique = false;
  std::string by;
  Device device = Device::automatic;
  Precision precision = Precision::automatic;
  std::optional<std::int64_t> threads;
  std::string memory;
  std::string cache;
  std::int64_t exemplars = 24;
  bool map = true;
  DatasetOptions dataset;
  DecodeOptions images;
  KMeansSearch kmeans;
  SelectionOptions selection;
  Alignment alignment = Alignment::transport;
  TransportOptions transport;
  double temperature = 0.005;
  FusionOptions fusion;
  TrainingOptions training;
  SacLossOptions sac;
  TacLossOptions tac;
};

template <OptionsOf<RunOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"output", options.output, "folder for the results"});
  visit(Field{
      "features", options.features,
      "cluster these features instead of images: X.npy, X.npz:name or X.safetensors:name, a row for each "
      "(--nouns and --captions-corpus then need features too)"});
  visit(
      Field{"names", options.names, "file of names or image paths, one a line, for the rows of --features"});
  visit(Field{"noun_features", options.noun_features,
              "features of the nouns, a row for each of --nouns, in the space of --features"});
  visit(Field{"caption_features", options.caption_features,
              "features of the captions, a row for each of --captions-corpus"});
  visit(Field{"text_features", options.text_features,
              "features of a text for each row of --features, of any width, that --method sac learns from "
              "(else nouns are retrieved)"});
  visit(Field{"model", options.model,
              "ilk-lite, another name from `ilk models list`, or a CLIP's Hugging Face directory"});
  visit(Field{"n_clusters", options.n_clusters,
              "how many clusters to make: a number; auto, which chooses one of 2..40; another range, such as "
              "5..60; or several numbers, such as 5,20,80, for nested clusters"});
  visit(Field{"seed", options.seed, "number that all random choices start from; same seed, same labels"});
  const std::string methods = method_help();
  visit(Field{"method", options.method, methods});
  visit(Field{"levels", options.levels, "texts that auto and cae align: nouns, captions or both"});
  visit(Field{
      "nouns", options.nouns,
      "file of nouns, one a line, or a list such as fish,dog,castle, or what `ilk vocab build` wrote (else "
      "the model's own list, else WordNet)"});
  visit(Field{"wordnet", options.wordnet, "folder with WordNet's data.noun and index.noun (else found)"});
  visit(Field{"captions_corpus", options.captions_corpus,
              "file of captions: lines, COCO JSON, Flickr token or CSV (else the model's own, else WordNet's "
              "glosses)"});
  visit(Field{"templates", options.templates, "file of prompt templates, one a line with {} for the noun"});
  visit(Field{
      "captions", options.captions,
      "a text for each image, which --method sac learns from: what `ilk caption` writes, a CSV of path and "
      "caption, or a folder of .txt files (else nouns are retrieved)"});
  visit(Field{"text_encoder", options.text_encoder,
              "the model that reads --captions: a sentence encoder or a CLIP (else the images' own model)"});
  visit(Field{"missing_captions", options.missing_captions,
              "refuse: every image needs a text; retrieve: those without get retrieved nouns"});
  visit(Field{
      "labels", options.labels,
      "CSV of path and label, to score the clusters against; never used to cluster. With --features also "
      "one label a line, or an array of whole numbers"});
  visit(
      Field{"unique", options.unique,
            "cluster one of each set of exact and near-duplicates (as `ilk inspect` finds them) and give the "
            "others its cluster"});
  visit(Field{"by", options.by,
              "cluster the same images by a criterion too: colour, place, another noun of WordNet (by the "
              "words below "
              "it), or a file of words; several with commas, each with its own number of clusters: "
              "colour=6,place=4"});
  visit(Field{"device", options.device, device_help});
  visit(Field{"precision", options.precision, precision_help});
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
  visit(Field{
      "memory", options.memory,
      "most memory to use, such as 6GiB (default: four fifths of the machine's); a run that needs more is "
      "refused before it begins"});
  visit(
      Field{"cache", options.cache, "folder for embeddings that are kept between runs; none: keep nothing"});
  visit(Field{"exemplars", options.exemplars, "pictures of each cluster in the report"}.between(0, 1000));
  visit(Field{"map", options.map, "lay the images out on a plane, for the report's map"});
  visit.group("dataset", options.dataset);
  visit.group("images", options.images);
  visit.group("kmeans", options.kmeans);
  visit.group("selection", options.selection);
  visit(Field{"alignment", options.alignment,
              "transport: optimal transport; softmax: plain retrieval, for ablations"});
  visit.group("transport", options.transport);
  visit(Field{"temperature", options.temperature, "temperature of softmax retrieval"}.above(0));
  visit.group("fusion", options.fusion);
  visit.group("training", options.training);
  visit.group("sac", options.sac);
  visit.group("tac", options.tac);
}

/// Where a run's images come from; see list_images.
struct RunInputs {
  std::vector<std::string> paths;   ///< folders, files, patterns; or one data set as open_dataset takes it
  std::vector<std::string> listed;  ///< paths that a program wrote down
};

/// What a run found, for those who started it; the same facts are in the run directory.
struct RunSummary {
  struct Cluster {
    ClusterName name;
    std::string caption;  ///< the most distinctive caption, empty where there is none
    std::int64_t size = 0;
    double density = 0;  ///< mean cosine of its images with its centroid, in the clustered space
    std::vector<std::string> exemplars;  ///< paths, nearest to the centroid first
  };
  /// Other clusters of the same images, in a run directory of their own, by/NAME.
  struct Criterion {
    std::string name, meaning;     ///< "colour"; where its words are from
    double alignment = 1;          ///< how much `clusters` follow this criterion, 0 … 1
    bool within_clusters = false;  ///< whether images were compared within each of `clusters` only
    std::vector<Cluster> clusters;
  };
  std::vector<Cluster> clusters;
  std::vector<Criterion> criteria;
  ClusterLevels levels;  ///< above the clusters, where several numbers of them were asked for
  std::int64_t n_images = 0, encoded = 0, from_cache = 0, repeated = 0;
  std::vector<SkippedFile> skipped;
  std::string features;                          ///< what was read instead of images; empty for images
  std::string model, model_fingerprint, device;  ///< the first two empty where features were read
  std::string precision;                         ///< fp32 or int16; empty where features were read
  std::int64_t n_nouns = 0, n_captions = 0;      ///< offered
  std::int64_t selected_nouns = 0, selected_captions = 0;
  double objective = 0;
  std::optional<ClusterCountChoice> cluster_count;      ///< where the number of clusters was to be chosen
  std::optional<Agreement> agreement;                   ///< with the labels, where given
  std::int64_t unlabelled = 0;                          ///< images that the labels do not mention
  bool labels_by_row = false;                           ///< the labels came in the order of the rows
  std::vector<std::pair<std::string, double>> seconds;  ///< by stage, in order
  double total_seconds = 0;
  double peak_memory_mebibytes = 0;  ///< of the process, resident
  std::vector<std::string> notices;
};

/// Runs everything: lists and encodes the images and embeds the vocabulary, or reads the features of both
/// from files where `options.features` names one (no model is loaded then, and `inputs` must be empty);
/// clusters, names, and writes the run directory (manifest.json, assignments.csv, clusters.json,
/// features.safetensors, report.html; each written atomically). What was encoded before is not encoded again,
/// so the same call after a stop or a kill continues where it was, with the same result. `command` is kept in
/// the manifest, to say how the run was made. Sets the number of threads of the whole process
/// (`options.threads`, else all cores); call stop_threads before main returns. Throws Error for bad input,
/// for options without n_clusters, and for an output folder that holds something else; Stopped on request.
RunSummary run(const RunInputs& inputs, const RunOptions& options, const std::string& command,
               Progress& progress = silent());

/// The criteria over the numbers of clusters, as a picture of its own (SVG).
std::string cluster_count_picture(const ClusterCountChoice& count);
/// The same as a table for a terminal, the best candidates marked.
std::string cluster_count_table(const ClusterCountChoice& count);

/// The summary as JSON, the machine-readable form of `ilk cluster --json`.
std::string to_json(const RunSummary& summary);

/// A row of assignments.csv. What is a number stays as it is written where nobody counts with it, so that a
/// row that is written again is the same.
struct AssignmentRow {
  std::string path;
  std::int64_t cluster = 0;
  std::string name;
  std::string score;
  std::int64_t second = -1;  ///< −1: there is none
  std::string margin;        ///< empty: there is no second cluster
  std::string top_nouns;
};

/// Reads assignments.csv of a run directory, or another file of that form. Throws Error naming file, line and
/// rule. What stands behind these columns, of levels, is left to levels.json.
std::vector<AssignmentRow> read_assignment_rows(const std::filesystem::path& file);

}  // namespace ilk
