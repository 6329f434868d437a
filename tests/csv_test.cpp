#include <gtest/gtest.h>
#include <ilk/error.h>

#include "io/csv.h"

namespace {
using Table = std::vector<std::vector<std::string>>;

TEST(Csv, ReadsQuotesLineBreaksAndMarks) {
  EXPECT_EQ(ilk::parse_csv("\xEF\xBB\xBF"
                           "a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n\r\n,\n"),
            (Table{{"a", "b"}, {"x, \"y\"\nz", "2"}, {"", ""}}));
  EXPECT_EQ(ilk::parse_csv("a|b\n\"\"|c", '|'), (Table{{"a", "b"}, {"", "c"}}));
  EXPECT_EQ(ilk::parse_csv(""), Table{});
  EXPECT_EQ(ilk::parse_csv("5\" nail,1"), (Table{{"5\" nail", "1"}}));
  EXPECT_THROW(ilk::parse_csv("a\n\"b"), ilk::Error);
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const std::vector<std::string> values{"plain", "with, comma", "\"quoted\"", "line\nbreak", " space ", ""};
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? "," : "") + ilk::csv_field(values[i]);
  EXPECT_EQ(ilk::parse_csv(text), Table{values});
}

}  // namespace
