#pragma once
// The layers of a convolutional network in float32 (Number float) and in 16-bit whole numbers (Number
// std::int16_t). Pixels are rows, their channels side by side. Rectified numbers are floats from 0 to 6, or
// whole numbers from 0 to bounded_top that stand for them.
#include <ilk/matrix.h>

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/bounded_product.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"

namespace ilk {

inline constexpr float relu6_top = 6;
/// What a rectified whole number counts.
inline constexpr float relu6_unit = relu6_top / bounded_top;

/// Pixels that a layer is given: numbers, and of whole numbers what each row's count.
template <class Number>
struct PixelRows {
  MatrixView<const Number> numbers;
  const float* scales = nullptr;
};

enum class Output { linear, rectified };

/// A 1 × 1 convolution, or another that was laid out as one: a map of each row by itself.
template <class Number>
class PointwiseLayer {
 public:
  PointwiseLayer() = default;
  /// `weight` (to, from), `bias` (to).
  PointwiseLayer(MatrixView<const float> weight, std::vector<float> bias, Output output);
  std::int64_t from() const { return matrix_.rows(); }
  std::int64_t to() const { return matrix_.columns(); }
  /// y = A x + b, or where `add` y += A x + b; of a layer whose output is linear.
  void linear(const PixelRows<Number>& x, MatrixView<float> y, bool add) const;
  /// Of the others: to a place for each row. `scratch` has room for the result.
  void rectified(const PixelRows<Number>& x, Number* const* y, float* scratch) const;

 private:
  std::conditional_t<std::is_same_v<Number, float>, PackedMatrix, BoundedMatrix> matrix_;
  std::vector<float> bias_;  // of floats
};

/// A convolution of each channel by itself, rectified.
template <class Number>
class DepthwiseLayer {
 public:
  DepthwiseLayer() = default;
  /// `weight` (channels, size · size).
  DepthwiseLayer(MatrixView<const float> weight, std::vector<float> bias, std::int64_t size,
                 std::int64_t stride);
  std::int64_t size() const { return size_; }
  std::int64_t stride() const { return stride_; }
  std::int64_t channels() const { return static_cast<std::int64_t>(bias_.size()); }
  /// `rows` as in kernels::DepthwiseF32; `output` has room for height · width pixels.
  void operator()(const Number* const* rows, std::int64_t height, std::int64_t width, Number* output) const;

 private:
  std::int64_t size_ = 0, stride_ = 0;
  Matrix<Number> weights_;  // (size · size, channels)
  std::vector<float> scales_, bias_;
};

}  // namespace ilk
