// N points, D dimensions, K clusters, R resamples.
#include <ilk/cluster_count.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/random.h"
#include "kernels/functions.h"

namespace ilk {
namespace {

constexpr std::string_view in_choose_cluster_count = "choose_cluster_count";
// What is called clear. With fewer votes, or a second peak as close, other seeds would give other answers.
constexpr double clear_votes = 0.75;
constexpr double clear_lead = 0.05;
constexpr double clear_agreement = 0.6;
// Another number whose groups are nearly as separate and as stable, in shares of the best one's, is a second
// answer whatever its score.
constexpr double rival_silhouette = 0.97, rival_agreement = 0.85;

// A finer number is worth a look where its clusters are nearly as separate.
constexpr double finer_ratio = 1.5, finer_silhouette = 0.9;

struct Criteria {
  double silhouette = 0, agreement = 0, objective = 0, bend = 0;
};

/// The numbers to try, ascending.
std::vector<std::int64_t> candidates(const ClusterCountOptions& options, std::int64_t n) {
  const std::int64_t largest = std::min(options.largest, (n - 1) / 2);
  require(options.smallest < largest, in_choose_cluster_count,
          "the range of clusters must hold at least two numbers below half of the ", n, " points, got ",
          options.smallest, " to ", options.largest, ".");
  std::set<std::int64_t> numbers;
  if (largest - options.smallest < options.candidates) {
    for (std::int64_t k = options.smallest; k <= largest; ++k) numbers.insert(k);
  } else {
    const double ratio = static_cast<double>(largest) / static_cast<double>(options.smallest);
    for (std::int64_t i = 0; i < options.candidates; ++i)
      numbers.insert(std::llround(
          static_cast<double>(options.smallest) *
          kernels::pow(ratio, static_cast<double>(i) / static_cast<double>(options.candidates - 1))));
  }
  return {numbers.begin(), numbers.end()};
}

bool are_neighbours(std::int64_t a, std::int64_t b) {
  return std::abs(a - b) <=
         std::max<std::int64_t>(1, std::llround(0.1 * static_cast<double>(std::max(a, b))));
}

/// The criteria of one number in every resample: each clusters its half, then all points go to its centroids.
std::vector<Criteria> judge(MatrixView<const float> points,
                            const std::vector<std::vector<std::int64_t>>& halves, std::int64_t k,
                            const ClusterCountOptions& options) {
  std::vector<Criteria> found(halves.size());
  std::vector<std::vector<std::int64_t>> labels;
  for (std::size_t r = 0; r < halves.size(); ++r) {
    const KMeansOptions kmeans_options{
        .n_clusters = k, .seed = options.seed + r, .search = {.n_init = 4, .max_iterations = 60}};
    const auto centroids = kmeans(rows_of(points, halves[r]), kmeans_options).centroids;
    labels.push_back(assign_to_nearest(points, centroids).labels);
    const Separation scores = separation(points, labels.back());
    found[r].silhouette = scores.silhouette.value_or(0);
    found[r].objective = scores.objective;
  }
  for (std::size_t a = 0; a < labels.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const double same =
          agreement(labels[a], labels[b]).adjusted_rand_index / static_cast<double>(labels.size() - 1);
      found[a].agreement += same;
      found[b].agreement += same;
    }
  }
  return found;
}

/// By what share the gain per cluster falls at each number: 0 where the next cluster gains as much as the
/// last, 1 where it gains nothing. The ends have no bend.
void find_bends(std::vector<Criteria>& of_numbers, const std::vector<std::int64_t>& numbers) {
  const auto gain = [&](std::size_t i) {
    return (of_numbers[i].objective - of_numbers[i - 1].objective) /
           static_cast<double>(numbers[i] - numbers[i - 1]);
  };
  for (std::size_t i = 1; i + 1 < numbers.size(); ++i)
    if (gain(i) > 0) of_numbers[i].bend = std::clamp(1 - gain(i + 1) / gain(i), 0.0, 1.0);
}

/// The score of each number: every criterion scaled to 0 … 1, and their mean.
std::vector<double> scores_of(const std::vector<Criteria>& of_numbers) {
  std::vector<double> scores(of_numbers.size());
  for (const auto field : {&Criteria::silhouette, &Criteria::agreement, &Criteria::bend}) {
    const auto less = [&](const Criteria& a, const Criteria& b) { return a.*field < b.*field; };
    const auto [low, high] = std::minmax_element(of_numbers.begin(), of_numbers.end(), less);
    const double from = (*low).*field, range = (*high).*field - from;
    for (std::size_t i = 0; i < scores.size() && range > 0; ++i)
      scores[i] += (of_numbers[i].*field - from) / range / 3;
  }
  return scores;
}

std::size_t best_of(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

std::optional<std::int64_t> finer_than(const ClusterCountEvidence& chosen,
                                       const std::vector<ClusterCountEvidence>& evidence) {
  const ClusterCountEvidence* found = nullptr;
  for (const auto& one : evidence)
    if (static_cast<double>(one.n_clusters) >= finer_ratio * static_cast<double>(chosen.n_clusters) &&
        one.silhouette >= finer_silhouette * chosen.silhouette && (!found || one.score > found->score))
      found = &one;
  if (!found) return std::nullopt;
  return found->n_clusters;
}

/// Draws the conclusions.
void conclude(ClusterCountChoice& result) {
  const auto& evidence = result.evidence;
  const auto better = [](const auto& a, const auto& b) { return a.score < b.score; };
  const auto best = std::max_element(evidence.begin(), evidence.end(), better);
  result.n_clusters = best->n_clusters;
  result.finer = finer_than(*best, evidence);
  const ClusterCountEvidence* second = nullptr;
  for (const auto& one : evidence) {
    if (are_neighbours(one.n_clusters, best->n_clusters))
      result.confidence += one.votes;
    else if (!second || one.score > second->score)
      second = &one;
  }
  const ClusterCountEvidence* rival = nullptr;
  for (const auto& one : evidence)
    if (!are_neighbours(one.n_clusters, best->n_clusters) &&
        one.silhouette >= rival_silhouette * best->silhouette &&
        one.agreement >= rival_agreement * best->agreement && (!rival || one.score > rival->score))
      rival = &one;
  if (rival) second = rival;
  if (second) result.runner_up = second->n_clusters;
  // Where groups only get more separate with every number, the range holds no answer.
  const auto less_separate = [](const auto& a, const auto& b) { return a.silhouette < b.silhouette; };
  const auto last = evidence.end() - 1;
  const bool at_end =
      best == last || std::max_element(evidence.begin(), evidence.end(), less_separate) == last;
  const bool ahead = !second || (!rival && best->score - second->score >= clear_lead);
  result.clear = result.confidence >= clear_votes && ahead && !at_end && best->agreement >= clear_agreement;
  const std::string number = std::to_string(result.n_clusters);
  if (result.clear) {
    result.verdict = number + " clusters";
  } else if (at_end) {
    result.verdict = "no clear answer: clusters still get clearer at " + std::to_string(last->n_clusters) +
                     ", the most that was tried";
  } else if (second) {
    result.verdict = "no clear answer: " + std::to_string(std::min(result.n_clusters, second->n_clusters)) +
                     " or " + std::to_string(std::max(result.n_clusters, second->n_clusters));
  } else {
    result.verdict = "no clear answer: perhaps " + number;
  }
}

}  // namespace

ClusterCountChoice choose_cluster_count(MatrixView<const float> embeddings,
                                        const ClusterCountOptions& options, Progress& progress) {
  check_ranges(options, in_choose_cluster_count);
  require_unit_rows(embeddings, in_choose_cluster_count, "embeddings");
  const std::int64_t n = embeddings.rows(), sampled = std::min(n, options.sample), half = (sampled + 1) / 2;
  const auto numbers = candidates(options, sampled);

  RandomStream random(options.seed, "cluster count");
  auto rows = random.sample(n, sampled);
  std::sort(rows.begin(), rows.end());
  const auto points = rows_of(embeddings, rows);
  std::vector<std::vector<std::int64_t>> halves;
  for (std::int64_t r = 0; r < options.resamples; ++r) {
    halves.push_back(random.sample(sampled, half));
    std::sort(halves.back().begin(), halves.back().end());
  }

  // By resample, then by number.
  std::vector<std::vector<Criteria>> found(halves.size());
  progress.start("Counting clusters", static_cast<std::int64_t>(numbers.size()), "numbers");
  for (const std::int64_t k : numbers) {
    progress.check_stop();
    const auto of_resamples = judge(points, halves, k, options);
    for (std::size_t r = 0; r < halves.size(); ++r) found[r].push_back(of_resamples[r]);
    progress.advance(1);
  }
  progress.finish();

  ClusterCountChoice result{.n_points = n, .sampled = sampled};
  std::vector<Criteria> mean(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) result.evidence.push_back({.n_clusters = numbers[i]});
  const double share = 1 / static_cast<double>(halves.size());
  for (auto& of_numbers : found) {
    find_bends(of_numbers, numbers);
    result.evidence[best_of(scores_of(of_numbers))].votes += share;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      for (const auto field :
           {&Criteria::silhouette, &Criteria::agreement, &Criteria::objective, &Criteria::bend})
        mean[i].*field += share * (of_numbers[i].*field);
  }
  const auto scores = scores_of(mean);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    auto& one = result.evidence[i];
    one.silhouette = mean[i].silhouette;
    one.agreement = mean[i].agreement;
    one.objective = mean[i].objective;
    one.bend = mean[i].bend;
    one.score = scores[i];
  }
  conclude(result);
  return result;
}

}  // namespace ilk
