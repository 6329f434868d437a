#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/options.h>

#include <cmath>

#include "core/option_checks.h"
#include "error_of.h"

namespace {

enum class Colour { red, green, blue };
constexpr auto enum_names(Colour) {
  return std::array<std::string_view, 3>{"red", "green", "blue"};
}

struct Inner {
  double width = 1;
};
template <ilk::OptionsOf<Inner> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(ilk::Field{"width", options.width, "how wide"}.above(0));
}

struct Outer {
  std::int64_t count = 3;
  bool on = false;
  Colour colour = Colour::green;
  Inner inner;
};
template <ilk::OptionsOf<Outer> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(ilk::Field{"count", options.count, "how many"}.between(1, 9));
  visit(ilk::Field{"on", options.on, "whether"});
  visit(ilk::Field{"colour", options.colour, "which"});
  visit.group("inner", options.inner);
}

std::string range_error(const Outer& options) {
  return error_of([&] { ilk::check_ranges(options, "test"); });
}

TEST(Options, RangesAreCheckedThroughGroupsAndNameTheValue) {
  EXPECT_EQ(range_error({}), "");
  EXPECT_EQ(range_error({.count = 0}), "[test] count must be between 1 and 9, got 0.");
  EXPECT_EQ(range_error({.inner = {.width = 0}}), "[test] width must be above 0, got 0.");
  EXPECT_EQ(range_error({.inner = {.width = std::nan("")}}), "[test] width must be above 0, got nan.");
}

TEST(Options, EnumsGoByName) {
  EXPECT_EQ(ilk::enum_name(Colour::blue), "blue");
  EXPECT_EQ(ilk::enum_value<Colour>("red", "test", "colour"), Colour::red);
  try {
    ilk::enum_value<Colour>("pink", "test", "colour");
    FAIL();
  } catch (const ilk::Error& error) {
    EXPECT_STREQ(error.what(), "[test] colour must be red, green or blue, got 'pink'.");
  }
}

}  // namespace
