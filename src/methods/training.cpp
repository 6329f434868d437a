// N images, K clusters, V views of B images, k neighbours.
#include <ilk/neighbours.h>
#include <ilk/training.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include "cluster/cluster_order.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/fnv1a.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/text.h"
#include "kernels/functions.h"
#include "methods/heads.h"
#include "methods/training_loop.h"

namespace ilk {

namespace internal {
namespace {

/// The k nearest other rows of each row: (N, k). `search` finds k + 1 for some rows.
template <class Search>
Matrix<std::int32_t> other_rows_near(MatrixView<const float> rows, std::int64_t k, Search search,
                                     Progress& progress) {
  constexpr std::int64_t queries_at_once = 8192;
  const std::int64_t n = rows.rows();
  auto result = Matrix<std::int32_t>::uninitialised(n, k);
  for (std::int64_t begin = 0; begin < n; begin += queries_at_once) {
    progress.check_stop();
    const std::int64_t end = std::min(n, begin + queries_at_once);
    const Matrix<std::int64_t> found = search(rows.rows_between(begin, end)).indices;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t* near = found[i - begin];
      // Among copies of a row, the row itself need not be listed; then the last one is one too many.
      for (std::int64_t j = 0, kept = 0; j <= k && kept < k; ++j)
        if (near[j] != i) result[i][kept++] = static_cast<std::int32_t>(near[j]);
    }
    progress.advance(end - begin);
  }
  return result;
}

/// The neighbours of both modalities, and where the search was approximate the lower recall of the two.
struct NearRows {
  NearRows(const TrainingTask& task, std::int64_t k, Progress& progress) {
    const std::int64_t n = task.images.rows();
    const bool approximate = task.options.neighbour_search == NeighbourSearch::approximate;
    progress.start("Neighbours", (approximate ? 4 : 2) * n, "rows");
    for (const HeadIndex head : {image_head, text_head}) {
      const MatrixView<const float> rows = head == image_head ? task.images : task.texts;
      if (approximate) {
        constexpr std::int64_t sample = 1000;
        const ApproximateNeighbours graph(rows, progress);
        const double found = graph.recall(k + 1, sample);
        recall = std::min(recall.value_or(1), found);
        rows_near[head] = other_rows_near(
            rows, k, [&](const auto& some) { return graph.search(some, k + 1); }, progress);
      } else {
        rows_near[head] = other_rows_near(
            rows, k, [&](const auto& some) { return nearest_neighbours(some, rows, k + 1); }, progress);
      }
    }
    progress.finish();
    if (!recall) return;
    const auto per_mille = std::lround(*recall * 1000);
    progress.say("Neighbours were searched approximately; " + std::to_string(per_mille / 10) + "." +
                 std::to_string(per_mille % 10) + " % of the true ones were found, on a sample.");
  }
  std::array<Matrix<std::int32_t>, 2> rows_near;
  std::optional<double> recall;
};

/// Which rows each step of an epoch looks at. An epoch's order and draws come from streams of their own, so
/// that a training can go on from any epoch.
class Batches {
 public:
  Batches(const TrainingTask& task, std::int64_t neighbours, Progress& progress)
      : n_(task.images.rows()),
        size_(std::min(task.sizes.batch_size, n_)),
        views_(task.views),
        seed_(task.seed),
        neighbours_(neighbours),
        near_(task, neighbours, progress) {}

  std::optional<double> recall() const { return near_.recall; }

  /// A last batch of one image has no BatchNorm and is left out.
  std::int64_t count() const { return n_ / size_ + (n_ % size_ > 1 ? 1 : 0); }

  void begin_epoch(std::int64_t epoch) {
    order_ = RandomStream(seed_, "order of an epoch", static_cast<std::uint64_t>(epoch)).sample(n_, n_);
    draws_ = draws_of(epoch);
  }

  /// The rows (V, B) of both modalities, batch by batch in order.
  RowPair rows(std::int64_t batch) {
    const std::int64_t begin = batch * size_, count = std::min(n_, begin + size_) - begin;
    RowPair rows = {Matrix<std::int64_t>(views_, count), Matrix<std::int64_t>(views_, count)};
    Matrix<std::int64_t>&images = rows[image_head], &texts = rows[text_head];
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t image = order_[static_cast<std::size_t>(begin + i)];
      images[own_view][i] = texts[own_view][i] = image;
      images[same_view][i] = draw(image_head, image);
      texts[same_view][i] = draw(text_head, image);
      if (views_ <= crossed_view) continue;
      texts[crossed_view][i] = draw(image_head, image);
      images[crossed_view][i] = draw(text_head, image);
    }
    return rows;
  }

 private:
  RandomStream draws_of(std::int64_t epoch) const {
    return {seed_, "neighbours of an epoch", static_cast<std::uint64_t>(epoch)};
  }
  std::int64_t draw(HeadIndex modality, std::int64_t image) {
    return near_.rows_near[modality][image][draws_.below(neighbours_)];
  }

  std::int64_t n_, size_, views_;
  std::uint64_t seed_;
  std::int64_t neighbours_;
  NearRows near_;
  std::vector<std::int64_t> order_;
  RandomStream draws_ = draws_of(0);
};

// What stands after the loss's means in a row of the history.
enum HistoryColumn : std::int64_t { used_clusters, usage_entropy, changed_labels, seconds, history_columns };

/// Hidden numbers × width of a step below which it runs on one thread.
constexpr std::int64_t small_step = std::int64_t{1} << 25;

class Training {
 public:
  Training(const TrainingTask& task, const TrainingHooks& hooks, Progress& progress)
      : task_(task),
        hooks_(hooks),
        progress_(progress),
        n_(task.images.rows()),
        heads_({task.images, task.texts}, task.n_clusters, task.seed),
        labels_(static_cast<std::size_t>(n_), -1) {}

  TrainedHeads run() {
    fingerprint_ = fingerprint();
    if (hooks_.resume != nullptr) resume(*hooks_.resume);
    const std::int64_t resumed = epoch_;
    if (epoch_ < task_.sizes.epochs) {
      Batches batches(task_, std::min(task_.sizes.neighbours, n_ - 1), progress_);
      recall_ = batches.recall();
      progress_.start("Training", task_.sizes.epochs * batches.count(), "batches");
      progress_.advance(epoch_ * batches.count());
      while (epoch_ < task_.sizes.epochs) {
        run_epoch(batches);
        if (hooks_.save) hooks_.save(state());
      }
      progress_.finish();
    }
    return result(resumed);
  }

 private:
  std::int64_t means() const { return static_cast<std::int64_t>(task_.facts.size()) + 1; }
  std::int64_t columns() const { return means() + history_columns; }

  void run_epoch(Batches& batches) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<double> facts(static_cast<std::size_t>(columns()));
    double* fact = facts.data();
    const auto before = labels_;
    batches.begin_epoch(epoch_ + 1);
    // Threads that meet a few dozen times a step cost more than they save where a step is small.
    const std::int64_t width = task_.images.columns();
    const bool small = task_.views * std::min(task_.sizes.batch_size, n_) * width * width < small_step;
    if (small)
      parallel_blocks(1, 1, [&](auto, auto, auto) { run_batches(batches, fact); });
    else
      run_batches(batches, fact);
    for (std::int64_t i = 0; i < means(); ++i) fact[i] /= static_cast<double>(batches.count());
    ++epoch_;
    check_weights();
    count_labels(before, fact + means());
    fact[means() + seconds] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    history_.insert(history_.end(), facts.begin(), facts.end());
  }

  void run_batches(Batches& batches, double* fact) {
    for (std::int64_t batch = 0; batch < batches.count(); ++batch) {
      progress_.check_stop();
      const RowPair rows = batches.rows(batch);
      const Pair& p = heads_.forward(rows);
      const BatchLoss loss = task_.loss(p);
      check(loss, batch);
      heads_.backward(loss.gradients);
      heads_.step(task_.options);
      fact[0] += loss.total;
      for (std::size_t i = 0; i < loss.facts.size(); ++i) fact[i + 1] += loss.facts[i];
      keep_labels(rows[image_head].row(own_view), p[image_head][own_view]);
      progress_.advance(1);
    }
  }

  void keep_labels(std::span<const std::int64_t> images, MatrixView<const float> p) {
    for (std::int64_t i = 0; i < p.rows(); ++i) {
      const auto row = p.row(i);
      labels_[static_cast<std::size_t>(images[static_cast<std::size_t>(i)])] =
          std::max_element(row.begin(), row.end()) - row.begin();
    }
  }

  void check(const BatchLoss& loss, std::int64_t batch) const {
    if (std::isfinite(loss.total)) return;
    std::size_t term = 0;
    while (term + 1 < loss.facts.size() && std::isfinite(loss.facts[term])) ++term;
    fail(task_.function, task_.facts[term], " must stay a finite number, got ", loss.facts[term],
         " in batch ", batch + 1, " of epoch ", epoch_ + 1, "; a smaller learning_rate may help.");
  }

  void check_weights() {
    for (const auto& [name, parameter] : heads_.parameters())
      require(std::ranges::all_of(parameter.value.flat(), [](float x) { return std::isfinite(x); }),
              task_.function, name, " must stay finite, got infinity or NaN at the end of epoch ", epoch_,
              "; a smaller learning_rate may help.");
  }

  void count_labels(const std::vector<std::int64_t>& before, double* facts) const {
    std::vector<double> sizes(static_cast<std::size_t>(task_.n_clusters));
    double labelled = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      facts[changed_labels] += labels_[i] != before[i] ? 1 : 0;
      if (labels_[i] < 0) continue;
      ++sizes[static_cast<std::size_t>(labels_[i])];
      ++labelled;
    }
    for (const double size : sizes) {
      if (size == 0) continue;
      facts[used_clusters] += 1;
      facts[usage_entropy] -= size / labelled * kernels::log(size / labelled);
    }
  }

  /// Method, options, seed and data; what a state must share to be gone on from.
  std::string fingerprint() const {
    std::string text = concatenate(task_.function, " 1;n_clusters=", task_.n_clusters, ";seed=", task_.seed,
                                   ';', options_text(task_.options), task_.loss_options);
    for (const auto& features : {task_.images, task_.texts}) {
      Fnv1a hash;
      for (std::int64_t i = 0; i < features.rows(); ++i)
        for (const float number : features.row(i))
          hash.add(std::uint64_t{std::bit_cast<std::uint32_t>(number)});
      text += concatenate(features.rows(), "x", features.columns(), ':', std::hex, hash.value(), ';');
    }
    return text;
  }

  TrainingState state() const {
    TrainingState state{.epoch = epoch_, .fingerprint = fingerprint_, .arrays = heads_.state()};
    state.arrays.emplace_back("labels", Array(ArrayView(labels_)));
    state.arrays.emplace_back("history",
                              Array(ArrayView(ElementType::f64, {epoch_, columns()}, history_.data())));
    return state;
  }

  void resume(const TrainingState& state) {
    if (state.fingerprint != fingerprint_) {
      progress_.say("The training that was begun here had other images or options; it starts anew.");
      return;
    }
    const auto find = [&](const std::string& name) -> const Array& {
      for (const auto& [key, array] : state.arrays)
        if (key == name) return array;
      fail(task_.function, "the state must hold ", name, ", which is missing.");
    };
    using Shape = std::vector<std::int64_t>;
    const Array &labels = find("labels"), &history = find("history");
    require(labels.type() == ElementType::i64 && labels.shape() == Shape{n_} &&
                history.type() == ElementType::f64 && history.shape() == Shape{state.epoch, columns()},
            task_.function, "the state's labels and history must fit the images and the epoch (", state.epoch,
            ").");
    heads_.restore(find);
    labels_ = labels.to_integers(), history_ = history.to_doubles();
    epoch_ = state.epoch;
  }

  TrainedHeads result(std::int64_t resumed) const {
    TrainedHeads trained{
        .image = heads_.weights(image_head), .text = heads_.weights(text_head), .resumed_from = resumed};
    const auto order =
        internal::clusters_by_size(predict(trained.image, task_.images).labels, task_.n_clusters);
    for (HeadWeights* head : {&trained.image, &trained.text}) {
      head->weight2 = rows_of(head->weight2, order);
      const auto before = head->bias2;
      for (std::size_t c = 0; c < order.size(); ++c)
        head->bias2[c] = before[static_cast<std::size_t>(order[c])];
    }
    trained.neighbour_recall = recall_;
    trained.assignment = predict(trained.image, task_.images);
    const auto& labels = trained.assignment.labels;
    trained.used_clusters = static_cast<std::int64_t>(std::set(labels.begin(), labels.end()).size());
    for (std::int64_t epoch = 0; epoch < epoch_; ++epoch) {
      const double* fact = history_.data() + epoch * columns();
      EpochFacts facts{.epoch = epoch + 1, .means = {{"loss", fact[0]}}};
      for (std::size_t i = 0; i < task_.facts.size(); ++i)
        facts.means.emplace_back(task_.facts[i], fact[i + 1]);
      fact += means();
      facts.used_clusters = static_cast<std::int64_t>(fact[used_clusters]);
      facts.usage_entropy = fact[usage_entropy];
      facts.changed_labels = static_cast<std::int64_t>(fact[changed_labels]);
      facts.seconds = fact[seconds];
      trained.epochs.push_back(std::move(facts));
    }
    return trained;
  }

  const TrainingTask& task_;
  const TrainingHooks& hooks_;
  Progress& progress_;
  std::int64_t n_;
  Heads heads_;
  std::vector<std::int64_t> labels_;  // of the last epoch's own views; −1 before an image's first
  std::vector<double> history_;       // (epochs, columns)
  std::int64_t epoch_ = 0;
  std::string fingerprint_;
  std::optional<double> recall_;
};

/// The published numbers are meant for tens of thousands of images. A small collection is cut into at least
/// four batches, and passed over until the heads have had as many steps as they need to find clusters at all.
constexpr std::int64_t least_batches = 4, smallest_batch = 64, least_steps = 1000;

/// Leaves nothing open, neither in the options nor in the sizes.
void resolve(TrainingTask& task) {
  TrainingOptions& options = task.options;
  const std::int64_t n = task.images.rows();
  const std::int64_t batch =
      std::min(task.sizes.batch_size, std::max({smallest_batch, task.n_clusters, n / least_batches}));
  task.sizes.batch_size = options.batch_size.value_or(batch);
  task.sizes.neighbours = options.neighbours.value_or(task.sizes.neighbours);
  if (options.neighbour_search == NeighbourSearch::automatic)
    options.neighbour_search = n > most_for_exact_neighbours && ApproximateNeighbours::built_in()
                                   ? NeighbourSearch::approximate
                                   : NeighbourSearch::exact;
  const std::int64_t steps = std::max<std::int64_t>(1, n / task.sizes.batch_size);
  task.sizes.epochs = options.epochs.value_or(std::max(task.sizes.epochs, block_count(least_steps, steps)));
  options.batch_size = task.sizes.batch_size;
  options.neighbours = task.sizes.neighbours;
  options.epochs = task.sizes.epochs;
}

void check_data(const TrainingTask& task) {
  const auto function = task.function;
  require_unit_rows(task.images, function, "images");
  require_unit_rows(task.texts, function, "texts");
  const std::int64_t n = task.images.rows();
  require(task.texts.rows() == n, function, "texts must be one for each image (", n, "), got ",
          task.texts.rows(), ".");
  require(n >= 2, function, "images must be at least 2, got ", n, ".");
  require(task.n_clusters <= n, function, "n_clusters must be at most the number of images (", n, "), got ",
          task.n_clusters, ".");
}

}  // namespace

TrainedHeads train(const TrainingTask& described, const TrainingHooks& hooks, Progress& progress) {
  check_data(described);
  TrainingTask task = described;
  resolve(task);
  require(task.sizes.batch_size >= 2, task.function, "batch_size must be at least 2, got ",
          task.sizes.batch_size, ".");
  return Training(task, hooks, progress).run();
}

}  // namespace internal
}  // namespace ilk
