#pragma once
// What is asked of the values of options.
#include <ilk/options.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/fail.h"

namespace ilk {

/// The value with this name; throws Error listing the allowed names.
template <class E>
requires std::is_enum_v<E> E enum_value(std::string_view name, std::string_view function,
                                        std::string_view field) {
  constexpr auto names = enum_names(E{});
  std::string allowed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
    allowed += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
  }
  fail(function, field, " must be ", allowed, ", got '", name, "'.");
}

/// Options may be left open: `std::optional<std::int64_t> epochs` is "the method's own number" until it is
/// chosen.
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

namespace internal {
struct RangeCheck {
  std::string_view function;

  template <class T>
  void operator()(const Field<T>& field) {
    if constexpr (is_optional<std::remove_const_t<T>>) {
      if (field.value) (*this)(field.of(*field.value));
    } else if constexpr (std::is_arithmetic_v<std::remove_const_t<T>> &&
                         !std::is_same_v<std::remove_const_t<T>, bool>) {
      const double value = static_cast<double>(field.value);
      const bool low_enough = field.minimum_excluded ? value > field.minimum : value >= field.minimum;
      if (low_enough && value <= field.maximum) return;
      if (field.maximum < std::numeric_limits<double>::infinity())
        fail(function, field.name, " must be between ", field.minimum, " and ", field.maximum, ", got ",
             value, ".");
      fail(function, field.name, field.minimum_excluded ? " must be above " : " must be at least ",
           field.minimum, ", got ", value, ".");
    }
  }
  template <class Group>
  void group(std::string_view, Group& options) {
    visit_fields(options, *this);
  }
};
}  // namespace internal

/// Throws Error if a field is out of its range (a NaN is out of every range).
template <class Options>
void check_ranges(const Options& options, std::string_view function) {
  visit_fields(options, internal::RangeCheck{function});
}

}  // namespace ilk
