#pragma once
#include <ilk/image_list.h>

#include <string_view>
#include <vector>

namespace ilk {

/// Throws the Error that every command gives where it has no image to work on: nothing was found, or all that
/// was found was skipped, the first of it for this reason.
[[noreturn]] void fail_without_images(const std::vector<SkippedFile>& skipped, std::string_view function);

}  // namespace ilk
