#include <gtest/gtest.h>
#include <ilk/image.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "io/resample.h"

namespace {

// The slow, obvious resampling: every pixel of the result from the definition, in double precision.
double cubic(double x) {
  x = std::abs(x);
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}
std::vector<double> obvious_weights(std::int64_t source, double extent, std::int64_t target,
                                    std::int64_t position) {
  const double scale = extent / static_cast<double>(target), stretch = std::max(scale, 1.0);
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t i = 0; i < source; ++i) {
    weights.push_back(cubic((i + 0.5 - (position + 0.5) * scale) / stretch));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

TEST(Resample, EqualsTheDefinition) {
  std::mt19937 random(3);
  struct Case {
    ilk::ImageSize source, target;
    double extent_height, extent_width;
    ilk::Window window;
  };
  for (const Case& c :
       {Case{{50, 40}, {13, 10}, 50, 40, {0, 0, 13, 10}}, Case{{50, 40}, {13, 10}, 49.25, 39.5, {2, 1, 7, 6}},
        Case{{9, 7}, {31, 20}, 9, 7, {5, 3, 17, 11}}, Case{{30, 30}, {30, 30}, 30, 30, {0, 0, 30, 30}},
        Case{{8, 60}, {8, 5}, 8, 60, {-2, -1, 12, 7}}}) {
    std::vector<std::uint8_t> source(static_cast<std::size_t>(c.source.height * c.source.width * 3));
    for (auto& value : source) value = static_cast<std::uint8_t>(random());
    ilk::RowResampler resampler(c.source, c.extent_height, c.extent_width, c.target, c.window,
                                ilk::ImagePreprocessor::Resample::bicubic);
    for (std::int64_t y = 0; y < c.source.height; ++y)
      resampler.add_row(source.data() + y * c.source.width * 3);
    const ilk::Pixels result = resampler.finish();
    ASSERT_EQ(static_cast<std::int64_t>(result.rgb.size()), c.window.height * c.window.width * 3);
    for (std::int64_t y = 0; y < c.window.height; ++y) {
      for (std::int64_t x = 0; x < c.window.width; ++x) {
        const std::int64_t row = c.window.top + y, column = c.window.left + x;
        const bool inside = row >= 0 && row < c.target.height && column >= 0 && column < c.target.width;
        for (std::int64_t channel = 0; channel < 3; ++channel) {
          double value = 0;
          if (inside) {
            const auto down = obvious_weights(c.source.height, c.extent_height, c.target.height, row);
            const auto across = obvious_weights(c.source.width, c.extent_width, c.target.width, column);
            for (std::int64_t i = 0; i < c.source.height; ++i) {
              double sum = 0;
              for (std::int64_t j = 0; j < c.source.width; ++j)
                sum += across[j] * source[(i * c.source.width + j) * 3 + channel];
              value += down[i] * std::clamp(sum, 0.0, 255.0);
            }
          }
          // Rounding to 8 bits in between and at the end; Pillow's kernel leaves out pixels of nearly no
          // weight.
          ASSERT_NEAR(result.rgb[(y * c.window.width + x) * 3 + channel], std::clamp(value, 0.0, 255.0), 1.3)
              << row << " " << column;
        }
      }
    }
  }
}

TEST(Resample, WhiteMarginsAreAsIfTheyWerePixels) {
  std::mt19937 random(3);
  struct Case {
    ilk::ImageSize source;
    std::int64_t top, left, bottom, right;
    ilk::ImageSize target;
  };
  for (const Case& c : {Case{{50, 40}, 0, 5, 0, 5, {13, 13}}, Case{{20, 51}, 15, 0, 16, 0, {30, 30}},
                        Case{{9, 7}, 0, 1, 0, 1, {31, 31}}, Case{{2, 90}, 44, 0, 44, 0, {10, 10}},
                        Case{{30, 30}, 0, 0, 0, 0, {30, 30}}, Case{{1, 40}, 19, 0, 20, 0, {40, 40}}}) {
    const std::int64_t height = c.top + c.source.height + c.bottom, width = c.left + c.source.width + c.right;
    std::vector<std::uint8_t> whole(static_cast<std::size_t>(height * width * 3), 255);
    const ilk::Window window{0, 0, c.target.height, c.target.width};
    constexpr auto kernel = ilk::ImagePreprocessor::Resample::bicubic;
    ilk::RowResampler with_margins(c.source, static_cast<double>(c.source.height),
                                   static_cast<double>(c.source.width), c.target, window, kernel,
                                   {static_cast<double>(c.top), static_cast<double>(c.left),
                                    static_cast<double>(c.bottom), static_cast<double>(c.right)});
    for (std::int64_t y = 0; y < c.source.height; ++y) {
      std::uint8_t* row = whole.data() + ((c.top + y) * width + c.left) * 3;
      for (std::int64_t x = 0; x < c.source.width * 3; ++x) row[x] = static_cast<std::uint8_t>(random());
      with_margins.add_row(row);
    }
    ilk::RowResampler of_all({height, width}, static_cast<double>(height), static_cast<double>(width),
                             c.target, window, kernel);
    for (std::int64_t y = 0; y < height; ++y) of_all.add_row(whole.data() + y * width * 3);
    const ilk::Pixels result = with_margins.finish(), wanted = of_all.finish();
    ASSERT_EQ(result.rgb.size(), wanted.rgb.size());
    // The white is one term of a sum instead of many.
    for (std::size_t i = 0; i < result.rgb.size(); ++i) ASSERT_NEAR(result.rgb[i], wanted.rgb[i], 1) << i;
  }
}

TEST(Resample, MarginsTurnWithTheImage) {
  const ilk::Margins margins{1, 2, 4, 8};
  const ilk::ImageSize canvas{5 + 10, 10 + 20};  // an image of 10 × 20 with them
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const ilk::Window picture = ilk::window_before_orientation({1, 2, 10, 20}, canvas, orientation);
    const auto [top, left, bottom, right] = ilk::margins_before_orientation(margins, orientation);
    EXPECT_EQ(top, picture.top) << orientation;
    EXPECT_EQ(left, picture.left) << orientation;
    const bool lies = ilk::orientation_transposes(orientation);
    EXPECT_EQ(bottom, (lies ? canvas.width : canvas.height) - picture.top - picture.height) << orientation;
    EXPECT_EQ(right, (lies ? canvas.height : canvas.width) - picture.left - picture.width) << orientation;
  }
}

}  // namespace
