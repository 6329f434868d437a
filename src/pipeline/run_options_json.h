#pragma once
#include <ilk/run.h>

#include <nlohmann/json.hpp>

namespace ilk {

/// The options that a manifest or a features.safetensors holds, of this version or an older one. What is
/// absent keeps its default. Throws nlohmann's exceptions for what is no such JSON, Error for values that no
/// option has.
RunOptions run_options_from_json(nlohmann::json json);

}  // namespace ilk
