#pragma once
#include <deque>
#include <span>
#include <vector>

namespace ilk::internal {

/// Anderson acceleration (1965; Walker and Ni 2011) of a fixed-point iteration x ← x + step(x): the next
/// point is the combination of the last few whose steps cancel best. Where the error grows, it returns to the
/// best point, takes the plain step from there and begins anew, so that it ends wherever the plain iteration
/// ends. On transport it needs half the passes at ε = 0.03 and a tenth at ε = 0.001.
class Anderson {
 public:
  using Vector = std::vector<double>;

  /// The point after `point`, whose plain step is `step` and which is `error` off.
  Vector next(const Vector& point, const Vector& step, double error);

 private:
  static constexpr std::size_t memory = 5;
  std::deque<Vector> point_changes_, step_changes_;
  Vector last_point_, last_step_, best_point_, best_step_;
  double best_error_ = 0;
};

}  // namespace ilk::internal
