#include <fcntl.h>
#include <spawn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "commands.h"
#include "option_flags.h"
#include "terminal.h"
#include "view/view_run.h"

extern char** environ;

namespace ilk::cli {
namespace {

struct ViewArguments {
  std::string run;
  ViewOptions options;
};

/// By the desktop's own opener, where there is a desktop.
void open_in_browser(std::string address) {
  const auto has = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value;
  };
#ifdef __APPLE__
  std::string program = "open";
#else
  std::string program = "xdg-open";
  if (!has("DISPLAY") && !has("WAYLAND_DISPLAY")) return;
#endif
  char* arguments[] = {program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t silence;
  posix_spawn_file_actions_init(&silence);
  for (const int stream : {0, 1, 2})
    posix_spawn_file_actions_addopen(&silence, stream, "/dev/null", O_RDWR, 0);
  pid_t process = 0;
  posix_spawnp(&process, program.c_str(), &silence, nullptr, arguments,
               environ);  // else the address is printed
  posix_spawn_file_actions_destroy(&silence);
}

int view_command(const ViewArguments& arguments) {
  stop_on_interrupt();
  TerminalProgress progress(/*quiet=*/true);
  view_run(
      arguments.run, arguments.options,
      [&](const std::string& address) {
        std::printf("%s\nCtrl-C ends it.\n", address.c_str());
        std::fflush(stdout);
        if (arguments.options.browser) open_in_browser(address);
      },
      progress);
  return done;
}

}  // namespace

void add_view_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("view", "Show a run's report in a browser, with edits by one click");
  auto arguments = std::make_shared<ViewArguments>();
  subcommand->add_option("run", arguments->run, "The folder that `ilk cluster` left")
      ->required()
      ->type_name("RUN");
  add_flags(*subcommand, arguments->options, {});
  subcommand->footer(
      "Examples:\n"
      "  ilk view run/\n"
      "  ilk view run/ --port 8080 --no-browser\n\n"
      "The page is served to this machine alone (127.0.0.1), to those who know the address that is printed; "
      "it\n"
      "holds a random token. Edits are those of `ilk edit`. Originals are read, never written.");
  subcommand->callback([=, &action] { action = [=] { return view_command(*arguments); }; });
}

}  // namespace ilk::cli
