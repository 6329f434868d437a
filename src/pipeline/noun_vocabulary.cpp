#include <ATen/Context.h>
#include <ilk/clip.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/models.h>
#include <ilk/noun_vocabulary.h>
#include <ilk/parallel.h>
#include <ilk/safetensors.h>
#include <ilk/sha256.h>
#include <ilk/text_features.h>

#include <algorithm>
#include <map>

#include "run_context.h"
#include "vocabulary.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

constexpr const char* format = "ilk vocabulary 1";

std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

std::vector<std::string> texts_of(std::string_view lines) {
  std::vector<std::string> texts;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    texts.emplace_back(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return texts;
}

std::string digest_of(const torch::Tensor& tensor) {
  return sha256_hex({static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()});
}

torch::Tensor as_bytes(const std::string& text) {
  auto bytes = torch::empty({static_cast<std::int64_t>(text.size())}, torch::kUInt8);
  std::copy(text.begin(), text.end(), bytes.data_ptr<std::uint8_t>());
  return bytes;
}

}  // namespace

VocabularyFacts build_vocabulary(const VocabularyOptions& options, const fs::path& output,
                                 Progress& progress) {
  constexpr std::string_view function = "build_vocabulary";
  check_ranges(options, function);
  const fs::path cache = cache_folder(options.cache);
  require(!cache.empty() || !output.empty(), function,
          "an output must be given where nothing is kept between runs (cache none), got none.");
  require(output.empty() || VocabularyFile::is_one(output), function,
          "the output's name must end in .safetensors, by which it is known, got '", output.string(), "'.");
  set_threads(static_cast<int>(options.threads));
  const fs::path directory = find_model(options.model);
  // Where a run would encode them: what it finds again is of that device.
  const Clip clip(directory, at::hasCUDA() ? torch::kCUDA : torch::kCPU, options.precision);
  const Vocabulary vocabulary = read_vocabulary(
      directory, {.nouns = options.nouns, .wordnet = options.wordnet, .templates = options.templates});
  if (!vocabulary.nouns) fail(function, "there must be nouns to encode.");
  const Corpus& nouns = vocabulary.nouns->corpus;
  const TextFeatures embedded =
      embed_corpus(clip, nouns, vocabulary.templates, cache, "Encoding nouns", progress);
  if (!embedded.notice.empty()) progress.say(embedded.notice);
  VocabularyFacts facts{.model = directory.filename().string(),
                        .model_fingerprint = clip.fingerprint(),
                        .precision = std::string(enum_name(clip.precision())),
                        .source = nouns.source,
                        .nouns_sha256 = nouns.sha256,
                        .templates = vocabulary.templates,
                        .nouns = embedded.features.size(0),
                        .width = embedded.features.size(1),
                        .from_cache = embedded.from_cache};
  if (output.empty()) return facts;
  const torch::Tensor features = embedded.features.contiguous();
  write_safetensors(output, {{"features", features}, {"nouns", as_bytes(lines_of(nouns.texts))}},
                    {{"format", format},
                     {"model", facts.model},
                     {"model_fingerprint", facts.model_fingerprint},
                     {"precision", facts.precision},
                     {"source", facts.source},
                     {"nouns_sha256", facts.nouns_sha256},
                     {"features_sha256", digest_of(features)},
                     {"templates", lines_of(facts.templates)}});
  facts.bytes = static_cast<std::int64_t>(fs::file_size(output));
  return facts;
}

VocabularyFile::VocabularyFile(const fs::path& path) : path_(path) {
  const SafetensorsFile file(path);
  const auto believe = [&](bool rule_holds, std::string_view rule) {
    require(rule_holds, "VocabularyFile", path, ": ", rule, ".");
  };
  std::map<std::string, std::string> said = file.metadata();
  believe(said["format"] == format && file.contains("features") && file.contains("nouns"),
          "it must be a vocabulary that `ilk vocab build` wrote");
  const auto& features = file.entry("features");
  const auto& texts = file.entry("nouns");
  believe(features.type == torch::kFloat32 && features.shape.size() == 2 && texts.type == torch::kUInt8 &&
              texts.shape.size() == 1,
          "its features must be (P, D) float32 and its nouns bytes");
  const torch::Tensor bytes = file.get("nouns");
  nouns_ =
      make_corpus(said["source"], texts_of({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()}));
  believe(nouns_.sha256 == said["nouns_sha256"], "its nouns are not those that were written");
  believe(static_cast<std::int64_t>(nouns_.texts.size()) == features.shape[0],
          "it must hold a row of features for each noun");
  facts_ = {.model = said["model"],
            .model_fingerprint = said["model_fingerprint"],
            .precision = said["precision"].empty() ? "fp32" : said["precision"],  // of before there were two
            .source = said["source"],
            .nouns_sha256 = nouns_.sha256,
            .templates = texts_of(said["templates"]),
            .nouns = features.shape[0],
            .width = features.shape[1],
            .bytes = static_cast<std::int64_t>(fs::file_size(path))};
}

torch::Tensor VocabularyFile::features() const {
  const SafetensorsFile file(path_);
  torch::Tensor features = file.get("features");
  const auto digest = file.metadata().find("features_sha256");
  require(digest != file.metadata().end() && digest->second == digest_of(features) &&
              features.sizes() == at::IntArrayRef({facts_.nouns, facts_.width}),
          "VocabularyFile", path_, ": its numbers are not those that were written.");
  return features;
}

}  // namespace ilk
