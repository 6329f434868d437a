#pragma once
// What a shell is told of a command.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ilk::cli {

/// What may stand for a value.
struct CompletedValue {
  std::vector<std::string> words;  ///< that are known
  bool files = false;              ///< or the path of something
};

struct CompletedFlag {
  std::vector<std::string> names;  ///< with dashes: "-k", "--n-clusters"
  std::string help;
  bool takes_value = false;
  CompletedValue value;
};

struct CompletedArgument {
  std::string name;
  CompletedValue value;
  bool repeated = false;
};

struct CompletedCommand {
  std::string name;  ///< without the program's: "models get"; of the program itself empty
  std::string help;
  std::vector<CompletedFlag> flags;
  std::vector<CompletedArgument> arguments;
  std::vector<std::string> subcommands;  ///< their last words: "get"
};

/// The program, and all of its commands that are shown, each before those below it.
std::vector<CompletedCommand> completed_commands(const CLI::App& program);

/// The words with a space between them.
std::string joined(const std::vector<std::string>& words);
/// 'text', as all three shells quote.
std::string single_quoted(const std::string& text);

std::string bash_completions(const std::vector<CompletedCommand>& commands);
std::string fish_completions(const std::vector<CompletedCommand>& commands);
std::string zsh_completions(const std::vector<CompletedCommand>& commands);

}  // namespace ilk::cli
