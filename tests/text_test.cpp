#include "core/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/fnv1a.h"

namespace {

TEST(Text, NumbersHaveTheDigitsThatAreAskedFor) {
  EXPECT_EQ(ilk::fixed(0.25, 3), "0.250");
  EXPECT_EQ(ilk::fixed(-2.5, 0), "-2");
  EXPECT_EQ(ilk::fixed(1e308, 2).size(), 309u + 3);
  EXPECT_EQ(ilk::rounded(0.25, 12), "0.25");
  EXPECT_EQ(ilk::rounded(1e-6, 6), "1e-06");
  EXPECT_EQ(ilk::rounded(123456789, 4), "1.235e+08");
  EXPECT_EQ(ilk::exact(0.1), "0.10000000000000001");
  for (const double value : {1.0 / 3, 2.5e-308, 1e22, std::numeric_limits<double>::max()})
    EXPECT_EQ(std::stod(ilk::exact(value)), value);
}

TEST(Text, PartsFollowEachOther) {
  EXPECT_EQ(ilk::concatenate("K = ", 12, ", ", 0.5, '.'), "K = 12, 0.5.");
  const std::string longer(5000, 'x');
  EXPECT_EQ(ilk::formatted("%s %03d", longer.c_str(), 7), longer + " 007");
}

/// Values of draft-eastlake-fnv.
TEST(Fnv1a, GivesThePublishedValues) {
  EXPECT_EQ(ilk::Fnv1a().value(), 0xcbf29ce484222325u);
  EXPECT_EQ(ilk::Fnv1a().add("a").value(), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(ilk::Fnv1a().add("foobar").value(), 0x85944171f73967e8u);
  EXPECT_EQ(ilk::Fnv1a().add("foo").add("bar").value(), ilk::Fnv1a().add("foobar").value());
}

}  // namespace
