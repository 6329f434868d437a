#include <gtest/gtest.h>
#include <ilk/cae.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <cmath>

#include "matrices.h"
#include "methods/fused_clusters.h"
#include "targets.h"

namespace {

using Parts = std::vector<ilk::MatrixView<const float>>;
using Row = std::vector<double>;

/// Rows with a mean worth subtracting.
ilk::Matrix<float> rows_off_centre(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  auto rows = random_matrix(n, d, seed);
  for (float& number : rows.flat()) number += 0.7f;
  return unit_rows(std::move(rows));
}

void scale(Row& row, double factor) {
  for (double& number : row) number *= factor;
}

struct Slow {
  Row features, weights;
};

/// Image i in float64, straight from the definition.
Slow slow_fusion(const Parts& parts, const ilk::FusionOptions& options, std::int64_t i) {
  std::vector<Row> used;
  for (const auto& part : parts) {
    Row row(part.row(i).begin(), part.row(i).end());
    if (options.centre) {
      for (std::int64_t other = 0; other < part.rows(); ++other)
        for (std::size_t j = 0; j < row.size(); ++j)
          row[j] -= static_cast<double>(part.row(other)[j]) / static_cast<double>(part.rows());
      scale(row, 1 / std::sqrt(dot(row, row)));
    }
    used.push_back(row);
  }
  Row prototype(used[0].size());
  for (const Row& part : used)
    for (std::size_t j = 0; j < part.size(); ++j) prototype[j] += part[j] / static_cast<double>(parts.size());
  Slow result;
  double total = 0;
  for (const Row& part : used) {
    const double cosine = dot(part, prototype) / std::sqrt(dot(part, part) * dot(prototype, prototype));
    result.weights.push_back(options.fusion == ilk::FusionKind::plain ? 1 : std::exp(cosine / options.gamma));
    total += result.weights.back();
  }
  scale(result.weights, 1 / total);
  result.features.resize(options.fusion == ilk::FusionKind::sum ? prototype.size() : 0);
  for (std::size_t m = 0; m < used.size(); ++m) {
    scale(used[m], result.weights[m]);
    if (options.fusion != ilk::FusionKind::sum)
      result.features.insert(result.features.end(), used[m].begin(), used[m].end());
    for (std::size_t j = 0; j < prototype.size() && options.fusion == ilk::FusionKind::sum; ++j)
      result.features[j] += used[m][j];
  }
  scale(result.features, 1 / std::sqrt(dot(result.features, result.features)));
  return result;
}

void expect_near(std::span<const float> found, const Row& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t j = 0; j < expected.size(); ++j) EXPECT_NEAR(found[j], expected[j], tolerance) << j;
}

constexpr ilk::FusionKind kinds[] = {ilk::FusionKind::concat, ilk::FusionKind::sum, ilk::FusionKind::plain};

TEST(Fuse, EqualsTheSlowDefinition) {
  const ilk::Matrix<float> all[] = {rows_off_centre(1030, 8, 1), rows_off_centre(1030, 8, 2),
                                    rows_off_centre(1030, 8, 3)};
  for (const auto kind : kinds)
    for (const bool centre : {true, false})
      for (std::size_t count = 1; count <= 3; ++count) {
        const Parts parts(all, all + count);
        const ilk::FusionOptions options{.fusion = kind, .gamma = 0.2, .centre = centre};
        const auto found = ilk::fuse(parts, options);
        ASSERT_EQ(found.features.rows(), 1030);
        for (std::int64_t i = 0; i < 1030; i += 13) {
          const Slow expected = slow_fusion(parts, options, i);
          expect_near(found.features.row(i), expected.features, 2e-5);
          expect_near(found.weights.row(i), expected.weights, 2e-5);
        }
        EXPECT_EQ(found.model.means.size(), centre ? count : 0);
        EXPECT_TRUE(equal(ilk::fuse_new(parts, options, found.model), found.features))
            << "old images given as new ones";
      }
}

TEST(Fuse, TextsThatAreGivenAwayAreFusedLikeOthers) {
  // Wide enough that a block of images has whole pages of its own.
  const auto images = rows_off_centre(2500, 96, 1), nouns = rows_off_centre(2500, 96, 2),
             captions = rows_off_centre(2500, 96, 3);
  for (const auto kind : kinds)
    for (const bool centre : {true, false}) {
      const ilk::FusionOptions options{.fusion = kind, .centre = centre};
      const auto kept = ilk::fuse({images, nouns, captions}, options);
      std::vector<ilk::Matrix<float>> texts;
      texts.push_back(nouns.copy());
      texts.push_back(captions.copy());
      const auto found = ilk::internal::fuse_and_free(images, std::move(texts), options);
      EXPECT_TRUE(equal(found.features, kept.features));
      EXPECT_TRUE(equal(found.weights, kept.weights));
      EXPECT_EQ(found.model.means, kept.model.means);
    }
}

TEST(Fuse, TheSameForAnyNumberOfThreadsAndEveryProcessor) {
  const auto images = rows_off_centre(3000, 12, 1), texts = rows_off_centre(3000, 12, 2);
  for (const auto kind : kinds) {
    const ilk::FusionOptions options{.fusion = kind, .centre = true};
    ilk::set_threads(1);
    const auto one = ilk::fuse({images, texts}, options);
    for_each_target([&] {
      for (const int threads : {2, 3}) {
        ilk::set_threads(threads);
        EXPECT_TRUE(equal(ilk::fuse({images, texts}, options).features, one.features));
      }
    });
  }
  ilk::set_threads(0);
}

TEST(Fuse, SmallGammaTrustsThePartNearestToThePrototype) {
  const auto x = matrix_of({{1, 0}}), near = matrix_of({{0.8f, 0.6f}}), far = matrix_of({{0, 1}});
  const auto sharp = ilk::fuse({x, near, far}, {.gamma = 0.001, .centre = false}).weights;
  EXPECT_LT(largest_difference(sharp, matrix_of({{0, 1, 0}})), 1e-4);
  const auto flat = ilk::fuse({x, near, far}, {.gamma = 1e6, .centre = false}).weights;
  EXPECT_LT(largest_difference(flat, ilk::Matrix<float>::filled(1, 3, 1 / 3.f)), 1e-4);
}

TEST(Fuse, ImagesThatVanishStillHaveUnitRows) {
  // Equal images equal their mean; a lone image too. What is left is the parts as they are.
  const std::vector<std::int64_t> first(4);
  const auto same = rows_of(random_unit_rows(1, 6, 1), first),
             text = rows_of(random_unit_rows(1, 6, 2), first);
  for (const auto kind : kinds) {
    const auto found = ilk::fuse({same, text}, {.fusion = kind, .centre = true});
    for (std::int64_t i = 0; i < 4; ++i) {
      const Row row(found.features.row(i).begin(), found.features.row(i).end());
      EXPECT_NEAR(std::sqrt(dot(row, row)), 1, 1e-5) << ilk::enum_name(kind);
    }
    EXPECT_TRUE(equal(found.features, ilk::fuse({same, text}, {.fusion = kind, .centre = false}).features));
    EXPECT_LT(largest_difference(found.weights, ilk::Matrix<float>::filled(4, 2, 0.5f)), 1e-5);
  }
  // Parts that cancel: the image speaks for itself.
  auto opposite = same.copy();
  for (float& number : opposite.flat()) number = -number;
  const auto alone = ilk::fuse({same, opposite}, {.fusion = ilk::FusionKind::sum, .centre = false});
  EXPECT_LT(largest_difference(alone.features, same), 1e-6);
}

TEST(Fuse, ARowEqualToTheMeanStaysZeroAndKeepsItsShareOfWeight) {
  // The first part's third row is the mean of the first part; the second part varies.
  const float half = std::sqrt(0.5f);
  const auto x = matrix_of({{1, 0, 0}, {1, 0, 0}, {1, 0, 0}});
  const auto text = matrix_of({{half, half, 0}, {half, -half, 0}, {half, 0, half}});
  const auto found = ilk::fuse({x, text}, {.gamma = 1, .centre = true});
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) EXPECT_EQ(found.features[i][j], 0) << "no direction is left in x";
    // cos 0 against cos 1 with the prototype.
    EXPECT_NEAR(found.weights[i][0], 1 / (1 + std::exp(1.0)), 1e-5);
  }
}

TEST(Fuse, NewImagesAreCentredByTheOldMeans) {
  const auto images = rows_off_centre(900, 8, 1), texts = rows_off_centre(900, 8, 2);
  const ilk::FusionOptions options{.centre = true};
  const auto whole = ilk::fuse({images, texts}, options);
  const auto few =
      ilk::fuse_new({images.rows_between(100, 103), texts.rows_between(100, 103)}, options, whole.model);
  EXPECT_EQ(largest_difference(few, whole.features.rows_between(100, 103)), 0);
}

TEST(Fuse, BadInputNamesTheRuleAndTheValue) {
  const auto x = random_unit_rows(5, 4, 1);
  EXPECT_EQ(error_of([&] { ilk::fuse({}, {}); }), "[fuse] parts must be one to three, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse({x, x, x, x}, {}); }), "[fuse] parts must be one to three, got 4.");
  const auto narrower = random_unit_rows(5, 3, 1);
  EXPECT_EQ(error_of([&] {
              ilk::fuse({x, narrower}, {});
            }),
            "[fuse] parts must have the same shape (5 × 4), got 5 × 3.");
  EXPECT_EQ(error_of([&] { ilk::fuse({x}, {.gamma = 0}); }), "[fuse] gamma must be above 0, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse_new({x}, {.centre = true}, {}); }),
            "[fuse_new] model must have 1 means, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse_new({x}, {.centre = true}, {{std::vector<float>(3)}}); }),
            "[fuse_new] means must be as wide as the parts (4), got 3.");
}

}  // namespace
