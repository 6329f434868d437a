#include <ilk/error.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "commands.h"
#include "io/process.h"
#include "option_flags.h"
#include "terminal.h"
#include "view/view_run.h"

namespace ilk::cli {
namespace {

struct ViewArguments {
  std::string run;
  ViewOptions options;
};

/// By the desktop's own opener, where there is a desktop.
void open_in_browser(const std::string& address) {
  const auto has = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value;
  };
#ifdef __APPLE__
  const std::string program = "open";
#else
  const std::string program = "xdg-open";
  if (!has("DISPLAY") && !has("WAYLAND_DISPLAY")) return;
#endif
  try {
    internal::start_process({program, address});
  } catch (const Error&) {
    return;  // The address is printed.
  }
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
