// The convolutional tower against convolutions that are as slow as they are simple.
#include "encoders/convolution_tower.h"

#include <gtest/gtest.h>
#include <ilk/threads.h>

#include <cmath>
#include <functional>
#include <map>

#include "io/safetensors.h"
#include "made_models.h"
#include "matrices.h"
#include "targets.h"
#include "temporary_directory.h"

namespace {

using ilk::Matrix;

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
          y.at(r, s, c) = rectify ? std::clamp<double>(sum, 0, 6) : sum;
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
