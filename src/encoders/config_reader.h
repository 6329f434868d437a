#pragma once
// The configuration files of a model directory.
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ilk {

/// The file's JSON object. Throws Error in the name of `function`.
nlohmann::json read_json_object(const std::filesystem::path& path, std::string_view function);

/// Reads one object of a file, key by key; null counts as absent. Errors name the file, the key and the
/// value. Keeps references to what it is given.
class ConfigReader {
 public:
  /// `place` stands before the keys in errors ("text_config.").
  ConfigReader(const nlohmann::json& object, std::string place, const std::filesystem::path& path,
               std::string_view function)
      : object_(object), place_(std::move(place)), path_(path), function_(function) {}

  void read(const char* key, std::int64_t& value, std::int64_t least = 1) const;
  /// A number between 0 and 1.
  void read(const char* key, double& value) const;
  void read(const char* key, bool& value) const;
  void read(const char* key, std::string& value) const;
  void require_value(const char* key, const nlohmann::json& wanted) const;
  void check(bool rule_holds, const char* key, const nlohmann::json& value, const std::string& rule) const;
  /// The value, or null where it is absent.
  const nlohmann::json* find(const char* key) const;

 private:
  const nlohmann::json& object_;
  std::string place_;
  const std::filesystem::path& path_;
  std::string_view function_;
};

}  // namespace ilk
