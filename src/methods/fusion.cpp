// N images, D dimensions, up to three parts: unit vectors x (the image), xᵘ (nouns), xᵛ (captions).
#include <ilk/cae.h>
#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>

#include "cluster/distributed_kmeans.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/freed_memory.h"
#include "core/option_checks.h"
#include "core/parallel.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"
#include "methods/fused_clusters.h"

namespace ilk {
namespace {

constexpr std::int64_t images_per_block = 1024;
constexpr std::size_t most_parts = 3;
// Vectors shorter than this are what rounding leaves of zero.
constexpr double vanishing_length = 1e-6;

using Parts = std::vector<MatrixView<const float>>;

/// By sums that are exact, so that those of any blocks may be added in any order.
std::vector<float> mean_of(MatrixView<const float> part) {
  const std::int64_t n = part.rows(), d = part.columns();
  Matrix<double> sums(block_count(n, images_per_block), d);
  parallel_blocks(n, images_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    for (std::int64_t i = begin; i < end; ++i) add_to_sum(sums.row(index), part.row(i), n, false);
  });
  std::vector<float> mean(static_cast<std::size_t>(d));
  for (std::int64_t j = 0; j < d; ++j) {
    double sum = 0;
    for (std::int64_t block = 0; block < sums.rows(); ++block) sum += sums[block][j];
    mean[static_cast<std::size_t>(j)] = static_cast<float>(sum / static_cast<double>(n));
  }
  return mean;
}

void check(const Parts& parts, const FusionOptions& options, std::string_view function) {
  check_ranges(options, function);
  require(!parts.empty() && parts.size() <= most_parts, function, "parts must be one to three, got ",
          parts.size(), ".");
  const auto& first = parts.front();
  for (const auto& part : parts) {
    require_unit_rows(part, function, "parts");
    require(part.rows() == first.rows() && part.columns() == first.columns(), function,
            "parts must have the same shape (", first.rows(), " × ", first.columns(), "), got ", part.rows(),
            " × ", part.columns(), ".");
  }
}

/// Fuses images one at a time. Holds what a thread needs in between.
class Fuser {
 public:
  Fuser(const Parts& parts, const FusionOptions& options, const FusionModel& model)
      : parts_(parts),
        options_(options),
        model_(model),
        count_(parts.size()),
        d_(parts.front().columns()),
        centred_(static_cast<std::int64_t>(count_), d_),
        prototype_(static_cast<std::size_t>(d_)) {}

  /// Writes the features of image i and its weights.
  void fuse(std::int64_t i, float* features, float* weights) {
    const float* rows[most_parts];
    for (std::size_t p = 0; p < count_; ++p) rows[p] = parts_[p][i];
    double shares[most_parts];
    if (options_.centre) {
      const float* centred[most_parts];
      for (std::size_t p = 0; p < count_; ++p) centred[p] = centre(p, rows[p]);
      weigh(centred, shares);
      write(shares, weights);
      if (join(centred, shares, features)) return;
      // An image that is all mean is told by its parts as they are.
      weigh(rows, shares);
    } else {
      weigh(rows, shares);
      write(shares, weights);
    }
    if (join(rows, shares, features)) return;
    // Parts that cancel: the image speaks for itself.
    std::fill_n(features, options_.fusion == FusionKind::sum ? d_ : static_cast<std::int64_t>(count_) * d_,
                0.0f);
    const double length = std::sqrt(kernels::kernels().sum_of_squares(rows[0], d_));
    kernels::kernels().scale(rows[0], static_cast<float>(1 / length), features, d_);
  }

 private:
  void write(const double* shares, float* weights) const {
    for (std::size_t p = 0; p < count_; ++p) weights[p] = static_cast<float>(shares[p]);
  }

  /// row − mean at unit length, or zero where that vanishes.
  const float* centre(std::size_t p, const float* row) {
    float* to = centred_[static_cast<std::int64_t>(p)];
    const float* mean = model_.means[p].data();
    for (std::int64_t j = 0; j < d_; ++j) to[j] = row[j] - mean[j];
    const double length = std::sqrt(kernels::kernels().sum_of_squares(to, d_));
    const auto scale = static_cast<float>(length > vanishing_length ? 1 / length : 0);
    for (std::int64_t j = 0; j < d_; ++j) to[j] *= scale;
    return to;
  }

  void weigh(const float* const* rows, double* shares) {
    if (options_.fusion == FusionKind::plain)
      return void(std::fill_n(shares, count_, 1 / static_cast<double>(count_)));
    const auto& loops = kernels::kernels();
    // The prototype is this sum over `count_`, at unit length.
    float* prototype = prototype_.data();
    std::copy_n(rows[0], d_, prototype);
    for (std::size_t p = 1; p < count_; ++p)
      for (std::int64_t j = 0; j < d_; ++j) prototype[j] += rows[p][j];
    const double length = std::sqrt(loops.sum_of_squares(prototype, d_));
    const double scale = length > vanishing_length * static_cast<double>(count_) ? 1 / length : 0;
    for (std::size_t p = 0; p < count_; ++p)
      shares[p] = scale / options_.gamma * loops.dot_f64(rows[p], prototype, d_);
    const double highest = *std::max_element(shares, shares + count_);
    double total = 0;
    for (std::size_t p = 0; p < count_; ++p) total += shares[p] = kernels::exp(shares[p] - highest);
    for (std::size_t p = 0; p < count_; ++p) shares[p] /= total;
  }

  /// Writes the weighted parts at unit length; false where they vanish.
  bool join(const float* const* rows, const double* shares, float* to) const {
    const auto& loops = kernels::kernels();
    if (options_.fusion == FusionKind::sum) {
      for (std::int64_t j = 0; j < d_; ++j) {
        double sum = 0;
        for (std::size_t p = 0; p < count_; ++p) sum += shares[p] * static_cast<double>(rows[p][j]);
        to[j] = static_cast<float>(sum);
      }
      const double length = std::sqrt(loops.sum_of_squares(to, d_));
      if (length <= vanishing_length) return false;
      const auto scale = static_cast<float>(1 / length);
      for (std::int64_t j = 0; j < d_; ++j) to[j] *= scale;
      return true;
    }
    double square = 0;
    for (std::size_t p = 0; p < count_; ++p)
      square += shares[p] * shares[p] * loops.sum_of_squares(rows[p], d_);
    const double length = std::sqrt(square);
    if (length <= vanishing_length) return false;
    for (std::size_t p = 0; p < count_; ++p, to += d_)
      loops.scale(rows[p], static_cast<float>(shares[p] / length), to, d_);
    return true;
  }

  const Parts& parts_;
  const FusionOptions& options_;
  const FusionModel& model_;
  std::size_t count_;
  std::int64_t d_;
  Matrix<float> centred_;
  std::vector<float> prototype_;
};

/// done(begin, end) is called after these images.
template <class Done>
FusionResult fuse_with(const Parts& parts, const FusionOptions& options, FusionModel model, Done done) {
  const std::int64_t n = parts.front().rows(), d = parts.front().columns();
  const auto count = static_cast<std::int64_t>(parts.size());
  FusionResult result{Matrix<float>::uninitialised(n, options.fusion == FusionKind::sum ? d : count * d),
                      Matrix<float>::uninitialised(n, count), std::move(model)};
  parallel_blocks(n, images_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    Fuser fuser(parts, options, result.model);
    for (std::int64_t i = begin; i < end; ++i) fuser.fuse(i, result.features[i], result.weights[i]);
    done(begin, end);
  });
  return result;
}

constexpr auto keep_all = [](std::int64_t, std::int64_t) {};

FusionModel model_of(const Parts& parts, const FusionOptions& options) {
  FusionModel model;
  if (options.centre)
    for (const auto& part : parts) model.means.push_back(mean_of(part));
  return model;
}

}  // namespace

FusionResult fuse(const Parts& parts, const FusionOptions& options) {
  check(parts, options, "fuse");
  return fuse_with(parts, options, model_of(parts, options), keep_all);
}

FusionResult internal::fuse_and_free(MatrixView<const float> embeddings, std::vector<Matrix<float>> texts,
                                     const FusionOptions& options) {
  Parts parts = {embeddings};
  parts.insert(parts.end(), texts.begin(), texts.end());
  check(parts, options, "fuse");
  return fuse_with(parts, options, model_of(parts, options), [&](std::int64_t begin, std::int64_t end) {
    for (Matrix<float>& text : texts) return_used_memory(text.rows_between(begin, end).flat());
  });
}

Matrix<float> fuse_new(const Parts& parts, const FusionOptions& options, const FusionModel& model) {
  constexpr auto function = "fuse_new";
  check(parts, options, function);
  const std::size_t expected = options.centre ? parts.size() : 0;
  require(model.means.size() == expected, function, "model must have ", expected, " means, got ",
          model.means.size(), ".");
  for (const auto& mean : model.means)
    require(static_cast<std::int64_t>(mean.size()) == parts.front().columns(), function,
            "means must be as wide as the parts (", parts.front().columns(), "), got ", mean.size(), ".");
  return fuse_with(parts, options, model, keep_all).features;
}

}  // namespace ilk
