#pragma once
// Errors in the words of who gave the command: flags and files.
#include <ilk/error.h>
#include <CLI/CLI.hpp>

#include <string>

namespace ilk::cli {

/// The innermost command that was named.
const CLI::App& named_command(const CLI::App& app);

/// Its name with those of the commands above it: "ilk models get".
std::string full_name(const CLI::App& command);

/// An error of the library, whose text calls options by their fields, with the flags of `command` in their
/// place: "n_clusters must be at least 1" becomes "-k must be at least 1".
std::string message_of(const Error& error, const CLI::App& command);

/// What is wrong with a command line, and what would be right.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace ilk::cli
