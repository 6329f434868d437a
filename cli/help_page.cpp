#include "help_page.h"

#include <algorithm>
#include <sstream>

namespace ilk::cli {
namespace {

/// The long names of the options that matter, of a command's own page.
std::vector<std::string> first_names(const CLI::App& command) {
  const auto* formatter = dynamic_cast<const HelpFormatter*>(command.get_formatter().get());
  return formatter ? formatter->first() : std::vector<std::string>();
}

}  // namespace

std::string shortest_long_name(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  const auto shortest = std::min_element(names.begin(), names.end(),
                                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return shortest == names.end() ? "" : *shortest;
}

std::string off_name(const CLI::Option& option) {
  const std::string name = "no-" + shortest_long_name(option);
  const auto& off = option.get_fnames();
  return option.get_default_str() == "true" && std::find(off.begin(), off.end(), name) != off.end() ? name
                                                                                                    : "";
}

std::vector<OptionGroup> option_groups(const CLI::App& command) {
  std::vector<OptionGroup> groups;
  OptionGroup first{"Options that matter", {}};
  for (const auto& name : first_names(command))
    if (const auto* option = command.get_option_no_throw("--" + name)) first.options.push_back(option);
  for (const auto& title : command.get_groups()) {
    OptionGroup group{!first.options.empty() && title == "Options" ? "Other options" : title, {}};
    group.options = command.get_options([&](const CLI::Option* option) {
      return option->get_group() == title && option->nonpositional() && !title.empty() &&
             std::find(first.options.begin(), first.options.end(), option) == first.options.end();
    });
    if (!group.options.empty()) groups.push_back(std::move(group));
  }
  if (!first.options.empty()) groups.insert(groups.begin(), std::move(first));
  return groups;
}

std::vector<const CLI::App*> shown_subcommands(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* below) { return !below->get_group().empty(); });
}

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

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::ostringstream text;
  text << make_description(app) << make_usage(app, name) << make_positionals(app);
  std::string others;  // titles alone
  const auto groups = option_groups(*app);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == 0 || first_.empty() || mode == CLI::AppFormatMode::All)
      text << make_group(groups[i].title, false, groups[i].options);
    else
      others += (others.empty() ? "" : ", ") + groups[i].title;
  }
  if (!others.empty()) text << "\nMore, with --help-all: " << others << "\n";
  text << make_subcommands(app, CLI::AppFormatMode::Normal) << '\n' << make_footer(app);
  std::string page = text.str();
  if (!page.ends_with('\n')) page += '\n';
  return page;
}

}  // namespace ilk::cli
