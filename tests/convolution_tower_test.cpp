// The convolutional tower and its loops against convolutions that are as slow as they are simple.
#include "../src/encoders/convolution_tower.h"

#include <gtest/gtest.h>
#include <ilk/parallel.h>
#include <ilk/safetensors.h>

#include <cmath>
#include <functional>
#include <map>

#include "../src/kernels/bounded_product.h"
#include "made_models.h"
#include "matrices.h"
#include "targets.h"
#include "temporary_directory.h"

namespace {

using ilk::Matrix;

double limited(double value, double top) {
  return std::min(std::max(value, 0.0), top);
}

/// (height, width, channels) in float64.
struct Picture {
  std::int64_t height, width, channels;
  std::vector<double> values = std::vector<double>(static_cast<std::size_t>(height * width * channels));
  double& at(std::int64_t y, std::int64_t x, std::int64_t c) {
    return values[static_cast<std::size_t>((y * width + x) * channels + c)];
  }
  double zero_outside(std::int64_t y, std::int64_t x, std::int64_t c) {
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : at(y, x, c);
  }
};

// ---- the loops of depthwise convolutions

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
                    limited(c.sum(place / shape.width, place % shape.width, j) + c.bias[j], 6), 1e-5);
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
        ASSERT_NEAR(first[place][j], limited(wanted, 8191), 0.51);
      }
  }
}

// ---- products of numbers of known bound

TEST(BoundedProduct, NoSumOverflowsAndWeightsAreNearlyKept) {
  for (const std::int64_t count : {1, 16, 27, 1152}) {
    for (const float factor : {1e-20f, 1.0f, 1e20f}) {
      Matrix<float> weights = random_matrix(1, count, 3);
      for (float& weight : weights.flat()) weight *= factor;
      std::vector<std::int16_t> numbers(static_cast<std::size_t>(count));
      const float scale = ilk::quantise_weights(weights[0], count, numbers.data());
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        sum += std::abs(numbers[i]);
        EXPECT_NEAR(numbers[i] * static_cast<double>(scale), weights[0][i], 0.501 * scale);
      }
      EXPECT_LT(sum * ilk::bounded_top, std::int64_t{1} << 31);
    }
  }
  std::int16_t number = 1;
  const float zero = 0, nan = NAN;
  EXPECT_EQ(ilk::quantise_weights(&zero, 1, &number), 0);
  EXPECT_TRUE(std::isnan(ilk::quantise_weights(&nan, 1, &number)));
}

TEST(BoundedProduct, IsTheSameOnEveryProcessorAndRight) {
  for (const auto& [rows, k, columns] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 16, 32},
                                         {5, 27, 96},
                                         {13, 40, 48},
                                         {50, 144, 24},
                                         {7, 96, 8}}) {
    Matrix<float> x = random_matrix(rows, k, 1);
    const Matrix<float> weight = random_matrix(columns, k, 2), bias = random_matrix(1, columns, 3);
    const ilk::BoundedMatrix a(weight, bias.row(0), 1);
    Matrix<float> first;
    Matrix<std::int16_t> first_whole;
    for_each_target([&] {
      const auto& loops = ilk::kernels::kernels();
      Matrix<std::int16_t> numbers(rows, (k + 1) / 2 * 2), dense(rows, k);
      std::vector<float> scales(static_cast<std::size_t>(rows));
      loops.quantise_bounded_i16(x.data(), rows, k, dense.data(), scales.data());
      for (std::int64_t i = 0; i < rows; ++i) std::copy_n(dense[i], k, numbers[i]);
      const ilk::BoundedRows given{{numbers.data(), rows, k, numbers.columns()}, scales.data()};
      Matrix<float> y = Matrix<float>::filled(rows, columns, 1);
      multiply(given, a, y, true);
      Matrix<std::int16_t> whole(rows, columns);
      if (columns % 16 == 0) {
        std::vector<std::int16_t*> places;
        for (std::int64_t i = 0; i < rows; ++i) places.push_back(whole[i]);
        multiply_rectified(given, a, places.data());
      }
      if (first.empty()) first = y.copy(), first_whole = whole.copy();
      EXPECT_TRUE(equal(y, first)) << rows << " " << k << " " << columns;
      EXPECT_TRUE(equal(whole, first_whole)) << rows << " " << k << " " << columns;
    });
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) {
        double wanted = bias[0][j];
        for (std::int64_t l = 0; l < k; ++l) wanted += static_cast<double>(x[i][l]) * weight[j][l];
        EXPECT_NEAR(first[i][j], wanted + 1, 0.002 * std::sqrt(static_cast<double>(k)));
        if (columns % 16 == 0) {
          EXPECT_EQ(first_whole[i][j], limited(std::nearbyint(first[i][j] - 1), 8191));
        }
      }
  }
}

TEST(BoundedProduct, RowsOfZerosAndOfNaNs) {
  const Matrix<float> x = matrix_of({{0, 0, 0}, {1e-35f, 0, 0}, {NAN, 1, 2}, {1, -2, 0.5f}});
  for_each_target([&] {
    Matrix<std::int16_t> numbers(4, 3);
    std::vector<float> scales(4);
    ilk::kernels::kernels().quantise_bounded_i16(x.data(), 4, 3, numbers.data(), scales.data());
    EXPECT_EQ(scales[0], 0);
    EXPECT_EQ(scales[1], 0);
    EXPECT_TRUE(std::isnan(scales[2]));
    EXPECT_EQ(numbers[3][1], -8191);
    EXPECT_FLOAT_EQ(scales[3], 2.0f / 8191);
  });
}

// ---- the tower

struct MadeTower {
  ilk::ConvolutionConfig config{
      .image_size = 27,
      .stem = 32,
      .pooled = 48,
      .stages = {{3, 1, 1, 1, 16}, {3, 2, 6, 2, 24}, {5, 2, 4, 1, 40}, {5, 1, 2, 2, 40}}};
  ilk::NamedArrays arrays;
  std::map<std::string, std::vector<float>> numbers;
  TemporaryDirectory folder;

  MadeTower() {
    add("image.stem", {32, 3, 3, 3});
    std::int64_t channels = config.stem, i = 0;
    for (const ilk::ConvolutionStage& stage : config.stages)
      for (std::int64_t j = 0; j < stage.repeats; ++j, ++i, channels = stage.width) {
        const std::string name = "image.block." + std::to_string(i) + ".";
        const std::int64_t expanded = channels * stage.expansion;
        if (stage.expansion > 1) add(name + "expand", {expanded, channels, 1, 1});
        add(name + "depthwise", {expanded, 1, stage.size, stage.size});
        add(name + "project", {stage.width, expanded, 1, 1});
      }
    add("image.head", {config.pooled, channels, 1, 1});
    ilk::write_safetensors(folder.path() / "model.safetensors", views_of(arrays));
  }

  void add(const std::string& name, const std::vector<std::int64_t>& shape) {
    const Numbers weights(name + ".weight"), bias(name + ".bias");
    const double size = 1.7 / std::sqrt(static_cast<double>(shape[1] * shape[2] * shape[3]));
    const auto put = [&](const std::string& whole, const std::vector<std::int64_t>& of, auto number) {
      arrays.emplace_back(whole, made_array("F32", of, number));
      numbers[whole] = arrays.back().second.to_floats();
    };
    put(name + ".weight", shape, [&](std::uint64_t i) { return size * 1.7 * weights(i); });
    put(name + ".bias", {shape[0]}, [&](std::uint64_t i) { return 0.3 * bias(i); });
  }

  ilk::ConvolutionTower load(ilk::Precision precision) const {
    ilk::ModelWeights weights(folder.path(), "test");
    ilk::ConvolutionTower tower(config, weights, precision);
    weights.check();
    return tower;
  }

  Picture convolve(Picture x, const std::string& name, std::int64_t size, std::int64_t stride,
                   bool by_channel, bool rectify) {
    const std::vector<float>&weight = numbers.at(name + ".weight"), &bias = numbers.at(name + ".bias");
    const auto channels = static_cast<std::int64_t>(bias.size()), depth = by_channel ? 1 : x.channels;
    const ilk::SamePadding down = ilk::same_padding(x.height, size, stride),
                           across = ilk::same_padding(x.width, size, stride);
    Picture y{down.outputs, across.outputs, channels};
    for (std::int64_t r = 0; r < y.height; ++r)
      for (std::int64_t s = 0; s < y.width; ++s)
        for (std::int64_t c = 0; c < channels; ++c) {
          double sum = bias[c];
          for (std::int64_t d = 0; d < depth; ++d)
            for (std::int64_t i = 0; i < size; ++i)
              for (std::int64_t j = 0; j < size; ++j)
                sum += weight[((c * depth + d) * size + i) * size + j] *
                       x.zero_outside(r * stride - down.before + i, s * stride - across.before + j,
                                      by_channel ? c : d);
          y.at(r, s, c) = rectify ? limited(sum, 6) : sum;
        }
    return y;
  }

  std::vector<double> pooled(std::span<const float> pixels) {
    const std::int64_t size = config.image_size;
    Picture x{size, size, 3};
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t y = 0; y < size; ++y)
        for (std::int64_t z = 0; z < size; ++z) x.at(y, z, c) = pixels[(c * size + y) * size + z];
    x = convolve(x, "image.stem", 3, 2, false, true);
    std::int64_t i = 0;
    for (const ilk::ConvolutionStage& stage : config.stages)
      for (std::int64_t j = 0; j < stage.repeats; ++j, ++i) {
        const std::string name = "image.block." + std::to_string(i) + ".";
        const std::int64_t stride = j == 0 ? stage.stride : 1;
        Picture y = stage.expansion > 1 ? convolve(x, name + "expand", 1, 1, false, true) : x;
        y = convolve(y, name + "depthwise", stage.size, stride, true, true);
        y = convolve(y, name + "project", 1, 1, false, false);
        if (stride == 1 && x.channels == y.channels)
          for (std::size_t k = 0; k < y.values.size(); ++k) y.values[k] += x.values[k];
        x = y;
      }
    x = convolve(x, "image.head", 1, 1, false, true);
    std::vector<double> means(static_cast<std::size_t>(x.channels));
    for (std::size_t k = 0; k < x.values.size(); ++k) means[k % means.size()] += x.values[k];
    for (double& mean : means) mean /= static_cast<double>(x.height * x.width);
    return means;
  }

  Matrix<float> pictures(std::int64_t count) const {
    Matrix<float> pixels = random_matrix(count, 3 * config.image_size * config.image_size, 7);
    for (float& value : pixels.flat())
      value = std::fmax(-1.0f, std::fmin(1.0f, std::nearbyint(value * 64) / 128));
    return pixels;
  }
};

TEST(SamePadding, PutsTheOddPlaceBehind) {
  const auto expect = [](ilk::SamePadding padding, std::int64_t outputs, std::int64_t before,
                         std::int64_t after) {
    EXPECT_EQ(padding.outputs, outputs);
    EXPECT_EQ(padding.before, before);
    EXPECT_EQ(padding.after, after);
  };
  expect(ilk::same_padding(224, 3, 2), 112, 0, 1);
  expect(ilk::same_padding(7, 3, 2), 4, 1, 1);
  expect(ilk::same_padding(56, 5, 2), 28, 1, 2);
  expect(ilk::same_padding(14, 5, 1), 14, 2, 2);
  expect(ilk::same_padding(5, 1, 2), 3, 0, 0);
}

TEST(ConvolutionTower, EqualsSlowConvolutions) {
  MadeTower made;
  const Matrix<float> pixels = made.pictures(3);
  const Matrix<float> floats = made.load(ilk::Precision::fp32)(pixels),
                      whole = made.load(ilk::Precision::int16)(pixels);
  for (std::int64_t i = 0; i < pixels.rows(); ++i) {
    const std::vector<double> wanted = made.pooled(pixels.row(i));
    double product = 0, of_whole = 0, of_wanted = 0, largest = 0;
    for (std::size_t j = 0; j < wanted.size(); ++j) {
      EXPECT_NEAR(floats[i][j], wanted[j], 2e-5);
      product += whole[i][j] * wanted[j], of_whole += whole[i][j] * whole[i][j],
          of_wanted += wanted[j] * wanted[j];
      largest = std::max(largest, wanted[j]);
    }
    EXPECT_GT(largest, 0.1);
    EXPECT_GT(product / std::sqrt(of_whole * of_wanted), 0.99999);
  }
}

TEST(ConvolutionTower, SameBitsOnEveryProcessorWithAnyThreadsAndCompanions) {
  const MadeTower made;
  const Matrix<float> pixels = made.pictures(5);
  for (const ilk::Precision precision : {ilk::Precision::fp32, ilk::Precision::int16}) {
    const ilk::ConvolutionTower tower = made.load(precision);
    const Matrix<float> wanted = tower(pixels);
    for_each_target([&] {
      for (const int threads : {1, 3}) {
        ilk::set_threads(threads);
        EXPECT_TRUE(equal(tower(pixels), wanted));
      }
      const Matrix<float> alone = tower(pixels.rows_between(3, 4));
      EXPECT_TRUE(std::equal(alone.flat().begin(), alone.flat().end(), wanted.row(3).begin()));
    });
    ilk::set_threads(0);
  }
}

TEST(ConvolutionTower, SaysWhatIsWrong) {
  MadeTower made;
  ilk::ConvolutionConfig config = made.config;
  const auto error = [&] {
    return error_of([&] {
      ilk::ModelWeights weights(made.folder.path(), "test");
      const ilk::ConvolutionTower tower(config, weights, ilk::Precision::fp32);
      weights.check();
    });
  };
  config.stages[0].expansion = 2;
  EXPECT_NE(error().find("the first stage"), std::string::npos) << error();
  config = made.config;
  config.stages[1].size = 7;
  EXPECT_NE(error().find("3 or 5 wide"), std::string::npos) << error();
  config = made.config;
  config.pooled = 64;
  EXPECT_NE(error().find("image.head.weight must be of shape [64, 40, 1, 1]"), std::string::npos) << error();
}

}  // namespace
