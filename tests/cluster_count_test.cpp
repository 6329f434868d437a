#include <gtest/gtest.h>
#include <ilk/cluster_count.h>
#include <ilk/error.h>

namespace {

using ilk::ClusterCount;

TEST(ClusterCount, IsANumberARangeOrAuto) {
  const auto twelve = ClusterCount::parse("12");
  EXPECT_EQ(twelve->number(), 12);
  EXPECT_EQ(*twelve, ClusterCount(12));
  const auto range = ClusterCount::parse("5..60");
  EXPECT_FALSE(range->number());
  EXPECT_EQ(range->smallest(), 5);
  EXPECT_EQ(range->largest(), 60);
  EXPECT_EQ(ClusterCount::parse("auto"), ClusterCount::automatic());
  EXPECT_NE(ClusterCount::parse("2..40"), ClusterCount::automatic()) << "who asked for it is told so";
  EXPECT_EQ(ClusterCount::parse("7..7"), ClusterCount(7));
}

TEST(ClusterCount, IsSeveralNumbersOfNestedClusters) {
  const auto levels = ClusterCount::parse("80,5,20,5");
  ASSERT_TRUE(levels);
  EXPECT_EQ(levels->number(), 80);
  EXPECT_EQ(levels->upper(), (std::vector<std::int64_t>{5, 20}));
  EXPECT_EQ(levels->text(), "5,20,80");
  EXPECT_EQ(*levels, ClusterCount::nested({5, 20, 80}));
  EXPECT_NE(*levels, ClusterCount(80));
  EXPECT_EQ(ClusterCount::parse("7,7"), ClusterCount(7));
  EXPECT_THROW(ClusterCount::nested({}), ilk::Error);
}

TEST(ClusterCount, IsReadAsItIsWritten) {
  for (const char* text : {"5,20,80", "auto", "5..40", "2..3", "1", "12", "9223372036854775807"}) {
    ASSERT_TRUE(ClusterCount::parse(text)) << text;
    EXPECT_EQ(ClusterCount::parse(text)->text(), text);
  }
}

TEST(ClusterCount, TakesNothingElse) {
  for (const char* text : {"",     "0",    "-3",   "5..",  "..7", "a..b", "5...9",
                           "Auto", "5-10", "9..5", "0..4", " 5",  "5.0",  "12 ",
                           ",",    "5,",   ",5",   "5,,6", "5,0", "5,x",  "9223372036854775808"})
    EXPECT_FALSE(ClusterCount::parse(text)) << text;
  EXPECT_THROW(ClusterCount(0), ilk::Error);
  EXPECT_THROW(ClusterCount::between(5, 4), ilk::Error);
}

}  // namespace
