#pragma once
// N images, k nearest others of each, R classes.
#include <ilk/neighbours.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ilk {

/// (N): 1 − the mean cosine of an image with its `k` nearest others. `group` (N) says which images are copies
/// of one another (−1: of none); copies do not count as others. An image without others scores 0.
std::vector<double> outlier_scores(const Neighbours& neighbours, std::span<const std::int64_t> group,
                                   std::int64_t k);

/// The score above which an image is far from all others: median + 3.5 robust standard deviations (1.4826
/// times the median absolute deviation; Iglewicz and Hoaglin 1993). Infinite where half of the scores are
/// equal.
double outlier_threshold(std::vector<double> scores);

/// What an image's neighbours say of its label.
struct LabelAgreement {
  double own = 0;               ///< share of the neighbours' weight that has its label
  std::int64_t suggested = -1;  ///< the label with the largest share; −1: no neighbour has one
  double suggested_share = 0;
};

/// (N): each of the `k` nearest others that has a label (−1: none) votes with its cosine, above 0; copies of
/// the image do not vote, so that the label is judged by other images alone (out of sample).
std::vector<LabelAgreement> label_agreement(const Neighbours& neighbours,
                                            std::span<const std::int64_t> labels,
                                            std::span<const std::int64_t> group, std::int64_t k);

}  // namespace ilk
