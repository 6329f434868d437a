#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/random.h>
#include <ilk/transport.h>

#include <cmath>

#include "../src/cluster/anderson.h"
#include "../src/cluster/blocks.h"
#include "../src/cluster/cosine_rows.h"
#include "../src/cluster/plan_loops.h"
#include "npy_fixture.h"

namespace {

torch::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return ilk::normalise_rows(rows, "test", "rows");
}

/// Images in a few groups, of which the words know most.
struct Scene {
  torch::Tensor images, words;
  Scene(std::int64_t n, std::int64_t m, std::int64_t d, std::uint64_t seed) {
    const auto groups = unit_rows(6, d, seed);
    ilk::RandomStream random(seed, "scene");
    images = 0.7 * unit_rows(n, d, seed + 1), words = 0.9 * unit_rows(m, d, seed + 2);
    for (std::int64_t i = 0; i < n; ++i) images[i] += groups[random.below(6)];
    for (std::int64_t j = 0; j < m; ++j) words[j] += groups[random.below(5)];
    images = ilk::normalise_rows(images, "test", "images"),
    words = ilk::normalise_rows(words, "test", "words");
  }
};

torch::Tensor cosines(const torch::Tensor& images, const torch::Tensor& words) {
  return images.to(torch::kFloat64).matmul(words.to(torch::kFloat64).t());
}

/// Rows of the plan, each scaled to sum 1, whole and in float64.
torch::Tensor slow_shares(const torch::Tensor& images, const torch::Tensor& words, const ilk::RowPlan& plan) {
  return ((cosines(images, words) + plan.column_potentials) / plan.epsilon).softmax(1);
}

ilk::RowPlan plan_of(const ilk::Transport& transport) {
  return {transport.column_potentials, transport.epsilon};
}

/// Many passes over little data are quickest without other threads.
struct OneThread {
  OneThread() { ilk::set_threads(1); }
  ~OneThread() { ilk::set_threads(0); }
};

template <class Body>
void on_both_paths(Body body) {
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    body();
    ilk::internal::plain_path() = false;
  }
}

/// Cosines are kept of so many images only, and blocks have so many.
struct Limits {
  explicit Limits(std::int64_t kept, std::int64_t block = 0, std::int64_t entries = 0) {
    ilk::internal::cosine_limits().most_kept_images = kept;
    ilk::internal::cosine_limits().most_entries = entries;
    ilk::internal::cosine_limits().images_per_block = block;
  }
  ~Limits() { ilk::internal::cosine_limits() = {}; }
};

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}

TEST(SolveTransport, EqualsPotsPlans) {
  const OneThread quick;
  for (const std::string n : {"60", "200"})
    for (const std::string epsilon : {"0.1", "0.03", "0.01"}) {
      const auto images = npy_fixture("transport/images_" + n + ".npy");
      const auto words = npy_fixture("transport/words_" + n + ".npy");
      const auto expected = npy_fixture("transport/shares_" + n + "_" + epsilon + ".npy");
      on_both_paths([&] {
        const auto found = ilk::solve_transport(
            images, words, {.epsilon = std::stod(epsilon), .max_iterations = 5000, .tolerance = 2e-7});
        EXPECT_TRUE(found.converged) << n << " " << epsilon << " " << found.marginal_error;
        EXPECT_LT((slow_shares(images, words, plan_of(found)) - expected).abs().max().item<double>(), 1e-5)
            << n << " " << epsilon;
      });
    }
}

TEST(SolveTransport, PotentialsGiveExactRowsAndTheErrorThatIsReported) {
  const OneThread quick;
  const Scene scene(700, 90, 12, 3);
  on_both_paths([&] {
    for (const double epsilon : {10.0, 0.5, 0.05, 0.01})
      for (const std::int64_t iterations : {1, 3, 1000}) {
        const auto found = ilk::solve_transport(
            scene.images, scene.words, {.epsilon = epsilon, .max_iterations = iterations, .tolerance = 1e-5});
        const auto plan = ((found.row_potentials.unsqueeze(1) + found.column_potentials - 1 +
                            cosines(scene.images, scene.words)) /
                           epsilon)
                              .exp();
        EXPECT_LT((plan.sum(1) * 700 - 1).abs().max().item<double>(), 1e-4) << epsilon;
        EXPECT_NEAR((plan.sum(0) - 1.0 / 90).abs().sum().item<double>(), found.marginal_error, 1e-5)
            << epsilon;
        EXPECT_EQ(found.converged, found.marginal_error <= 1e-5);
        EXPECT_EQ(found.converged, iterations == 1000 || (iterations == 3 && epsilon == 10))
            << epsilon << " " << found.marginal_error;
        EXPECT_LE(found.iterations, iterations);
        EXPECT_NEAR(found.column_potentials.mean().item<double>(), 0, 1e-12);
        EXPECT_EQ(found.epsilon, epsilon);
      }
  });
}

TEST(SolveTransport, WithCosinesOfSomeImagesKeptThePlanIsThatOfAllOrNone) {
  const OneThread quick;
  const Scene scene(1300, 80, 12, 3);
  on_both_paths([&] {
    for (const double epsilon : {0.2, 0.01}) {
      const ilk::TransportOptions options{.epsilon = epsilon, .tolerance = 3e-7};
      const auto expected = ilk::solve_transport(scene.images, scene.words, options);
      for (const std::int64_t kept : {0, 200, 1299}) {
        const Limits limits(kept);
        const auto found = ilk::solve_transport(scene.images, scene.words, options);
        EXPECT_TRUE(found.converged) << epsilon << " " << kept << " " << found.marginal_error;
        EXPECT_LT((found.column_potentials - expected.column_potentials).abs().max().item<double>(), 2e-6)
            << epsilon << " " << kept;
        EXPECT_LT((found.row_potentials - expected.row_potentials).abs().max().item<double>(), 2e-6)
            << epsilon << " " << kept;
      }
    }
  });
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
    EXPECT_LT((found.column_potentials - without.column_potentials).abs().max().item<double>(), 2e-6)
        << entries;
    const auto alone = solve(entries, 1);
    EXPECT_TRUE(alone.column_potentials.equal(found.column_potentials));
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
        EXPECT_LT((found.column_potentials - expected.column_potentials).abs().max().item<double>(), 1e-6)
            << kept << " " << block << " " << threads;
        EXPECT_LT((found.row_potentials - expected.row_potentials).abs().max().item<double>(), 1e-6)
            << kept << " " << block << " " << threads;
      }
  ilk::set_threads(0);
}

TEST(SolveAndPlace, LeavesWhatPlaceLeavesAfterwards) {
  const Scene scene(3000, 90, 14, 4);
  on_both_paths([&] {
    for (const std::int64_t kept : {0, 700, 3000}) {
      const Limits limits(kept);
      for (const std::int64_t iterations : {2, 1000}) {
        const auto found = ilk::solve_and_place(scene.images, scene.words, {.counterparts = true, .top = 4},
                                                {.epsilon = 0.05, .max_iterations = iterations});
        const auto alone =
            ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05, .max_iterations = iterations});
        EXPECT_TRUE(found.transport.column_potentials.equal(alone.column_potentials));
        EXPECT_TRUE(found.transport.row_potentials.equal(alone.row_potentials));
        const auto placed =
            ilk::place(scene.images, scene.words, plan_of(found.transport), {.counterparts = true, .top = 4});
        EXPECT_LT((found.placed.counterparts - placed.counterparts).abs().max().item<double>(), 5e-5);
        EXPECT_LT((found.placed.top_words.weights - placed.top_words.weights).abs().max().item<double>(),
                  1e-5);
        EXPECT_LT((found.placed.top_words.indices != placed.top_words.indices).sum().item<std::int64_t>(), 10)
            << "but for ties within rounding";
      }
    }
  });
  const auto nothing = ilk::place(scene.images, scene.words, {torch::zeros({90}, torch::kFloat64), 0.1}, {});
  EXPECT_FALSE(nothing.counterparts.defined());
  EXPECT_FALSE(nothing.top_words.indices.defined());
}

TEST(PlanLoops, ExponentialIsWithinTwoUnitsInTheLastPlace) {
  double worst = 0;
  for (double x = 0; x > -87.3; x -= 3.1e-5) {
    const auto rounded = static_cast<float>(x);
    const double expected = std::exp(static_cast<double>(rounded));
    const auto nearest = static_cast<float>(expected);
    const double unit = static_cast<double>(std::nextafter(nearest, 2.0f)) - static_cast<double>(nearest);
    worst =
        std::max(worst, std::abs(static_cast<double>(ilk::internal::exp_below(rounded)) - expected) / unit);
  }
  EXPECT_LT(worst, 2);
  EXPECT_EQ(ilk::internal::exp_below(0), 1);
  EXPECT_LE(ilk::internal::exp_below(-87.5f), 1e-37f);
  for (const float far : {-88.0f, -1e4f, -1e30f, -std::numeric_limits<float>::infinity()})
    EXPECT_EQ(ilk::internal::exp_below(far), 0) << far;
}

TEST(PlanLoops, GiveWhatIsWrittenOutPlainlyForAnyLength) {
  for (const std::int64_t m : {1, 3, 15, 16, 17, 100, 563}) {
    const auto cosines = unit_rows(4, m, 1), potentials = unit_rows(1, m, 2)[0];
    auto rows = torch::empty({4, m});
    auto sums = torch::ones({m}, torch::kFloat64), weights = torch::tensor({0.1f, 0.5f, 2.0f, 0.25f});
    for (std::int64_t i = 0; i < 4; ++i) {
      auto row = rows[i];
      const float highest = ilk::internal::add_potentials(
          cosines[i].data_ptr<float>(), potentials.data_ptr<float>(), row.data_ptr<float>(), m);
      EXPECT_TRUE(row.equal(cosines[i] + potentials));
      EXPECT_EQ(highest, row.max().item<float>());
      const auto expected = ((row - highest) * 30).to(torch::kFloat64).exp();
      const double total = ilk::internal::exponentiate(row.data_ptr<float>(), m, highest, 30);
      EXPECT_LT(((row - expected).abs() / expected).max().item<double>(), 2.4e-7);
      EXPECT_NEAR(total, row.sum(torch::kFloat64).item<double>(), 1e-12 * total);
    }
    const auto once = (rows * weights.unsqueeze(1)).sum(0, false, torch::kFloat64);
    ilk::internal::add_four_rows(sums.data_ptr<double>(), rows.data_ptr<float>(), weights.data_ptr<float>(),
                                 m);
    for (std::int64_t i = 0; i < 4; ++i)
      ilk::internal::add_row(sums.data_ptr<double>(), rows[i].data_ptr<float>(), weights[i].item<float>(), m);
    EXPECT_LT((sums - 1 - 2 * once).abs().max().item<double>(), 1e-6);
  }
}

TEST(SimilaritySpread, IsTheDeviationOnceRowsAndColumnsAreEven) {
  const auto expected = [](const Scene& scene) {
    const auto s = cosines(scene.images, scene.words);
    const auto left = s - s.mean(0, true) - s.mean(1, true) + s.mean();
    return left.square().mean().sqrt().item<double>();
  };
  on_both_paths([&] {
    const Scene scene(16'001, 33, 9, 6);
    EXPECT_NEAR(ilk::similarity_spread(scene.images, scene.words), expected(scene), 1e-6);
    // Of many images some are looked at, whatever their order: here those of eight groups by turns.
    Scene many(8 * 16'384, 33, 9, 6);
    const auto groups = unit_rows(8, 9, 3).repeat({16'384, 1});
    many.images = ilk::normalise_rows(many.images + 2 * groups, "test", "images");
    EXPECT_NEAR(ilk::similarity_spread(many.images, many.words), expected(many), 0.01 * expected(many));
  });
  EXPECT_LT(ilk::similarity_spread(unit_rows(1, 5, 1), unit_rows(7, 5, 3)), 1e-3);
}

TEST(SolveTransport, WithoutAnEpsilonThePlanDoesNotDependOnHowCloseAModelsVectorsLie) {
  const Scene scene(500, 40, 12, 9);
  // The same images and words in a narrow cone, as CLIP's are: cosines that differ a quarter as much.
  const auto narrow = [](const torch::Tensor& rows, std::int64_t side) {
    const auto aside = torch::zeros({rows.size(0), 2});
    aside.select(1, side).fill_(std::sqrt(3.0f));
    return ilk::normalise_rows(torch::cat({rows, aside}, 1), "test", "rows");
  };
  const auto images = narrow(scene.images, 0), words = narrow(scene.words, 1);
  const auto wide_plan = ilk::solve_transport(scene.images, scene.words),
             narrow_plan = ilk::solve_transport(images, words);
  EXPECT_NEAR(wide_plan.epsilon, 0.65 * ilk::similarity_spread(scene.images, scene.words), 1e-12);
  EXPECT_NEAR(narrow_plan.epsilon, wide_plan.epsilon / 4, 1e-6);
  EXPECT_LT((slow_shares(scene.images, scene.words, plan_of(wide_plan)) -
             slow_shares(images, words, plan_of(narrow_plan)))
                .abs()
                .max()
                .item<double>(),
            1e-3);
}

TEST(SolveTransport, TheColumnConstraintKeepsAGenericWordFromTakingAll) {
  Scene scene(400, 20, 10, 5);
  scene.words[0] = ilk::normalise_rows(scene.images.mean(0, true), "test", "mean")[0];
  const auto free =
      slow_shares(scene.images, scene.words, {torch::zeros({20}, torch::kFloat64), 0.02}).sum(0);
  EXPECT_GT(free[0].item<double>(), 2 * 20) << "left alone, the generic word takes more than twice its share";
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.02});
  const auto fair = slow_shares(scene.images, scene.words, plan_of(found)).sum(0);
  EXPECT_LT((fair - 20).abs().max().item<double>(), 0.1);
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
    EXPECT_TRUE(other.column_potentials.equal(one.column_potentials)) << threads;
    EXPECT_TRUE(other.row_potentials.equal(one.row_potentials)) << threads;
    EXPECT_EQ(other.marginal_error, one.marginal_error);
    EXPECT_EQ(other.iterations, one.iterations);
    EXPECT_TRUE(ilk::counterparts(scene.images, scene.words, plan_of(other)).equal(mine));
  }
  ilk::set_threads(0);
}

TEST(SolveTransport, NoEpsilonBreaksIt) {
  const OneThread quick;
  const Scene scene(150, 30, 8, 2);
  on_both_paths([&] {
    for (const double epsilon : {1e-6, 1e-5, 1e-4, 1e-3, 1.0, 10.0}) {
      for (const auto& [kept, entries] :
           std::vector<std::pair<int, int>>{{epsilon == 1e-5 ? 150 : 70, 0}, {0, 5}}) {
        const Limits limits(kept, 0, entries);
        const auto found =
            ilk::solve_transport(scene.images, scene.words, {.epsilon = epsilon, .max_iterations = 60});
        EXPECT_TRUE(found.column_potentials.isfinite().all().item<bool>()) << epsilon;
        EXPECT_TRUE(found.row_potentials.isfinite().all().item<bool>()) << epsilon;
        EXPECT_TRUE(std::isfinite(found.marginal_error)) << epsilon;
        EXPECT_EQ(found.converged, found.marginal_error <= 1e-4);
        if (epsilon >= 1) {
          EXPECT_TRUE(found.converged) << epsilon << " " << found.marginal_error;
        }
        const auto placed = ilk::counterparts(scene.images, scene.words, plan_of(found));
        EXPECT_TRUE(((placed.norm(2, 1) - 1).abs() < 1e-5).all().item<bool>()) << epsilon;
      }
    }
  });
}

TEST(SolveTransport, WordsFarFromEveryImageAreReachedThroughLogarithms) {
  // The second word is opposite to all images: its shares are about e^−20000 and no float holds them.
  const auto images =
      ilk::normalise_rows(torch::tensor({{1.0, 0.01}, {1.0, -0.01}, {1.0, 0.02}, {1.0, -0.03}}), "t", "x");
  const auto words = torch::tensor({{1.f, 0.f}, {-1.f, 0.f}});
  on_both_paths([&] {
    const auto found = ilk::solve_transport(images, words, {.epsilon = 1e-4, .max_iterations = 200});
    EXPECT_TRUE(found.converged) << found.marginal_error;
    const auto shares = slow_shares(images, words, plan_of(found));
    EXPECT_NEAR(shares.sum(0)[1].item<double>(), 2, 0.05);
  });
}

TEST(SolveTransport, AccelerationEndsWherePlainSinkhornEnds) {
  const OneThread quick;
  const Scene scene(300, 40, 10, 4);
  const double epsilon = 0.01;
  const auto s = cosines(scene.images, scene.words);
  auto g = torch::zeros({40}, torch::kFloat64);
  std::int64_t iterations = 0;
  for (double error = 1; error > 1e-6; ++iterations) {
    const auto shares = ((s + g) / epsilon).softmax(1).mean(0);
    error = (shares - 1.0 / 40).abs().sum().item<double>();
    g = g - epsilon * (shares * 40).log();
  }
  const auto found = ilk::solve_transport(scene.images, scene.words,
                                          {.epsilon = epsilon, .max_iterations = 1000, .tolerance = 1e-6});
  EXPECT_TRUE(found.converged);
  EXPECT_LT(found.iterations, iterations / 2) << iterations;
  EXPECT_LT((found.column_potentials - (g - g.mean())).abs().max().item<double>(), 1e-5);
}

TEST(Anderson, FallsBackToThePlainStepWhereItDoesHarm) {
  // A step function that lies once: the point after the lie is worse, and the way goes on from the best
  // point.
  ilk::internal::Anderson accelerator;
  const auto vector = [](double a, double b) { return torch::tensor({a, b}, torch::kFloat64); };
  auto x = accelerator.next(vector(0, 0), vector(1, 0.5), 1);
  EXPECT_TRUE(x.equal(vector(1, 0.5)));
  accelerator.next(x, vector(0.5, 0.2), 0.5);
  EXPECT_TRUE(accelerator.next(vector(9, 9), vector(4, 4), 7).equal(vector(1.5, 0.7)));
  // A linear map in two dimensions is solved exactly once two changes are known.
  ilk::internal::Anderson fresh;
  const auto target = vector(3, -2), rates = vector(0.9, 0.5);
  x = vector(0, 0);
  for (int i = 0; i < 4; ++i) {
    const auto step = (1 - rates) * (target - x);
    x = fresh.next(x, step, step.abs().sum().item<double>());
  }
  EXPECT_LT((x - target).abs().max().item<double>(), 1e-6);
}

TEST(SolveTransport, ExtremeShapes) {
  const auto one_word = unit_rows(1, 5, 1), images = unit_rows(9, 5, 2);
  const auto found = ilk::solve_transport(images, one_word);
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.iterations, 1);
  EXPECT_TRUE(ilk::solve_transport(unit_rows(9, 1, 1), unit_rows(4, 1, 2)).converged) << "one column";
  EXPECT_TRUE(
      ilk::solve_transport(unit_rows(1, 5, 1), unit_rows(7, 5, 3), {.max_iterations = 1000}).converged);
}

TEST(SolveTransport, BadInputNamesTheRuleAndTheValue) {
  const auto images = unit_rows(9, 5, 2), words = unit_rows(4, 6, 2);
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, words); }),
            "[solve_transport] words must be as wide as the embeddings (5), got 6.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = -1}); }),
            "[solve_transport] epsilon must be at least 0, got -1.");
  auto bad = images.clone();
  for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity(), 0.0f}) {
    bad[7].fill_(value);
    EXPECT_EQ(error_of([&] { ilk::solve_transport(bad, images); }).substr(0, 79),
              "[solve_transport] embeddings must have finite rows of unit length, got row 7 of");
    EXPECT_EQ(error_of([&] {
                ilk::place(images, bad, {torch::zeros({9}), 0.1}, {});
              }).substr(0, 61),
              "[place] words must have finite rows of unit length, got row 7");
  }
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = infinity}); }),
            "[solve_transport] epsilon must be finite, got inf.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images, {.epsilon = 1e-40}); }),
            "[solve_transport] epsilon must be 0 or at least 1e-30, got 1e-40.");
  EXPECT_EQ(error_of([&] {
              ilk::place(images, images, {torch::full({9}, infinity), 0.1}, {});
            }),
            "[place] column_potentials must be finite.");
  EXPECT_EQ(error_of([&] { ilk::solve_and_place(images, images, {.top = 10}); }),
            "[solve_transport] top must be between 1 and the number of words (9), got 10.");
  EXPECT_EQ(error_of([&] { ilk::solve_transport(images, images * 3); }).substr(0, 54),
            "[solve_transport] words must have finite rows of unit ");
  EXPECT_EQ(error_of([&] {
              ilk::counterparts(images, images, {torch::zeros({4}), 0.1});
            }),
            "[counterparts] column_potentials must be one number for each word (9), got 4.");
  EXPECT_EQ(error_of([&] {
              ilk::counterparts(images, images, {torch::zeros({9}), 0});
            }),
            "[counterparts] epsilon must be finite and at least 1e-30, got 0.");
  EXPECT_EQ(error_of([&] {
              ilk::top_words(images, images, {torch::zeros({9}), 0.1}, 10);
            }),
            "[top_words] top must be between 1 and the number of words (9), got 10.");
  EXPECT_EQ(
      error_of([&] {
        ilk::group_mass(images, images, {torch::zeros({9}), 0.1}, torch::full({9}, 3, torch::kInt64), 3);
      }),
      "[group_mass] labels must be between 0 and n_groups − 1 (2), got 3.");
}

TEST(Counterparts, EqualTheSlowSumForOldImagesAndNewOnes) {
  const Scene scene(2600, 150, 14, 6), fresh(500, 1, 14, 6);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.03});
  on_both_paths([&] {
    for (const auto& images : {scene.images, fresh.images}) {
      const auto shares = slow_shares(images, scene.words, plan_of(found));
      auto expected = (shares * cosines(images, scene.words)).matmul(scene.words.to(torch::kFloat64));
      expected = expected / expected.norm(2, 1, true);
      const auto placed = ilk::counterparts(images, scene.words, plan_of(found));
      EXPECT_EQ(placed.scalar_type(), torch::kFloat32);
      // Products of 15 bits; short sums of many words show their errors most.
      EXPECT_LT((placed - expected).abs().max().item<double>(), 2e-4);
      EXPECT_LT((placed - expected).abs().mean().item<double>(), 2e-5);
    }
  });
}

TEST(Counterparts, TakeTheHeaviestWordWhereTheSumVanishes) {
  const auto image = torch::tensor({{1.f, 0.f, 0.f}});
  const auto words =
      torch::tensor({{0.f, 1.f, 0.f}, {0.f, 0.f, 1.f}, {0.f, -1.f, 0.f}});  // all at right angles
  on_both_paths([&] {
    const ilk::RowPlan plan{torch::tensor({0.0, 0.2, 0.1}, torch::kFloat64), 0.1};
    EXPECT_TRUE(ilk::counterparts(image, words, plan).equal(words.slice(0, 1, 2)));
    const ilk::RowPlan even{torch::zeros({3}, torch::kFloat64), 0.1};
    EXPECT_TRUE(ilk::counterparts(image, words, even).equal(words.slice(0, 0, 1)))
        << "ties to the lower index";
  });
}

TEST(TopWords, AreThoseOfTheSlowRows) {
  const Scene scene(1300, 260, 14, 7);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05});
  const auto [weights, indices] = slow_shares(scene.images, scene.words, plan_of(found)).sort(1, true);
  on_both_paths([&] {
    for (const std::int64_t top : {1, 5, 260}) {
      const auto words = ilk::top_words(scene.images, scene.words, plan_of(found), top);
      EXPECT_LT((words.weights - weights.narrow(1, 0, top)).abs().max().item<double>(), 1e-5);
      const auto differ = (words.indices != indices.narrow(1, 0, top)).sum().item<double>();
      EXPECT_LT(differ, 1e-3 * 1300 * static_cast<double>(top)) << "but for ties within rounding";
      if (top == 260) {
        EXPECT_LT((words.weights.sum(1) - 1).abs().max().item<double>(), 1e-5);
      }
    }
  });
}

TEST(TopWords, TiesGoToTheLowerIndex) {
  const auto image = torch::full({1, 4}, 0.5f);
  on_both_paths([&] {
    const auto words = ilk::top_words(image, torch::eye(4), {torch::zeros({4}, torch::kFloat64), 0.1}, 3);
    EXPECT_TRUE(words.indices.equal(torch::tensor({{0, 1, 2}}, torch::kInt64)));
    EXPECT_TRUE(words.weights.allclose(torch::full({1, 3}, 0.25f)));
  });
}

TEST(GroupMass, EqualsTheSlowSumsAndRowsSumToGroupSizes) {
  const Scene scene(2900, 120, 14, 9);
  const auto found = ilk::solve_transport(scene.images, scene.words, {.epsilon = 0.05});
  ilk::RandomStream random(1, "labels");
  auto labels = torch::empty({2900}, torch::kInt64);
  // Group 3 holds most images and group 5 none.
  for (std::int64_t i = 0; i < 2900; ++i) labels[i] = random.below(10) < 7 ? 3 : random.below(5);
  const auto expected = torch::zeros({6, 120}, torch::kFloat64)
                            .index_add_(0, labels, slow_shares(scene.images, scene.words, plan_of(found)));
  on_both_paths([&] {
    ilk::set_threads(1);
    const auto mass = ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6);
    ilk::set_threads(3);
    EXPECT_TRUE(ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6).equal(mass));
    ilk::set_threads(0);
    EXPECT_EQ(mass.scalar_type(), torch::kFloat64);
    EXPECT_LT((mass - expected).abs().max().item<double>(), 2e-3);
    for (const std::int64_t fitting : {0, 1000, 2900}) {
      ilk::internal::cosine_limits().shares_bytes = fitting * 2 * 120;
      const auto placed = ilk::place(scene.images, scene.words, plan_of(found), {.shares = true});
      EXPECT_EQ(placed.shares.size(0), fitting);
      const auto from_shares =
          ilk::group_mass(scene.images, scene.words, plan_of(found), labels, 6, placed.shares);
      EXPECT_LT((from_shares - expected).abs().max().item<double>(), 1e-3 * expected.max().item<double>());
      const auto solved =
          ilk::solve_and_place(scene.images, scene.words, {.shares = true}, {.epsilon = 0.05});
      EXPECT_TRUE(solved.placed.shares.to(torch::kFloat32)
                      .allclose(placed.shares.to(torch::kFloat32), /*rtol=*/0.01, /*atol=*/1e-6))
          << fitting;
    }
    ilk::internal::cosine_limits() = {};
    EXPECT_LT((mass.sum(1) - labels.bincount({}, 6)).abs().max().item<double>(), 1e-3);
  });
}

}  // namespace
