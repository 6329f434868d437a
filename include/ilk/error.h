#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ilk {

/// The one exception for bad input. Its text names the function, the rule and the value:
/// "[kmeans] n_clusters must be at most the number of images (100), got 250."
class Error : public std::runtime_error {
 public:
  Error(std::string_view function, std::string_view rule);
  const std::string& function() const { return function_; }

 private:
  std::string function_;
};

/// Thrown where a stop was asked for (Ctrl-C); what was finished so far is kept.
class Stopped : public std::runtime_error {
 public:
  Stopped() : std::runtime_error("stopped") {}
};

/// Throws Error with the parts written one after another.
template <class... Parts>
[[noreturn]] void fail(std::string_view function, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(function, text.str());
}

/// Throws Error with the parts unless `rule_holds`.
template <class... Parts>
void require(bool rule_holds, std::string_view function, const Parts&... parts) {
  if (!rule_holds) fail(function, parts...);
}

}  // namespace ilk
