#include <ilk/error.h>

#include "messages.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <vector>

#include "core/nearest_name.h"
#include "help_page.h"

namespace ilk::cli {
namespace {

const CLI::Option* option_of_field(const CLI::App& command, std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  if (const auto* option = command.get_option_no_throw("--" + name)) return option;
  // A field of a group whose name other groups have too.
  const CLI::Option* found = nullptr;
  for (const auto* option : command.get_options())
    for (const auto& longer : option->get_lnames())
      if (longer.ends_with("-" + name)) {
        if (found && found != option) return nullptr;
        found = option;
      }
  return found;
}

constexpr std::string_view along[] = {" come with ", " given with ", " given together with "};

bool is_word(char c) {
  return std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) ||
         c == '_';
}

/// Where the list of fields ends that a text such as "labels and dataset must not …" begins with; else 0.
std::size_t end_of_subjects(std::string_view text) {
  const std::size_t must = text.find(" must ");
  if (must == std::string_view::npos) return 0;
  std::string_view rest = text.substr(0, must);
  while (!rest.empty()) {
    std::size_t length = 0;
    while (length < rest.size() && is_word(rest[length])) ++length;
    if (length == 0) return 0;
    rest.remove_prefix(length);
    if (rest.empty()) return must;
    const std::string_view joint = rest.starts_with(" and ") ? " and " : rest.starts_with(", ") ? ", " : "";
    if (joint.empty()) return 0;
    rest.remove_prefix(joint.size());
  }
  return 0;
}

/// The field's flag; the word itself where it is none.
std::string flag_or_word(const CLI::App& command, const std::string& word) {
  const auto* option = option_of_field(command, word);
  return option ? flag_of(*option) : word;
}

/// "Did you mean --epsilon?", with a space before it; empty where nothing is near.
std::string suggestion(const CLI::App& command, const std::string& unknown) {
  std::vector<std::string> known;
  const bool is_flag = unknown.starts_with("-");
  if (is_flag) {
    static const std::map<std::string, std::string> others{{"gpu", "--device cuda"},
                                                           {"cuda", "--device cuda"},
                                                           {"clusters", "-k"},
                                                           {"num-clusters", "-k"},
                                                           {"n", "-k"},
                                                           {"c", "-k"},
                                                           {"out", "--output"},
                                                           {"verbose", "--quiet"},
                                                           {"input", "PATH, without a flag"}};
    const auto begin = std::min(unknown.find_first_not_of('-'), unknown.size());
    const auto name = unknown.substr(begin, unknown.find('=') - begin);
    const auto other = others.find(name);
    const auto flag = other == others.end() ? "" : other->second.substr(0, other->second.find(' '));
    if (!flag.empty() && (!flag.starts_with("-") || command.get_option_no_throw(flag) != nullptr))
      return " Did you mean " + other->second + "?";
    for (const auto* option : command.get_options())
      for (const auto& longer : option->get_lnames()) known.push_back(longer);
    const std::string nearest = name.size() > 1 ? nearest_name(name, known) : "";
    return nearest.empty() ? "" : " Did you mean --" + nearest + "?";
  }
  for (const auto* below : command.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(below->get_name());
  const std::string nearest = nearest_name(unknown, known);
  return nearest.empty() ? "" : " Did you mean \"" + nearest + "\"?";
}

std::string unknown_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = named_command(app);
  const std::string near = suggestion(command, word);
  if (word.starts_with("-")) {
    const bool comes_early = &command == &app && near.empty();
    return "There is no flag " + word + "." + near +
           (comes_early ? " The command comes first: `ilk cluster PHOTOS/ -k 12`" : "");
  }
  if (&command == &app && word == "help") return "Unknown command \"help\". Did you mean --help?";
  const bool has_commands = !command.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (!has_commands) return "Not expected here: \"" + word + "\".";
  std::string text = "Unknown command \"" + word + "\"." + near;
  if (&command == &app && near.empty()) text += " To cluster a folder: `ilk cluster \"" + word + "\" -k 12`";
  return text;
}

std::string missing(const CLI::App& command, const std::string& name) {
  const auto& all = command.get_subcommands([](const CLI::App*) { return true; });
  const auto* option = command.get_option_no_throw(name);
  if (!option && !all.empty()) {
    std::string names;
    for (const auto* below : all) names += (names.empty() ? "" : ", ") + below->get_name();
    return "`" + full_name(command) + "` needs one of: " + names + ".";
  }
  if (!option) return name + " is missing.";
  std::string what = option->nonpositional() ? flag_of(*option) : option->get_type_name();
  return "`" + full_name(command) + "` needs " + what + ": " + option->get_description() + ".";
}

std::string not_converted(const CLI::App& command, const std::string& name, const std::string& value) {
  const auto* option = command.get_option_no_throw(name);
  if (!option) return name + " cannot be \"" + value + "\".";
  const std::string& type = option->get_type_name();
  const std::string takes = type == "INTEGER"  ? "a whole number"
                            : type == "NUMBER" ? "a number"
                            : type.empty()     ? "true or false"
                                               : type;
  return flag_of(*option) + " takes " + takes + ", got \"" + value + "\".";
}

}  // namespace

const CLI::App& named_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return (parent ? full_name(*parent) + " " : "") + command.get_name();
}

std::string message_of(const Error& error, const CLI::App& command) {
  const std::string& text = error.text();
  const std::size_t subjects = end_of_subjects(text);
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i], before = i > 0 ? text[i - 1] : ' ';
    const bool begins = before == ' ' || before == '(';
    if (c == '"' || (c == '\'' && begins)) {  // a name or a value
      const std::size_t end = std::min(text.find(c, i + 1), text.size() - 1);
      result += text.substr(i, end + 1 - i);
      i = end + 1;
    } else if (begins && is_word(c)) {
      std::size_t end = i;
      while (end < text.size() && is_word(text[end])) ++end;
      const std::string word = text.substr(i, end - i);
      // Words of one part are fields only as the subject of a rule, or as what must or must not come along.
      const bool comes_along = std::any_of(std::begin(along), std::end(along),
                                           [&](std::string_view phrase) { return result.ends_with(phrase); });
      const bool may_be_field = word.find('_') != std::string::npos || end <= subjects || comes_along;
      const bool ends =
          end == text.size() || std::string_view(" ,.;:)").find(text[end]) != std::string_view::npos;
      result += may_be_field && ends ? flag_or_word(command, word) : word;
      i = end;
    } else {
      result += c;
      ++i;
    }
  }
  return result;
}

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  // A command that is not known leaves its name over, and CLI11 then only misses a command.
  if (const auto unknown = app.remaining(true); !unknown.empty()) return unknown_word(app, unknown.front());
  std::string text = error.what();
  const std::string kind = error.get_name();
  if (kind == "RequiredError") return missing(command, text.substr(0, text.find(" is required")));
  if (kind == "ConversionError" && text.starts_with("Could not convert: ")) {
    const std::size_t begin = text.find(": ") + 2, middle = text.find(" = ", begin);
    if (middle != std::string::npos)
      return not_converted(command, text.substr(begin, middle - begin), text.substr(middle + 3));
  }
  const auto* option = command.get_option_no_throw(text.substr(0, text.find(": ")));
  if (kind == "ArgumentMismatch" && option) {
    if (text.find("missing") == std::string::npos) return flag_of(*option) + " is given more than once.";
    return flag_of(*option) + " needs a value: " + option->get_description() + ".";
  }
  return text;
}

}  // namespace ilk::cli
