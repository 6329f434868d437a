#include <ilk/array.h>
#include <ilk/image_list.h>

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"
#include "io/files.h"
#include "pipeline/feature_source.h"
#include "pipeline/memory_plan.h"
#include "pipeline/method.h"
#include "pipeline/run_directory.h"
#include "pipeline/unit_rows_file.h"

namespace ilk {
namespace {

constexpr std::string_view in_run = "run";

/// One kind of text whose features are in a file.
struct WordFile {
  std::string what;  ///< "noun" or "caption"
  Corpus corpus;
  ArrayFile features;

  /// A text that came twice counts once, by its first row; the rows kept move up in place.
  Matrix<float> read(const Progress& progress) const {
    Matrix<float> rows = read_unit_rows(features, what + "_features", progress);
    std::int64_t kept = 0;
    for (const std::int64_t row : corpus.rows) {
      if (row != kept) std::copy_n(rows[row], rows.columns(), rows[kept]);
      ++kept;
    }
    rows.keep_rows(kept);
    return rows;
  }
};

std::string dimensions(const ArrayFile& file) {
  return concatenate(file.shape()[0], " × ", file.shape()[1], ", ", file.type_name());
}

/// "noun 0", "noun 1", …: rows whose texts nobody told.
Corpus numbered(const std::string& what, const ArrayFile& features) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < features.shape()[0]; ++i) texts.push_back(what + " " + std::to_string(i));
  return make_corpus(features.place(), std::move(texts));
}

class FeatureFiles : public FeatureSource {
 public:
  explicit FeatureFiles(RunContext& run) : run_(run), features_(open(run.options.features, "features")) {
    const RunOptions& options = run.options;
    check_flags();
    nouns_ = open_words("noun", options.noun_features, options.nouns, "nouns", read_nouns);
    captions_ = open_words("caption", options.caption_features, options.captions_corpus, "captions_corpus",
                           read_captions);
    open_texts();
    check_words();
    require_enough_images(asked_clusters(options), features_.shape()[0], "rows of " + features_.place());
    const auto rows_of = [](const std::optional<WordFile>& file) {
      return file ? file->features.shape()[0] : 0;
    };
    require_memory({.images = features_.shape()[0],
                    .dimensions = features_.shape()[1],
                    .nouns = rows_of(nouns_),
                    .captions = rows_of(captions_)},
                   options);
    read_names();
    run.summary.features = features_.place() + " (" + dimensions(features_) + ")";
  }

  EmbeddedImages images() override {
    run_.progress.mention(run_.summary.features + " on the " + run_.summary.device);
    return run_.timed("read features", [&] {
      return EmbeddedImages{.embeddings = read_unit_rows(features_, "features", run_.progress),
                            .paths = std::move(names_)};
    });
  }

  Vocabulary words() override {
    Vocabulary vocabulary;
    const auto offered = [this](const WordFile& file, const char* stage) {
      return Words{.corpus = file.corpus, .features = [this, &file, stage] {
                     return run_.timed(stage, [&] { return file.read(run_.progress); });
                   }};
    };
    if (nouns_) vocabulary.nouns = offered(*nouns_, "read nouns");
    if (captions_) vocabulary.captions = offered(*captions_, "read captions");
    if (nouns_ && !run_.options.nouns.empty())
      vocabulary.reading_wordnet = begin_reading_wordnet(run_.options);
    return vocabulary;
  }

  Matrix<float> image_texts() override {
    return texts_ ? read_unit_rows(*texts_, "text_features", run_.progress) : Matrix<float>();
  }

 private:
  static ArrayFile open(const std::string& place, std::string_view what) {
    ArrayFile file(place);
    require_features(file, what);
    return file;
  }

  template <class Read>
  std::optional<WordFile> open_words(const std::string& what, const std::string& place,
                                     const std::string& list, std::string_view list_name, Read read) const {
    if (place.empty()) {
      require(list.empty(), in_run, list_name, " must come with ", what,
              "_features where features are read from files (no model is loaded), got '", list, "' alone.");
      return std::nullopt;
    }
    ArrayFile features = open(place, what + "_features");
    require(features.shape()[1] == features_.shape()[1], in_run, what,
            "_features must be as wide as features (", features_.shape()[1], " columns), but ", place,
            " has ", features.shape()[1], ".");
    Corpus corpus = list.empty() ? numbered(what, features) : read(list);
    require(corpus.given == features.shape()[0], in_run, what, "_features must have a row for each ", what,
            " of ", list, " (", corpus.given, "; empty lines are not counted), but ", place, " has ",
            features.shape()[0], ".");
    return WordFile{what, std::move(corpus), std::move(features)};
  }

  void check_flags() const {
    const RunOptions& options = run_.options;
    const RunInputs& inputs = run_.inputs;
    const auto& given = inputs.paths.empty() ? inputs.listed : inputs.paths;
    require(given.empty(), in_run, "features must not be given together with images, got '",
            given.empty() ? "" : given.front(), "'.");
    require(options.model == RunOptions{}.model, in_run,
            "model must not be given with features, since no model is loaded, got '", options.model, "'.");
    require(options.captions.empty(), in_run,
            "captions must not be given with features, since no text is encoded (text_features takes their "
            "embeddings), got '",
            options.captions, "'.");
    require(options.templates.empty(), in_run,
            "templates must not be given with features, since no text is encoded, got '", options.templates,
            "'.");
    require(options.device != Device::cuda, in_run,
            "device must not be cuda with features, since nothing is encoded.");
    require(options.precision == Precision::automatic, in_run,
            "precision must not be given with features, since nothing is encoded, got ",
            enum_name(options.precision), ".");
  }

  void open_texts() {
    const std::string& place = run_.options.text_features;
    if (place.empty()) return;
    require(run_.method.needs.image_texts == ImageTexts::given, in_run,
            "text_features must come with method ", methods_with_given_texts(), ", got ", run_.method.name,
            ".");
    texts_ = open(place, "text_features");
    require(texts_->shape()[0] == features_.shape()[0], in_run, "text_features must have a row for each of ",
            features_.place(), " (", features_.shape()[0], "), but ", place, " has ", texts_->shape()[0],
            ".");
  }

  void check_words() const {
    const RunOptions& options = run_.options;
    require(nouns_ || !retrieves_nouns(run_.method, options), in_run, "method ", run_.method.name,
            " needs noun_features with features; without words there is method kmeans.");
    if (run_.method.needs.aligned_words != AlignedWords::required) return;
    const bool nouns = nouns_ && options.levels != Levels::captions,
               captions = captions_ && options.levels != Levels::nouns;
    require(nouns || captions, in_run, "method ", run_.method.name,
            options.levels == Levels::nouns      ? " needs noun_features"
            : options.levels == Levels::captions ? " needs caption_features"
                                                 : " needs noun_features or caption_features",
            " with features; without words there is method kmeans.");
  }

  void read_names() {
    const std::int64_t n = features_.shape()[0];
    const std::string& path = run_.options.names;
    if (path.empty()) {
      for (std::int64_t i = 0; i < n; ++i) names_.push_back(std::to_string(i));
      return;
    }
    names_ = read_input_list(std::filesystem::path(path));
    require(static_cast<std::int64_t>(names_.size()) == n, in_run, "names must be one for each row of ",
            features_.place(), " (", n, "), but ", path, " has ", names_.size(),
            " (empty lines are not counted).");
  }

  RunContext& run_;
  ArrayFile features_;
  std::optional<WordFile> nouns_, captions_;
  std::optional<ArrayFile> texts_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<FeatureSource> feature_files(RunContext& run) {
  return std::make_unique<FeatureFiles>(run);
}

}  // namespace ilk
