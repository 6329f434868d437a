#include <gtest/gtest.h>
#include <ilk/error.h>

#include <optional>

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

TEST(Csv, BlankRowsAndLastColumnsAreNoPartOfATable) {
  const auto edged = [](std::string_view text) {
    auto rows = ilk::parse_csv_rows(text);
    ilk::drop_blank_edges(rows);
    Table fields;
    for (auto& row : rows) fields.push_back(row.fields);
    return fields;
  };
  EXPECT_EQ(edged("a,b,, \n1,2,,\n,,,\n3,,\n"), (Table{{"a", "b"}, {"1", "2"}, {"3", ""}}));
  EXPECT_EQ(edged("a,b,\n1,2,x\n"), (Table{{"a", "b", ""}, {"1", "2", "x"}})) << "the last has something";
  EXPECT_EQ(edged("a,,\nb,,\n"), (Table{{"a", ""}, {"b", ""}})) << "two columns stay";
  EXPECT_EQ(edged("a\n"), Table{{"a"}});
  EXPECT_EQ(edged(",\n"), Table{});
}

TEST(Csv, AFirstLineMayNameTheSeparator) {
  EXPECT_EQ(ilk::declared_separator("sep=;\r\npath;label\n"), ';');
  EXPECT_EQ(ilk::declared_separator("SEP=,"), ',');
  EXPECT_EQ(ilk::declared_separator("sep=\t\n"), '\t');
  for (const char* none : {"", "sep=", "sep=\n;", "sep=;x", "separator=;", "a,b\nsep=;"})
    EXPECT_EQ(ilk::declared_separator(none), std::nullopt) << none;
}

}  // namespace
