// What `ilk inspect` measures, on made pictures and numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/random.h"
#include "inspect/image_groups.h"
#include "inspect/image_quality.h"
#include "inspect/neighbour_checks.h"
#include "inspect/picture_print.h"
#include "matrices.h"

namespace ilk {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A picture of blobs and edges that is different for each seed, drawn at any size: luma of a point in [0,
/// 1)².
class Scene {
 public:
  explicit Scene(std::uint64_t seed) {
    RandomStream random(seed, "scene");
    for (auto& blob : blobs_)
      blob = {random.uniform(), random.uniform(), 0.05 + 0.3 * random.uniform(), random.uniform()};
  }
  double operator()(double y, double x) const {
    double value = 0.5;
    for (const auto& [at_y, at_x, radius, luma] : blobs_)
      if (std::hypot(y - at_y, x - at_x) < radius) value = luma;
    return value;
  }

 private:
  struct Blob {
    double y, x, radius, luma;
  };
  std::array<Blob, 12> blobs_;
};

Pixels drawn(std::int64_t height, std::int64_t width, const std::function<double(double, double)>& luma) {
  Pixels pixels{.size = {height, width}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const double value = luma((static_cast<double>(y) + 0.5) / static_cast<double>(height),
                                (static_cast<double>(x) + 0.5) / static_cast<double>(width));
      pixels.rgb.insert(pixels.rgb.end(), 3,
                        static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0))));
    }
  return pixels;
}

TEST(PictureSimilarityTest, KnowsAPictureScaledTurnedMirroredAndRetouched) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Scene scene(seed);
    const PicturePrint original = print_of(drawn(192, 256, scene));
    EXPECT_GT(picture_similarity(original, print_of(drawn(60, 80, scene))), 0.97) << "smaller";
    EXPECT_GT(picture_similarity(original, print_of(drawn(40, 300, scene))), 0.97) << "of another shape";
    EXPECT_GT(picture_similarity(
                  original, print_of(drawn(256, 192, [&](double y, double x) { return scene(x, 1 - y); }))),
              0.97)
        << "turned";
    EXPECT_GT(picture_similarity(
                  original, print_of(drawn(192, 256, [&](double y, double x) { return scene(y, 1 - x); }))),
              0.97)
        << "mirrored";
    EXPECT_GT(
        picture_similarity(
            original, print_of(drawn(192, 256, [&](double y, double x) { return 0.1 + 0.7 * scene(y, x); }))),
        0.97)
        << "brighter, with less contrast";
    RandomStream random(seed, "noise");
    EXPECT_GT(picture_similarity(original, print_of(drawn(192, 256,
                                                          [&](double y, double x) {
                                                            return scene(y, x) + 0.1 * random.normal();
                                                          }))),
              0.9)
        << "noisy";
  }
}

TEST(PictureSimilarityTest, KnowsAPartOfAPicture) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Scene scene(seed);
    const PicturePrint original = print_of(drawn(256, 256, scene));
    for (const double share : {0.9, 0.75, 0.6}) {
      const PicturePrint part = print_of(drawn(200, 200, [&](double y, double x) {
        return scene(0.07 + share * y, (1 - share) * 0.8 + share * x);
      }));
      EXPECT_GT(picture_similarity(original, part), 0.9) << seed << ", " << share;
      EXPECT_EQ(picture_similarity(original, part), picture_similarity(part, original));
    }
  }
}

TEST(PictureSimilarityTest, TellsOtherPicturesApart) {
  int alike = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    alike += picture_similarity(print_of(drawn(96, 96, Scene(seed))),
                                print_of(drawn(96, 96, Scene(seed + 100)))) >= 0.9
                 ? 1
                 : 0;
  EXPECT_EQ(alike, 0);
}

TEST(PictureSimilarityTest, PicturesOfOneColourAreAlikeWhereTheColourIs) {
  const auto plain = [](double luma) {
    return print_of(drawn(20, 30, [=](double, double) { return luma; }));
  };
  EXPECT_EQ(picture_similarity(plain(0.5), plain(0.505)), 1);
  EXPECT_EQ(picture_similarity(plain(0.5), plain(0.7)), -1);
  EXPECT_EQ(picture_similarity(plain(0.5), print_of(drawn(64, 64, Scene(1)))), -1);
}

TEST(ImageQualityTest, MeasuresWhatItSays) {
  const Scene scene(3);
  const auto sharp = quality_of(drawn(200, 256, scene));
  // A mean over 11 × 11 pixels, as a lens out of focus makes.
  const auto blurred = quality_of(drawn(200, 256, [&](double y, double x) {
    double sum = 0;
    for (int dy = -5; dy <= 5; ++dy)
      for (int dx = -5; dx <= 5; ++dx) sum += scene(y + dy / 200.0, x + dx / 256.0);
    return sum / 121;
  }));
  EXPECT_GT(sharp.sharpness, 3 * blurred.sharpness);
  EXPECT_NEAR(quality_of(drawn(100, 100, [&](double y, double x) { return 0.2 * scene(y, x); })).sharpness,
              quality_of(drawn(100, 100, scene)).sharpness, 0.05)
      << "contrast does not count";
  // A ramp from black to white: no edges, and its ends are known.
  const auto ramp = quality_of(drawn(100, 256, [](double, double x) { return x; }));
  EXPECT_LT(ramp.sharpness, 0.03);
  EXPECT_NEAR(ramp.brightness, 0.5, 0.01);
  EXPECT_NEAR(ramp.dark_end, 0.05, 0.01);
  EXPECT_NEAR(ramp.bright_end, 0.95, 0.01);
  EXPECT_EQ(quality_of(drawn(2, 2, [](double, double) { return 1.0; })).sharpness, 0);
}

TEST(ConnectedGroupsTest, AreThoseOfASlowSearch) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed, "pairs");
    constexpr std::int64_t n = 30;
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    for (int i = 0; i < 14; ++i) pairs.emplace_back(random.below(n), random.below(n));
    std::vector<std::int64_t> label(n);
    for (std::int64_t i = 0; i < n; ++i) label[static_cast<std::size_t>(i)] = i;
    for (int again = 0; again < n; ++again)
      for (const auto& [a, b] : pairs)
        label[static_cast<std::size_t>(a)] = label[static_cast<std::size_t>(b)] =
            std::min(label[static_cast<std::size_t>(a)], label[static_cast<std::size_t>(b)]);
    std::vector<std::vector<std::int64_t>> expected;
    for (std::int64_t first = 0; first < n; ++first) {
      std::vector<std::int64_t> group;
      for (std::int64_t i = 0; i < n; ++i)
        if (label[static_cast<std::size_t>(i)] == first) group.push_back(i);
      if (group.size() > 1) expected.push_back(group);
    }
    EXPECT_EQ(connected_groups(n, pairs), expected);
  }
}

TEST(BurstsTest, NeedOneCameraAndShortGaps) {
  const std::vector<TakenAt> taken{{"2024:02:28 23:59:59", "5", "A"}, {"2024:02:29 00:00:01", "25", "A"},
                                   {"2024:02:29 00:00:01", "", "B"},  {"2024:02:29 00:00:03", "", "A"},
                                   {"2024:02:29 00:00:06", "", "A"},  {"", "", "A"},
                                   {"0000:00:00 00:00:00", "", "A"},  {"    :  :     :  :  ", "", "A"},
                                   {"0000:00:00 00:00:00", "", "A"}};
  EXPECT_THAT(bursts(taken, 2), ElementsAre(ElementsAre(0, 1, 3)));
  EXPECT_THAT(bursts(taken, 3), ElementsAre(ElementsAre(0, 1, 3, 4)));
  EXPECT_THAT(bursts(taken, 1.7), IsEmpty()) << "1.75 seconds lie between 23:59:59.5 and 00:00:01.25";
}

TEST(NeighbourChecksTest, OutlierScoresAndLabelAgreementLeaveCopiesOut) {
  // 0 and 1 are copies; 2 and 3 are near them; 4 is far from all.
  Neighbours neighbours{.indices = Matrix<std::int64_t>(5, 4), .cosines = Matrix<float>(5, 4)};
  const std::int64_t indices[5][4] = {{0, 1, 2, 3}, {0, 1, 2, 3}, {2, 0, 1, 3}, {3, 2, 0, 1}, {4, 0, 2, 3}};
  const float cosines[5][4] = {{1, 1, 0.75f, 0.5f},
                               {1, 1, 0.75f, 0.5f},
                               {1, 0.75f, 0.75f, 0.5f},
                               {1, 0.5f, 0.5f, 0.5f},
                               {1, 0.25f, 0, -0.25f}};
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t j = 0; j < 4; ++j)
      neighbours.indices[i][j] = indices[i][j], neighbours.cosines[i][j] = cosines[i][j];
  const std::vector<std::int64_t> group{0, 0, -1, -1, -1};
  EXPECT_THAT(outlier_scores(neighbours, group, 2), ElementsAre(0.375, 0.375, 0.25, 0.5, 0.875));
  const auto agreement = label_agreement(neighbours, std::vector<std::int64_t>{7, 7, 8, 8, -1}, group, 3);
  EXPECT_EQ(agreement[0].own, 0) << "its copy has its label and does not vote";
  EXPECT_EQ(agreement[0].suggested, 8);
  EXPECT_EQ(agreement[0].suggested_share, 1);
  EXPECT_EQ(agreement[2].own, 0.25);
  EXPECT_EQ(agreement[2].suggested, 7);
  EXPECT_EQ(agreement[4].suggested, 7) << "a cosine of 0 or less does not vote";
}

TEST(NeighbourChecksTest, TheThresholdIsTheMedianAndRobustDeviations) {
  EXPECT_NEAR(outlier_threshold({1, 2, 3, 4, 100}), 3 + 3.5 * 1.4826 * 1, 1e-12);
  EXPECT_EQ(outlier_threshold({1, 1, 1, 5}), INFINITY);
}

}  // namespace
}  // namespace ilk
