#pragma once
// Options are plain structs; the list of a struct's fields is written once, as an overload of
// `visit_fields` beside it. Flags, help, the manifest and range checks are all made from that list:
//
//   template <OptionsOf<KMeansOptions> Options, class Visitor>
//   void visit_fields(Options& options, Visitor&& visit) {
//     visit(Field{"n_init", options.n_init, "restarts; the best by objective is kept"}.at_least(1));
//     visit.group("transport", options.transport);   // a nested options struct
//   }
//
// An enum used in options has an overload `enum_names(E)` that returns its names in order:
//
//   constexpr auto enum_names(Fusion) { return std::array<std::string_view, 3>{"concat", "sum", "plain"}; }
#include <ilk/error.h>

#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace ilk {

/// Options, const or not.
template <class T, class Options>
concept OptionsOf = std::same_as<std::remove_const_t<T>, Options>;

/// One field of an options struct: its name (snake_case; the flag is the same with dashes), the value by
/// reference, one plain sentence for the help, and the closed range of allowed values if it is a number.
template <class T>
struct Field {
  std::string_view name;
  T& value;
  std::string_view help;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_excluded = false;

  /// The same for another value, such as what an optional one holds.
  template <class Other>
  Field<Other> of(Other& other) const {
    return {name, other, help, minimum, maximum, minimum_excluded};
  }
  Field at_least(double low) const { return {name, value, help, low, maximum, false}; }
  Field above(double low) const { return {name, value, help, low, maximum, true}; }
  Field between(double low, double high) const { return {name, value, help, low, high, false}; }
};
template <class T>
Field(std::string_view, T&, std::string_view) -> Field<T>;

/// The name of an enum's value, as written on the command line and in the manifest.
template <class E>
requires std::is_enum_v<E>
constexpr std::string_view enum_name(E value) {
  return enum_names(value)[static_cast<std::size_t>(value)];
}

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
