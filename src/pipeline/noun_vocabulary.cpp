#include "pipeline/noun_vocabulary.h"

#include <ilk/encoder.h>
#include <ilk/kmeans.h>
#include <ilk/models.h>
#include <ilk/threads.h>

#include <algorithm>
#include <map>

#include "core/fail.h"
#include "core/option_checks.h"
#include "encoders/text_features.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/run_context.h"
#include "pipeline/vocabulary.h"
#include "pipeline/vocabulary_file.h"

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

std::string_view bytes_of(const ArrayView& array) {
  return {reinterpret_cast<const char*>(array.bytes), static_cast<std::size_t>(array.size_bytes())};
}

}  // namespace

VocabularyFacts build_vocabulary(const VocabularyOptions& options, const fs::path& output,
                                 Progress& progress) {
  constexpr std::string_view function = "build_vocabulary";
  check_ranges(options, function);
  const fs::path cache = cache_folder(options.cache);
  require(!cache.empty() || !output.empty(), function,
          "an output must be given where nothing is kept between runs (cache none), got none.");
  require(output.empty() || VocabularyFile::is_one(output) || is_pipe_or_device(output), function,
          "the output's name must end in .safetensors, by which it is known, got '", output.string(), "'.");
  set_threads(static_cast<int>(options.threads.value_or(0)));
  const fs::path directory = find_model(options.model);
  const auto encoder = load_image_text_encoder(directory, options.precision, options.device);
  const Vocabulary vocabulary = read_vocabulary(
      *encoder, {.nouns = options.nouns, .wordnet = options.wordnet, .templates = options.templates});
  if (!vocabulary.nouns) fail(function, "there must be nouns to encode.");
  const Corpus& nouns = vocabulary.nouns->corpus;
  const TextFeatures embedded =
      embed_corpus(*encoder, nouns, vocabulary.templates, cache, "Encoding nouns", progress);
  if (!embedded.notice.empty()) progress.say(embedded.notice);
  VocabularyFacts facts{.model = directory.filename().string(),
                        .model_fingerprint = encoder->fingerprint(),
                        .precision = arithmetic_of(*encoder),
                        .source = nouns.source,
                        .nouns_sha256 = nouns.sha256,
                        .templates = vocabulary.templates,
                        .nouns = embedded.features.rows(),
                        .width = embedded.features.columns(),
                        .from_cache = embedded.from_cache};
  if (output.empty()) return facts;
  const std::string lines = lines_of(nouns.texts);
  const ArrayView texts(ElementType::u8, {static_cast<std::int64_t>(lines.size())}, lines.data());
  write_safetensors(output, {{"features", embedded.features}, {"nouns", texts}},
                    {{"format", format},
                     {"model", facts.model},
                     {"model_fingerprint", facts.model_fingerprint},
                     {"precision", facts.precision},
                     {"source", facts.source},
                     {"nouns_sha256", facts.nouns_sha256},
                     {"features_sha256", sha256_hex(bytes_of(embedded.features))},
                     {"templates", lines_of(facts.templates)}});
  std::error_code is_no_file;
  if (fs::is_regular_file(output, is_no_file)) facts.bytes = static_cast<std::int64_t>(fs::file_size(output));
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
  believe((features.type == ElementType::f32 || features.type == ElementType::f16) &&
              features.shape.size() == 2 && texts.type == ElementType::u8 && texts.shape.size() == 1,
          "its features must be (P, D) float32 or float16 and its nouns bytes");
  const Array lines = file.get("nouns");
  nouns_ = make_corpus(said["source"], texts_of(bytes_of(lines.view())));
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

Matrix<float> VocabularyFile::features() const {
  const SafetensorsFile file(path_);
  Array features = file.get("features");
  const auto digest = file.metadata().find("features_sha256");
  require(digest != file.metadata().end() && digest->second == sha256_hex(bytes_of(features.view())) &&
              features.shape() == std::vector<std::int64_t>{facts_.nouns, facts_.width},
          "VocabularyFile", path_, ": its numbers are not those that were written.");
  if (features.type() == ElementType::f32) return std::move(features).to_matrix();
  return normalise_rows(features.to_matrix(), "VocabularyFile", "features");
}

}  // namespace ilk
