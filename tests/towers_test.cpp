// What the towers are made of, against slow and obvious versions in double.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "../src/encoders/attention.h"
#include "../src/encoders/matrix_product.h"
#include "../src/encoders/token_tree.h"
#include "generator.h"
#include "registers.h"

namespace {

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return a.numel() == 0 ? 0 : (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

float* numbers(const torch::Tensor& x) {
  return x.data_ptr<float>();
}

torch::Tensor multiplied(const torch::Tensor& x, const ilk::PackedMatrix& a, const torch::Tensor& bias,
                         const torch::Tensor& start = {}) {
  const torch::Tensor y = start.defined() ? start.clone() : at::full({x.size(0), a.columns()}, NAN);
  ilk::multiply(numbers(x), x.size(1), x.size(0), a, bias.defined() ? numbers(bias) : nullptr, numbers(y),
                a.columns(), start.defined());
  return y;
}

TEST(MatrixProduct, IsTheSumOfProductsForAnyShape) {
  at::manual_seed(1);
  for_each_kind_of_registers([] {
    for (const std::int64_t m : {1, 2, 3, 4, 5, 6, 7, 50, 193})
      for (const std::int64_t k : {1, 12, 256, 257, 600})
        for (const std::int64_t n : {1, 15, 16, 17, 48}) {
          const torch::Tensor x = at::randn({m, k}), weight = at::randn({n, k}), bias = at::randn({n}),
                              start = at::randn({m, n});
          const ilk::PackedMatrix a(weight);
          const torch::Tensor product = x.to(torch::kFloat64).matmul(weight.t().to(torch::kFloat64));
          const double tolerance = 2e-6 * std::sqrt(static_cast<double>(k)) * 4;
          EXPECT_LT(largest_difference(multiplied(x, a, {}), product), tolerance);
          EXPECT_LT(largest_difference(multiplied(x, a, bias), product + bias), tolerance);
          EXPECT_LT(largest_difference(multiplied(x, a, bias, start), product + bias + start), tolerance);
        }
  });
}

TEST(MatrixProduct, ARowIsTheSameToTheBitWhateverItsCompanionsAndPlace) {
  at::manual_seed(2);
  for_each_kind_of_registers([] {
    const torch::Tensor x = at::randn({401, 300}), bias = at::randn({70});
    const ilk::PackedMatrix a(at::randn({70, 300}));
    const torch::Tensor together = multiplied(x, a, bias);
    for (std::int64_t row = 0; row < x.size(0); ++row)
      ASSERT_TRUE(at::equal(multiplied(x.narrow(0, row, 1), a, bias)[0], together[row])) << row;
  });
}

TEST(MatrixProduct, RowsAndColumnsFillAMatrixAlike) {
  const torch::Tensor a = at::randn({13, 37}), columns = a.t().contiguous(), x = at::randn({4, 13});
  ilk::PackedMatrix by_rows(13, 37), by_columns(13, 37);
  by_rows.set_rows(numbers(a), 37);
  by_columns.set_columns(numbers(columns), 13);
  EXPECT_TRUE(at::equal(multiplied(x, by_rows, {}), multiplied(x, by_columns, {})));
}

TEST(MatrixProduct, FunctionsOfSingleNumbersAreAccurate) {
  for_each_kind_of_registers([] {
    const torch::Tensor x = at::linspace(-60, 60, 100001);
    const torch::Tensor precise = x.to(torch::kFloat64), expected = precise * at::sigmoid(1.702 * precise);
    torch::Tensor found = x.clone();
    ilk::quick_gelu(numbers(found), found.numel());
    EXPECT_LT(((found - expected).abs() / expected.abs().clamp_min(1e-30)).max().item<double>(), 1e-5);
    EXPECT_LT(largest_difference(found, expected), 4e-6);
  });
}

TEST(MatrixProduct, SoftmaxIsThatOfTheScaledScores) {
  at::manual_seed(3);
  for_each_kind_of_registers([] {
    for (const std::int64_t n : {1, 7, 8, 9, 50, 77}) {
      const torch::Tensor scores = 40 * at::randn({5, n}), bias = at::randn({5, n});
      for (const bool biased : {false, true}) {
        torch::Tensor expected = 0.125 * scores.to(torch::kFloat64);
        if (biased) expected = expected + bias;
        expected = at::softmax(expected, 1);
        torch::Tensor found = scores.clone();
        ilk::softmax(numbers(found), n, 5, n, 0.125f, biased ? numbers(bias) : nullptr);
        EXPECT_LT(largest_difference(found, expected), 2e-6) << n;
      }
    }
  });
}

/// Attention of one query to some rows, in double, head by head.
torch::Tensor obvious_attention(const torch::Tensor& query, const torch::Tensor& keys,
                                const torch::Tensor& values, std::int64_t heads, const torch::Tensor& bias) {
  const std::int64_t head_width = query.size(0) / heads;
  std::vector<torch::Tensor> mixed;
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto part = [&](const torch::Tensor& x) {
      return x.to(torch::kFloat64).narrow(-1, head * head_width, head_width);
    };
    torch::Tensor scores = part(keys).mv(part(query)) / std::sqrt(static_cast<double>(head_width));
    if (bias.defined()) scores = scores + bias[head];
    mixed.push_back(part(values).t().mv(at::softmax(scores, 0)));
  }
  return at::cat(mixed);
}

TEST(Attention, OfSequencesIsTheSoftmaxOfScaledProducts) {
  at::manual_seed(4);
  for_each_kind_of_registers([] {
    for (const std::int64_t heads : {1, 3}) {
      for (const std::int64_t head_width : {5, 16}) {
        const std::int64_t width = heads * head_width, sequences = 3, tokens = 19;
        for (const std::int64_t asking : {std::int64_t{1}, tokens}) {
          const torch::Tensor queries = at::randn({sequences * asking, width}),
                              keys = at::randn({sequences * tokens, width}),
                              values = at::randn({sequences * tokens, width}),
                              bias = asking == 1 ? torch::Tensor() : at::randn({heads, asking, tokens});
          const torch::Tensor found = ilk::attend(queries, keys, values, sequences, heads, bias);
          for (std::int64_t row = 0; row < queries.size(0); ++row) {
            const std::int64_t first = row / asking * tokens;
            const torch::Tensor of_row = bias.defined() ? bias.select(1, row % asking) : bias;
            EXPECT_LT(largest_difference(found[row],
                                         obvious_attention(queries[row], keys.narrow(0, first, tokens),
                                                           values.narrow(0, first, tokens), heads, of_row)),
                      2e-6);
          }
        }
      }
    }
  });
}

TEST(Attention, OfATreeIsThatOfEachTokenToItsBeginning) {
  at::manual_seed(5);
  const ilk::TokenForest forest = ilk::plant({{1, 2, 3, 4}, {1, 2, 5}, {6}, {1, 2, 3, 7, 8}, {1, 2}}, 100);
  ASSERT_EQ(forest.trees.size(), 1u);
  const ilk::TokenTree& tree = forest.trees[0];
  for_each_kind_of_registers([&] {
    for (const std::int64_t head_width : {5, 16}) {
      const std::int64_t heads = 2, width = heads * head_width;
      const torch::Tensor keys = at::randn({tree.size(), width}), values = at::randn({tree.size(), width});
      const std::vector<std::int64_t> places{tree.size() - 1, 0, 3, 2};
      const torch::Tensor queries = at::randn({static_cast<std::int64_t>(places.size()), width});
      const torch::Tensor found = ilk::attend_to_beginnings(queries, keys, values, heads, tree, places);
      for (std::size_t q = 0; q < places.size(); ++q) {
        std::vector<std::int64_t> seen;
        for (std::int64_t at = places[q]; at >= 0; at = tree.parents[at]) seen.push_back(at);
        const torch::Tensor rows = at::tensor(seen, torch::kInt64);
        const auto i = static_cast<std::int64_t>(q);
        EXPECT_LT(largest_difference(found[i], obvious_attention(queries[i], keys.index_select(0, rows),
                                                                 values.index_select(0, rows), heads, {})),
                  2e-6);
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
