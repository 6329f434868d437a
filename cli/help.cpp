#include "help.h"

#include <algorithm>
#include <sstream>

namespace ilk::cli {
namespace {

/// The shortest: others have the name of their group before it.
std::string shortest_long_name(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  const auto shortest = std::min_element(names.begin(), names.end(),
                                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return shortest == names.end() ? "" : *shortest;
}

bool is_shown(const CLI::Option* option) {
  return option->nonpositional() && !option->get_group().empty();
}

}  // namespace

std::string flag_of(const CLI::Option& option) {
  const auto& letters = option.get_snames();
  if (!letters.empty() && letters.front() == "k") return "-k";
  const std::string name = shortest_long_name(option);
  return name.empty() ? option.get_name() : "--" + name;
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  if (is_positional) return option->get_name(true, false);
  std::string name;
  for (const auto& letter : option->get_snames()) name += (name.empty() ? "-" : ",-") + letter;
  const std::string longer = shortest_long_name(*option);
  if (longer.empty()) return name;
  return (name.empty() ? "--" : name + ",--") + longer;
}

bool HelpFormatter::is_first(const CLI::Option* option) const {
  const auto& names = option->get_lnames();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(first_.begin(), first_.end(), name) != first_.end();
  });
}

std::string HelpFormatter::first_group(const CLI::App* app) const {
  std::vector<const CLI::Option*> options;
  for (const auto& name : first_)
    if (const auto* option = app->get_option_no_throw("--" + name)) options.push_back(option);
  return options.empty() ? "" : make_group("Options that matter", false, options);
}

std::string HelpFormatter::other_groups(const CLI::App* app, CLI::AppFormatMode mode) const {
  std::string text, names;
  for (const auto& group : app->get_groups()) {
    const auto options = app->get_options([&](const CLI::Option* option) {
      return option->get_group() == group && is_shown(option) && !is_first(option);
    });
    if (options.empty()) continue;
    const std::string title = !first_.empty() && group == "Options" ? "Other options" : group;
    if (first_.empty() || mode == CLI::AppFormatMode::All)
      text += make_group(title, false, options);
    else
      names += (names.empty() ? "" : ", ") + title;
  }
  if (!names.empty()) text += "\nMore, with --help-all: " + names + "\n";
  return text;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::ostringstream text;
  text << make_description(app) << make_usage(app, name) << make_positionals(app) << first_group(app)
       << other_groups(app, mode) << make_subcommands(app, CLI::AppFormatMode::Normal) << '\n'
       << make_footer(app);
  std::string page = text.str();
  if (!page.ends_with('\n')) page += '\n';
  return page;
}

}  // namespace ilk::cli
