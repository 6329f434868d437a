#pragma once
// How many clusters are asked for, and how many there are, told without labels. N points, D dimensions.
#include <ilk/kmeans.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A number of clusters; or a range that the best number is to be chosen from (choose_cluster_count); or
/// several numbers, of which the largest is made and merged to the others, so that clusters are nested.
class ClusterCount {
 public:
  ClusterCount() = default;                       // auto
  ClusterCount(std::int64_t number);              // implicit, so that options may say `.n_clusters = 12`
  static ClusterCount automatic() { return {}; }  ///< 2 to 40
  static ClusterCount between(std::int64_t smallest, std::int64_t largest);

  /// Nested clusters: as many as each of the numbers, which may come in any order and more than once.
  static ClusterCount nested(std::vector<std::int64_t> numbers);

  /// The number that is to be made, where it is known: of several, the largest.
  std::optional<std::int64_t> number() const;
  /// Of nested clusters, the numbers above the largest, ascending; else empty.
  const std::vector<std::int64_t>& upper() const { return upper_; }
  std::int64_t smallest() const { return smallest_; }
  std::int64_t largest() const { return largest_; }

  /// "12", "5..60", "5,20,80" or "auto", as `parse` reads it.
  std::string text() const;
  /// Nothing where the text is none of these, or a range ends before it begins.
  static std::optional<ClusterCount> parse(std::string_view text);
  /// What `parse` takes, for help and errors.
  static constexpr std::string_view allowed =
      "a number, auto, a range such as 5..10, or several such as 5,20,80";

  bool operator==(const ClusterCount& other) const = default;

 private:
  enum class Kind { automatic, number, range };
  Kind kind_ = Kind::automatic;
  std::int64_t smallest_ = 2, largest_ = 40;
  std::vector<std::int64_t> upper_;
};

struct ClusterCountOptions {
  std::int64_t smallest = 2;
  std::int64_t largest = 40;
  std::int64_t candidates = 39;
  std::int64_t resamples = 6;
  std::int64_t sample = 4000;
  std::uint64_t seed = 0;
};

template <OptionsOf<ClusterCountOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"smallest", options.smallest, "fewest clusters that are tried"}.at_least(2));
  visit(Field{"largest", options.largest, "most clusters that are tried"}.at_least(2));
  visit(Field{"candidates", options.candidates,
              "numbers that are tried at most; where the range has more, they are spread evenly in ratio"}
            .at_least(2));
  visit(Field{"resamples", options.resamples, "random halves of the points that each vote for a number"}
            .between(2, 100));
  visit(Field{"sample", options.sample, "points that are looked at, at most"}.at_least(10));
  visit(Field{"seed", options.seed, "number that the random choices start from"});
}

/// What speaks for a number of clusters; means over the resamples.
struct ClusterCountEvidence {
  std::int64_t n_clusters = 0;
  double silhouette = 0;  ///< see Separation
  double agreement = 0;   ///< mean ARI between the clusterings that different halves give for all points
  double objective = 0;   ///< mean cosine with the own centroid
  double bend = 0;        ///< by what share the objective's gain per cluster falls here, 0 … 1
  double score = 0;  ///< mean of silhouette, agreement and bend, each scaled to 0 … 1 over the candidates
  double votes = 0;  ///< share of the resamples whose own score is highest here
};

/// The number of clusters that was chosen, and why.
struct ClusterCountChoice {
  std::int64_t n_clusters = 0;  ///< of the highest score, ties to the lower number
  std::optional<std::int64_t>
      runner_up;  ///< the best that is no neighbour of it, or that is as good by itself
  /// What to try for more detail: the best-scored number at least half as large again whose clusters are
  /// nearly as separate (silhouette at least 0.9 of the chosen number's).
  std::optional<std::int64_t> finer;
  /// Most resamples agree, the runner-up is well behind, no other number has groups nearly as separate and
  /// as stable, and groups do not get clearer up to the range's end.
  bool clear = false;
  double confidence =
      0;  ///< share of the resamples that voted for `n_clusters` or a neighbour (10 % more or less)
  std::string verdict;                         ///< a sentence: "12 clusters", or "no clear answer: 8 or 21"
  std::vector<ClusterCountEvidence> evidence;  ///< in ascending order of numbers
  std::int64_t n_points = 0;                   ///< N
  std::int64_t sampled = 0;                    ///< points that were looked at, drawn at random where fewer
};

/// Judges numbers of clusters by three things that need no labels: separation (silhouette; Rousseeuw 1987),
/// agreement of clusterings made from different halves of the points (consensus; Ben-Hur, Elisseeff and Guyon
/// 2002), and the bend of the k-means objective. Each half votes by itself, and the answer is called clear
/// only where they agree; where they do not, it is left to the caller, and the verdict names two numbers.
///
/// `embeddings` (N, D) float32, rows of unit length, N ≥ 7. Numbers from N / 2 on are not tried.
/// Deterministic, for any number of threads. Throws Error where the range holds less than two numbers.
ClusterCountChoice choose_cluster_count(MatrixView<const float> embeddings,
                                        const ClusterCountOptions& options = {},
                                        Progress& progress = silent());

}  // namespace ilk
