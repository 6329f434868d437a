#pragma once
// Keywords of an options struct, from its one list of fields: a field's own name where no other group has it,
// else group_name, as the program's flags.
#include <ilk/options.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/fail.h"
#include "core/nearest_name.h"
#include "core/option_checks.h"
#include "core/option_names.h"

namespace ilk::python {

namespace nb = nanobind;

/// Values that are written as text: they have `static parse(text)`, which returns none for what they are not,
/// the words `allowed`, and `text()`.
template <class T>
concept WrittenAsText = requires(const T& value) {
  { *T::parse(std::string()) } -> std::convertible_to<T>;
  { value.text() } -> std::convertible_to<std::string>;
};

/// Takes a value from Python; throws TypeError naming the keyword.
template <class T>
void take(T& value, nb::handle given, const std::string& keyword) {
  const auto refuse = [&](const char* what) {
    const std::string text =
        keyword + " must be " + what + ", got " + nb::cast<std::string>(nb::repr(given)) + ".";
    throw nb::type_error(text.c_str());
  };
  if constexpr (is_optional<T>) {
    if (given.is_none()) {
      value.reset();
      return;
    }
    typename T::value_type inner{};
    take(inner, given, keyword);
    value = std::move(inner);
  } else if constexpr (WrittenAsText<T>) {
    const auto parsed = T::parse(nb::cast<std::string>(nb::str(given)));
    require(parsed.has_value(), keyword, keyword, " takes ", T::allowed, ", got ",
            nb::cast<std::string>(nb::repr(given)), ".");
    value = *parsed;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!nb::isinstance<nb::bool_>(given)) refuse("True or False");
    value = nb::cast<bool>(given);
  } else if constexpr (std::is_enum_v<T>) {
    if (!nb::isinstance<nb::str>(given)) refuse("a name");
    value = enum_value<T>(nb::cast<std::string>(given), keyword, "the value");
  } else if constexpr (std::is_arithmetic_v<T>) {
    // NumPy's numbers too: what says that it is a whole number is one.
    const nb::object number =
        nb::steal(std::is_integral_v<T> ? PyNumber_Index(given.ptr()) : PyNumber_Float(given.ptr()));
    T found{};
    if (!number.is_valid() || !nb::try_cast(number, found)) {
      PyErr_Clear();
      refuse(std::is_floating_point_v<T> ? "a number"
             : std::is_unsigned_v<T>     ? "a whole number, at least 0"
                                         : "a whole number");
    }
    value = found;
  } else {
    const nb::object text = nb::steal(PyOS_FSPath(given.ptr()));
    if (!text.is_valid()) {
      PyErr_Clear();
      refuse("text or a path");
    }
    value = nb::cast<std::string>(text);
  }
}

/// A field's keyword, given the group it is in.
inline std::string keyword_of(std::string_view name, const std::string& group, const CountNames& names) {
  return group.empty() || names.count(name) == 1 ? std::string(name) : group + "_" + std::string(name);
}

class TakeKeywords {
 public:
  TakeKeywords(const nb::dict& given, const CountNames& names) : given_(given), names_(names) {}

  template <class T>
  void operator()(const Field<T>& field) {
    const std::string keyword = keyword_of(field.name, group_, names_);
    known.push_back(keyword);
    // With its group a field may be named in any case.
    for (const std::string& name :
         {keyword, group_.empty() ? keyword : group_ + "_" + std::string(field.name)}) {
      if (!given_.contains(name.c_str()) || !used.insert(name).second) continue;
      take(field.value, given_[name.c_str()], name);
    }
  }
  template <class Group>
  void group(std::string_view name, Group& options) {
    const std::string above = std::exchange(group_, std::string(name));
    visit_fields(options, *this);
    group_ = above;
  }

  std::vector<std::string> known;
  std::set<std::string> used;

 private:
  const nb::dict& given_;
  const CountNames& names_;
  std::string group_;
};

/// Options with these keywords set. Throws TypeError for one that is not known, Error for a value out of
/// range.
template <class Options>
Options options_from(const nb::dict& given, std::string_view function, Options options = {}) {
  CountNames names;
  visit_fields(options, names);
  TakeKeywords taker(given, names);
  visit_fields(options, taker);
  for (const auto& [key, value] : given) {
    const std::string name = nb::cast<std::string>(key);
    if (taker.used.count(name)) continue;
    const std::string nearest = nearest_name(name, taker.known);
    const std::string text = std::string(function) + "() has no option '" + name + "'." +
                             (nearest.empty() ? "" : " Did you mean '" + nearest + "'?");
    throw nb::type_error(text.c_str());
  }
  check_ranges(options, function);
  return options;
}

/// Describes each field: (keyword, type as Python writes it, default, help).
class DescribeFields {
 public:
  explicit DescribeFields(const CountNames& names) : names_(names) {}

  template <class T>
  void operator()(const Field<T>& field) {
    using Value = std::remove_const_t<T>;
    fields.append(nb::make_tuple(keyword_of(field.name, group_, names_), type_of<Value>(),
                                 default_of(field.value), std::string(field.help)));
  }
  template <class Group>
  void group(std::string_view name, Group& options) {
    const std::string above = std::exchange(group_, std::string(name));
    visit_fields(options, *this);
    group_ = above;
  }

  nb::list fields;

 private:
  template <class T>
  static std::string type_of() {
    if constexpr (is_optional<T>) {
      return type_of<typename T::value_type>() + " | None";
    } else if constexpr (WrittenAsText<T>) {
      return "int | str";
    } else if constexpr (std::is_same_v<T, bool>) {
      return "bool";
    } else if constexpr (std::is_enum_v<T>) {
      std::string names;
      for (const std::string_view name : enum_names(T{}))
        names += (names.empty() ? "\"" : ", \"") + std::string(name) + "\"";
      return "Literal[" + names + "]";
    } else if constexpr (std::is_arithmetic_v<T>) {
      return std::is_integral_v<T> ? "int" : "float";
    } else {
      return "str | PathLike[str]";
    }
  }
  template <class T>
  static nb::object default_of(const T& value) {
    if constexpr (is_optional<T>)
      return value ? default_of(*value) : nb::none();
    else if constexpr (WrittenAsText<T>)
      return nb::cast(value.text());
    else if constexpr (std::is_enum_v<T>)
      return nb::cast(std::string(enum_name(value)));
    else if constexpr (std::is_same_v<T, std::filesystem::path>)
      return nb::cast(value.string());
    else
      return nb::cast(value);
  }

  const CountNames& names_;
  std::string group_;
};

template <class Options>
nb::list describe() {
  const Options options;
  CountNames names;
  visit_fields(options, names);
  DescribeFields visitor(names);
  visit_fields(options, visitor);
  return std::move(visitor.fields);
}

}  // namespace ilk::python
