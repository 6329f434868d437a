#include <ilk/dataset.h>
#include <ilk/encoder.h>
#include <ilk/models.h>

#include <algorithm>
#include <optional>

#include "core/fail.h"
#include "core/freed_memory.h"
#include "encoders/text_features.h"
#include "io/files.h"
#include "pipeline/feature_source.h"
#include "pipeline/memory_plan.h"
#include "pipeline/method.h"
#include "text/image_captions.h"

namespace ilk {
namespace {

/// The data set that is to be clustered instead of files; none where the inputs are folders and files.
std::optional<Dataset> open_input(const RunContext& run) {
  const auto& paths = run.inputs.paths;
  const DatasetOptions& options = run.options.dataset;
  const bool part = !options.split.empty() || !options.classes.empty();
  const auto packed = std::find_if(paths.begin(), paths.end(), is_packed_dataset);
  if (!part && packed == paths.end()) return std::nullopt;
  require(!paths.empty() && run.inputs.listed.empty(), "run",
          "a data set must be the only input; --split and --classes are for one, got ",
          paths.size() + run.inputs.listed.size(), " inputs.");
  return open_dataset(paths, options);
}

/// The inputs' files without what an earlier run left in the output folder.
ImageList list_inputs(const RunContext& run) {
  ImageList list = list_images(run.inputs.paths, run.inputs.listed);
  std::error_code error;
  if (!std::filesystem::exists(run.options.output, error)) return list;
  const std::string output = std::filesystem::weakly_canonical(run.options.output, error).string() + "/";
  const auto inside = [&](const std::string& path) {
    return (std::filesystem::weakly_canonical(path, error).string() + "/").starts_with(output);
  };
  std::erase_if(list.paths, inside);
  std::erase_if(list.skipped, [&](const SkippedFile& file) { return inside(file.path); });
  return list;
}

class ImagesAndEncoder : public FeatureSource {
 public:
  explicit ImagesAndEncoder(RunContext& run) : run_(run), dataset_(open_input(run)) {
    if (dataset_) {
      for (const auto& image : dataset_->images) list_.paths.push_back(image.name);
      list_.skipped = dataset_->skipped;
      list_.read = dataset_->read;
    } else {
      list_ = list_inputs(run);
    }
    const auto only_for_features = [](const std::string& value, std::string_view name) {
      require(value.empty(), "run", name, " must come with features; images are encoded here, got '", value,
              "'.");
    };
    only_for_features(run.options.names, "names");
    only_for_features(run.options.noun_features, "noun_features");
    only_for_features(run.options.caption_features, "caption_features");
    only_for_features(run.options.text_features, "text_features");
    const RunOptions& options = run.options;
    if (options.device == Device::cuda) run.summary.device = gpu_name();
    require(options.captions.empty() || run.method.needs.image_texts == ImageTexts::given, "run",
            "captions must come with method ", methods_with_given_texts(), ", got method ", run.method.name,
            ".");
    require(options.text_encoder.empty() || !options.captions.empty(), "run",
            "text_encoder must come with captions, got '", options.text_encoder, "' alone.");
    require(
        options.text_encoder.empty() || options.missing_captions == MissingCaptions::refuse, "run",
        "missing_captions must be refuse with a text_encoder: retrieved nouns are features of the images' "
        "own model, got retrieve.");
  }

  EmbeddedImages images() override {
    encoder_ = run_.timed("load model", [&] { return load_model(); });
    require_memory({.images = static_cast<std::int64_t>(list_.paths.size()), .dimensions = encoder_->width()},
                   run_.options);
    if (const auto made = open_noun_vocabulary(run_.options)) require_of_this_model(made->facts());
    EmbeddedImages images = run_.timed("encode images", [&] { return embed(); });
    encoder_->release_images();
    return_freed_memory();
    return images;
  }

  std::optional<Labels> labels() const override {
    if (!dataset_ || dataset_->classes.empty()) return std::nullopt;
    std::vector<std::int64_t> of_image;
    of_image.reserve(rows_.size());
    for (const auto row : rows_) of_image.push_back(dataset_->images[static_cast<std::size_t>(row)].label);
    if (std::all_of(of_image.begin(), of_image.end(), [](auto label) { return label < 0; }))
      return std::nullopt;
    return Labels{.classes = dataset_->classes, .of_image = std::move(of_image), .by_row = true};
  }

  ImageFile read(const std::string& path, std::int64_t image) const override {
    return dataset_ ? dataset_->read(rows_.at(static_cast<std::size_t>(image))) : read_image_file(path);
  }

  bool names_are_files() const override {
    return !dataset_ || dataset_->format == "imagefolder" || dataset_->format == "csv";
  }

  Matrix<float> image_texts() override {
    if (run_.options.captions.empty()) return {};
    const ImageCaptions captions =
        run_.timed("read captions", [&] { return read_image_captions(run_.options.captions, paths_); });
    report(captions);
    return run_.timed("embed texts of images", [&] {
      std::unique_ptr<TextEncoder> other;
      if (!run_.options.text_encoder.empty())
        other = load_text_encoder(find_model(run_.options.text_encoder), encoder_->precision(),
                                  run_.options.device);
      const TextEncoder& encoder = other ? *other : *encoder_;
      const TextFeatures texts = embed_corpus(encoder, captions.corpus, {}, cache_folder(run_.options.cache),
                                              "Encoding texts of images", run_.progress);
      if (!texts.notice.empty()) run_.progress.say(texts.notice);
      Matrix<float> of_images(static_cast<std::int64_t>(captions.of_image.size()), texts.features.columns());
      for (std::int64_t i = 0; i < of_images.rows(); ++i) {
        const std::int64_t text = captions.of_image[static_cast<std::size_t>(i)];
        if (text >= 0) std::copy_n(texts.features[text], of_images.columns(), of_images[i]);
      }
      return of_images;
    });
  }

  Matrix<float> encode_words(const Corpus& words, const std::vector<std::string>& templates) override {
    TextFeatures texts = embed_corpus(*encoder_, words, templates, cache_folder(run_.options.cache),
                                      "Encoding words", run_.progress);
    if (!texts.notice.empty()) run_.progress.say(texts.notice);
    return std::move(texts.features);
  }

  Vocabulary words() override {
    Vocabulary vocabulary =
        run_.timed("read words", [&] { return read_vocabulary(*encoder_, run_.options); });
    if (auto& nouns = vocabulary.nouns; nouns && !nouns->features)
      offer(*nouns, vocabulary.templates, "embed nouns", "Encoding nouns");
    if (auto& captions = vocabulary.captions) offer(*captions, {}, "embed captions", "Encoding captions");
    return vocabulary;
  }

 private:
  void require_of_this_model(const VocabularyFacts& facts) const {
    require(facts.model_fingerprint == encoder_->fingerprint() && facts.width == encoder_->width(), "run",
            "nouns ", run_.options.nouns, " must be of the run's model; they were made with ", facts.model,
            " (", facts.model_fingerprint.substr(0, 12), "), and ", run_.options.model, " is ",
            encoder_->fingerprint().substr(0, 12), ".");
    if (facts.precision != arithmetic_of(*encoder_))
      run_.progress.say("The nouns were encoded in " + facts.precision + ", the images are in " +
                        arithmetic_of(*encoder_) + ".");
  }

  std::unique_ptr<ImageTextEncoder> load_model() {
    const RunOptions& options = run_.options;
    RunSummary& summary = run_.summary;
    const auto directory = find_model(options.model);
    summary.model = directory.filename().string();
    run_.progress.mention(summary.model + " on the " + summary.device);
    auto encoder = load_image_text_encoder(directory, options.precision, options.device);
    summary.precision = enum_name(encoder->precision());
    summary.model_fingerprint = encoder->fingerprint();
    return encoder;
  }

  /// Says what of the texts could not be used; throws where images are left without.
  void report(const ImageCaptions& captions) {
    for (const std::string& problem : captions.problems) run_.progress.say(problem);
    const auto count = [&](std::int64_t number, std::string_view what, const std::string& first) {
      if (number > 0)
        run_.progress.say(std::to_string(number) + " " + std::string(what) + ", the first of them " + first +
                          ".");
    };
    count(captions.repeated, "texts did not count because their images have another",
          captions.first_repeated);
    count(captions.unknown, "texts are for paths that are none of the images'", captions.first_unknown);
    require(captions.missing == 0 || run_.options.missing_captions == MissingCaptions::retrieve, "run",
            "captions must have a text for each image; ", captions.missing, " of ", paths_.size(),
            " have none, the first of them ", captions.first_missing,
            ". --missing-captions retrieve gives them retrieved nouns.");
    count(captions.missing, "images have no text and get retrieved nouns", captions.first_missing);
  }

  EmbeddedImages embed() {
    const auto folder = cache_folder(run_.options.cache);
    EmbeddingCache cache(folder.empty() ? folder : folder / "embeddings.sqlite");
    EmbeddedImages images = embed_images(*encoder_, list_, run_.options.images, cache, run_.progress);
    if (!cache.notice().empty()) run_.progress.say(cache.notice());
    rows_ = images.rows;
    paths_ = images.paths;
    return images;
  }

  void offer(Words& words, const std::vector<std::string>& templates, const char* stage, const char* doing) {
    words.features = [this, corpus = words.corpus, templates, stage, doing] {
      return run_.timed(stage, [&] {
        TextFeatures texts = embed_corpus(*encoder_, corpus, templates, cache_folder(run_.options.cache),
                                          doing, run_.progress);
        if (!texts.notice.empty()) run_.progress.say(texts.notice);
        return std::move(texts.features);
      });
    };
  }

  RunContext& run_;
  std::optional<Dataset> dataset_;
  ImageList list_;
  std::vector<std::int64_t> rows_;  // of the usable images in the list
  std::vector<std::string> paths_;  // and their paths
  std::unique_ptr<ImageTextEncoder> encoder_;
};

}  // namespace

std::unique_ptr<FeatureSource> images_and_encoder(RunContext& run) {
  return std::make_unique<ImagesAndEncoder>(run);
}

}  // namespace ilk
