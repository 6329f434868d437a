#include "encoders/config_reader.h"

#include "core/fail.h"
#include "io/json_file.h"

namespace ilk {

using nlohmann::json;

json read_json_object(const std::filesystem::path& path, std::string_view function) {
  json file = read_json_file(path, function);
  require(file.is_object(), function, path, " must hold an object.");
  return file;
}

void ConfigReader::read(const char* key, std::int64_t& value, std::int64_t least) const {
  // Beyond this a width is a mistake, and products of two of them still fit.
  constexpr std::int64_t most = 1 << 24;
  if (const json* found = find(key)) {
    check(found->is_number_integer() && *found >= least && *found <= most, key, *found,
          "must be a whole number between " + std::to_string(least) + " and " + std::to_string(most));
    value = found->get<std::int64_t>();
  }
}

void ConfigReader::read(const char* key, double& value) const {
  if (const json* found = find(key)) {
    check(found->is_number() && *found > 0 && *found < 1, key, *found, "must be between 0 and 1");
    value = found->get<double>();
  }
}

void ConfigReader::read(const char* key, bool& value) const {
  if (const json* found = find(key)) {
    check(found->is_boolean(), key, *found, "must be true or false");
    value = found->get<bool>();
  }
}

void ConfigReader::read(const char* key, std::string& value) const {
  if (const json* found = find(key)) {
    check(found->is_string(), key, *found, "must be a text");
    value = found->get<std::string>();
  }
}

void ConfigReader::require_value(const char* key, const json& wanted) const {
  if (const json* found = find(key)) check(*found == wanted, key, *found, "must be " + wanted.dump());
}

void ConfigReader::check(bool rule_holds, const char* key, const json& value, const std::string& rule) const {
  require(rule_holds, function_, path_, ": ", place_, key, " ", rule, ", got ", value.dump(), ".");
}

const json* ConfigReader::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace ilk
