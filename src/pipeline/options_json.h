#pragma once
#include <ilk/cluster_count.h>
#include <ilk/options.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "core/option_checks.h"

namespace ilk {

/// Writes an options struct, by its one list of fields, into JSON: groups nest, enums go by name, what is not
/// chosen is null.
class OptionsToJson {
 public:
  explicit OptionsToJson(nlohmann::ordered_json& json) : json_(json) {}

  template <class T>
  void operator()(const Field<T>& field) {
    json_[std::string(field.name)] = value_json(field.value);
  }
  template <class Group>
  void group(std::string_view name, const Group& options) {
    OptionsToJson below(json_[std::string(name)]);
    visit_fields(options, below);
  }

 private:
  template <class T>
  static nlohmann::ordered_json value_json(const T& value) {
    if constexpr (is_optional<T>) {
      return value ? value_json(*value) : nlohmann::ordered_json();
    } else if constexpr (std::is_enum_v<T>) {
      return std::string(enum_name(value));
    } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
      return value.string();
    } else if constexpr (std::is_same_v<T, ClusterCount>) {
      if (const auto number = value.number(); number && value.upper().empty()) return *number;
      return value.text();
    } else {
      return value;
    }
  }

  nlohmann::ordered_json& json_;
};

/// Reads an options struct back; what is absent or null keeps its value. Throws nlohmann's exceptions for
/// what is no such JSON, Error for an unknown name of an enum.
class OptionsFromJson {
 public:
  explicit OptionsFromJson(nlohmann::json json) : json_(std::move(json)) {}

  template <class T>
  void operator()(const Field<T>& field) {
    const auto found = json_.find(std::string(field.name));
    if (found == json_.end()) return;
    if constexpr (is_optional<T>) {
      if (!found->is_null()) field.value = value_of<typename T::value_type>(*found, field.name);
    } else {
      field.value = value_of<T>(*found, field.name);
    }
  }
  template <class Group>
  void group(std::string_view name, Group& options) {
    const auto found = json_.find(std::string(name));
    if (found == json_.end()) return;
    OptionsFromJson below(*found);
    visit_fields(options, below);
  }

 private:
  template <class T>
  static T value_of(const nlohmann::json& json, std::string_view name) {
    if constexpr (std::is_enum_v<T>) {
      return enum_value<T>(json.get<std::string>(), "options", name);
    } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
      return json.get<std::string>();
    } else if constexpr (std::is_same_v<T, ClusterCount>) {
      const auto text = json.is_string() ? json.get<std::string>() : std::to_string(json.get<std::int64_t>());
      const auto count = ClusterCount::parse(text);
      if (!count) fail("options", name, " must be ", ClusterCount::allowed, ", got '", text, "'.");
      return *count;
    } else {
      return json.get<T>();
    }
  }

  nlohmann::json json_;
};

template <class Options>
nlohmann::ordered_json options_to_json(const Options& options) {
  nlohmann::ordered_json json;
  OptionsToJson visitor(json);
  visit_fields(options, visitor);
  return json;
}

}  // namespace ilk
