#pragma once
#include <ilk/options.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace ilk {

/// Writes an options struct, by its one list of fields, into JSON: groups nest, enums go by name.
class OptionsToJson {
 public:
  explicit OptionsToJson(nlohmann::ordered_json& json) : json_(json) {}

  template <class T>
  void operator()(const Field<T>& field) {
    const std::string name(field.name);
    using Value = std::remove_const_t<T>;
    if constexpr (std::is_enum_v<Value>) {
      json_[name] = std::string(enum_name(field.value));
    } else if constexpr (std::is_same_v<Value, std::filesystem::path>) {
      json_[name] = field.value.string();
    } else {
      json_[name] = field.value;
    }
  }
  template <class Group>
  void group(std::string_view name, const Group& options) {
    OptionsToJson below(json_[std::string(name)]);
    visit_fields(options, below);
  }

 private:
  nlohmann::ordered_json& json_;
};

/// Reads an options struct back; what is absent keeps its value. Throws nlohmann's exceptions for what is no
/// such JSON, Error for an unknown name of an enum.
class OptionsFromJson {
 public:
  explicit OptionsFromJson(nlohmann::json json) : json_(std::move(json)) {}

  template <class T>
  void operator()(const Field<T>& field) {
    const auto found = json_.find(std::string(field.name));
    if (found == json_.end()) return;
    if constexpr (std::is_enum_v<T>) {
      field.value = enum_value<T>(found->template get<std::string>(), "options", field.name);
    } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
      field.value = found->template get<std::string>();
    } else {
      field.value = found->template get<T>();
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
