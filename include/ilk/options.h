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
#include <array>
#include <concepts>
#include <limits>
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

}  // namespace ilk
