// What the rows of a solved plan give each image: counterparts, words, the mass of groups.
#include <gtest/gtest.h>
#include <ilk/threads.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cluster/cosine_rows.h"
#include "core/random.h"
#include "matrices.h"
#include "targets.h"
#include "transport_scene.h"

namespace {

TEST(SolveAndPlace, LeavesWhatPlaceLeavesAfterwards) {
  const Scene scene(3000, 90, 14, 4);

  for (const std::int64_t kept : {0, 700, 3000}) {
    const Limits limits(kept);
    for (const std::int64_t iterations : {2, 1000}) {
      const auto found = ilk::solve_and_place(scene.images, scene.words, {.counterparts = true, .top = 4},
                                              {.epsilon = 0.05, .max_iterations = iterations});
      const auto alone =
          ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05, .max_iterations = iterations});
      EXPECT_TRUE(found.transport.column_potentials == alone.column_potentials);
      EXPECT_TRUE(found.transport.row_potentials == alone.row_potentials);
      const auto placed =
          ilk::place(scene.images, scene.words, plan_of(found.transport), {.counterparts = true, .top = 4});
      EXPECT_LT(largest_difference(found.placed.counterparts, placed.counterparts), 5e-5);
      EXPECT_LT(largest_difference(found.placed.top_words.weights, placed.top_words.weights), 1e-5);
      EXPECT_LT(differences(found.placed.top_words.indices, placed.top_words.indices), 10)
          << "but for ties within rounding";
    }
  }

  const auto nothing = ilk::place(scene.images, scene.words, even_plan(90, 0.1), {});
  EXPECT_TRUE(nothing.counterparts.empty());
  EXPECT_TRUE(nothing.top_words.indices.empty());
}

TEST(PlanLoops, GiveWhatIsWrittenOutPlainlyForAnyLength) {
  for_each_target([] {
    const auto& kernels = ilk::kernels::kernels();
    for (const std::int64_t m : {1, 3, 15, 16, 17, 100, 563}) {
      const auto cosines = random_unit_rows(4, m, 1), potentials = random_unit_rows(2, m, 2);
      // Multiples of a quantum, and something less than it.
      constexpr float quantum = 0x1p-20f;
      std::vector<float> coarse, fine;
      for (std::int64_t j = 0; j < m; ++j) {
        coarse.push_back(std::round(potentials[0][j] / quantum) * quantum);
        fine.push_back(potentials[1][j] * quantum);
      }
      ilk::Matrix<float> rows(4, m);
      const float weights[] = {0.1f, 0.5f, 2.0f, 0.25f};
      Vector once(m), sums(m, 1.0);
      for (std::int64_t i = 0; i < 4; ++i) {
        float* row = rows[i];
        const auto [origin, highest] =
            kernels.prefer(cosines[i], coarse.data(), fine.data(), quantum, row, m);
        EXPECT_EQ(origin, std::round(origin / quantum) * quantum);
        EXPECT_LE(std::fabs(highest), 2 * quantum);
        EXPECT_EQ(highest, *std::max_element(row, row + m));
        Vector expected;
        for (std::int64_t j = 0; j < m; ++j) {
          const double truth = static_cast<double>(cosines[i][j]) + coarse[j] + fine[j] - origin;
          EXPECT_NEAR(row[j], truth, 0x1p-23 * (std::fabs(truth) + quantum));
          expected.push_back(std::exp(static_cast<double>((row[j] - highest) * 30)));
        }
        const double total = kernels.exponentiate(row, m, highest, 30);
        for (std::int64_t j = 0; j < m; ++j) {
          EXPECT_NEAR(row[j], expected[j], 2.4e-7 * expected[j]);
          once[j] += static_cast<double>(row[j] * weights[i]);
        }
        EXPECT_NEAR(total, std::accumulate(row, row + m, 0.0), 1e-12 * total);
      }
      kernels.add_four_rows(sums.data(), rows.data(), weights, m);
      for (std::int64_t i = 0; i < 4; ++i) kernels.add_row(sums.data(), rows[i], weights[i], m);
      for (std::int64_t j = 0; j < m; ++j) EXPECT_NEAR(sums[j], 1 + 2 * once[j], 1e-6);
    }
  });
}

TEST(Counterparts, EqualTheSlowSumForOldImagesAndNewOnes) {
  const Scene scene(2600, 150, 14, 6), fresh(500, 1, 14, 6);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.03});
  for (const auto* images : {&scene.images, &fresh.images}) {
    const auto shares = slow_shares(*images, scene.words, plan_of(found)), s = cosines(*images, scene.words);
    ilk::Matrix<float> expected(images->rows(), 14);
    for (std::int64_t i = 0; i < images->rows(); ++i) {
      Vector sum(14);
      for (std::int64_t j = 0; j < 150; ++j)
        for (std::int64_t k = 0; k < 14; ++k) sum[k] += shares[i][j] * s[i][j] * scene.words[j][k];
      const double size = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
      for (std::int64_t k = 0; k < 14; ++k) expected[i][k] = static_cast<float>(sum[k] / size);
    }
    for_each_target([&] {
      const auto placed = ilk::counterparts(*images, scene.words, plan_of(found));
      // Products of 15 bits; short sums of many words show their errors most.
      EXPECT_LT(largest_difference(placed, expected), 2e-4);
      double sum = 0;
      for (std::int64_t i = 0; i < placed.size(); ++i)
        sum += std::fabs(placed.data()[i] - expected.data()[i]);
      EXPECT_LT(sum / static_cast<double>(placed.size()), 2e-5);
    });
  }
}

TEST(Counterparts, TakeTheHeaviestWordWhereTheSumVanishes) {
  const auto image = matrix_of({{1, 0, 0}});
  const auto words = matrix_of({{0, 1, 0}, {0, 0, 1}, {0, -1, 0}});  // all at right angles
  EXPECT_TRUE(equal(ilk::counterparts(image, words, {{0.0, 0.2, 0.1}, 0.1}), matrix_of({{0, 0, 1}})));
  EXPECT_TRUE(equal(ilk::counterparts(image, words, even_plan(3, 0.1)), matrix_of({{0, 1, 0}})))
      << "ties to the lower index";
}

TEST(TopWords, AreThoseOfTheSlowRows) {
  const Scene scene(1300, 260, 14, 7);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05});
  const auto shares = slow_shares(scene.images, scene.words, plan_of(found));
  for (const std::int64_t top : {1, 5, 260}) {
    ilk::TopWords expected{ilk::Matrix<std::int64_t>(1300, top), ilk::Matrix<float>(1300, top)};
    for (std::int64_t i = 0; i < 1300; ++i) {
      std::vector<std::int64_t> order(260);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](auto a, auto b) { return shares[i][a] > shares[i][b]; });
      std::copy_n(order.begin(), top, expected.indices[i]);
      for (std::int64_t k = 0; k < top; ++k) expected.weights[i][k] = static_cast<float>(shares[i][order[k]]);
    }
    const auto words = ilk::top_words(scene.images, scene.words, plan_of(found), top);
    EXPECT_LT(largest_difference(words.weights, expected.weights), 1e-5);
    EXPECT_LT(static_cast<double>(differences(words.indices, expected.indices)),
              1e-3 * 1300 * static_cast<double>(top))
        << "but for ties within rounding";
    for (std::int64_t i = 0; i < 1300 && top == 260; ++i)
      ASSERT_NEAR(std::accumulate(words.weights[i], words.weights[i] + top, 0.0), 1, 1e-5);
  }
}

TEST(TopWords, TiesGoToTheLowerIndex) {
  const auto axes = matrix_of({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}});
  const auto words = ilk::top_words(matrix_of({{0.5, 0.5, 0.5, 0.5}}), axes, even_plan(4, 0.1), 3);
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_EQ(words.indices[0][k], k);
    EXPECT_NEAR(words.weights[0][k], 0.25, 1e-6);
  }
}

TEST(GroupMass, EqualsTheSlowSumsAndRowsSumToGroupSizes) {
  const Scene scene(2900, 120, 14, 9);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05});
  ilk::RandomStream random(1, "labels");
  std::vector<std::int64_t> labels(2900);
  // Group 3 holds most images and group 5 none.
  for (std::int64_t& label : labels) label = random.below(10) < 7 ? 3 : random.below(5);
  ilk::Matrix<double> expected(6, 120);
  Vector sizes(6);
  const auto shares = slow_shares(scene.images, scene.words, plan_of(found));
  for (std::int64_t i = 0; i < 2900; ++i) {
    sizes[labels[i]] += 1;
    for (std::int64_t j = 0; j < 120; ++j) expected[labels[i]][j] += shares[i][j];
  }
  ilk::set_threads(1);
  const auto mass = ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6);
  ilk::set_threads(3);
  EXPECT_TRUE(equal(ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6), mass));
  ilk::set_threads(0);
  EXPECT_LT(furthest(mass.flat(), expected.flat()), 2e-3);
  for (const std::int64_t fitting : {0, 1000, 2900}) {
    ilk::internal::cosine_limits().shares_bytes = fitting * 2 * 120;
    const auto placed = ilk::place(scene.images, scene.words, plan_of(found), {.shares = true});
    EXPECT_EQ(placed.shares.rows(), fitting);
    const auto from_shares =
        ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6, placed.shares);
    EXPECT_LT(furthest(from_shares.flat(), expected.flat()),
              1e-3 * *std::max_element(expected.flat().begin(), expected.flat().end()));
    const auto solved = ilk::solve_and_place(scene.images, scene.words, {.shares = true}, {.epsilon = 0.05});
    ASSERT_EQ(solved.placed.shares.size(), fitting * 120);
    for (std::int64_t i = 0; i < fitting * 120; ++i) {
      const double share = ilk::to_float(placed.shares.data()[i]);
      ASSERT_NEAR(ilk::to_float(solved.placed.shares.data()[i]), share, 0.01 * share + 1e-6) << fitting;
    }
  }
  ilk::internal::cosine_limits() = {};
  EXPECT_LT(furthest(row_sums(mass), sizes), 1e-3);
}

}  // namespace
