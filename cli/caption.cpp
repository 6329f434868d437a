#include <ilk/error.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "captioning/caption_images.h"
#include "commands.h"
#include "inputs.h"
#include "io/files.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

using nlohmann::ordered_json;

struct CaptionArguments {
  CaptionOptions options;
  InputArguments inputs;
  std::string key_variable = "OPENAI_API_KEY";
  bool json = false, quiet = false;
};

std::string text_of(const ordered_json& json, int indent = -1) {
  // A path need not be UTF-8.
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json as_json(const std::vector<SkippedFile>& files) {
  ordered_json list = ordered_json::array();
  for (const SkippedFile& file : files)
    list.push_back({{"path", file.path}, {"kind", file.kind}, {"reason", file.reason}});
  return list;
}

/// Beside the captions, so that no list is lost that is too long for a terminal. Gone where nothing failed.
std::filesystem::path failed_file(const CaptionOptions& options) {
  return options.output.string() + ".failed.jsonl";
}

void write_failed(const CaptionSummary& summary, const CaptionOptions& options) {
  std::string lines;
  for (const ordered_json& entry : as_json(summary.failed)) lines += text_of(entry) + "\n";
  std::error_code ignored;
  if (lines.empty())
    std::filesystem::remove(failed_file(options), ignored);
  else
    write_file_atomically(failed_file(options), lines);
}

/// "3 no answer, 1 refused"
std::string counts(const std::vector<SkippedFile>& files) {
  std::map<std::string, int> counts;
  for (const SkippedFile& file : files) ++counts[file.kind];
  std::string text;
  for (const auto& [kind, count] : counts)
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  return text;
}

void print_files(const std::vector<SkippedFile>& files) {
  constexpr std::size_t most = 10;
  for (std::size_t i = 0; i < files.size() && i < most; ++i)
    std::printf("  %s\n", printable(files[i].path + ": " + files[i].reason).c_str());
  if (files.size() > most) std::printf("  and %zu more\n", files.size() - most);
}

void print_summary(const CaptionSummary& summary, const CaptionOptions& options) {
  const auto number = [](std::int64_t value) { return static_cast<long long>(value); };
  const double mebibytes = summary.bytes / (1 << 20);
  if (options.dry_run) {
    std::printf("%lld images would be asked about, in %lld requests of together about %.1f MiB, at %s.\n",
                number(summary.answered), number(summary.requests), mebibytes, options.endpoint.c_str());
    std::printf("%lld have a caption already, %lld have the bytes of another image. Nothing was sent.\n",
                number(summary.known), number(summary.repeated));
  } else {
    std::printf(
        "%lld captions are new, %lld were there before, %lld are of images with the bytes of another.\n",
        number(summary.answered), number(summary.known), number(summary.repeated));
    std::printf("%lld requests, %.1f MiB sent. Captions: %s\n", number(summary.requests), mebibytes,
                options.output.c_str());
  }
  if (!summary.skipped.empty()) {
    std::printf("Skipped %zu %s (%s):\n", summary.skipped.size(),
                summary.skipped.size() == 1 ? "file" : "files", counts(summary.skipped).c_str());
    print_files(summary.skipped);
  }
  if (!summary.failed.empty()) {
    std::printf("%zu images got no caption (%s); %s lists them all:\n", summary.failed.size(),
                counts(summary.failed).c_str(), failed_file(options).c_str());
    print_files(summary.failed);
    std::printf("The same command asks about them again.\n");
  }
}

void print_json(const CaptionSummary& summary, const CaptionOptions& options) {
  const ordered_json json = {{"output", options.output.string()},
                             {"dry_run", options.dry_run},
                             {"answered", summary.answered},
                             {"known", summary.known},
                             {"repeated", summary.repeated},
                             {"requests", summary.requests},
                             {"bytes", summary.bytes},
                             {"skipped", as_json(summary.skipped)},
                             {"failed", as_json(summary.failed)}};
  std::printf("%s\n", text_of(json, 2).c_str());
}

int caption(const CaptionArguments& arguments) {
  if (arguments.options.output == "-" || is_standard_output(arguments.options.output))
    throw CLI::ValidationError(
        "-o must name a file, not standard output: what it holds is read again, and not asked for twice.");
  const ImageList images = list_inputs(arguments.inputs, "caption");
  const char* key = std::getenv(arguments.key_variable.c_str());
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const CaptionOptions& options = arguments.options;
  const CaptionSummary summary = caption_images(images, options, key ? key : "", progress);
  if (!options.dry_run) write_failed(summary, options);
  if (arguments.json)
    print_json(summary, options);
  else if (!arguments.quiet)
    print_summary(summary, options);
  return summary.failed.empty() ? done : failed;
}

}  // namespace

void add_caption_command(CLI::App& app, Action& action) {
  auto* subcommand =
      app.add_subcommand("caption", "Ask a vision-language model for a sentence on each image");
  auto arguments = std::make_shared<CaptionArguments>();
  add_inputs(*subcommand, arguments->inputs);
  subcommand
      ->add_option(
          "--key-variable", arguments->key_variable,
          "The environment variable with the server's key, if it wants one; sent to the endpoint alone")
      ->type_name("NAME")
      ->capture_default_str();
  subcommand->add_flag("--json", arguments->json, "Print the summary as JSON");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors (and JSON where asked for)");
  add_flags(*subcommand, arguments->options, {{"output", "o"}});
  subcommand->get_option("--endpoint")->required();
  subcommand->get_option("--vlm-model")->required();
  subcommand->footer(
      "Examples:\n"
      "  ilk caption PHOTOS/ -o captions.jsonl --endpoint http://localhost:8000/v1 --vlm-model NAME "
      "--dry-run\n"
      "  ilk caption PHOTOS/ -o captions.jsonl --endpoint http://localhost:8000/v1 --vlm-model NAME\n\n"
      "The server is any that speaks OpenAI's chat interface and sees pictures: vLLM, llama.cpp's server,\n"
      "Ollama (http://localhost:11434/v1), or one on the network. Pictures are shrunk, re-encoded as JPEG\n"
      "without their metadata, and sent there. Each answer is a line of the output at once, with the path,\n"
      "the SHA-256 of the file, the model and a fingerprint of the prompt. The same command continues after\n"
      "a stop, a crash or a failed server, and asks about no picture twice; another model or prompt adds\n"
      "lines of its own.\n\n"
      "Exit status 1: some images got no caption; OUTPUT.failed.jsonl lists them.");
  subcommand->callback([=, &action] { action = [=] { return caption(*arguments); }; });
}

}  // namespace ilk::cli
