#include "encoders/convolution_layers.h"

namespace ilk {

namespace {

/// All times `factor`.
std::vector<float> scaled(std::vector<float> values, float factor) {
  for (float& value : values) value *= factor;
  return values;
}

}  // namespace

template <>
PointwiseLayer<float>::PointwiseLayer(MatrixView<const float> weight, std::vector<float> bias, Output)
    : matrix_(PackedMatrix::of_transpose(weight)), bias_(std::move(bias)) {}

template <>
void PointwiseLayer<float>::linear(const PixelRows<float>& x, MatrixView<float> y, bool add) const {
  multiply(x.numbers, matrix_, bias_.data(), y, add);
}

template <>
void PointwiseLayer<float>::rectified(const PixelRows<float>& x, float* const* y, float* scratch) const {
  const std::int64_t rows = x.numbers.rows(), width = matrix_.columns();
  multiply(x.numbers, matrix_, bias_.data(), {scratch, rows, width});
  for (std::int64_t i = 0; i < rows; ++i)
    kernels::kernels().limit(scratch + i * width, width, relu6_top, y[i]);
}

template <>
PointwiseLayer<std::int16_t>::PointwiseLayer(MatrixView<const float> weight, std::vector<float> bias,
                                             Output output)
    : matrix_(weight, bias, output == Output::rectified ? 1 / relu6_unit : 1) {}

template <>
void PointwiseLayer<std::int16_t>::linear(const PixelRows<std::int16_t>& x, MatrixView<float> y,
                                          bool add) const {
  multiply({x.numbers, x.scales}, matrix_, y, add);
}

template <>
void PointwiseLayer<std::int16_t>::rectified(const PixelRows<std::int16_t>& x, std::int16_t* const* y,
                                             float*) const {
  multiply_rectified({x.numbers, x.scales}, matrix_, y);
}

template <>
DepthwiseLayer<float>::DepthwiseLayer(MatrixView<const float> weight, std::vector<float> bias,
                                      std::int64_t size, std::int64_t stride)
    : size_(size), stride_(stride), weights_(transposed(weight)), bias_(std::move(bias)) {}

template <>
void DepthwiseLayer<float>::operator()(const float* const* rows, std::int64_t height, std::int64_t width,
                                       float* output) const {
  kernels::kernels().depthwise_f32(
      {{size_, stride_, height, width, channels()}, rows, weights_.data(), bias_.data(), relu6_top, output});
}

template <>
DepthwiseLayer<std::int16_t>::DepthwiseLayer(MatrixView<const float> weight, std::vector<float> bias,
                                             std::int64_t size, std::int64_t stride)
    : size_(size), stride_(stride), bias_(scaled(std::move(bias), 1 / relu6_unit)) {
  Matrix<std::int16_t> numbers(weight.rows(), weight.columns());
  for (std::int64_t i = 0; i < weight.rows(); ++i)
    scales_.push_back(quantise_weights(weight[i], weight.columns(), numbers[i]));
  weights_ = transposed(numbers);
}

template <>
void DepthwiseLayer<std::int16_t>::operator()(const std::int16_t* const* rows, std::int64_t height,
                                              std::int64_t width, std::int16_t* output) const {
  kernels::kernels().depthwise_i16({{size_, stride_, height, width, channels()},
                                    rows,
                                    weights_.data(),
                                    scales_.data(),
                                    bias_.data(),
                                    output});
}

}  // namespace ilk
