#pragma once
// Makes command-line flags of an options struct from its one list of fields.
#include <ilk/cluster_count.h>
#include <ilk/options.h>
#include <ilk/run.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/option_checks.h"
#include "core/option_names.h"
#include "core/text.h"

namespace ilk::cli {

inline std::string with_dashes(std::string_view name) {
  std::string flag(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

/// What -k takes.
inline ClusterCount cluster_count(const std::string& text) {
  const auto count = ClusterCount::parse(text);
  if (!count)
    throw CLI::ValidationError("-k takes " + std::string(ClusterCount::allowed) + ", got " + text + ".");
  return *count;
}

/// Adds `--field` for each field, `--group-field` for those below a group (and `--field` too where no other
/// group has one of that name), with the field's sentence, default and range.
class AddFlags {
 public:
  AddFlags(CLI::App& app, const CountNames& names, std::map<std::string, std::string> letters)
      : app_(app), names_(names), letters_(std::move(letters)) {}

  template <class T>
  void operator()(const Field<T>& field) {
    const std::string flags = flags_of(field.name);
    CLI::Option* option = nullptr;
    if constexpr (std::is_same_v<T, bool>) {
      std::string off;
      for (const auto& flag : split(flags)) off += (flag.starts_with("--") ? ",!--no-" + flag.substr(2) : "");
      option = app_.add_flag(flags + off, field.value, std::string(field.help));
      option->default_str(field.value ? "true" : "false");
    } else if constexpr (std::is_enum_v<T>) {
      T& value = field.value;
      const std::string name = with_dashes(field.name);
      option = app_.add_option_function<std::string>(
          flags,
          [&value, name](const std::string& text) { value = enum_value<T>(text, "--" + name, "--" + name); },
          std::string(field.help));
      option->default_str(std::string(enum_name(value)))->type_name(alternatives(value));
    } else if constexpr (std::is_same_v<T, std::optional<ClusterCount>>) {
      option = app_.add_option_function<std::string>(
          flags, [&value = field.value](const std::string& text) { value = cluster_count(text); },
          std::string(field.help));
      option->type_name("INTEGER|auto|A..B|A,B,C");
    } else {
      option = app_.add_option(flags, field.value, std::string(field.help));
      read_as_decimal(option, field.value);
      if constexpr (is_optional<T>) {
        option->type_name(std::is_integral_v<typename T::value_type> ? "INTEGER" : "NUMBER");
      } else if constexpr (std::is_arithmetic_v<T>) {
        option->default_str(rounded(static_cast<double>(field.value), 12))
            ->type_name(std::is_integral_v<T> ? "INTEGER" : "NUMBER");
      } else {
        const std::string text = std::filesystem::path(field.value).string();
        option->type_name("TEXT");
        if (!text.empty()) option->default_str(text);
      }
    }
    option->group(group_.empty() ? "Options" : heading());
  }

  template <class Group>
  void group(std::string_view name, Group& options) {
    AddFlags below(app_, names_, letters_);
    below.group_ = std::string(name);
    visit_fields(options, below);
  }

 private:
  /// CLI11 takes -1 for 2^64 − 1, and so 2^64, and 010 for 8. What is no whole number is left to it.
  template <class T>
  static void read_as_decimal(CLI::Option* option, const T&) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      option->transform(CLI::Validator(
          [](std::string& text) {
            if (std::is_unsigned_v<T> && text.starts_with("-")) return "must be 0 or more, got " + text;
            T value = 0;
            const char* end = text.data() + text.size();
            const auto [last, error] = std::from_chars(text.data(), end, value);
            if (last != end || error == std::errc::invalid_argument) return std::string();
            if (error == std::errc::result_out_of_range)
              return "must be between " + std::to_string(std::numeric_limits<T>::min()) + " and " +
                     std::to_string(std::numeric_limits<T>::max()) + ", got " + text;
            text = std::to_string(value);
            return std::string();
          },
          ""));
  }
  template <class T>
  static void read_as_decimal(CLI::Option* option, const std::optional<T>&) {
    read_as_decimal(option, T());
  }

  /// "auto|fp32|int16"
  template <class T>
  static std::string alternatives(T value) {
    std::string text;
    for (const std::string_view name : enum_names(value))
      text += (text.empty() ? "" : "|") + std::string(name);
    return text;
  }

  static std::vector<std::string> split(const std::string& flags) {
    std::vector<std::string> parts;
    std::string part;
    for (const char c : flags + ",") {
      if (c == ',')
        parts.push_back(std::exchange(part, ""));
      else
        part += c;
    }
    return parts;
  }

  std::string flags_of(std::string_view name) const {
    const std::string plain = "--" + with_dashes(name);
    if (group_.empty()) return with_letter(name, plain);
    const std::string qualified = "--" + with_dashes(group_) + "-" + with_dashes(name);
    return with_letter(name, names_.count(name) == 1 ? plain + "," + qualified : qualified);
  }

  std::string with_letter(std::string_view name, const std::string& flags) const {
    const auto letter = letters_.find(std::string(name));
    return letter == letters_.end() ? flags : "-" + letter->second + "," + flags;
  }

  std::string heading() const {
    static const std::map<std::string, std::string> headings{
        {"dataset", "Data sets"},   {"part", "Data sets"}, {"separation", "Scores without labels"},
        {"images", "Images"},       {"kmeans", "k-means"}, {"selection", "Choosing words"},
        {"transport", "Transport"}, {"fusion", "Fusion"},  {"training", "Training (sac, tac-trained)"},
        {"sac", "SAC's loss"},      {"tac", "TAC's loss"}};
    const auto found = headings.find(group_);
    return found == headings.end() ? group_ : found->second;
  }

  CLI::App& app_;
  const CountNames& names_;
  std::map<std::string, std::string> letters_;
  std::string group_;
};

/// `--choose-clusters`, as -k was called where it took no range.
inline void add_choose_clusters(CLI::App& app, RunOptions& options) {
  app.add_option_function<std::string>(
         "--choose-clusters",
         [&options](const std::string& text) { options.n_clusters = cluster_count(text); })
      ->group("");
}

/// The flags that would give these options, each with its value, in the order of the fields.
class FlagsOf {
 public:
  template <class T>
  void operator()(const Field<T>& field) {
    using Value = std::remove_const_t<T>;
    std::string text;
    if constexpr (is_optional<Value>) {
      if (field.value) return (*this)(field.of(*field.value));
      // Not chosen: no argument gives that.
    } else if constexpr (std::is_same_v<Value, ClusterCount>) {
      text = field.value.text();
    } else if constexpr (std::is_enum_v<Value>) {
      text = enum_name(field.value);
    } else if constexpr (std::is_same_v<Value, bool>) {
      text = field.value ? "true" : "false";
    } else if constexpr (std::is_integral_v<Value>) {
      text = std::to_string(field.value);
    } else if constexpr (std::is_floating_point_v<Value>) {
      text = exact(field.value);
    } else {
      text = std::filesystem::path(field.value).string();
    }
    flags.emplace_back("--" + (group_.empty() ? "" : with_dashes(group_) + "-") + with_dashes(field.name),
                       text);
  }
  template <class Group>
  void group(std::string_view name, Group& options) {
    const std::string above = std::exchange(group_, std::string(name));
    visit_fields(options, *this);
    group_ = above;
  }

  std::vector<std::pair<std::string, std::string>> flags;

 private:
  std::string group_;
};

/// Arguments that bring default options to these, as AddFlags reads them.
template <class Options>
std::vector<std::string> arguments_of(const Options& options) {
  FlagsOf given, usual;
  visit_fields(options, given);
  const Options defaults;
  visit_fields(defaults, usual);
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < given.flags.size(); ++i)
    if (given.flags[i] != usual.flags[i])
      arguments.push_back(given.flags[i].first + "=" + given.flags[i].second);
  return arguments;
}

/// Adds flags for all fields of `options`, which must outlive the parse. `letters` gives one-letter forms by
/// field name.
template <class Options>
void add_flags(CLI::App& app, Options& options, const std::map<std::string, std::string>& letters = {}) {
  CountNames names;
  visit_fields(options, names);
  AddFlags flags(app, names, letters);
  visit_fields(options, flags);
}

}  // namespace ilk::cli
