#pragma once
// Completions for shells, made of the same list of options as --help.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ilk::cli {

/// The shells, as completions() takes them.
const std::vector<std::string>& completed_shells();

/// A script that has the shell complete the program's commands, flags and values.
std::string completions(const CLI::App& program, const std::string& shell);

}  // namespace ilk::cli
