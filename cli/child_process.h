#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/bench.h"

namespace ilk::cli {

/// Runs this program with these arguments in a process of its own, its output in the file `log`, and waits
/// for its end. It ends with this one, however that ends; an interrupt is passed on to it. Throws Error where
/// no process can be started.
BenchProcess run_again(const std::vector<std::string>& arguments, const std::filesystem::path& log);

}  // namespace ilk::cli
