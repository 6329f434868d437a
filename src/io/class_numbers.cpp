#include "io/class_numbers.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace ilk {
namespace {

bool is_negative(std::string_view text) {
  return text.starts_with('-');
}

bool is_whole_number(std::string_view text) {
  const std::string_view digits = text.substr(is_negative(text) ? 1 : 0);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

ClassNumbers number_classes(const std::vector<std::string>& names) {
  const bool are_numbers =
      std::ranges::all_of(names, [](const auto& name) { return name.empty() || is_whole_number(name); });
  const auto is_none = [&](const std::string& name) {
    return name.empty() || (are_numbers && is_negative(name));
  };
  std::map<std::string, std::int64_t> numbers;
  for (const std::string& name : names)
    if (!is_none(name)) numbers.emplace(name, 0);
  ClassNumbers result;
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int64_t>(result.classes.size());
    result.classes.push_back(name);
  }
  result.of_name.reserve(names.size());
  for (const std::string& name : names) result.of_name.push_back(is_none(name) ? -1 : numbers.at(name));
  return result;
}

}  // namespace ilk
