#include "io/no_images.h"

#include <string>

#include "core/fail.h"

namespace ilk {

void fail_without_images(const std::vector<SkippedFile>& skipped, std::string_view function) {
  if (skipped.empty()) fail(function, "there must be at least one image, got none.");
  const auto& [path, kind, reason] = skipped.front();
  fail(function, "there must be at least one usable image, but ",
       skipped.size() == 1 ? "the only file was skipped: "
                           : "all " + std::to_string(skipped.size()) + " files were skipped; the first: ",
       path, ": ", reason, reason.ends_with('.') ? "" : ".");
}

}  // namespace ilk
