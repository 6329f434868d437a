// `ilk man` and `ilk completions`: for packagers and shells, so that --help does not list them.

#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "completions.h"
#include "core/fail.h"
#include "help_page.h"
#include "io/files.h"
#include "man_page.h"
#include "output.h"

namespace ilk::cli {
namespace {

struct ShellArguments {
  std::string name;
  std::filesystem::path output;
};

int man(const CLI::App& app, const ShellArguments& arguments) {
  if (!arguments.output.empty()) {
    require_output_folder(arguments.output, "man");
    write_file_atomically(arguments.output / "ilk.1", man_page(app));
    for (const auto* command : shown_subcommands(app))
      write_file_atomically(arguments.output / (man_page_name(*command) + ".1"), man_page(*command));
    return done;
  }
  const CLI::App* named = arguments.name.empty() ? &app : nullptr;
  for (const auto* command : shown_subcommands(app))
    if (command->get_name() == arguments.name) named = command;
  require(named != nullptr, "man", "there is no command '", arguments.name, "'.");
  std::fputs(man_page(*named).c_str(), stdout);
  return done;
}

}  // namespace

void add_shell_commands(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ShellArguments>();
  auto* pages = app.add_subcommand("man", "Print a command's manual page, for `man -l -`")->group("");
  pages->add_option("command", arguments->name, "A command, such as cluster; none: the program itself")
      ->type_name("COMMAND");
  pages->add_option("-o,--output", arguments->output, "Folder to write all pages to")->type_name("FOLDER");
  pages->footer("Example:\n  ilk man cluster | man -l -");
  pages->callback([=, &app, &action] { action = [=, &app] { return man(app, *arguments); }; });

  auto* scripts = app.add_subcommand("completions", "Print a script that completes commands and flags");
  scripts->group("");
  scripts->add_option("shell", arguments->name, "Which shell")->required()->type_name("bash|fish|zsh");
  scripts->add_option("-o,--output", arguments->output, "File to write (else, and with -, it is printed)")
      ->type_name("FILE");
  scripts->footer("Example:\n  source <(ilk completions bash)");
  scripts->callback([=, &app, &action] {
    action = [=, &app] {
      const std::string script = completions(app, arguments->name);
      if (arguments->output.empty())
        std::fputs(script.c_str(), stdout);
      else
        write_file_atomically(output_file(arguments->output, "-o"), script);
      return done;
    };
  });
}

}  // namespace ilk::cli
