#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/random.h>
#include <ilk/selection.h>

#include <numeric>
#include <set>

#include "../src/cluster/blocks.h"

namespace {

torch::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return ilk::normalise_rows(rows, "test", "rows");
}

std::vector<std::int64_t> listed(const torch::Tensor& rows) {
  EXPECT_EQ(rows.scalar_type(), torch::kInt64);
  return {rows.data_ptr<std::int64_t>(), rows.data_ptr<std::int64_t>() + rows.numel()};
}

/// Both rules by sorting whole columns in float64.
std::vector<std::int64_t> slow_selection(const torch::Tensor& centres, const torch::Tensor& words,
                                         const ilk::SelectionOptions& options) {
  const auto cosines = words.to(torch::kFloat64).matmul(centres.to(torch::kFloat64).t());
  const auto owners = cosines.argmax(1);
  // log of p / (1 − p), which grows with the softmax p and tells apart what rounds to p = 1.
  const auto others =
      (cosines / 0.005).scatter(1, owners.unsqueeze(1), -std::numeric_limits<double>::infinity());
  const auto confidence = cosines / 0.005 - others.logsumexp(1, true);
  std::set<std::int64_t> chosen;
  for (std::int64_t centre = 0; centre < centres.size(0); ++centre) {
    std::vector<std::int64_t> order;
    for (std::int64_t word = 0; word < words.size(0); ++word)
      if (options.selection == ilk::SelectionRule::top || owners[word].item<std::int64_t>() == centre)
        order.push_back(word);
    const auto key =
        (options.selection == ilk::SelectionRule::top ? cosines : confidence).select(1, centre).contiguous();
    const double* of = key.data_ptr<double>();
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return of[a] > of[b]; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(options.top)));
    chosen.insert(order.begin(), order.end());
  }
  return {chosen.begin(), chosen.end()};
}

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}

TEST(SelectWords, BothRulesEqualTheSlowOnes) {
  const auto centres = unit_rows(40, 12, 1), words = unit_rows(3000, 12, 2);
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    for (const auto rule : {ilk::SelectionRule::top, ilk::SelectionRule::exclusive})
      for (const std::int64_t top : {1, 5, 5000}) {
        const ilk::SelectionOptions options{.selection = rule, .top = top};
        EXPECT_EQ(listed(ilk::select_words(centres, words, options)), slow_selection(centres, words, options))
            << ilk::enum_name(rule) << " " << top;
      }
    ilk::internal::plain_path() = false;
  }
}

TEST(SelectWords, AWordServesOneCentreOnlyWhereExclusive) {
  // Both centres like word 0 best; word 1 is nearer to the second centre.
  const auto centres = ilk::normalise_rows(torch::tensor({{1.0, 0.2}, {1.0, -0.2}}), "test", "centres");
  const auto words =
      ilk::normalise_rows(torch::tensor({{1.0, 0.01}, {1.0, -0.9}, {-1.0, 0.0}}), "test", "words");
  EXPECT_EQ(listed(ilk::select_words(centres, words, {.top = 1})), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(listed(ilk::select_words(centres, words, {.selection = ilk::SelectionRule::exclusive, .top = 1})),
            (std::vector<std::int64_t>{0, 1}));
}

TEST(SelectWords, TiesGoToTheLowerIndex) {
  const auto centre = torch::tensor({{1.f, 0.f}, {-1.f, 0.f}});
  const auto words = torch::tensor({{0.f, 1.f}, {1.f, 0.f}, {1.f, 0.f}, {1.f, 0.f}});
  const auto up = centre.slice(0, 0, 1);
  for (const auto rule : {ilk::SelectionRule::top, ilk::SelectionRule::exclusive})
    EXPECT_EQ(listed(ilk::select_words(centre, words, {.selection = rule, .top = 2})),
              (rule == ilk::SelectionRule::top ? std::vector<std::int64_t>{0, 1, 2}
                                               : std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(listed(ilk::select_words(up, words, {.selection = ilk::SelectionRule::exclusive, .top = 2})),
            (std::vector<std::int64_t>{0, 1}))
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
  const auto eye = torch::eye(3);
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, torch::eye(4), {}); }),
            "[select_words] words must be as wide as the centres (3), got 4.");
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, eye.slice(0, 0, 0), {}); }),
            "[select_words] words must have at least one row and one column, got 0 × 3.");
  EXPECT_EQ(error_of([&] { ilk::select_words(eye, eye, {.top = 0}); }),
            "[select_words] top must be at least 1, got 0.");
}

}  // namespace
