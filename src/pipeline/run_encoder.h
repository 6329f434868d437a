#pragma once
#include <ilk/encoder.h>

#include <memory>
#include <string>

#include "pipeline/run_files.h"

namespace ilk {

/// The model that a run was made with, in its precision. `model` says where it is now, empty: where it was.
/// Throws Error("[function] …") for a run of features from a file, and for another model.
std::unique_ptr<ImageTextEncoder> encoder_of_run(const RunFiles& run, const std::string& model,
                                                 std::string_view function);

}  // namespace ilk
