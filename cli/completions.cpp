#include "completions.h"

#include <ilk/models.h>
#include <ilk/run.h>

#include <algorithm>
#include <map>

#include "completed_command.h"
#include "core/fail.h"
#include "export/export_options.h"
#include "help_page.h"

namespace ilk::cli {
namespace {

std::vector<std::string> model_names() {
  std::vector<std::string> names{std::string(embedded_model_name)};
  for (const auto& model : known_models()) names.push_back(model.name);
  return names;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const auto& [name, help] : export_formats()) names.push_back(name);
  return names;
}

/// "fp32" of "auto|fp32|int16": alternatives in small letters stand for themselves, others for something.
std::vector<std::string> literals_of(const std::string& type) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= type.size();) {
    const std::size_t end = std::min(type.find('|', begin), type.size());
    const std::string word = type.substr(begin, end - begin);
    if (std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }) &&
        std::none_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
      words.push_back(word);
    begin = end + 1;
  }
  return words;
}

CompletedValue value_of(const CLI::Option& option, const std::string& command) {
  const std::string name = option.nonpositional() ? shortest_long_name(option) : option.get_name();
  const std::string type = option.get_type_name();
  if (name == "method" || name == "methods") return {method_names()};
  if (name == "model" || name == "text-encoder" || (command.starts_with("models") && name == "name"))
    return {model_names(), command != "models get"};
  if (name == "to") return {format_names()};
  const std::vector<std::string> words = literals_of(type);
  const bool is_file = words.empty() && type != "INTEGER" && type != "NUMBER" && type != "NAME" &&
                       type != "URL" && type != "WORDS" && type != "CLUSTER";
  return {words, is_file};
}

void add_command(std::vector<CompletedCommand>& commands, const CLI::App& app, const std::string& name) {
  CompletedCommand command{.name = name, .help = app.get_description()};
  for (const auto& group : option_groups(app))
    for (const auto* option : group.options) {
      CompletedFlag flag{.help = option->get_description()};
      for (const auto& letter : option->get_snames()) flag.names.push_back("-" + letter);
      flag.names.push_back("--" + shortest_long_name(*option));
      flag.takes_value = option->get_items_expected_max() != 0;
      if (flag.takes_value) flag.value = value_of(*option, name);
      command.flags.push_back(std::move(flag));
      if (const std::string off = off_name(*option); !off.empty())
        command.flags.push_back({.names = {"--" + off}, .help = "not: " + option->get_description()});
    }
  for (const auto* option : app.get_options([](const CLI::Option* each) { return each->get_positional(); }))
    command.arguments.push_back(
        {option->get_type_name(), value_of(*option, name), option->get_expected_max() > 1});
  const auto below = shown_subcommands(app);
  for (const auto* subcommand : below) command.subcommands.push_back(subcommand->get_name());
  commands.push_back(std::move(command));
  for (const auto* subcommand : below)
    add_command(commands, *subcommand, (name.empty() ? "" : name + " ") + subcommand->get_name());
}

using Writer = std::string (*)(const std::vector<CompletedCommand>& commands);
const std::map<std::string, Writer>& writers() {
  static const std::map<std::string, Writer> all{
      {"bash", bash_completions}, {"fish", fish_completions}, {"zsh", zsh_completions}};
  return all;
}

}  // namespace

std::vector<CompletedCommand> completed_commands(const CLI::App& program) {
  std::vector<CompletedCommand> commands;
  add_command(commands, program, "");
  return commands;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string single_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

const std::vector<std::string>& completed_shells() {
  static const std::vector<std::string> shells = [] {
    std::vector<std::string> names;
    for (const auto& [name, writer] : writers()) names.push_back(name);
    return names;
  }();
  return shells;
}

std::string completions(const CLI::App& program, const std::string& shell) {
  const auto writer = writers().find(shell);
  require(writer != writers().end(), "completions", "the shell must be bash, fish or zsh, got '", shell,
          "'.");
  return writer->second(completed_commands(program));
}

}  // namespace ilk::cli
