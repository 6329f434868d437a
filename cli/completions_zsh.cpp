#include <algorithm>

#include "completed_command.h"

namespace ilk::cli {
namespace {

/// A text in a specification of _arguments: what would end its part is escaped.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += (c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "") + std::string(1, c);
  return result;
}

std::string action_of(const CompletedValue& value) {
  if (!value.words.empty()) return "(" + joined(value.words) + ")";
  return value.files ? "_files" : " ";
}

/// "_ilk_models_get"
std::string function_of(const std::string& command) {
  std::string name = "_ilk" + std::string(command.empty() ? "" : "_") + command;
  std::replace(name.begin(), name.end(), ' ', '_');
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void add_flags(std::string& text, const CompletedCommand& command) {
  for (const auto& flag : command.flags) {
    // Either name shuts out the other.
    const std::string others = flag.names.size() > 1 ? "(" + joined(flag.names) + ")" : "";
    for (const auto& name : flag.names) {
      // A long name's value may come after "=".
      std::string specification = others + name + (flag.takes_value && name.starts_with("--") ? "=" : "") +
                                  "[" + escaped(flag.help) + "]";
      if (flag.takes_value) specification += ":value:" + action_of(flag.value);
      text += " \\\n    " + single_quoted(specification);
    }
  }
}

void add_arguments(std::string& text, const CompletedCommand& command) {
  int place = 1;
  for (const auto& argument : command.arguments) {
    const std::string where = argument.repeated ? "*" : std::to_string(place++);
    text +=
        " \\\n    " + single_quoted(where + ":" + escaped(argument.name) + ":" + action_of(argument.value));
  }
  if (command.subcommands.empty()) return;
  text += " \\\n    " + single_quoted(std::to_string(place) + ":command:->command") + " \\\n    " +
          single_quoted("*::argument:->argument");
}

std::string completion_function(const CompletedCommand& command,
                                const std::vector<CompletedCommand>& commands) {
  std::string text = function_of(command.name) + "() {\n";
  if (!command.subcommands.empty())
    text += "  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
  text += command.subcommands.empty() ? "  _arguments -s" : "  _arguments -C -s";
  add_flags(text, command);
  add_arguments(text, command);
  text += "\n";
  if (!command.subcommands.empty()) {
    std::string listed, cases;
    for (const auto& name : command.subcommands) {
      const std::string full = (command.name.empty() ? "" : command.name + " ") + name;
      const auto below =
          std::find_if(commands.begin(), commands.end(), [&](const auto& each) { return each.name == full; });
      listed += "\n        " + single_quoted(name + ":" + escaped(below->help));
      cases += "        " + name + ") " + function_of(full) + " ;;\n";
    }
    text +=
        "  case $state in\n    command)\n      local -a commands\n      commands=(" + listed +
        "\n      )\n      _describe command commands\n      ;;\n    argument)\n      case $words[1] in\n" +
        cases + "      esac\n      ;;\n  esac\n";
  }
  return text + "}\n\n";
}

}  // namespace

std::string zsh_completions(const std::vector<CompletedCommand>& commands) {
  std::string text = "#compdef ilk\n# zsh completion for ilk; `ilk completions zsh` prints it.\n\n";
  for (const auto& command : commands) text += completion_function(command, commands);
  return text + "if [ \"$funcstack[1]\" = \"_ilk\" ]; then\n  _ilk \"$@\"\nelse\n  compdef _ilk ilk\nfi\n";
}

}  // namespace ilk::cli
