#include "cluster/anderson.h"

#include <cmath>
#include <utility>

namespace ilk::internal {
namespace {

using Vector = Anderson::Vector;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

Vector sum(Vector a, const Vector& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] += b[j];
  return a;
}

Vector difference(Vector a, const Vector& b) {
  for (std::size_t j = 0; j < a.size(); ++j) a[j] -= b[j];
  return a;
}

/// x with A x = b, by Gaussian elimination; the largest number of a column is its pivot.
Vector solution(std::vector<Vector> a, Vector b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::fabs(a[i][k]) > std::fabs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
  return b;
}

}  // namespace

Vector Anderson::next(const Vector& point, const Vector& step, double error) {
  if (!step_changes_.empty() && !(error <= 2 * best_error_)) {
    Vector back = sum(std::move(best_point_), best_step_);
    *this = Anderson();
    return back;
  }
  if (best_point_.empty() || error < best_error_) best_point_ = point, best_step_ = step, best_error_ = error;
  if (!last_point_.empty()) {
    point_changes_.push_back(difference(point, last_point_));
    step_changes_.push_back(difference(step, last_step_));
    if (step_changes_.size() > memory) point_changes_.pop_front(), step_changes_.pop_front();
  }
  last_point_ = point, last_step_ = step;
  Vector plain = sum(point, step);
  const std::size_t n = step_changes_.size();
  std::vector<Vector> gram(n, Vector(n));
  Vector wanted(n);
  double trace = 0;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b <= a; ++b) gram[a][b] = gram[b][a] = dot(step_changes_[a], step_changes_[b]);
    trace += gram[a][a];
    wanted[a] = dot(step_changes_[a], step);
  }
  const double ridge = 1e-10 * trace;
  if (!(ridge > 0)) return plain;
  for (std::size_t a = 0; a < n; ++a) gram[a][a] += ridge;
  const Vector weights = solution(std::move(gram), std::move(wanted));
  Vector next = plain;
  for (std::size_t a = 0; a < n; ++a)
    for (std::size_t j = 0; j < next.size(); ++j)
      next[j] -= (point_changes_[a][j] + step_changes_[a][j]) * weights[a];
  for (const double value : next)
    if (!std::isfinite(value)) return plain;
  return next;
}

}  // namespace ilk::internal
