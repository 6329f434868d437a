#include <algorithm>

#include "completed_command.h"

namespace ilk::cli {
namespace {

/// As fish quotes: a backslash before what ends or escapes.
std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
  return quoted + "'";
}

/// When a command is the one that is typed: its words were seen, and none of those below it.
std::string condition_of(const CompletedCommand& command) {
  if (command.name.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (std::size_t begin = 0; begin < command.name.size();) {
    const std::size_t end = std::min(command.name.find(' ', begin), command.name.size());
    condition += (condition.empty() ? "" : "; and ") +
                 ("__fish_seen_subcommand_from " + command.name.substr(begin, end - begin));
    begin = end + 1;
  }
  if (!command.subcommands.empty())
    condition += "; and not __fish_seen_subcommand_from " + joined(command.subcommands);
  return condition;
}

}  // namespace

std::string fish_completions(const std::vector<CompletedCommand>& commands) {
  std::string text = "# fish completion for ilk; `ilk completions fish` prints it.\n";
  for (const auto& command : commands) {
    const std::string when = "complete -c ilk -n " + fish_quoted(condition_of(command));
    for (const auto& below : commands) {
      const std::size_t cut = below.name.rfind(' ');
      const std::string above = cut == std::string::npos ? "" : below.name.substr(0, cut);
      if (below.name.empty() || above != command.name) continue;
      text += when + " -f -a " + below.name.substr(cut == std::string::npos ? 0 : cut + 1) + " -d " +
              fish_quoted(below.help) + "\n";
    }
    for (const auto& argument : command.arguments)
      if (!argument.value.words.empty())
        text += when + " -a " + fish_quoted(joined(argument.value.words)) + "\n";
    for (const auto& flag : command.flags) {
      text += when;
      for (const auto& name : flag.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (flag.takes_value) text += flag.value.files ? " -r" : " -x";
      if (!flag.value.words.empty()) text += " -a " + fish_quoted(joined(flag.value.words));
      text += " -d " + fish_quoted(flag.help) + "\n";
    }
  }
  return text;
}

}  // namespace ilk::cli
