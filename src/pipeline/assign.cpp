#include <ilk/array_file.h>
#include <ilk/assign.h>
#include <ilk/cae.h>
#include <ilk/embed_images.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/image_text_encoder.h>
#include <ilk/models.h>
#include <ilk/parallel.h>
#include <ilk/run.h>
#include <ilk/safetensors.h>

#include <locale>
#include <sstream>

#include "assignment_row.h"
#include "edited_run.h"
#include "options_json.h"
#include "run_context.h"
#include "unit_rows_file.h"

namespace ilk {
namespace {

constexpr std::string_view function = "assign";

/// What a run left.
class FinishedRun {
 public:
  explicit FinishedRun(const std::filesystem::path& folder) : file_(checked(folder)) {
    try {
      OptionsFromJson visitor(nlohmann::json::parse(fact("options")));
      visit_fields(options_, visitor);
      for (const auto& cluster : nlohmann::json::parse(read_file(folder / "clusters.json")))
        names_.push_back(cluster.at("name").get<std::string>());
    } catch (const nlohmann::json::exception& error) {
      fail(function, folder,
           " must be a finished run, but its options or clusters cannot be read: ", error.what(), ".");
    }
  }

  const RunOptions& options() const { return options_; }
  const std::vector<std::string>& names() const { return names_; }
  std::int64_t width() const { return file_.entry("embeddings").shape.at(1); }
  std::string fingerprint() const { return fact("model_fingerprint"); }
  /// What the run's images were encoded in; runs of before there was a choice do not say.
  Precision precision() const {
    const auto said = file_.metadata().find("precision");
    return said == file_.metadata().end() ? Precision::fp32
                                          : enum_value<Precision>(said->second, function, "precision");
  }

  Assignment place(MatrixView<const float> x) const {
    switch (options_.method) {
      case Method::kmeans:
        return assign_to_nearest(x, matrix("centroids"));
      case Method::sac:
      case Method::tac_trained:
        return predict(image_head(), x);
      case Method::tac: {
        const Matrix<float> texts = counterparts(x, matrix("retrieved_features"), retrieval());
        return nearest_fused({x, texts}, {.fusion = FusionKind::plain, .centre = false});
      }
      case Method::automatic:
        // Fused features have weights; else X itself was clustered.
        return file_.contains("fusion_weights") ? place_by_words(x)
                                                : assign_to_nearest(x, matrix("centroids"));
      case Method::cae:
        return place_by_words(x);
    }
    return {};  // not reached: every method is above
  }

 private:
  Assignment place_by_words(MatrixView<const float> x) const {
    std::vector<Matrix<float>> texts;
    const auto add = [&](const std::string& what, Levels other) {
      if (options_.levels != other && file_.contains(what + "_features"))
        texts.push_back(counterparts(x, matrix(what + "_features"), plan(what)));
    };
    add("noun", Levels::captions);
    add("caption", Levels::nouns);
    std::vector<MatrixView<const float>> parts{x};
    for (const auto& part : texts) parts.emplace_back(part);
    return nearest_fused(parts, options_.cae.fusion);
  }

  static std::filesystem::path checked(const std::filesystem::path& folder) {
    const auto file = folder / "features.safetensors";
    std::error_code error;
    require(std::filesystem::is_regular_file(file, error), function, folder,
            " must be a finished run, with a features.safetensors.");
    return file;
  }

  std::string fact(const std::string& name) const {
    const auto found = file_.metadata().find(name);
    require(found != file_.metadata().end(), function, "the run's features.safetensors must say its ", name,
            ".");
    return found->second;
  }

  Matrix<float> matrix(const std::string& name) const { return file_.get(name).to_matrix(); }

  RowPlan retrieval() const {
    return {.column_potentials = file_.get("retrieved_column_potentials").to_doubles(),
            .epsilon = options_.cae.temperature,
            .times_cosine = false};
  }

  RowPlan plan(const std::string& what) const {
    std::istringstream text(fact(what + "_epsilon"));
    text.imbue(std::locale::classic());
    double epsilon = 0;
    require(static_cast<bool>(text >> epsilon), function, "the run's ", what,
            "_epsilon must be a number, got '", text.str(), "'.");
    return {.column_potentials = file_.get(what + "_column_potentials").to_doubles(), .epsilon = epsilon};
  }

  Assignment nearest_fused(const std::vector<MatrixView<const float>>& parts,
                           const FusionOptions& fusion) const {
    FusionModel means;
    for (std::size_t i = 0; fusion.centre && i < parts.size(); ++i)
      means.means.push_back(file_.get("fusion_mean_" + std::to_string(i)).to_floats());
    return assign_to_nearest(fuse_new(parts, fusion, means), matrix("centroids"));
  }

  HeadWeights image_head() const {
    const auto numbers = [&](const char* name) {
      return file_.get(std::string("image_head.") + name).to_floats();
    };
    return {.weight1 = matrix("image_head.weight1"),
            .norm_weight = numbers("norm_weight"),
            .norm_bias = numbers("norm_bias"),
            .running_mean = numbers("running_mean"),
            .running_variance = numbers("running_variance"),
            .weight2 = matrix("image_head.weight2"),
            .bias2 = numbers("bias2")};
  }

  SafetensorsFile file_;
  RunOptions options_;
  std::vector<std::string> names_;
};

EmbeddedImages from_file(const FinishedRun& run, const std::string& place, Progress& progress) {
  ArrayFile file(place);
  require_features(file, "features");
  require(file.shape()[1] == run.width(), function, "features must be as wide as the run's (", run.width(),
          "), but ", place, " has ", file.shape()[1], ".");
  EmbeddedImages images{.embeddings = read_unit_rows(file, "features", progress)};
  for (std::int64_t i = 0; i < images.embeddings.rows(); ++i) images.paths.push_back(std::to_string(i));
  return images;
}

EmbeddedImages from_images(const FinishedRun& run, const ImageList& list, const AssignOptions& options,
                           Progress& progress) {
  require(run.options().features.empty(), function,
          "features must be given for a run whose own features came from a file: its model is not known.");
  const std::string& model = options.model.empty() ? run.options().model : options.model;
  const auto encoder = load_image_text_encoder(find_model(model), run.precision());
  require(encoder->fingerprint() == run.fingerprint(), function,
          "model must be the one that the run was made with; '", model, "' has other weights or settings.");
  const auto folder = cache_folder(options.cache);
  EmbeddingCache cache(folder.empty() ? folder : folder / "embeddings.sqlite");
  auto images = embed_images(*encoder, list, run.options().images, cache, progress);
  if (!cache.notice().empty()) progress.say(cache.notice());
  return images;
}

}  // namespace

Placement assign(const std::filesystem::path& run, const ImageList& images, const AssignOptions& options,
                 Progress& progress) {
  check_ranges(options, function);
  set_threads(static_cast<int>(options.threads));
  const FinishedRun finished(run);
  require(options.features.empty() || images.paths.empty(), function,
          "features must not be given together with images, got '", options.features, "'.");
  EmbeddedImages embedded = options.features.empty() ? from_images(finished, images, options, progress)
                                                     : from_file(finished, options.features, progress);
  Assignment assignment = finished.place(embedded.embeddings);
  std::vector<std::string> names = finished.names();
  follow_edits(run, embedded.paths, embedded.embeddings, assignment, names);
  return {std::move(embedded.paths), std::move(assignment), std::move(names), std::move(embedded.skipped)};
}

std::string to_csv(const Placement& placement) {
  std::string text = std::string(assignment_header) + "\n";
  for (std::size_t i = 0; i < placement.paths.size(); ++i)
    text += assignment_row(placement.assignment, static_cast<std::int64_t>(i), placement.paths[i],
                           placement.cluster_names) +
            "\n";
  return text;
}

}  // namespace ilk
