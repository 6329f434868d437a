#pragma once
#include <ilk/options.h>

#include <map>
#include <string>
#include <string_view>

namespace ilk {

/// How often each field's name occurs below an options struct: a name that occurs once needs no group before
/// it, as a flag or as a keyword.
class CountNames {
 public:
  template <class T>
  void operator()(const Field<T>& field) {
    ++counts_[std::string(field.name)];
  }
  template <class Group>
  void group(std::string_view, Group& options) {
    visit_fields(options, *this);
  }
  int count(std::string_view name) const {
    const auto found = counts_.find(std::string(name));
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, int> counts_;
};

}  // namespace ilk
