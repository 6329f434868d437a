#include <gtest/gtest.h>

#include "core/duration.h"

namespace {

TEST(Duration, RoundsToWhatOneReads) {
  EXPECT_EQ(ilk::duration_text(0), "0.0 s");
  EXPECT_EQ(ilk::duration_text(9.94), "9.9 s");
  EXPECT_EQ(ilk::duration_text(9.96), "10 s");
  EXPECT_EQ(ilk::duration_text(59.6), "1 min 00 s");
  EXPECT_EQ(ilk::duration_text(200.2), "3 min 20 s");
  EXPECT_EQ(ilk::duration_text(7500), "2 h 05 min");
}

}  // namespace
