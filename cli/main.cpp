#include <ilk/error.h>
#include <ilk/image.h>
#include <ilk/nearest_name.h>
#include <ilk/parallel.h>
#include <ilk/version.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <new>
#include <string_view>

#include "commands.h"

namespace {

using namespace ilk::cli;

std::string quoted_for_shell(const std::string& argument) {
  if (!argument.empty() && argument.find_first_of(" \t\n\"'\\$`*?[]{}()<>|&;#~!") == std::string::npos)
    return argument;
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_line(int argc, char** argv) {
  std::string command = "ilk";
  for (int i = 1; i < argc; ++i) command += " " + quoted_for_shell(argv[i]);
  return command;
}

std::string version_text() {
  return std::string("ilk ") + ILK_VERSION + "\n" + ilk::image_support();
}

/// The innermost command that was named, where an unknown flag was meant to go.
const CLI::App* named_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

/// "Did you mean --epsilon?" for a flag or a command that is not known.
std::string suggestion(const CLI::App& app, const std::string& unknown) {
  const CLI::App* command = named_command(app);
  std::vector<std::string> known;
  if (unknown.starts_with("-")) {
    for (const auto* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back(name);
    }
    const auto begin = std::min(unknown.find_first_not_of('-'), unknown.size());
    const auto name = unknown.substr(begin, unknown.find('=') - begin);
    const std::string nearest = ilk::nearest_name(name, known);
    return nearest.empty() ? "" : " Did you mean --" + nearest + "?";
  }
  for (const auto* subcommand : command->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(subcommand->get_name());
  const std::string nearest = ilk::nearest_name(unknown, known);
  return nearest.empty() ? "" : " Did you mean '" + nearest + "'?";
}

int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = named_command(app);
  std::string text = error.what();
  // A command that is not known leaves its name over, and CLI11 then only misses a command.
  if (const auto unknown = app.remaining(true); !unknown.empty()) {
    const std::string& first = unknown.front();
    text = (first.starts_with("-") ? "There is no flag " : "Not expected here: ") + first + "." +
           suggestion(app, first);
  }
  const std::string name = command == &app ? "ilk" : "ilk " + command->get_name();
  std::fprintf(stderr, "%s\n`%s --help` lists what there is.\n", text.c_str(), name.c_str());
  return wrong_usage;
}

/// Whatever way `main` is left.
struct StopThreads {
  StopThreads() = default;
  ~StopThreads() { ilk::stop_threads(); }
  StopThreads(const StopThreads&) = delete;
  StopThreads& operator=(const StopThreads&) = delete;
};

}  // namespace

int main(int argc, char** argv) {
  const StopThreads before_the_end;
  std::setlocale(LC_CTYPE, "");
  CLI::App app("ilk groups a folder of images by meaning and says in words what each group is.", "ilk");
  app.set_version_flag("--version", version_text, "Print versions and what ilk was built with");
  app.footer(
      "Example:\n  ilk cluster PHOTOS/ -k 12 -o run/\n  then open run/report.html\n\n"
      "Exit status: 0 done; 1 something failed; 2 a wrong flag or value; 3 input that cannot be used;\n"
      "130 stopped by Ctrl-C (the same command goes on where it stopped).");
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);

  Action action;
  add_cluster_command(app, command_line(argc, argv), action);
  add_assign_command(app, action);
  add_caption_command(app, action);
  add_eval_command(app, action);
  add_compare_command(app, action);
  add_embed_command(app, action);
  add_search_command(app, action);
  add_inspect_command(app, action);
  add_edit_command(app, action);
  add_export_command(app, action);
  add_bench_command(app, command_line(argc, argv), action);
  add_datasets_command(app, action);
  add_models_command(app, action);
  add_vocab_command(app, action);
  try {
    if (argc == 1) {
      std::fputs(app.help().c_str(), stdout);
      return wrong_usage;
    }
    app.parse(argc, argv);
    return action();
  } catch (const CLI::CallForHelp&) {
    std::fputs(named_command(app)->help().c_str(), stdout);
    return done;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  } catch (const ilk::Stopped&) {
    std::fputs("\nStopped. Everything done so far is kept; the same command goes on from there.\n", stderr);
    return stopped;
  } catch (const ilk::Error& error) {
    std::fprintf(stderr, "ilk: %s\n", error.what());
    // A value that an enum flag does not know is found while flags are read.
    return error.function().starts_with("--") ? wrong_usage : bad_input;
  } catch (const std::bad_alloc&) {
    std::fputs(
        "ilk failed: memory ran out. Other programs may hold it, or a limit is set for this one; "
        "--memory SIZE refuses at the start what needs more than that.\n",
        stderr);
    return failed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ilk failed: %s\n", error.what());
    return failed;
  }
}
