#pragma once
#include <ilk/error.h>

#include <string_view>

#include "core/text.h"

namespace ilk {

/// Throws Error with the parts written one after another.
template <class... Parts>
[[noreturn]] void fail(std::string_view function, const Parts&... parts) {
  throw Error(function, concatenate(parts...));
}

/// Throws Error with the parts unless `rule_holds`.
template <class... Parts>
void require(bool rule_holds, std::string_view function, const Parts&... parts) {
  if (!rule_holds) fail(function, parts...);
}

}  // namespace ilk
