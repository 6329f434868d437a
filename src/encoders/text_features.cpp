// P texts, D width of the encoder.
#include <ilk/error.h>
#include <ilk/options.h>
#include <ilk/text_features.h>

#include <algorithm>
#include <unordered_map>

#include "text_features_cache.h"

namespace ilk {
namespace {

// Texts between two looks at whether to stop, and texts that are kept at a time.
constexpr std::int64_t texts_per_chunk = 256, texts_per_span = 1024;

std::map<std::string, std::string> identity_of(const TextEncoder& encoder, const Corpus& corpus,
                                               const std::vector<std::string>& templates) {
  std::string written;
  for (const std::string& prompt_template : templates) written += prompt_template + "\n";
  // Two kinds of processor differ in the last bits, and a rerun must not.
  return {{"format", "ilk text features 1"},
          {"model", encoder.fingerprint()},
          {"device", encoder.device().is_cpu() ? "cpu" : "gpu"},
          {"precision", std::string(enum_name(encoder.precision()))},
          {"corpus", corpus.sha256},
          {"templates", written}};
}

/// (end − begin, D): per text the mean of its prompts' embeddings, of unit length.
torch::Tensor embed(const TextEncoder& encoder, const std::vector<std::string>& texts, std::int64_t begin,
                    std::int64_t end, const std::vector<std::string>& templates) {
  std::vector<std::string> prompts;  // distinct
  std::unordered_map<std::string, std::int64_t> place;
  std::vector<std::int64_t> prompt_of;  // per text and template
  const auto add = [&](std::string prompt) {
    const auto [found, is_new] = place.try_emplace(prompt, static_cast<std::int64_t>(prompts.size()));
    if (is_new) prompts.push_back(std::move(prompt));
    prompt_of.push_back(found->second);
  };
  for (std::int64_t i = begin; i < end; ++i) {
    if (templates.empty()) add(texts[i]);
    for (const std::string& prompt_template : templates) add(fill_template(prompt_template, texts[i]));
  }
  const torch::Tensor embeddings = encoder.encode_texts(prompts).to(torch::kFloat64);
  const auto per_text = static_cast<std::int64_t>(std::max<std::size_t>(1, templates.size()));
  const torch::Tensor sums = embeddings.index_select(0, at::tensor(prompt_of, torch::kInt64))
                                 .reshape({end - begin, per_text, encoder.width()})
                                 .sum(1);
  const torch::Tensor lengths = sums.square().sum(1, true).sqrt().clamp_min(1e-30);
  return (sums / lengths).to(torch::kFloat32);
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
  if (const auto kept = cache.load_whole(count, encoder.width()))
    return {.features = *kept, .from_cache = true};

  const torch::Tensor features = torch::empty({count, encoder.width()});
  progress.start(stage, count, "texts");
  for (std::int64_t span = 0; span < count; span += texts_per_span) {
    const std::int64_t span_end = std::min(count, span + texts_per_span);
    const torch::Tensor rows = features.narrow(0, span, span_end - span);
    if (const auto kept = cache.load_span(span, span_end - span, encoder.width())) {
      rows.copy_(*kept);
      progress.advance(span_end - span);
      continue;
    }
    for (std::int64_t begin = span; begin < span_end; begin += texts_per_chunk) {
      progress.check_stop();
      const std::int64_t end = std::min(span_end, begin + texts_per_chunk);
      rows.narrow(0, begin - span, end - begin).copy_(embed(encoder, corpus.texts, begin, end, templates));
      progress.advance(end - begin);
    }
    cache.save_span(span, rows);
  }
  cache.save_whole(features);
  progress.finish();
  return {.features = features, .notice = cache.problem()};
}

}  // namespace ilk
