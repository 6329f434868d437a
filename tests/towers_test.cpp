// What the towers are made of, against slow and obvious versions in double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "encoders/attention.h"
#include "encoders/token_tree.h"
#include "generator.h"
#include "kernels/matrix_product.h"
#include "matrices.h"
#include "targets.h"

namespace {

using Rows = ilk::Matrix<float>;
using Doubles = std::vector<double>;

Rows multiplied(ilk::MatrixView<const float> x, const ilk::PackedMatrix& a, const Rows& bias,
                const Rows& start = {}) {
  Rows y = start.empty() ? Rows::filled(x.rows(), a.columns(), NAN) : start.copy();
  ilk::multiply(x, a, bias.empty() ? nullptr : bias.data(), y, !start.empty());
  return y;
}

/// The largest difference from x Wᵀ + bias + start, these two where they are not empty.
double error_of_product(const Rows& found, const Doubles& product, const Rows& bias, const Rows& start) {
  double largest = 0;
  for (std::int64_t i = 0; i < found.rows(); ++i)
    for (std::int64_t j = 0; j < found.columns(); ++j) {
      double expected = product[static_cast<std::size_t>(i * found.columns() + j)];
      if (!bias.empty()) expected += bias[0][j];
      if (!start.empty()) expected += start[i][j];
      const double error = std::fabs(found[i][j] - expected);
      if (!(error <= largest)) largest = error;
    }
  return largest;
}

TEST(MatrixProduct, IsTheSumOfProductsForAnyShape) {
  for (const std::int64_t m : {1, 2, 3, 4, 5, 6, 7, 13, 50, 193})
    for (const std::int64_t k : {1, 12, 256, 257, 600})
      for (const std::int64_t n : {1, 15, 16, 17, 48}) {
        const Rows x = random_matrix(m, k, 1), weight = random_matrix(n, k, 2), bias = random_matrix(1, n, 3),
                   start = random_matrix(m, n, 4);
        Doubles product;
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (std::int64_t l = 0; l < k; ++l) sum += static_cast<double>(x[i][l]) * weight[j][l];
            product.push_back(sum);
          }
        const double tolerance = 2e-6 * std::sqrt(static_cast<double>(k)) * 4;
        for_each_target([&] {
          const auto a = ilk::PackedMatrix::of_transpose(weight);
          EXPECT_LT(error_of_product(multiplied(x, a, {}), product, {}, {}), tolerance);
          EXPECT_LT(error_of_product(multiplied(x, a, bias), product, bias, {}), tolerance);
          EXPECT_LT(error_of_product(multiplied(x, a, bias, start), product, bias, start), tolerance);
        });
      }
}

TEST(MatrixProduct, ARowIsTheSameToTheBitWhateverItsCompanionsPlaceAndProcessor) {
  const Rows x = random_matrix(401, 300, 1), bias = random_matrix(1, 70, 2);
  const auto a = ilk::PackedMatrix::of_transpose(random_matrix(70, 300, 3));
  const Rows together = multiplied(x, a, bias);
  for_each_target([&] {
    EXPECT_TRUE(equal(multiplied(x, a, bias), together));
    for (std::int64_t row = 0; row < x.rows(); ++row)
      ASSERT_TRUE(
          std::ranges::equal(multiplied(x.rows_between(row, row + 1), a, bias).row(0), together.row(row)))
          << row;
  });
}

TEST(MatrixProduct, RowsAndColumnsFillAMatrixAlike) {
  const Rows a = random_matrix(13, 37, 1), x = random_matrix(4, 13, 2);
  EXPECT_TRUE(equal(multiplied(x, ilk::PackedMatrix::of(a), {}),
                    multiplied(x, ilk::PackedMatrix::of_transpose(transposed(a)), {})));
}

TEST(Activations, OfSingleNumbersAreAccurate) {
  constexpr std::int64_t count = 100001;
  Rows x(1, count);
  for (std::int64_t i = 0; i < count; ++i) x[0][i] = static_cast<float>(i) * (120.0f / (count - 1)) - 60;
  const auto expect_near = [&](const Rows& found, auto function) {
    for (std::int64_t i = 0; i < count; ++i) {
      const double expected = function(static_cast<double>(x[0][i])),
                   error = std::fabs(found[0][i] - expected);
      ASSERT_LT(error, 4e-6) << x[0][i];
      ASSERT_LT(error, 1e-5 * std::max(std::fabs(expected), 1e-30)) << x[0][i];
    }
  };
  for_each_target([&] {
    Rows found = x.copy();
    ilk::kernels::kernels().quick_gelu(found.data(), count);
    expect_near(found, [](double value) { return value / (1 + std::exp(-1.702 * value)); });
    found = x.copy();
    ilk::kernels::kernels().gelu(found.data(), count);
    expect_near(found, [](double value) { return value * std::erfc(-value / std::sqrt(2.0)) / 2; });
  });
}

/// The softmax of some numbers, in place.
void become_softmax(std::span<double> scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
}

TEST(Activations, SoftmaxIsThatOfTheScaledScores) {
  for (const std::int64_t n : {1, 7, 8, 9, 15, 16, 17, 50, 77}) {
    Rows scores = random_matrix(5, n, 1);
    const Rows bias = random_matrix(5, n, 2);
    for (float& score : scores.flat()) score *= 40;
    for (const bool biased : {false, true}) {
      for_each_target([&] {
        Rows found = scores.copy();
        ilk::kernels::kernels().softmax(found.data(), n, 5, n, 0.125f, biased ? bias.data() : nullptr);
        for (std::int64_t i = 0; i < 5; ++i) {
          Doubles expected;
          for (std::int64_t j = 0; j < n; ++j)
            expected.push_back(0.125 * scores[i][j] + (biased ? bias[i][j] : 0));
          become_softmax(expected);
          for (std::int64_t j = 0; j < n; ++j)
            EXPECT_NEAR(found[i][j], expected[static_cast<std::size_t>(j)], 2e-6) << n;
        }
      });
    }
  }
}

TEST(Activations, ANormedRowHasTheWeightsMeanAndDeviation) {
  for (const std::int64_t n : {1, 15, 16, 48, 770}) {
    Rows x = random_matrix(1, n, 1);
    for (float& value : x.flat()) value = 3 * value + 100;
    const Rows weight = random_matrix(1, n, 2), bias = random_matrix(1, n, 3);
    double mean = 0, variance = 0;
    for (const float value : x.flat()) mean += value / static_cast<double>(n);
    for (const float value : x.flat()) variance += (value - mean) * (value - mean) / static_cast<double>(n);
    for_each_target([&] {
      Rows found = x.copy();
      ilk::kernels::kernels().layer_norm(found.data(), n, weight.data(), bias.data(), 1e-5f, found.data());
      for (std::int64_t j = 0; j < n; ++j)
        EXPECT_NEAR(found[0][j], (x[0][j] - mean) / std::sqrt(variance + 1e-5) * weight[0][j] + bias[0][j],
                    2e-5);
    });
  }
}

/// The largest difference of `found` from the attention of one query to some rows, in double, head by head.
/// `bias` (heads, rows) may be empty.
double error_of_attention(std::span<const float> found, std::span<const float> query, const Rows& keys,
                          const Rows& values, std::int64_t heads, const Rows& bias) {
  const std::int64_t head_width = keys.columns() / heads;
  double largest = 0;
  for (std::int64_t head = 0; head < heads; ++head) {
    const std::int64_t first = head * head_width;
    Doubles weights;
    for (std::int64_t i = 0; i < keys.rows(); ++i) {
      double sum = 0;
      for (std::int64_t j = first; j < first + head_width; ++j)
        sum += static_cast<double>(query[static_cast<std::size_t>(j)]) * keys[i][j];
      weights.push_back(sum / std::sqrt(static_cast<double>(head_width)) +
                        (bias.empty() ? 0.0 : bias[head][i]));
    }
    become_softmax(weights);
    for (std::int64_t j = first; j < first + head_width; ++j) {
      double mixed = 0;
      for (std::int64_t i = 0; i < keys.rows(); ++i)
        mixed += weights[static_cast<std::size_t>(i)] * values[i][j];
      const double error = std::fabs(found[static_cast<std::size_t>(j)] - mixed);
      if (!(error <= largest)) largest = error;
    }
  }
  return largest;
}

TEST(Attention, OfSequencesIsTheSoftmaxOfScaledProducts) {
  for_each_target([] {
    for (const std::int64_t heads : {1, 3}) {
      for (const std::int64_t head_width : {5, 16}) {
        const std::int64_t width = heads * head_width, sequences = 3, tokens = 19;
        for (const std::int64_t asking : {std::int64_t{1}, tokens}) {
          const Rows queries = random_matrix(sequences * asking, width, 1),
                     keys = random_matrix(sequences * tokens, width, 2),
                     values = random_matrix(sequences * tokens, width, 3),
                     bias = asking == 1 ? Rows() : random_matrix(heads * asking, tokens, 4);
          Rows found = queries.copy();
          ilk::attend(found, keys, values, sequences, heads, bias);
          for (std::int64_t row = 0; row < queries.rows(); ++row) {
            const std::int64_t first = row / asking * tokens;
            Rows of_row(bias.empty() ? 0 : heads, tokens);
            for (std::int64_t head = 0; head < of_row.rows(); ++head)
              std::copy_n(bias[head * asking + row % asking], tokens, of_row[head]);
            EXPECT_LT(error_of_attention(found.row(row), queries.row(row),
                                         Rows(keys.rows_between(first, first + tokens)),
                                         Rows(values.rows_between(first, first + tokens)), heads, of_row),
                      2e-6);
          }
        }
      }
    }
  });
}

TEST(Attention, OfATreeIsThatOfEachTokenToItsBeginning) {
  const ilk::TokenForest forest = ilk::plant({{1, 2, 3, 4}, {1, 2, 5}, {6}, {1, 2, 3, 7, 8}, {1, 2}}, 100);
  ASSERT_EQ(forest.trees.size(), 1u);
  const ilk::TokenTree& tree = forest.trees[0];
  for_each_target([&] {
    for (const std::int64_t head_width : {5, 16}) {
      const std::int64_t heads = 2, width = heads * head_width;
      const Rows keys = random_matrix(tree.size(), width, 1), values = random_matrix(tree.size(), width, 2);
      for (const std::vector<std::int64_t>& places :
           {std::vector<std::int64_t>{tree.size() - 1, 0, 3, 2}, std::vector<std::int64_t>{}}) {
        const std::int64_t asking = places.empty() ? tree.size() : static_cast<std::int64_t>(places.size());
        const Rows queries = random_matrix(asking, width, 3);
        Rows found = queries.copy();
        ilk::attend_to_prefixes(found, keys, values, heads, tree, places);
        for (std::int64_t q = 0; q < asking; ++q) {
          std::vector<std::int64_t> seen;
          for (std::int64_t at = places.empty() ? q : places[static_cast<std::size_t>(q)]; at >= 0;
               at = tree.parents[static_cast<std::size_t>(at)])
            seen.push_back(at);
          EXPECT_LT(error_of_attention(found.row(q), queries.row(q), rows_of(keys, seen),
                                       rows_of(values, seen), heads, {}),
                    2e-6);
        }
      }
    }
  });
}

std::vector<std::int32_t> beginning(const ilk::TokenTree& tree, std::int64_t place) {
  std::vector<std::int32_t> tokens;
  for (; place >= 0; place = tree.parents[place]) {
    EXPECT_LT(tree.parents[place], place);
    tokens.push_back(static_cast<std::int32_t>(tree.tokens[place]));
    EXPECT_EQ(tree.depths[place], tree.parents[place] < 0 ? 0 : tree.depths[tree.parents[place]] + 1);
  }
  std::reverse(tokens.begin(), tokens.end());
  return tokens;
}

TEST(TokenTree, HoldsEachDistinctBeginningOnceAndEachTextsEnd) {
  Generator generator{6};
  std::vector<ilk::TokenIds> texts;
  for (int i = 0; i < 500; ++i) {
    ilk::TokenIds text{7};
    for (std::int64_t length = generator.below(6); length > 0; --length)
      text.push_back(static_cast<std::int32_t>(generator.below(3)));
    text.push_back(8);
    texts.push_back(text);
  }
  for (const std::int64_t most : {1, 20, 1000000}) {
    const ilk::TokenForest forest = ilk::plant(texts, most);
    std::vector<ilk::TokenIds> table;
    for (const ilk::TokenTree& tree : forest.trees) {
      std::set<ilk::TokenIds> beginnings;
      for (std::int64_t place = 0; place < tree.size(); ++place)
        EXPECT_TRUE(beginnings.insert(beginning(tree, place)).second);
      for (const std::int64_t end : tree.ends) table.push_back(beginning(tree, end));
      EXPECT_LT(tree.size(), most + 8);
    }
    ASSERT_EQ(forest.row_of.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_EQ(table.at(static_cast<std::size_t>(forest.row_of[i])), texts[i]);
    EXPECT_EQ(std::set<ilk::TokenIds>(table.begin(), table.end()).size(), table.size());
    if (most > 20) {
      std::set<ilk::TokenIds> all;
      for (const auto& text : texts)
        for (std::size_t length = 1; length <= text.size(); ++length)
          all.emplace(text.begin(), text.begin() + length);
      EXPECT_EQ(forest.trees.at(0).size(), static_cast<std::int64_t>(all.size()));
    }
  }
  EXPECT_TRUE(ilk::plant({}, 10).trees.empty());
}

}  // namespace
