#include <ilk/run.h>
#include <ilk/threads.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "cluster/equal_rows.h"
#include "cluster/plane_layout.h"
#include "core/fail.h"
#include "core/memory_size.h"
#include "core/option_checks.h"
#include "io/files.h"
#include "io/json_file.h"
#include "pipeline/algorithm_options.h"
#include "pipeline/criteria.h"
#include "pipeline/feature_source.h"
#include "pipeline/kept_clusters.h"
#include "pipeline/levels.h"
#include "pipeline/method.h"
#include "pipeline/run_directory.h"
#include "pipeline/unique_images.h"

namespace ilk {
namespace {

class Run {
 public:
  Run(const RunInputs& inputs, const RunOptions& options, const std::string& command, Progress& progress)
      : progress_(progress),
        method_(find_method(options.method)),
        context_{record_.inputs, record_.options, method_, record_.summary, progress_} {
    record_.inputs = inputs;
    record_.options = options;
    record_.command = command;
  }

  RunSummary go() {
    const auto begin = std::chrono::steady_clock::now();
    check_ranges(options(), "run");
    (void)asked_clusters(options());  // before anything is read
    const auto criteria = asked_criteria(options());
    set_threads(static_cast<int>(options().threads.value_or(0)));
    summary().device = "CPU, " + std::to_string(threads()) + (threads() == 1 ? " thread" : " threads");
    const auto source = options().features.empty() ? images_and_encoder(context_) : feature_files(context_);
    const auto previous = previous_run(options());
    const auto lock = begin_run_directory(options().output, options(), record_.command);

    take_images(source->images(), *source);
    record_.names_are_files = source->names_are_files();
    if (options().labels.empty()) labels_ = source->labels();
    record_.vocabulary = source->words();
    texts_.of_images = source->image_texts();
    if (copies_ && !texts_.of_images.empty()) texts_.of_images = rows_of(texts_.of_images, copies_->original);
    align();
    context_.timed("cluster", [&] { cluster(); });
    // The largest file goes to the disk while the clusters get their names, of which it knows nothing.
    // Where no thread is to be had it is written later.
    const auto policy = copies_ ? std::launch::deferred : std::launch::async | std::launch::deferred;
    auto features = std::async(policy, [this] { return begin_features(record_); });
    context_.timed("name", [&] { name(); });
    if (copies_) spread_to_copies(record_, std::move(*copies_));
    if (labels_) score_against(*labels_);
    if (options().map) context_.timed("lay out map", [&] { lay_out(); });
    context_.timed("write", [&] {
      const auto features_file = features.get();
      if (previous) keep_numbers(record_, *previous, progress_);
      name_kept_levels(record_, previous);
      write_kept_clusters(record_, previous, progress_);
      // It tells the next run whose options the assignments are of, so it must not be newer than they are.
      features_file->commit();
      if (!criteria.empty()) record_.clustering.features = {};  // they are written
      for (const auto& criterion : criteria)
        summary().criteria.push_back(cluster_by(criterion, record_, *source, progress_));
      if (summary().cluster_count)
        write_file_atomically(options().output / "cluster_count.svg",
                              cluster_count_picture(*summary().cluster_count));
      summarise(begin);
      write_map(record_);
      write_report(
          record_, labels_,
          [&](const std::string& path, std::int64_t image) { return source->read(path, image); }, progress_);
    });
    summarise(begin);
    write_manifest(record_);
    return record_.summary;
  }

 private:
  const RunOptions& options() const { return record_.options; }
  RunSummary& summary() { return record_.summary; }
  MatrixView<const float> embeddings() const { return record_.images.embeddings; }

  void take_images(EmbeddedImages images, const FeatureSource& source) {
    if (!options().labels.empty())  // now, so that a mistake in them does not cost the work
      labels_ = read_labels(options().labels, images.paths, !options().features.empty());
    if (options().unique) {
      require(options().features.empty(), "run", "unique needs images; rows of ", options().features,
              " cannot be looked at.");
      copies_ = context_.timed("find copies", [&] {
        return leave_out_copies(
            images, [&](const std::string& path, std::int64_t image) { return source.read(path, image); },
            options().images, progress_);
      });
    }
    summary().n_images = images.embeddings.rows();
    summary().encoded = images.encoded;
    summary().from_cache = images.from_cache;
    summary().repeated = images.repeated;
    summary().skipped = images.skipped;
    record_.images = std::move(images);
    if (asked_clusters(options()).number())
      decide_cluster_count(record_, progress_);
    else
      context_.timed("count clusters", [&] { decide_cluster_count(record_, progress_); });
    const std::int64_t n = summary().n_images, k = record_.n_clusters;
    if (const std::int64_t different = n - internal::count_duplicates(embeddings()); different < k)
      progress_.say("Different images: " + std::to_string(different) + " of " + std::to_string(n) +
                    ", fewer than the " + std::to_string(k) +
                    " clusters asked for; equal images share one, and the others are empty.");
  }

  void align() {
    Vocabulary& vocabulary = record_.vocabulary;
    if (!vocabulary.nouns && !vocabulary.captions) return;
    const CaeOptions of_cae = cae_options(options(), record_.n_clusters);
    const auto centres = context_.timed("find semantic centres",
                                        [&] { return semantic_centres(embeddings(), of_cae, progress_); });
    const auto align_kind = [&](std::optional<Words>& words, const char* stage, Levels other,
                                std::int64_t& offered, std::int64_t& selected) {
      if (!words) return;
      // Of nouns, a table shows each image's heaviest.
      const Placing wanted{
          .counterparts = method_.needs.aligned_words != AlignedWords::none && options().levels != other,
          .top = &words == &vocabulary.nouns ? 3 : 0,
          .shares = true};
      const Matrix<float> features = words->features();
      offered = features.rows();
      if (&words == &vocabulary.nouns && retrieves_nouns(method_, options())) retrieve(centres, features);
      words->space = context_.timed(
          stage, [&] { return align_words(embeddings(), centres, features, of_cae, wanted, progress_); });
      selected = static_cast<std::int64_t>(words->space.selected.size());
    };
    align_kind(vocabulary.nouns, "align nouns", Levels::captions, summary().n_nouns,
               summary().selected_nouns);
    align_kind(vocabulary.captions, "align captions", Levels::nouns, summary().n_captions,
               summary().selected_captions);
  }

  void retrieve(MatrixView<const float> centres, MatrixView<const float> nouns) {
    const bool for_each_image = method_.needs.image_texts != ImageTexts::none;
    context_.timed("retrieve nouns", [&] {
      retrieve_texts(texts_, embeddings(), centres, nouns, for_each_image,
                     tac_options(options(), record_.n_clusters), progress_);
    });
  }

  void cluster() {
    Vocabulary& vocabulary = record_.vocabulary;
    const auto add_space = [&](std::optional<Words>& words) {
      // Only the method needs the counterparts, and not to its end.
      if (!words || words->space.placed.counterparts.empty()) return;
      texts_.spaces.emplace_back().placed.counterparts = std::move(words->space.placed.counterparts);
    };
    add_space(vocabulary.nouns);
    add_space(vocabulary.captions);
    record_.clustering =
        method_.cluster({embeddings(), std::move(texts_), record_.n_clusters, options(), progress_});
    summary().objective = record_.clustering.objective;
    summary().levels =
        merge_levels(record_.clustering, embeddings(), record_.n_clusters, asked_clusters(options()).upper());
  }

  void score_against(const Labels& labels) {
    const auto [classes, clusters] = labelled_only(labels, record_.clustering.assignment.labels);
    summary().unlabelled = summary().n_images - static_cast<std::int64_t>(classes.size());
    summary().labels_by_row = labels.by_row;
    summary().agreement = agreement(classes, clusters);
  }

  void name() {
    Vocabulary& vocabulary = record_.vocabulary;
    const Assignment& assignment = record_.clustering.assignment;
    const std::int64_t k = record_.n_clusters;
    const auto mass = [&](const Words& words) {
      return group_mass(embeddings(), words.space.features, words.space.plan, assignment.labels, k,
                        words.space.placed.shares);
    };
    std::vector<ClusterName> names(static_cast<std::size_t>(k));
    for (std::size_t c = 0; c < names.size(); ++c) names[c].name = "cluster " + std::to_string(c);
    record_.captions_of_cluster.resize(names.size());
    if (vocabulary.nouns) {
      Words& nouns = *vocabulary.nouns;
      const Matrix<float> features = nouns.features();
      names = name_clusters(embeddings(), assignment.labels, k,
                            {.nouns = nouns.corpus.texts,
                             .features = features,
                             .definitions = nouns.corpus.notes,
                             .wordnet = vocabulary.wordnet(),
                             .with_hypernyms = options().nouns.empty()});
      record_.top_nouns = std::move(nouns.space.placed.top_words);
    }
    if (vocabulary.captions)
      record_.captions_of_cluster =
          caption_clusters(mass(*vocabulary.captions), vocabulary.captions->chosen(), 3);

    take_names(record_, names);
  }

  void lay_out() {
    record_.map =
        plane_layout(record_.clustering.clustered(embeddings()), {.seed = options().seed}, progress_);
  }

  void summarise(std::chrono::steady_clock::time_point begin) {
    summary().peak_memory_mebibytes = static_cast<double>(peak_resident_memory()) / (1 << 20);
    summary().total_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    summary().notices = progress_.said();
  }

  RecordingProgress progress_;
  RunRecord record_;
  const Method& method_;
  RunContext context_;
  MethodTexts texts_;
  std::optional<Labels> labels_;
  std::optional<WithCopies> copies_;  ///< while one of each group of copies is clustered
};

}  // namespace

RunSummary run(const RunInputs& inputs, const RunOptions& options, const std::string& command,
               Progress& progress) {
  return Run(inputs, options, command, progress).go();
}

std::string to_json(const RunSummary& summary) {
  return json_text(summary_json(summary));
}

}  // namespace ilk
