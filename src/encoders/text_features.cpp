// P texts, D width of the encoder.
#include "encoders/text_features.h"

#include <ilk/options.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/fail.h"
#include "encoders/text_features_cache.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

// Texts between two looks at whether to stop, and texts that are kept at a time.
constexpr std::int64_t texts_per_chunk = 256, texts_per_span = 1024;

std::map<std::string, std::string> identity_of(const TextEncoder& encoder, const Corpus& corpus,
                                               const std::vector<std::string>& templates) {
  std::string written;
  for (const std::string& prompt_template : templates) written += prompt_template + "\n";
  return {{"format", "ilk text features 1"},
          {"model", encoder.fingerprint()},
          {"precision", arithmetic_of(encoder)},
          {"corpus", corpus.sha256},
          {"templates", written}};
}

/// Per text from `begin` on the mean of its prompts' embeddings, of unit length, to `rows`.
void embed(const TextEncoder& encoder, const std::vector<std::string>& texts, std::int64_t begin,
           const std::vector<std::string>& templates, MatrixView<float> rows) {
  std::vector<std::string> prompts;  // distinct
  std::unordered_map<std::string, std::int64_t> place;
  std::vector<std::int64_t> prompt_of;  // per text and template
  const auto add = [&](std::string prompt) {
    const auto [found, is_new] = place.try_emplace(prompt, static_cast<std::int64_t>(prompts.size()));
    if (is_new) prompts.push_back(std::move(prompt));
    prompt_of.push_back(found->second);
  };
  for (std::int64_t i = begin; i < begin + rows.rows(); ++i) {
    if (templates.empty()) add(texts[i]);
    for (const std::string& prompt_template : templates) add(fill_template(prompt_template, texts[i]));
  }
  const Matrix<float> embeddings = encoder.encode_texts(prompts);
  const std::size_t per_text = std::max<std::size_t>(1, templates.size());
  std::vector<double> sums(static_cast<std::size_t>(rows.columns()));
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t k = 0; k < per_text; ++k)
      kernels::kernels().add_row(sums.data(), embeddings[prompt_of[i * per_text + k]], 1, rows.columns());
    double squares = 0;
    for (const double sum : sums) squares += sum * sum;
    const double length = std::max(std::sqrt(squares), 1e-30);
    for (std::int64_t j = 0; j < rows.columns(); ++j) rows[i][j] = static_cast<float>(sums[j] / length);
  }
}

}  // namespace

TextFeatures embed_corpus(const TextEncoder& encoder, const Corpus& corpus,
                          const std::vector<std::string>& templates,
                          const std::filesystem::path& cache_folder, std::string_view stage,
                          Progress& progress) {
  const auto count = static_cast<std::int64_t>(corpus.texts.size());
  require(count >= 1, "embed_corpus", "the corpus ", corpus.source, " holds no text.");
  TextFeaturesCache cache(cache_folder.empty() ? cache_folder : cache_folder / "text",
                          identity_of(encoder, corpus, templates));
  if (auto kept = cache.load_whole(count, encoder.width()))
    return {.features = *std::move(kept), .from_cache = true};

  auto features = Matrix<float>::uninitialised(count, encoder.width());
  progress.start(stage, count, "texts");
  for (std::int64_t span = 0; span < count; span += texts_per_span) {
    const std::int64_t span_end = std::min(count, span + texts_per_span);
    const MatrixView<float> rows = features.rows_between(span, span_end);
    if (const auto kept = cache.load_span(span, span_end - span, encoder.width())) {
      std::copy_n(kept->data(), kept->size(), rows.data());
      progress.advance(span_end - span);
      continue;
    }
    for (std::int64_t begin = span; begin < span_end; begin += texts_per_chunk) {
      progress.check_stop();
      const std::int64_t end = std::min(span_end, begin + texts_per_chunk);
      embed(encoder, corpus.texts, begin, templates, features.rows_between(begin, end));
      progress.advance(end - begin);
    }
    cache.save_span(span, rows);
  }
  cache.save_whole(features);
  progress.finish();
  return {.features = std::move(features), .notice = cache.problem()};
}

}  // namespace ilk
