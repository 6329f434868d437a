#include <gtest/gtest.h>
#include <ilk/cae.h>
#include <ilk/error.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "matrices.h"
#include "methods/semantic_centres.h"
#include "targets.h"

namespace {

using Rows = std::vector<std::int64_t>;

/// Both rules by sorting whole columns in float64.
Rows slow_selection(const ilk::Matrix<float>& centres, const ilk::Matrix<float>& words,
                    const ilk::SelectionOptions& options) {
  const std::int64_t p = words.rows(), n = centres.rows();
  ilk::Matrix<double> cosines(p, n);
  Rows owners;
  std::vector<double> confidence;
  for (std::int64_t word = 0; word < p; ++word) {
    for (std::int64_t centre = 0; centre < n; ++centre)
      for (std::int64_t j = 0; j < words.columns(); ++j)
        cosines[word][centre] +=
            static_cast<double>(words[word][j]) * static_cast<double>(centres[centre][j]);
    const auto of = cosines.row(word);
    owners.push_back(std::ranges::max_element(of) - of.begin());
    // log of p / (1 − p), which grows with the softmax p and tells apart what rounds to p = 1.
    double others = 0;
    for (std::int64_t centre = 0; centre < n; ++centre)
      if (centre != owners.back())
        others += std::exp((cosines[word][centre] - cosines[word][owners.back()]) / 0.005);
    confidence.push_back(-std::log(others));
  }
  const bool exclusive = options.selection == ilk::SelectionRule::exclusive;
  std::set<std::int64_t> chosen;
  for (std::int64_t centre = 0; centre < n; ++centre) {
    Rows order;
    for (std::int64_t word = 0; word < p; ++word)
      if (!exclusive || owners[static_cast<std::size_t>(word)] == centre) order.push_back(word);
    const auto key = [&](std::int64_t word) {
      return exclusive ? confidence[static_cast<std::size_t>(word)] : cosines[word][centre];
    };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) > key(b); });
    order.resize(std::min(order.size(), static_cast<std::size_t>(options.top)));
    chosen.insert(order.begin(), order.end());
  }
  return {chosen.begin(), chosen.end()};
}

TEST(SelectWords, BothRulesEqualTheSlowOnesOnEveryProcessor) {
  const auto centres = random_unit_rows(40, 12, 1), words = random_unit_rows(3000, 12, 2);
  for (const auto rule : {ilk::SelectionRule::top, ilk::SelectionRule::exclusive})
    for (const std::int64_t top : {1, 5, 5000}) {
      const ilk::SelectionOptions options{.selection = rule, .top = top};
      const Rows expected = slow_selection(centres, words, options);
      for_each_target([&] {
        EXPECT_EQ(ilk::select_words(centres, words, options), expected) << ilk::enum_name(rule) << " " << top;
      });
    }
}

TEST(SelectWords, TellsConfidentWordsApartWhereTheSoftmaxIsOne) {
  // Two opposite centres: all words but the last are sure of theirs by more than e^-87, the least float32.
  const auto centres = matrix_of({{1, 0}, {-1, 0}});
  const auto words = unit_rows(matrix_of({{1, 0.9f}, {1, 0.5f}, {1, 0.1f}, {1, 0.3f}, {1, 20}}));
  EXPECT_EQ(ilk::select_words(centres, words, {.selection = ilk::SelectionRule::exclusive, .top = 2}),
            (Rows{2, 3}));
}

TEST(SelectWords, AWordServesOneCentreOnlyWhereExclusive) {
  // Both centres like word 0 best; word 1 is nearer to the second centre.
  const auto centres = unit_rows(matrix_of({{1, 0.2f}, {1, -0.2f}}));
  const auto words = unit_rows(matrix_of({{1, 0.01f}, {1, -0.9f}, {-1, 0}}));
  EXPECT_EQ(ilk::select_words(centres, words, {.top = 1}), (Rows{0}));
  EXPECT_EQ(ilk::select_words(centres, words, {.selection = ilk::SelectionRule::exclusive, .top = 1}),
            (Rows{0, 1}));
}

TEST(SelectWords, TiesGoToTheLowerIndex) {
  const auto centre = matrix_of({{1, 0}, {-1, 0}});
  const auto words = matrix_of({{0, 1}, {1, 0}, {1, 0}, {1, 0}});
  const auto up = centre.rows_between(0, 1);
  for (const auto rule : {ilk::SelectionRule::top, ilk::SelectionRule::exclusive})
    EXPECT_EQ(ilk::select_words(centre, words, {.selection = rule, .top = 2}),
              (rule == ilk::SelectionRule::top ? Rows{0, 1, 2} : Rows{1, 2}));
  EXPECT_EQ(ilk::select_words(up, words, {.selection = ilk::SelectionRule::exclusive, .top = 2}),
            (Rows{0, 1}))
      << "one centre only: all are equally sure";
}

TEST(SemanticCentreCount, IsNByThreeHundredButThreeForEachClusterAndAtMostN) {
  EXPECT_EQ(ilk::semantic_centre_count(60000, 10, {}), 200);
  EXPECT_EQ(ilk::semantic_centre_count(3000, 10, {}), 30);
  EXPECT_EQ(ilk::semantic_centre_count(20, 10, {}), 20);
  EXPECT_EQ(ilk::semantic_centre_count(1000, 2, {.images_per_centre = 10}), 100);
  EXPECT_THROW(ilk::semantic_centre_count(0, 1, {}), ilk::Error);
  EXPECT_THROW(ilk::semantic_centre_count(10, 0, {}), ilk::Error);
}

TEST(SelectWords, BadInputNamesTheRuleAndTheValue) {
  const auto eye = matrix_of({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  const auto wider = matrix_of({{1, 0, 0, 0}, {0, 1, 0, 0}});
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, wider, {}); }),
            "[select_words] words must be as wide as the centres (3), got 4.");
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, eye.rows_between(0, 0), {}); }),
            "[select_words] words must have at least one row and one column, got 0 × 3.");
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, eye, {.top = 0}); }),
            "[select_words] top must be at least 1, got 0.");
}

}  // namespace
