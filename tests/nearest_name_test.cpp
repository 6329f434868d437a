#include <gtest/gtest.h>

#include "core/nearest_name.h"

namespace {

TEST(NearestName, FindsSlipsAndLeavesStrangersAlone) {
  const std::vector<std::string> names{"epsilon", "n-clusters", "max-iterations", "seed"};
  EXPECT_EQ(ilk::nearest_name("epsilno", names), "epsilon");
  EXPECT_EQ(ilk::nearest_name("clusters", names), "n-clusters");
  EXPECT_EQ(ilk::nearest_name("max-iter", names), "max-iterations");
  EXPECT_EQ(ilk::nearest_name("sed", names), "seed");
  EXPECT_EQ(ilk::nearest_name("wallpaper", names), "");
  EXPECT_EQ(ilk::nearest_name("x", {}), "");
}

}  // namespace
