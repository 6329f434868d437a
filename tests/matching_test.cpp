#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "best_total.h"
#include "core/matching.h"
#include "core/random.h"

namespace {

using Rows = std::vector<std::vector<double>>;

TEST(Matching, IsAsGoodAsTheBestOfAll) {
  ilk::RandomStream random(7, "matching_test");
  for (int trial = 0; trial < 300; ++trial) {
    const auto n_rows = static_cast<std::size_t>(1 + random.below(6)),
               n_columns = static_cast<std::size_t>(1 + random.below(6));
    Rows values(n_rows, std::vector<double>(n_columns));
    std::vector<std::vector<ilk::Candidate>> rows(n_rows);
    for (std::size_t r = 0; r < n_rows; ++r) {
      for (std::size_t c = 0; c < n_columns; ++c) {
        // Few values, so that ties are common; about a third are no candidates.
        values[r][c] = std::max(0.0, static_cast<double>(random.below(6)) - 1.0) / 4;
        if (values[r][c] > 0) rows[r].push_back({static_cast<std::int64_t>(c), values[r][c]});
      }
    }
    const auto matching = ilk::best_matching(rows, static_cast<std::int64_t>(n_columns));
    double total = 0;
    std::set<std::int64_t> seen;
    for (std::size_t r = 0; r < n_rows; ++r) {
      if (matching[r] < 0) continue;
      EXPECT_TRUE(seen.insert(matching[r]).second);
      EXPECT_GT(values[r][static_cast<std::size_t>(matching[r])], 0);
      total += values[r][static_cast<std::size_t>(matching[r])];
    }
    std::set<std::size_t> used;
    EXPECT_NEAR(total, best_total(values, 0, used), 1e-12);
  }
  EXPECT_TRUE(ilk::best_matching({}, 3).empty());
  EXPECT_THAT(ilk::best_matching({{}, {}}, 0), testing::ElementsAre(-1, -1));
}

}  // namespace
