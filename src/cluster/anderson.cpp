#include "anderson.h"

#include <vector>

namespace ilk::internal {

torch::Tensor Anderson::next(const torch::Tensor& point, const torch::Tensor& step, double error) {
  if (!step_changes_.empty() && !(error <= 2 * best_error_)) {
    const auto back = best_point_ + best_step_;
    *this = Anderson();
    return back;
  }
  if (!best_point_.defined() || error < best_error_)
    best_point_ = point, best_step_ = step, best_error_ = error;
  if (last_point_.defined()) {
    point_changes_.push_back(point - last_point_);
    step_changes_.push_back(step - last_step_);
    if (step_changes_.size() > memory) point_changes_.pop_front(), step_changes_.pop_front();
  }
  last_point_ = point, last_step_ = step;
  if (step_changes_.empty()) return point + step;
  const auto steps = torch::stack(std::vector<torch::Tensor>(step_changes_.begin(), step_changes_.end()), 1);
  const auto points =
      torch::stack(std::vector<torch::Tensor>(point_changes_.begin(), point_changes_.end()), 1);
  auto gram = steps.t().matmul(steps);
  const double ridge = 1e-10 * gram.trace().item<double>();
  if (!(ridge > 0)) return point + step;
  gram.diagonal().add_(ridge);
  const auto weights = at::linalg_solve(gram, steps.t().matmul(step));
  const auto next = point + step - (points + steps).matmul(weights);
  return next.isfinite().all().item<bool>() ? next : point + step;
}

}  // namespace ilk::internal
