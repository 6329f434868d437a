#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace ilk::cli {

/// What the program's exit status says; the same list is in `ilk --help`.
enum ExitStatus : int { done = 0, failed = 1, wrong_usage = 2, bad_input = 3, stopped = 130 };

/// A subcommand registers its flags with the parser and leaves in `action` what to do if it is the one that
/// was named. `command` is the whole command line as it was typed.
using Action = std::function<int()>;
void add_cluster_command(CLI::App& app, const std::string& command, Action& action);
void add_assign_command(CLI::App& app, Action& action);
void add_bench_command(CLI::App& app, const std::string& command, Action& action);
void add_caption_command(CLI::App& app, Action& action);
void add_compare_command(CLI::App& app, Action& action);
void add_datasets_command(CLI::App& app, Action& action);
void add_edit_command(CLI::App& app, Action& action);
void add_embed_command(CLI::App& app, Action& action);
void add_eval_command(CLI::App& app, Action& action);
void add_export_command(CLI::App& app, Action& action);
void add_inspect_command(CLI::App& app, Action& action);
void add_models_command(CLI::App& app, Action& action);
void add_search_command(CLI::App& app, Action& action);
void add_view_command(CLI::App& app, Action& action);
void add_vocab_command(CLI::App& app, Action& action);
/// `ilk man` and `ilk completions`, which --help does not list. All others must have been added.
void add_shell_commands(CLI::App& app, Action& action);

}  // namespace ilk::cli
