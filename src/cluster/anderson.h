#pragma once
#include <torch/types.h>

#include <deque>

namespace ilk::internal {

/// Anderson acceleration (1965; Walker and Ni 2011) of a fixed-point iteration x ← x + step(x): the next
/// point is the combination of the last few whose steps cancel best. Where the error grows, it returns to the
/// best point, takes the plain step from there and begins anew, so that it ends wherever the plain iteration
/// ends. On transport it needs half the passes at ε = 0.03 and a tenth at ε = 0.001.
class Anderson {
 public:
  /// The point after `point`, whose plain step is `step` and which is `error` off. Vectors (M) float64 on the
  /// CPU.
  torch::Tensor next(const torch::Tensor& point, const torch::Tensor& step, double error);

 private:
  static constexpr std::size_t memory = 5;
  std::deque<torch::Tensor> point_changes_, step_changes_;
  torch::Tensor last_point_, last_step_, best_point_, best_step_;
  double best_error_ = 0;
};

}  // namespace ilk::internal
