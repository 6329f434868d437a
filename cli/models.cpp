#include <ilk/error.h>
#include <ilk/models.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct ModelsArguments {
  std::string name;
  GetModelOptions get;
  bool quiet = false;
};

int list_models() {
  std::size_t width = 8;
  for (const auto& model : known_models()) width = std::max(width, model.name.size());
  std::printf("%-*s  %-8s  %s\n", static_cast<int>(width), "name", "here", "what");
  std::printf("%-*s  %-8s  %s\n", static_cast<int>(width), "ilk-lite", "built in",
              "photographs and drawings; the default");
  for (const auto& model : known_models()) {
    const bool here = std::filesystem::exists(models_directory() / model.name / "config.json");
    std::printf("%-*s  %-8s  %s\n", static_cast<int>(width), model.name.c_str(), here ? "yes" : "no",
                model.description.c_str());
  }
  std::printf("\n`ilk models get NAME` fetches one to %s\n", models_directory().c_str());
  return done;
}

int verify(const std::string& name) {
  const auto directory = find_model(name);
  const ModelCheck check = verify_model(directory);
  for (const auto& file : check.files) {
    std::printf("%-32s %12lld  %s  %s\n", file.name.c_str(), static_cast<long long>(file.size),
                file.sha256.c_str(), file.problem.empty() ? "ok" : file.problem.c_str());
  }
  if (check.loads)
    std::printf("%s loads.\n", directory.c_str());
  else
    std::printf("%s does not load: %s\n", directory.c_str(), check.load_error.c_str());
  return check.good() ? done : bad_input;
}

}  // namespace

void add_models_command(CLI::App& app, Action& action) {
  auto* models =
      app.add_subcommand("models", "List, fetch and check the models that see images and read words");
  models->require_subcommand(1);
  auto arguments = std::make_shared<ModelsArguments>();

  auto* all = models->add_subcommand("list", "What can be fetched, and what is here");
  all->footer("Example:\n  ilk models list");
  all->callback([&action] { action = list_models; });

  auto* get = models->add_subcommand("get", "Fetch a model; an interrupted download continues");
  get->add_option("name", arguments->name, "A name from `ilk models list`, or owner/name on the hub")
      ->required()
      ->type_name("NAME");
  get->add_option("--endpoint", arguments->get.endpoint, "The hub, or a mirror that speaks its paths")
      ->type_name("URL")
      ->envname("HF_ENDPOINT")
      ->capture_default_str();
  get->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  get->footer(
      "Example:\n"
      "  ilk models get clip-vit-b-32\n\n"
      "A token for models that ask for one is taken from HF_TOKEN; it is sent to the endpoint only.");
  get->callback([=, &action] {
    action = [=] {
      if (const char* token = std::getenv("HF_TOKEN")) arguments->get.token = token;
      stop_on_interrupt();
      TerminalProgress progress(arguments->quiet);
      const auto directory = get_model(arguments->name, arguments->get, progress);
      if (!arguments->quiet) std::printf("%s\n", directory.c_str());
      return done;
    };
  });

  auto* check =
      models->add_subcommand("verify", "Check a model's files against what was recorded, and that it loads");
  check->add_option("name", arguments->name, "A name or a directory")
      ->required()
      ->type_name("NAME|DIRECTORY");
  check->footer("Example:\n  ilk models verify clip-vit-b-32");
  check->callback([=, &action] { action = [=] { return verify(arguments->name); }; });

  auto* path = models->add_subcommand("path", "Print where a model is");
  path->add_option("name", arguments->name, "A name or a directory")->required()->type_name("NAME|DIRECTORY");
  path->footer("Example:\n  ilk models path clip-vit-b-32");
  path->callback([=, &action] {
    action = [=] {
      std::printf("%s\n", find_model(arguments->name).c_str());
      return done;
    };
  });
}

}  // namespace ilk::cli
