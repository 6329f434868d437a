#include <cstdio>
#include <memory>

#include "commands.h"
#include "option_flags.h"
#include "output.h"
#include "pipeline/noun_vocabulary.h"
#include "pipeline/vocabulary_file.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct VocabArguments {
  VocabularyOptions options;
  std::string file;
  bool quiet = false;
};

void print(const VocabularyFacts& facts) {
  std::printf("%lld nouns (%s), %lld numbers each\nmodel %s, fingerprint %s, %s\nnouns %s\n",
              static_cast<long long>(facts.nouns), facts.source.c_str(), static_cast<long long>(facts.width),
              facts.model.c_str(), facts.model_fingerprint.c_str(), facts.precision.c_str(),
              facts.nouns_sha256.c_str());
  std::printf("%zu templates\n", facts.templates.size());
  for (const std::string& text : facts.templates) std::printf("  %s\n", text.c_str());
  if (facts.bytes > 0) std::printf("%.1f MB\n", static_cast<double>(facts.bytes) / 1e6);
}

int build(const VocabArguments& arguments) {
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const auto file = arguments.file.empty() ? "" : output_file(arguments.file, "-o", Contents::binary);
  const VocabularyFacts facts = build_vocabulary(arguments.options, file, progress);
  if (arguments.quiet) return done;
  print(facts);
  if (facts.from_cache) std::printf("All of them were in the cache.\n");
  if (file.empty())
    std::printf("Runs on this machine find them by themselves; -o FILE.safetensors takes them to another.\n");
  else
    std::printf("%s: `ilk cluster --nouns` takes it.\n", file.c_str());
  return done;
}

int info(const VocabArguments& arguments) {
  const VocabularyFile file(arguments.file);
  file.features();  // are they what was written?
  print(file.facts());
  return done;
}

}  // namespace

void add_vocab_command(CLI::App& app, Action& action) {
  auto* vocab = app.add_subcommand("vocab", "Encode the nouns once, for runs here and on other machines");
  vocab->require_subcommand(1);
  auto arguments = std::make_shared<VocabArguments>();

  auto* make = vocab->add_subcommand("build", "Encode a model's nouns; an interrupted build continues");
  make->add_option("-o,--output", arguments->file,
                   "File to write them to as well, for other machines; - is standard output")
      ->type_name("FILE.safetensors");
  make->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  add_flags(*make, arguments->options, {{"threads", "j"}, {"model", "m"}});
  make->footer(
      "Example:\n"
      "  ilk vocab build --model clip-vit-b-32 -o nouns.safetensors\n"
      "  ilk cluster PHOTOS/ -k 12 --model clip-vit-b-32 --nouns nouns.safetensors");
  make->callback([=, &action] { action = [=] { return build(*arguments); }; });

  auto* look = vocab->add_subcommand("info", "Say what such a file holds, and check it");
  look->add_option("file", arguments->file, "What `ilk vocab build -o` left")->required()->type_name("FILE");
  look->footer("Example:\n  ilk vocab info nouns.safetensors");
  look->callback([=, &action] { action = [=] { return info(*arguments); }; });
}

}  // namespace ilk::cli
