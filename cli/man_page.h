#pragma once
// Manual pages, made of the same list of options as --help.
#include <CLI/CLI.hpp>
#include <string>

namespace ilk::cli {

/// The page of the program itself, or of one of its commands with the subcommands of that, for man(1).
std::string man_page(const CLI::App& command);

/// "ilk-cluster"; "ilk" for the program.
std::string man_page_name(const CLI::App& command);

}  // namespace ilk::cli
