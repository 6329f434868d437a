// The loops of depthwise convolutions against convolutions that are as slow as they are simple.
#include <gtest/gtest.h>

#include <functional>

#include "core/random.h"
#include "kernels/kernels.h"
#include "matrices.h"
#include "targets.h"

namespace {

using ilk::Matrix;

struct DepthwiseShape {
  std::int64_t size, stride, height, width, channels;
};

const std::vector<DepthwiseShape> depthwise_shapes{{3, 1, 2, 1, 32},  {3, 1, 3, 4, 48},  {3, 2, 2, 5, 32},
                                                   {3, 2, 3, 3, 144}, {5, 1, 2, 7, 144}, {5, 1, 1, 2, 32},
                                                   {5, 2, 2, 4, 80},  {5, 2, 2, 9, 32}};

template <class Number>
struct DepthwiseCase {
  DepthwiseShape shape;
  std::int64_t source_width = (shape.width - 1) * shape.stride + shape.size;
  std::int64_t source_height = (shape.height - 1) * shape.stride + shape.size;
  Matrix<Number> source = Matrix<Number>(source_height, source_width* shape.channels);
  Matrix<Number> weights = Matrix<Number>(shape.size * shape.size, shape.channels);
  std::vector<float> bias = std::vector<float>(static_cast<std::size_t>(shape.channels));
  std::vector<const Number*> rows;

  explicit DepthwiseCase(DepthwiseShape given, const std::function<Number(ilk::RandomStream&)>& number,
                         const std::function<Number(ilk::RandomStream&)>& weight)
      : shape(given) {
    ilk::RandomStream random(5, "depthwise");
    for (Number& value : source.flat()) value = number(random);
    for (Number& value : weights.flat()) value = weight(random);
    for (float& value : bias) value = static_cast<float>(random.normal());
    for (std::int64_t y = 0; y < source_height; ++y) rows.push_back(source[y]);
  }

  ilk::kernels::Depthwise kernel_shape() const {
    return {shape.size, shape.stride, shape.height, shape.width, shape.channels};
  }
  double sum(std::int64_t y, std::int64_t x, std::int64_t c) const {
    double total = 0;
    for (std::int64_t i = 0; i < shape.size; ++i)
      for (std::int64_t j = 0; j < shape.size; ++j)
        total +=
            static_cast<double>(source[y * shape.stride + i][(x * shape.stride + j) * shape.channels + c]) *
            weights[i * shape.size + j][c];
    return total;
  }
};

TEST(Depthwise, OfFloatsIsTheSameOnEveryProcessorAndRight) {
  for (const DepthwiseShape& shape : depthwise_shapes) {
    const auto normal = [](ilk::RandomStream& random) { return static_cast<float>(random.normal()); };
    const DepthwiseCase<float> c(shape, normal, normal);
    Matrix<float> first;
    for_each_target([&] {
      Matrix<float> output(shape.height * shape.width, shape.channels);
      ilk::kernels::kernels().depthwise_f32(
          {c.kernel_shape(), c.rows.data(), c.weights.data(), c.bias.data(), 6, output.data()});
      if (first.empty()) first = output.copy();
      EXPECT_TRUE(equal(output, first)) << shape.size << " " << shape.stride << " " << shape.width;
    });
    for (std::int64_t place = 0; place < first.rows(); ++place)
      for (std::int64_t j = 0; j < shape.channels; ++j)
        ASSERT_NEAR(first[place][j],
                    std::clamp<double>(c.sum(place / shape.width, place % shape.width, j) + c.bias[j], 0, 6),
                    1e-5);
  }
}

TEST(Depthwise, OfWholeNumbersIsTheSameOnEveryProcessorAndExact) {
  for (const DepthwiseShape& shape : depthwise_shapes) {
    const DepthwiseCase<std::int16_t> c(
        shape, [](ilk::RandomStream& random) { return static_cast<std::int16_t>(random.uniform() * 8191); },
        // 25 of them with 8191 each stay below 2^31.
        [](ilk::RandomStream& random) {
          return static_cast<std::int16_t>((random.uniform() * 2 - 1) * 10000);
        });
    const std::vector<float> scales(static_cast<std::size_t>(shape.channels), 1.0f / 4096);
    Matrix<std::int16_t> first;
    for_each_target([&] {
      Matrix<std::int16_t> output(shape.height * shape.width, shape.channels);
      ilk::kernels::kernels().depthwise_i16(
          {c.kernel_shape(), c.rows.data(), c.weights.data(), scales.data(), c.bias.data(), output.data()});
      if (first.empty()) first = output.copy();
      EXPECT_TRUE(equal(output, first)) << shape.size << " " << shape.stride << " " << shape.width;
    });
    for (std::int64_t place = 0; place < first.rows(); ++place)
      for (std::int64_t j = 0; j < shape.channels; ++j) {
        const double wanted = c.sum(place / shape.width, place % shape.width, j) / 4096 + c.bias[j];
        ASSERT_NEAR(first[place][j], std::clamp<double>(wanted, 0, 8191), 0.51);
      }
  }
}

TEST(Limit, IsZeroBelowZeroAndTheTopAboveIt) {
  std::vector<float> values{-1, -0.0f, 0.5f, 6, 7, INFINITY, -INFINITY};
  while (values.size() < 37) values.push_back(static_cast<float>(values.size()) - 15);
  for_each_target([&] {
    std::vector<float> limited_values(values.size());
    ilk::kernels::kernels().limit(values.data(), std::ssize(values), 6, limited_values.data());
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(limited_values[i], std::clamp<double>(values[i], 0, 6));
  });
}

}  // namespace
