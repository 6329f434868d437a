#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/threads.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "matrices.h"
#include "npy_fixture.h"
#include "targets.h"
#include "transport_scene.h"

namespace {

double mean(const Vector& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool all_finite(const Vector& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

double length(std::span<const float> row) {
  return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
}

TEST(SolveTransport, EqualsPotsPlans) {
  const OneThread quick;
  for (const std::string n : {"60", "200"})
    for (const std::string epsilon : {"0.1", "0.03", "0.01"}) {
      const auto images = npy_matrix("transport/images_" + n + ".npy");
      const auto words = npy_matrix("transport/words_" + n + ".npy");
      const auto expected = npy_fixture("transport/shares_" + n + "_" + epsilon + ".npy").to_doubles();

      const auto found = ilk::solve_transport(
          images, words, {.epsilon = std::stod(epsilon), .max_iterations = 5000, .tolerance = 2e-7});
      EXPECT_TRUE(found.converged) << n << " " << epsilon << " " << found.marginal_error;
      EXPECT_LT(furthest(slow_shares(images, words, plan_of(found)).flat(), expected), 1e-5)
          << n << " " << epsilon;
    }
}

TEST(SolveTransport, ColumnSumsAreAsExactAtASmallEpsilonAsAtALargeOne) {
  const OneThread quick;
  for (const std::string n : {"60", "200"})
    for (const double epsilon : {1.0, 0.1, 0.03, 0.01, 0.003}) {
      const auto found = ilk::solve_transport(
          npy_matrix("transport/images_" + n + ".npy"), npy_matrix("transport/words_" + n + ".npy"),
          {.epsilon = epsilon, .max_iterations = 1000, .tolerance = 3e-8});
      EXPECT_TRUE(found.converged) << n << " " << epsilon << " " << found.marginal_error;
    }
}

TEST(SolveTransport, PotentialsGiveExactRowsAndTheErrorThatIsReported) {
  const OneThread quick;
  const Scene scene(700, 90, 12, 3);
  for (const double epsilon : {10.0, 0.5, 0.05, 0.01})
    for (const std::int64_t iterations : {1, 3, 1000}) {
      const auto found = ilk::solve_transport(
          scene.images, scene.words, {.epsilon = epsilon, .max_iterations = iterations, .tolerance = 1e-5});
      auto plan = cosines(scene.images, scene.words);
      for (std::int64_t i = 0; i < 700; ++i)
        for (std::int64_t j = 0; j < 90; ++j)
          plan[i][j] =
              std::exp((found.row_potentials[i] + found.column_potentials[j] - 1 + plan[i][j]) / epsilon);
      EXPECT_LT(furthest(row_sums(plan), Vector(700, 1.0 / 700)) * 700, 1e-4) << epsilon;
      double error = 0;
      for (const double sum : column_sums(plan)) error += std::fabs(sum - 1.0 / 90);
      EXPECT_NEAR(error, found.marginal_error, 1e-5) << epsilon;
      EXPECT_EQ(found.converged, found.marginal_error <= 1e-5);
      EXPECT_EQ(found.converged, iterations == 1000 || (iterations == 3 && epsilon == 10))
          << epsilon << " " << found.marginal_error;
      EXPECT_LE(found.iterations, iterations);
      EXPECT_NEAR(mean(found.column_potentials), 0, 1e-12);
      EXPECT_EQ(found.epsilon, epsilon);
    }
}

TEST(SolveTransport, WithCosinesOfSomeImagesKeptThePlanIsThatOfAllOrNone) {
  const OneThread quick;
  const Scene scene(1300, 80, 12, 3);

  for (const double epsilon : {0.2, 0.01}) {
    const ilk::TransportOptions options{.epsilon = epsilon, .tolerance = 3e-7};
    const auto expected = ilk::solve_transport(scene.images, scene.words, options);
    for (const std::int64_t kept : {0, 200, 1299}) {
      const Limits limits(kept);
      const auto found = ilk::solve_transport(scene.images, scene.words, options);
      EXPECT_TRUE(found.converged) << epsilon << " " << kept << " " << found.marginal_error;
      EXPECT_LT(furthest(found.column_potentials, expected.column_potentials), 2e-6)
          << epsilon << " " << kept;
      EXPECT_LT(furthest(found.row_potentials, expected.row_potentials), 2e-6) << epsilon << " " << kept;
    }
  }
}

TEST(SolveTransport, KeptCosinesSavePassesOverTheOthers) {
  const Scene scene(12000, 60, 16, 12);
  const auto passes = [&](std::int64_t kept) {
    const Limits limits(kept);
    return ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.03}).iterations;
  };
  const auto without = passes(0);
  EXPECT_LE(passes(6000), without / 4) << without;
}

TEST(SolveTransport, TheHeaviestEntriesSavePassesWhereFewCosinesAreKept) {
  const Scene scene(6000, 300, 16, 12);
  const ilk::TransportOptions options{.epsilon = 0.02, .tolerance = 1e-6};
  const auto solve = [&](std::int64_t entries, int threads) {
    ilk::set_threads(threads);
    const Limits limits(128, 0, entries);
    auto found = ilk::solve_transport(scene.images, scene.words, options);
    ilk::set_threads(0);
    EXPECT_TRUE(found.converged) << entries << " " << found.marginal_error;
    return found;
  };
  const auto without = solve(0, 2);
  for (const std::int64_t entries : {40, 100, 300}) {
    const auto found = solve(entries, 2);
    EXPECT_LE(found.iterations, without.iterations / 2) << entries << " " << without.iterations;
    EXPECT_LT(furthest(found.column_potentials, without.column_potentials), 2e-6) << entries;
    const auto alone = solve(entries, 1);
    EXPECT_TRUE(alone.column_potentials == found.column_potentials);
    EXPECT_EQ(alone.iterations, found.iterations);
  }
}

TEST(SolveTransport, PotentialsAreThoseOfAnyBlockSizeAndNumberOfThreads) {
  const Scene scene(500, 70, 12, 5);
  const ilk::TransportOptions options{.epsilon = 0.03, .tolerance = 3e-7};
  const auto expected = ilk::solve_transport(scene.images, scene.words, options);
  for (const std::int64_t kept : {0, 200, 500})
    for (const std::int64_t block : {3, 64, 5000})
      for (const int threads : {1, 2}) {
        const Limits limits(kept, block);
        ilk::set_threads(threads);
        const auto found = ilk::solve_transport(scene.images, scene.words, options);
        EXPECT_LT(furthest(found.column_potentials, expected.column_potentials), 1e-6)
            << kept << " " << block << " " << threads;
        EXPECT_LT(furthest(found.row_potentials, expected.row_potentials), 1e-6)
            << kept << " " << block << " " << threads;
      }
  ilk::set_threads(0);
}

TEST(SimilaritySpread, IsTheDeviationOnceRowsAndColumnsAreEven) {
  const auto expected = [](const Scene& scene) {
    const auto s = cosines(scene.images, scene.words);
    const Vector rows = row_sums(s), columns = column_sums(s);
    const double n = static_cast<double>(s.rows()), m = static_cast<double>(s.columns());
    const double all = std::accumulate(rows.begin(), rows.end(), 0.0) / n / m;
    double square = 0;
    for (std::int64_t i = 0; i < s.rows(); ++i)
      for (std::int64_t j = 0; j < s.columns(); ++j)
        square += std::pow(s[i][j] - rows[i] / m - columns[j] / n + all, 2);
    return std::sqrt(square / n / m);
  };
  const Scene scene(16'001, 33, 9, 6);
  EXPECT_NEAR(ilk::similarity_spread(scene.images, scene.words), expected(scene), 1e-6);
  // Of many images some are looked at, whatever their order: here those of eight groups by turns.
  Scene many(8 * 16'384, 33, 9, 6);
  const auto groups = random_unit_rows(8, 9, 3);
  for (std::int64_t i = 0; i < many.images.rows(); ++i)
    for (std::int64_t j = 0; j < 9; ++j) many.images[i][j] += 2 * groups[i % 8][j];
  many.images = unit_rows(std::move(many.images));
  EXPECT_NEAR(ilk::similarity_spread(many.images, many.words), expected(many), 0.01 * expected(many));
  EXPECT_LT(ilk::similarity_spread(random_unit_rows(1, 5, 1), random_unit_rows(7, 5, 3)), 1e-3);
}

TEST(SolveTransport, WithoutAnEpsilonThePlanDoesNotDependOnHowCloseAModelsVectorsLie) {
  const Scene scene(500, 40, 12, 9);
  // The same images and words in a narrow cone, as CLIP's are: cosines that differ a quarter as much.
  const auto narrow = [](const ilk::Matrix<float>& rows, std::int64_t side) {
    ilk::Matrix<float> wider(rows.rows(), 14);
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      std::copy_n(rows[i], 12, wider[i]);
      wider[i][12 + side] = std::sqrt(3.0f);
    }
    return unit_rows(std::move(wider));
  };
  const auto images = narrow(scene.images, 0), words = narrow(scene.words, 1);
  const auto wide_plan = ilk::solve_transport(scene.images, scene.words),
             narrow_plan = ilk::solve_transport(images, words);
  EXPECT_NEAR(wide_plan.epsilon, 0.65 * ilk::similarity_spread(scene.images, scene.words), 1e-12);
  EXPECT_NEAR(narrow_plan.epsilon, wide_plan.epsilon / 4, 1e-6);
  EXPECT_LT(furthest(slow_shares(scene.images, scene.words, plan_of(wide_plan)).flat(),
                     slow_shares(images, words, plan_of(narrow_plan)).flat()),
            1e-3);
}

TEST(SolveTransport, TheColumnConstraintKeepsAGenericWordFromTakingAll) {
  Scene scene(400, 20, 10, 5);
  std::fill_n(scene.words[0], 10, 0.0f);
  for (std::int64_t i = 0; i < 400; ++i)
    for (std::int64_t j = 0; j < 10; ++j) scene.words[0][j] += scene.images[i][j];
  scene.words = unit_rows(std::move(scene.words));
  const Vector free = column_sums(slow_shares(scene.images, scene.words, even_plan(20, 0.02)));
  EXPECT_GT(free[0], 2 * 20) << "left alone, the generic word takes more than twice its share";
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.02});
  const Vector fair = column_sums(slow_shares(scene.images, scene.words, plan_of(found)));
  EXPECT_LT(furthest(fair, Vector(20, 20.0)), 0.1);
}

TEST(SolveTransport, BitIdenticalForAnyNumberOfThreads) {
  const Scene scene(3011, 333, 16, 8);
  const ilk::TransportOptions options{.epsilon = 0.02, .tolerance = 1e-5};
  ilk::set_threads(1);
  const auto one = ilk::solve_transport(scene.images, scene.words, options);
  const auto mine = ilk::counterparts(scene.images, scene.words, plan_of(one));
  for (const int threads : {2, 3, 5}) {
    ilk::set_threads(threads);
    const auto other = ilk::solve_transport(scene.images, scene.words, options);
    EXPECT_TRUE(other.column_potentials == one.column_potentials) << threads;
    EXPECT_TRUE(other.row_potentials == one.row_potentials) << threads;
    EXPECT_EQ(other.marginal_error, one.marginal_error);
    EXPECT_EQ(other.iterations, one.iterations);
    EXPECT_TRUE(equal(ilk::counterparts(scene.images, scene.words, plan_of(other)), mine));
  }
  ilk::set_threads(0);
}

TEST(SolveTransport, BitIdenticalOnEveryProcessor) {
  const Scene scene(1500, 133, 19, 8);
  for (const auto& [kept, entries] : std::vector<std::pair<int, int>>{{300, 0}, {100, 20}}) {
    const Limits limits(kept, 0, entries);
    std::vector<ilk::PlacedTransport> all;
    for_each_target([&] {
      all.push_back(ilk::solve_and_place(scene.images, scene.words, {.counterparts = true, .top = 3},
                                         {.tolerance = 1e-5}));
    });
    for (const auto& [transport, placed] : all) {
      EXPECT_EQ(transport.column_potentials, all[0].transport.column_potentials);
      EXPECT_EQ(transport.row_potentials, all[0].transport.row_potentials);
      EXPECT_EQ(transport.epsilon, all[0].transport.epsilon);
      EXPECT_TRUE(equal(placed.counterparts, all[0].placed.counterparts));
      EXPECT_TRUE(equal(placed.top_words.weights, all[0].placed.top_words.weights));
      EXPECT_TRUE(equal(placed.top_words.indices, all[0].placed.top_words.indices));
    }
  }
}

TEST(SolveTransport, NoEpsilonBreaksIt) {
  const OneThread quick;
  const Scene scene(150, 30, 8, 2);

  for (const double epsilon : {1e-6, 1e-5, 1e-4, 1e-3, 1.0, 10.0}) {
    for (const auto& [kept, entries] :
         std::vector<std::pair<int, int>>{{epsilon == 1e-5 ? 150 : 70, 0}, {0, 5}}) {
      const Limits limits(kept, 0, entries);
      const auto found =
          ilk::solve_transport(scene.images, scene.words, {.epsilon = epsilon, .max_iterations = 60});
      EXPECT_TRUE(all_finite(found.column_potentials)) << epsilon;
      EXPECT_TRUE(all_finite(found.row_potentials)) << epsilon;
      EXPECT_TRUE(std::isfinite(found.marginal_error)) << epsilon;
      EXPECT_EQ(found.converged, found.marginal_error <= 1e-4);
      if (epsilon >= 1) {
        EXPECT_TRUE(found.converged) << epsilon << " " << found.marginal_error;
      }
      const auto placed = ilk::counterparts(scene.images, scene.words, plan_of(found));
      for (std::int64_t i = 0; i < placed.rows(); ++i) EXPECT_NEAR(length(placed.row(i)), 1, 1e-5) << epsilon;
    }
  }
}

TEST(SolveTransport, WordsFarFromEveryImageAreReachedThroughLogarithms) {
  // The second word is opposite to all images: its shares are about e^−20000 and no float holds them.
  const auto images = unit_rows(matrix_of({{1.0, 0.01f}, {1.0, -0.01f}, {1.0, 0.02f}, {1.0, -0.03f}}));
  const auto words = matrix_of({{1, 0}, {-1, 0}});
  const auto found = ilk::solve_transport(images, words, {.epsilon = 1e-4, .max_iterations = 200});
  EXPECT_TRUE(found.converged) << found.marginal_error;
  EXPECT_NEAR(column_sums(slow_shares(images, words, plan_of(found)))[1], 2, 0.05);
}

TEST(SolveTransport, AccelerationEndsWherePlainSinkhornEnds) {
  const OneThread quick;
  const Scene scene(300, 40, 10, 4);
  const double epsilon = 0.01;
  ilk::RowPlan plain = even_plan(40, epsilon);
  std::int64_t iterations = 0;
  for (double error = 1; error > 1e-6; ++iterations) {
    const Vector sums = column_sums(slow_shares(scene.images, scene.words, plain));
    error = 0;
    for (std::size_t j = 0; j < 40; ++j) {
      error += std::fabs(sums[j] / 300 - 1.0 / 40);
      plain.column_potentials[j] -= epsilon * std::log(sums[j] / 300 * 40);
    }
  }
  const double middle = mean(plain.column_potentials);
  for (double& one : plain.column_potentials) one -= middle;
  const auto found = ilk::solve_transport(scene.images, scene.words,
                                          {.epsilon = epsilon, .max_iterations = 1000, .tolerance = 1e-6});
  EXPECT_TRUE(found.converged);
  EXPECT_LT(found.iterations, iterations / 2) << iterations;
  EXPECT_LT(furthest(found.column_potentials, plain.column_potentials), 1e-5);
}

TEST(SolveTransport, ExtremeShapes) {
  const auto one_word = random_unit_rows(1, 5, 1), images = random_unit_rows(9, 5, 2);
  const auto found = ilk::solve_transport(images, one_word);
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.iterations, 1);
  EXPECT_TRUE(ilk::solve_transport(random_unit_rows(9, 1, 1), random_unit_rows(4, 1, 2)).converged)
      << "one column";
  EXPECT_TRUE(
      ilk::solve_transport(random_unit_rows(1, 5, 1), random_unit_rows(7, 5, 3), {.max_iterations = 1000})
          .converged);
}

TEST(SolveTransport, BadInputNamesTheRuleAndTheValue) {
  const auto images = random_unit_rows(9, 5, 2), words = random_unit_rows(4, 6, 2);
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, words); }),
            "[solve_transport] words must be as wide as the embeddings (5), got 6.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = -1}); }),
            "[solve_transport] epsilon must be at least 0, got -1.");
  auto bad = images.copy();
  for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity(), 0.0f}) {
    std::fill_n(bad[7], 5, value);
    EXPECT_EQ(error_of([&] { ilk::solve_transport(bad, images); }).substr(0, 79),
              "[solve_transport] embeddings must have finite rows of unit length, got row 7 of");
    EXPECT_EQ(error_of([&] { ilk::place(images, bad, even_plan(9, 0.1), {}); }).substr(0, 61),
              "[place] words must have finite rows of unit length, got row 7");
  }
  auto longer = images.copy();
  for (float& value : longer.flat()) value *= 3;
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = infinity}); }),
            "[solve_transport] epsilon must be finite, got inf.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = 1e-40}); }),
            "[solve_transport] epsilon must be at least 1e-30, got 1e-40.");
  EXPECT_EQ(error_of([&] {
              ilk::place(images, images, {Vector(9, infinity), 0.1}, {});
            }),
            "[place] column_potentials must be finite.");
  EXPECT_EQ(error_of([&] { ilk::solve_and_place(images, images, {.top = 10}); }),
            "[solve_transport] top must be between 1 and the number of words (9), got 10.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, longer); }).substr(0, 54),
            "[solve_transport] words must have finite rows of unit ");
  EXPECT_EQ(error_of([&] { ilk::counterparts(images, images, even_plan(4, 0.1)); }),
            "[counterparts] column_potentials must be one number for each word (9), got 4.");
  EXPECT_EQ(error_of([&] { ilk::counterparts(images, images, even_plan(9, 0)); }),
            "[counterparts] epsilon must be finite and at least 1e-30, got 0.");
  EXPECT_EQ(error_of([&] { ilk::top_words(images, images, even_plan(9, 0.1), 10); }),
            "[top_words] top must be between 1 and the number of words (9), got 10.");
  EXPECT_EQ(error_of([&] {
              ilk::group_mass(images, images, even_plan(9, 0.1), std::vector<std::int64_t>(9, 3), 3);
            }),
            "[group_mass] labels must be between 0 and n_groups − 1 (2), got 3.");
}

}  // namespace
