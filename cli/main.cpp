#include <ilk/error.h>
#include <ilk/image.h>
#include <ilk/threads.h>
#include <ilk/version.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "commands.h"
#include "help_page.h"
#include "messages.h"
#include "output.h"

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

int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  std::fprintf(stderr, "%s\nHelp: `%s --help`\n", printable(usage_message(app, error)).c_str(),
               full_name(named_command(app)).c_str());
  return wrong_usage;
}

/// --k and --K, which people try for -k.
std::vector<std::string> with_usual_letters(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool has_k = !arguments.empty() && (arguments.front() == "cluster" || arguments.front() == "bench");
  for (auto& argument : arguments) {
    if (argument == "--") break;
    const std::string name = argument.substr(0, argument.find('='));
    if (has_k && (name == "--k" || name == "--K")) argument.replace(0, name.size(), "--n-clusters");
  }
  return arguments;
}

/// Whatever way `main` is left.
struct StopThreads {
  StopThreads() = default;
  ~StopThreads() { ilk::stop_threads(); }
  StopThreads(const StopThreads&) = delete;
  StopThreads& operator=(const StopThreads&) = delete;
};

int run_program(int argc, char** argv) {
  CLI::App app("Sort images into clusters by meaning and say in words what each cluster is", "ilk");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", version_text, "Print versions and what ilk was built with");
  app.set_help_all_flag("--help-all", "Print all options");
  app.footer(
      "Example:\n  ilk cluster PHOTOS/ -k 12 -o run/\n  then open run/report.html\n\n"
      "Exit status: 0 done; 1 something failed; 2 a wrong flag or value; 3 input that cannot be used;\n"
      "130 stopped by Ctrl-C (the same command continues).");
  app.require_subcommand(1);

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
  add_view_command(app, action);
  add_export_command(app, action);
  add_bench_command(app, command_line(argc, argv), action);
  add_datasets_command(app, action);
  add_models_command(app, action);
  add_vocab_command(app, action);
  add_shell_commands(app, action);
  const auto complain = [](const char* before, const std::string& text) {
    std::fprintf(stderr, "%s: %s\n", before, printable(text, true).c_str());
  };
  try {
    if (argc == 1) {
      std::fputs(app.help().c_str(), stdout);
      return wrong_usage;
    }
    std::vector<std::string> arguments = with_usual_letters(argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
    return action();
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return done;
  } catch (const CLI::CallForAllHelp&) {
    std::fputs(app.help("", CLI::AppFormatMode::All).c_str(), stdout);
    return done;
  } catch (const CLI::Success& success) {
    std::printf("%s\n", success.what());  // the version
    return done;
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  } catch (const ilk::Stopped&) {
    std::fputs("\nStopped. Everything done so far is kept; the same command goes on from there.\n", stderr);
    return stopped;
  } catch (const ilk::WriteError& error) {
    complain("ilk", message_of(error, named_command(app)));
    return failed;
  } catch (const ilk::Error& error) {
    complain("ilk", message_of(error, named_command(app)));
    // A value that an enum flag does not know is found while flags are read.
    return error.function().starts_with("--") ? wrong_usage : bad_input;
  } catch (const std::filesystem::filesystem_error& error) {
    complain("ilk failed", error.path1().string() + ": " + error.code().message() + ".");
    return failed;
  } catch (const std::bad_alloc&) {
    std::fputs(
        "ilk failed: memory ran out. Other programs may hold it, or a limit is set for this one; "
        "--memory SIZE refuses at the start what needs more than that.\n",
        stderr);
    return failed;
  } catch (const std::exception& error) {
    complain("ilk failed", error.what());
    return failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const StopThreads before_the_end;
  std::setlocale(LC_CTYPE, "");
  begin_output();
  return end_output(run_program(argc, argv));
}
