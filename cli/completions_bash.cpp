#include "completed_command.h"

namespace ilk::cli {
namespace {

std::string names_of(const CompletedCommand& command) {
  std::string names;
  for (const auto& flag : command.flags) names += (names.empty() ? "" : " ") + joined(flag.names);
  return names;
}

/// "-m|--model"
std::string pattern_of(const CompletedFlag& flag) {
  std::string pattern;
  for (const auto& name : flag.names) pattern += (pattern.empty() ? "" : "|") + name;
  return pattern;
}

std::string argument_words(const CompletedCommand& command) {
  std::string words = joined(command.subcommands);
  for (const auto& argument : command.arguments)
    words += (words.empty() ? "" : " ") + joined(argument.value.words);
  return words;
}

std::string case_of(const CompletedCommand& command) {
  std::string text =
      "    " + single_quoted(command.name) + ")\n      flags=" + single_quoted(names_of(command)) +
      "\n      words=" + single_quoted(argument_words(command)) + "\n      case $previous in\n";
  for (const auto& flag : command.flags) {
    if (!flag.takes_value) continue;
    text += "        " + pattern_of(flag) + ") words=" + single_quoted(joined(flag.value.words)) +
            " value=" + (flag.value.files ? "files" : "words") + " ;;\n";
  }
  return text + "      esac\n      ;;\n";
}

}  // namespace

std::string bash_completions(const std::vector<CompletedCommand>& commands) {
  std::string known, cases;
  for (const auto& command : commands) {
    if (!command.name.empty()) known += (known.empty() ? "" : "|") + single_quoted(command.name);
    cases += case_of(command);
  }
  // The command is what the words before the cursor name; others, such as the RUN of `ilk edit RUN rename`,
  // are passed by. readline cuts words at "=".
  return "# bash completion for ilk; `ilk completions bash` prints it.\n"
         "_ilk() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local command= flags= words= value= i next\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    next=\"${command:+$command }${COMP_WORDS[i]}\"\n"
         "    case $next in\n"
         "      " +
         known +
         ") command=$next ;;\n"
         "    esac\n"
         "  done\n"
         "  if [[ $current == = ]]; then\n"
         "    current=\n"
         "  elif [[ $previous == = ]]; then\n"
         "    previous=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  fi\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "  if [[ -z $value && $current == -* ]]; then\n"
         "    words=$flags\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  # Where nothing is known of it, a value is no file.\n"
         "  if [[ $value == words ]]; then\n"
         "    compopt +o default 2>/dev/null\n"
         "  fi\n"
         "  return 0\n"
         "}\n"
         "complete -o default -F _ilk ilk\n";
}

}  // namespace ilk::cli
