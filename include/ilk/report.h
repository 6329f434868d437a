#pragma once
#include <ilk/report_criterion.h>
#include <ilk/report_tree.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Everything the report shows; plain values, so that it can be made without a run.
struct Report {
  struct Picture {
    std::string path;
    std::string thumbnail_jpeg;  ///< bytes; empty where it could not be made
    double score = 0;            ///< cosine with its cluster's centroid
  };
  struct Word {
    std::string word;
    double score = 0;  ///< 0 … 1
  };
  struct Cluster {
    std::string name;
    std::int64_t size = 0;
    std::vector<Word> nouns;
    bool is_named = true;  ///< false: no noun fits well enough, and `nouns` are guesses
    std::string runner_up;
    std::string caption;
    double density = 0;             ///< mean cosine of its images with its centroid
    std::vector<Picture> pictures;  ///< nearest to the centroid first
  };
  /// One number after each pass of a training.
  struct Curve {
    std::string name;
    std::vector<double> values;
  };
  /// Why there are as many clusters as there are.
  struct Count {
    struct Number {
      std::int64_t n_clusters = 0;
      double silhouette = 0, agreement = 0, objective = 0, score = 0;
      double votes = 0;  ///< 0 … 1
    };
    std::string verdict;          ///< a sentence, without a stop
    double confidence = 0;        ///< 0 … 1
    std::string basis;            ///< what was looked at, as shown
    std::string picture_svg;      ///< bytes; empty: there is none
    std::int64_t n_clusters = 0;  ///< the number that was taken
    std::vector<Number> numbers;  ///< best first
    std::int64_t tried = 0;       ///< of which `numbers` are the best
  };
  struct Skipped {
    std::string path, kind, reason;
  };
  std::string title;
  std::string program_version;
  std::string date;  ///< as shown; empty: left out
  /// The folder that relative picture paths start in, as seen from the folder the page lies in ("..", say);
  /// empty: the same. Pictures link to their files through it.
  std::string base_path;
  /// Paths name files of their own, which pictures may link to. Of a data set that packs its images into one
  /// file they do not.
  bool paths_are_files = true;
  std::vector<std::pair<std::string, std::string>> facts;  ///< summary, label and value, in this order
  std::vector<std::pair<std::string, double>> scores;      ///< ACC, NMI, ARI where labels were given; 0 … 1
  std::vector<std::string> notices;                        ///< sentences the user should read
  std::optional<Count> count;                              ///< where the number of clusters was chosen
  std::vector<Curve> curves;                               ///< of a training; none: there was none
  std::vector<Cluster> clusters;   ///< by number, as in assignments.csv; shown largest first
  std::vector<ReportBranch> tree;  ///< of nested clusters, the topmost
  std::vector<ReportCriterion> criteria;
  std::vector<Skipped> skipped;
};

/// One self-contained HTML page: no network, no script needed to read it, light and dark, phone and desktop,
/// images inline, all text escaped (bytes that are not UTF-8 shown as U+FFFD). The same report gives the same
/// bytes. Pictures without a thumbnail are shown as words.
std::string render_report(const Report& report);

}  // namespace ilk
