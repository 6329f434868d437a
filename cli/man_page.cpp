#include "man_page.h"

#include <ilk/version.h>

#include <sstream>
#include <vector>

#include "core/text.h"
#include "help_page.h"

namespace ilk::cli {
namespace {

/// A text's code points; of bytes that are not UTF-8 nothing sensible.
std::vector<char32_t> code_points(const std::string& text) {
  std::vector<char32_t> points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      points.push_back(byte);
    else if (byte >= 0xC0)
      points.push_back(byte & (byte >= 0xF0 ? 0x07 : byte >= 0xE0 ? 0x0F : 0x1F));
    else if (!points.empty())
      points.back() = points.back() << 6 | (byte & 0x3F);
  }
  return points;
}

/// A line of roff that shows `text` as it is.
std::string roff(const std::string& text) {
  std::string line;
  for (const char32_t point : code_points(text)) {
    if (point >= 0x80) {
      line += formatted("\\[u%04X]", static_cast<unsigned>(point));
    } else if (point == '\\') {
      line += "\\e";
    } else if (point == '-') {
      line += "\\-";
    } else if (point == '\'') {
      line += "\\(aq";
    } else if (point == '`') {
      line += "\\(ga";
    } else if (point == '"') {
      line += "\\(dq";
    } else {
      line += static_cast<char>(point);
    }
  }
  return line.starts_with('.') ? "\\&" + line : line;
}

std::string with_full_stop(const std::string& sentence) {
  return sentence.empty() || sentence.ends_with('.') ? sentence : sentence + ".";
}

/// Lines that begin with two spaces stand as they are, others are filled; an empty line ends a paragraph.
/// `follows`: whether there is text before.
void write_text(std::ostringstream& page, const std::string& text, bool follows) {
  std::istringstream lines(text);
  bool as_it_is = false, begins = true;
  const auto end_block = [&] {
    if (as_it_is) page << ".EE\n.RE\n";
    as_it_is = false;
  };
  for (std::string line; std::getline(lines, line);) {
    const bool indented = line.starts_with("  ");
    if (!indented) end_block();
    if (line.empty()) {
      begins = true;
      continue;
    }
    if (indented && !as_it_is) page << ".RS 2\n.EX\n";
    if (!indented && begins && follows) page << ".PP\n";
    as_it_is = indented;
    begins = false;
    follows = true;
    page << roff(indented ? line.substr(2) : line) << "\n";
  }
  end_block();
}

/// A command's closing text in two: the examples, and all else.
struct Footer {
  std::string examples, rest;
};
Footer footer_of(const CLI::App& command) {
  Footer footer;
  std::istringstream lines(command.get_footer());
  bool in_examples = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Example:" || line == "Examples:") {
      in_examples = true;
      continue;
    }
    if (in_examples && !line.starts_with("  ")) in_examples = false;
    (in_examples ? footer.examples : footer.rest) += line + "\n";
  }
  while (footer.rest.starts_with('\n')) footer.rest.erase(0, 1);
  return footer;
}

void write_option(std::ostringstream& page, const CLI::Option& option) {
  std::string names;
  for (const auto& letter : option.get_snames()) names += "\\fB\\-" + roff(letter) + "\\fR, ";
  const std::string longer = shortest_long_name(option);
  if (longer.empty())
    names.resize(names.size() - 2);
  else
    names += "\\fB\\-\\-" + roff(longer) + "\\fR";
  if (!option.get_type_name().empty() && option.get_items_expected_max() != 0)
    names += " \\fI" + roff(option.get_type_name()) + "\\fR";
  page << ".TP\n" << names << "\n" << roff(with_full_stop(option.get_description())) << "\n";
  const std::string usual = option.get_default_str();
  if (!usual.empty()) page << roff("Default: " + with_full_stop(usual)) << "\n";
  if (const std::string off = off_name(option); !off.empty())
    page << roff("--" + off + " turns it off.") << "\n";
  if (!option.get_envname().empty()) page << roff("Environment: " + option.get_envname() + ".") << "\n";
  if (option.get_required()) page << "Required.\n";
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& command) {
  return command.get_options(
      [](const CLI::Option* option) { return option->get_positional() && !option->get_group().empty(); });
}

void write_usage(std::ostringstream& page, const CLI::App& command, const std::string& name) {
  page << "\\fB" << roff(name) << "\\fR [\\fIOPTIONS\\fR]";
  for (const auto* positional : positionals_of(command)) {
    std::string shown = "\\fI" + roff(positional->get_type_name()) + "\\fR";
    if (positional->get_expected_max() > 1) shown += " ...";
    page << (positional->get_required() ? " " + shown : " [" + shown + "]");
  }
  if (!shown_subcommands(command).empty()) page << " \\fICOMMAND\\fR";
  page << "\n";
}

void write_options(std::ostringstream& page, const CLI::App& command) {
  for (const auto* positional : positionals_of(command))
    page << ".TP\n\\fI" << roff(positional->get_type_name()) << "\\fR\n"
         << roff(with_full_stop(positional->get_description())) << "\n";
  for (const auto& group : option_groups(command)) {
    page << ".SS " << roff(group.title) << "\n";
    for (const auto* option : group.options) write_option(page, *option);
  }
}

/// "ilk edit RUN rename": a command with those above it and what these take.
std::string words_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (!parent) return command.get_name();
  std::string words = words_of(*parent);
  for (const auto* positional : positionals_of(*parent)) words += " " + positional->get_type_name();
  return words + " " + command.get_name();
}

/// The commands below, a line each; of a command within the program with their options.
void write_subcommands(std::ostringstream& page, const CLI::App& command) {
  const auto below = shown_subcommands(command);
  if (below.empty()) return;
  page << ".SH COMMANDS\n";
  for (const auto* subcommand : below) {
    if (command.get_parent() == nullptr) {
      page << ".TP\n\\fB" << roff(subcommand->get_name()) << "\\fR\n"
           << roff(with_full_stop(subcommand->get_description())) << "\n";
      continue;
    }
    page << ".SS " << roff(words_of(*subcommand)) << "\n";
    write_usage(page, *subcommand, words_of(*subcommand));
    page << ".PP\n" << roff(with_full_stop(subcommand->get_description())) << "\n";
    for (const auto* positional : positionals_of(*subcommand))
      page << ".TP\n\\fI" << roff(positional->get_type_name()) << "\\fR\n"
           << roff(with_full_stop(positional->get_description())) << "\n";
    for (const auto& group : option_groups(*subcommand))
      for (const auto* option : group.options)
        if (option != subcommand->get_help_ptr() && option != subcommand->get_help_all_ptr())
          write_option(page, *option);
    // Without one of its own it has that of the command above.
    if (subcommand->get_footer() != command.get_footer()) write_text(page, subcommand->get_footer(), true);
  }
}

void write_see_also(std::ostringstream& page, const CLI::App& command) {
  page << ".SH SEE ALSO\n";
  if (command.get_parent()) {
    page << ".BR ilk (1)\n";
    return;
  }
  const auto below = shown_subcommands(command);
  for (std::size_t i = 0; i < below.size(); ++i)
    page << ".BR " << roff(man_page_name(*below[i])) << " (1)" << (i + 1 < below.size() ? "," : "") << "\n";
}

}  // namespace

std::string man_page_name(const CLI::App& command) {
  return command.get_parent() ? "ilk-" + command.get_name() : command.get_name();
}

std::string man_page(const CLI::App& command) {
  std::ostringstream page;
  const std::string name = man_page_name(command);
  std::string title;
  for (const char c : name) title += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const Footer footer = footer_of(command);
  page << ".TH " << roff(title) << " 1 " << ILK_VERSION_DATE << " \"ilk " << ILK_VERSION
       << "\" \"User Commands\"\n.SH NAME\n"
       << roff(name) << " \\- " << roff(command.get_description()) << "\n.SH SYNOPSIS\n";
  write_usage(page, command, words_of(command));
  page << ".SH DESCRIPTION\n" << roff(with_full_stop(command.get_description())) << "\n";
  write_text(page, footer.rest, true);
  write_subcommands(page, command);
  page << ".SH OPTIONS\n";
  write_options(page, command);
  if (!footer.examples.empty()) {
    page << ".SH EXAMPLES\n";
    write_text(page, footer.examples, false);
  }
  if (command.get_parent())
    page
        << ".SH EXIT STATUS\n"
           "0 done; 1 something failed; 2 a wrong flag or value; 3 input that cannot be used; 130 stopped by "
           "Ctrl\\-C.\n";
  write_see_also(page, command);
  return page.str();
}

}  // namespace ilk::cli
