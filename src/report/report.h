#pragma once
// N images, K clusters.
#include <ilk/matrix.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/report_criterion.h"
#include "report/report_tree.h"

namespace ilk {

/// Everything the report shows; plain values, so that it can be made without a run.
struct Report {
  struct Picture {
    std::string path;
    std::string thumbnail_jpeg;  ///< bytes; empty where it could not be made
    double score = 0;            ///< cosine with its cluster's centroid
    std::int64_t row = -1;       ///< of assignments.csv; −1: the page knows it by its path alone
    std::string words;           ///< the image's own nouns, as shown
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
    std::vector<Picture> more;      ///< those after them, unfolded on demand
    bool locked = false;
    std::int64_t merged_into = -1;  ///< −1: it was not merged
  };
  /// All images of the run, by row of assignments.csv: what the map, the search and the pages of a cluster
  /// need.
  struct Images {
    std::vector<std::int64_t> clusters;  ///< (N)
    std::vector<float> scores;           ///< (N)
    std::vector<std::int64_t> places;    ///< (N): where a picture stands in the files of report/
    Matrix<float> map;                   ///< (N, 2); empty: there is no map
    std::vector<std::string> classes;    ///< names of known classes; empty: there are no labels
    std::vector<std::int64_t> labels;    ///< (N), −1 where there is none; empty as `classes`
    std::string digest;                  ///< of all paths in their order, which tells runs apart
    bool beside = false;    ///< pictures lie in files beside the page; else the clusters have them all
    bool pictures = false;  ///< some image has a thumbnail
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
  std::optional<Images> images;
  std::string run;  ///< the run directory as commands name it; empty: the page offers no commands
};

/// One HTML page: no network, no script needed to read it, light and dark, phone and desktop, all text
/// escaped (bytes that are not UTF-8 shown as U+FFFD). The same report gives the same bytes. Pictures without
/// a thumbnail are shown as words. All is inside the page, but where `images->beside` says that a script of
/// the page finds the rest in report/: the files below.
std::string render_report(const Report& report);

/// Pictures of one file of report/, and images of which one file has the names.
constexpr std::int64_t pictures_per_file = 64, names_per_file = 8192;
/// report/index.js: what the page must know of all images before it shows any.
std::string report_index_file(const Report& report);
/// report/pictures/NUMBER.js: paths, words and thumbnails of the images in places NUMBER × 64 …
std::string report_pictures_file(std::int64_t number, const std::vector<Report::Picture>& pictures);
/// report/names/NUMBER.js: paths and words of the images in rows NUMBER × 8192 …, for the search.
std::string report_names_file(std::int64_t number,
                              const std::vector<std::pair<std::string, std::string>>& names);

/// What `ilk view` answers to the page: the clusters as they are now, with `changes`, sentences on what an
/// edit did.
std::string report_state(const std::vector<std::int64_t>& cluster_of,
                         const std::vector<Report::Cluster>& clusters,
                         const std::vector<std::string>& changes);

/// Something that `ilk inspect` found: rows of images, those that belong together in one group.
struct ReportFinding {
  std::string name;
  std::vector<std::vector<std::int64_t>> groups;
};
/// inspect/inspect.js, which the report of the run with these N images and this digest shows.
std::string report_findings_file(std::int64_t images, const std::string& digest,
                                 const std::vector<ReportFinding>& findings);

}  // namespace ilk
