#include <ATen/Context.h>
#include <ilk/clip.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/models.h>
#include <ilk/parallel.h>
#include <ilk/run.h>
#include <ilk/text_features.h>
#include <sys/resource.h>

#include <chrono>
#include <mutex>

#include "run_directory.h"

namespace ilk {
namespace {

/// Passes everything on and keeps what was said, for the manifest and the report.
class RecordingProgress : public Progress {
 public:
  explicit RecordingProgress(Progress& next) : next_(next) {}
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override {
    next_.start(stage, total, unit);
  }
  void advance(std::int64_t count) override { next_.advance(count); }
  void finish() override { next_.finish(); }
  void say(std::string_view sentence) override {
    next_.say(sentence);
    const std::lock_guard lock(mutex_);
    said_.emplace_back(sentence);
  }
  bool stop_requested() const override { return next_.stop_requested(); }
  std::vector<std::string> said() const { return said_; }

 private:
  Progress& next_;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

class Run {
 public:
  Run(const RunInputs& inputs, const RunOptions& options, const std::string& command, Progress& progress)
      : caller_(progress), progress_(progress) {
    record_.inputs = inputs;
    record_.options = options;
    record_.command = command;
  }

  RunSummary go() {
    const auto begin = std::chrono::steady_clock::now();
    check_ranges(options(), "run");
    set_threads(static_cast<int>(options().threads));
    const ImageList list = list_inputs();
    begin_run_directory(options().output, options(), record_.command);

    const Clip clip = timed("load model", [&] { return load_model(); });
    timed("encode images", [&] { embed(clip, list); });
    const std::int64_t n = record_.images.embeddings.size(0), k = options().cae.kmeans.n_clusters;
    require(k <= n, "run", "n_clusters must be at most the number of usable images (", n, "), got ", k, ".");
    timed("embed words", [&] { embed_words(clip); });
    timed("align words", [&] { align(); });
    timed("cluster", [&] { cluster(); });
    timed("name", [&] { name(); });
    timed("write", [&] {
      write_assignments(record_);
      write_clusters(record_);
      write_features(record_);
      summarise(begin);
      write_report(record_);
    });
    summarise(begin);
    write_manifest(record_);
    return record_.summary;
  }

 private:
  const RunOptions& options() const { return record_.options; }
  RunSummary& summary() { return record_.summary; }

  template <class Work>
  std::invoke_result_t<Work> timed(const char* stage, Work&& work) {
    progress_.check_stop();
    struct NoteTime {
      Run& run;
      const char* stage;
      std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
      ~NoteTime() { run.summary().seconds.emplace_back(stage, seconds_since(begin)); }
    };
    const NoteTime note{*this, stage};
    return work();
  }

  static double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  /// The inputs' files without what an earlier run left in the output folder.
  ImageList list_inputs() {
    ImageList list = list_images(record_.inputs.paths, record_.inputs.listed);
    std::error_code error;
    const std::string output = std::filesystem::weakly_canonical(options().output, error).string() + "/";
    const auto inside = [&](const std::string& path) {
      return (std::filesystem::weakly_canonical(path, error).string() + "/").starts_with(output);
    };
    if (!std::filesystem::exists(options().output, error)) return list;
    std::erase_if(list.paths, inside);
    std::erase_if(list.skipped, [&](const SkippedFile& file) { return inside(file.path); });
    return list;
  }

  Clip load_model() {
    const bool cuda_found = at::hasCUDA();
    require(options().device != Device::cuda || cuda_found, "run",
            "device must be cpu or auto where no CUDA device is found, got cuda.");
    const bool cuda = cuda_found && options().device != Device::cpu;
    summary().device =
        cuda ? "GPU (CUDA)" : "CPU, " + std::to_string(threads()) + (threads() == 1 ? " thread" : " threads");
    const auto directory = find_model(options().model);
    summary().model = directory.filename().string();
    // Said to the caller alone: every run has such a line, it is no notice.
    caller_.say(summary().model + " on the " + summary().device +
                (cuda_found || options().device == Device::cpu ? "" : " (no CUDA device was found)"));
    Clip clip(directory, cuda ? torch::kCUDA : torch::kCPU);
    summary().model_fingerprint = clip.fingerprint();
    if (summary().model == "ilk-mini")
      progress_.say(
          "ilk-mini knows drawings, icons and simple objects, not the world. For photographs use a real "
          "CLIP: "
          "`ilk models get clip-vit-b-32`, then --model clip-vit-b-32.");
    return clip;
  }

  std::filesystem::path cache_folder() const {
    if (options().cache == "none") return {};
    return options().cache.empty() ? cache_directory() : std::filesystem::path(options().cache);
  }

  void embed(const Clip& clip, const ImageList& list) {
    const auto folder = cache_folder();
    EmbeddingCache cache(folder.empty() ? folder : folder / "embeddings.sqlite");
    record_.images = embed_images(clip, list, options().images, cache, progress_);
    if (!cache.notice().empty()) progress_.say(cache.notice());
    summary().n_images = record_.images.embeddings.size(0);
    summary().encoded = record_.images.encoded;
    summary().from_cache = record_.images.from_cache;
    summary().repeated = record_.images.repeated;
    summary().skipped = record_.images.skipped;
  }

  void embed_words(const Clip& clip) {
    record_.vocabulary = read_vocabulary(clip.directory(), options());
    const Vocabulary& words = record_.vocabulary;
    const auto embed = [&](const Corpus& corpus, const std::vector<std::string>& templates,
                           const char* stage) {
      const TextFeatures texts = embed_corpus(clip, corpus, templates, cache_folder(), stage, progress_);
      if (!texts.notice.empty()) progress_.say(texts.notice);
      return texts.features;
    };
    noun_features_ = embed(words.nouns, words.templates, "Encoding nouns");
    caption_features_ = embed(words.captions, {}, "Encoding captions");
    summary().n_nouns = noun_features_.size(0);
    summary().n_captions = caption_features_.size(0);
  }

  void align() {
    const auto& images = record_.images.embeddings;
    const auto centres = semantic_centres(images, options().cae, progress_);
    const auto align_level = [&](const torch::Tensor& features, const char* what) {
      SemanticSpace space = align_words(images, centres, features, options().cae, progress_);
      if (space.transport && !space.transport->converged)
        progress_.say("The transport onto the " + std::string(what) + " did not converge in " +
                      std::to_string(space.transport->iterations) + " iterations (marginal error " +
                      std::to_string(space.transport->marginal_error) +
                      "); raise --transport-max-iterations or --epsilon.");
      return space;
    };
    record_.nouns = align_level(noun_features_, "nouns");
    record_.captions = align_level(caption_features_, "captions");
    noun_features_ = caption_features_ = torch::Tensor();
    summary().selected_nouns = record_.nouns.selected.size(0);
    summary().selected_captions = record_.captions.selected.size(0);
  }

  void cluster() {
    const auto& images = record_.images.embeddings;
    if (options().method == Method::kmeans) {
      record_.clustering.kmeans = kmeans(images, options().cae.kmeans, progress_);
      record_.clustering.assignment = assign_to_nearest(images, record_.clustering.kmeans.centroids);
      record_.clustering.fusion.features = images;
    } else {
      std::vector<SemanticSpace> spaces;
      if (options().levels != Levels::captions) spaces.push_back(record_.nouns);
      if (options().levels != Levels::nouns) spaces.push_back(record_.captions);
      record_.clustering = cae(images, spaces, options().cae, progress_);
    }
    const KMeansResult& result = record_.clustering.kmeans;
    summary().objective = result.objective;
    if (!result.converged)
      progress_.say("k-means did not converge in " + std::to_string(result.iterations) +
                    " iterations; raise --kmeans-max-iterations.");
    if (!options().labels.empty()) score_against_labels();
  }

  void score_against_labels() {
    const Labels labels = read_labels(options().labels, record_.images.paths);
    const auto known = labels.of_image.ge(0).nonzero().squeeze(1);
    summary().unlabelled = labels.of_image.size(0) - known.size(0);
    summary().agreement = agreement(labels.of_image.index_select(0, known),
                                    record_.clustering.kmeans.labels.index_select(0, known));
  }

  void name() {
    const auto& images = record_.images.embeddings;
    const auto& labels = record_.clustering.kmeans.labels;
    const std::int64_t k = options().cae.kmeans.n_clusters;
    const auto texts_of = [](const Corpus& corpus, const SemanticSpace& space) {
      std::vector<std::string> texts;
      for (std::int64_t i = 0; i < space.selected.size(0); ++i)
        texts.push_back(corpus.texts[static_cast<std::size_t>(space.selected[i].item<std::int64_t>())]);
      return texts;
    };
    const WordNet* wordnet = record_.vocabulary.wordnet ? &*record_.vocabulary.wordnet : nullptr;
    const auto names =
        name_clusters(group_mass(images, record_.nouns.features, record_.nouns.plan, labels, k),
                      texts_of(record_.vocabulary.nouns, record_.nouns), wordnet);
    record_.captions_of_cluster =
        caption_clusters(group_mass(images, record_.captions.features, record_.captions.plan, labels, k),
                         texts_of(record_.vocabulary.captions, record_.captions), 3);
    record_.top_nouns = top_words(images, record_.nouns.features, record_.nouns.plan,
                                  std::min<std::int64_t>(3, record_.nouns.selected.size(0)));

    const Assignment& assignment = record_.clustering.assignment;
    record_.exemplars = members_by_score(assignment, k);
    for (std::size_t c = 0; c < static_cast<std::size_t>(k); ++c) {
      auto& members = record_.exemplars[c];
      RunSummary::Cluster cluster{.name = names[c], .size = static_cast<std::int64_t>(members.size())};
      const auto rows = torch::tensor(members, torch::kInt64);
      cluster.density =
          members.empty() ? 0
                          : assignment.scores.index_select(0, rows).to(torch::kFloat64).mean().item<double>();
      if (!record_.captions_of_cluster[c].empty())
        cluster.caption = record_.captions_of_cluster[c].front().word;
      members.resize(std::min<std::size_t>(members.size(), static_cast<std::size_t>(options().exemplars)));
      for (const auto row : members)
        cluster.exemplars.push_back(record_.images.paths[static_cast<std::size_t>(row)]);
      summary().clusters.push_back(std::move(cluster));
    }
  }

  void summarise(std::chrono::steady_clock::time_point begin) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    summary().peak_memory_mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
    summary().total_seconds = seconds_since(begin);
    summary().notices = progress_.said();
  }

  Progress& caller_;
  RecordingProgress progress_;
  RunRecord record_;
  torch::Tensor noun_features_, caption_features_;
};

}  // namespace

RunSummary run(const RunInputs& inputs, const RunOptions& options, const std::string& command,
               Progress& progress) {
  return Run(inputs, options, command, progress).go();
}

std::string to_json(const RunSummary& summary) {
  return summary_json(summary).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ilk
