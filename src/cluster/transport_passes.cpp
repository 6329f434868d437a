#include "cluster/transport_passes.h"

#include <utility>

#include "cluster/log_shares.h"
#include "core/parallel.h"

namespace ilk::internal {

PassesHere::PassesHere(MatrixView<const float> images, MatrixView<const float> words,
                       const TransportChunks& chunks, double epsilon, const Placing& wanted,
                       Progress& progress)
    : rows_(images, words,
            chunks.sample > 0 ? chunks.images(0, chunks.n_images) : std::vector<std::int64_t>(),
            chunks.chunks, chunks.kept, progress),
      epsilon_(epsilon),
      wanted_(wanted),
      progress_(progress) {
  if (chunks.entries > 0) entries_.emplace(images.rows(), words.rows(), chunks.entries, epsilon);
}

void PassesHere::begin_pass(bool likely_last) {
  over_all_ = true;
  now_ = {};
  if (!likely_last || !places()) return;
  // One that was not the last after all gives its room back.
  best_.placed = {};
  best_.places = false;
  now_.places = true;
  now_.placed = room_for(rows_.images(), rows_.words(), wanted_);
}

void PassesHere::keep_pass() {
  best_ = std::exchange(now_, {});
}

Matrix<double> PassesHere::sums(std::int64_t n_chunks, std::span<const double> column_potentials,
                                CosinesBy by, bool take_entries) {
  Matrix<double> found(n_chunks, rows_.words().rows());
  now_.row_potentials.resize(static_cast<std::size_t>(rows_.images().rows()));
  const bool place = std::exchange(over_all_, false) && now_.places;
  walk_plan(rows_, by, n_chunks, column_potentials, epsilon_, /*times_cosine=*/true,
            {.row_potentials = now_.row_potentials,
             .sums = found,
             .placed = place ? &now_.placed : nullptr,
             .entries = take_entries && entries_ ? &*entries_ : nullptr},
            progress_);
  return found;
}

TransportPasses::LogSums PassesHere::log_sums(std::int64_t n_chunks, const std::vector<std::int64_t>& columns,
                                              std::span<const double> column_potentials, CosinesBy /*by*/) {
  const auto count = static_cast<std::int64_t>(columns.size());
  const auto words = PackedMatrix::of_transpose(rows_of(rows_.words(), columns));
  LogSums found{Matrix<double>(n_chunks, count), Matrix<double>(n_chunks, count)};
  parallel_blocks(n_chunks, 1, [&](std::int64_t chunk, std::int64_t, std::int64_t) {
    progress_.check_stop();
    add_log_sums(rows_, rows_.chunks()[static_cast<std::size_t>(chunk)], words, columns, column_potentials,
                 now_.row_potentials, epsilon_, found.highest.row(chunk), found.sums.row(chunk));
  });
  return found;
}

TransportPasses::EntrySums PassesHere::entry_sums(std::span<const float> changes, double factor) {
  EntrySums found{Matrix<double>(rows_.n_chunks(), rows_.words().rows()),
                  std::vector<double>(static_cast<std::size_t>(rows_.n_chunks()))};
  parallel_blocks(rows_.n_chunks(), 1, [&](std::int64_t number, std::int64_t, std::int64_t) {
    const auto chunk = rows_.chunks()[static_cast<std::size_t>(number)];
    found.rests[static_cast<std::size_t>(number)] =
        entries_->add_sums(chunk.begin, chunk.end, changes, factor, found.sums.row(number));
  });
  return found;
}

std::vector<double> PassesHere::row_potentials() const {
  std::vector<double> potentials(best_.row_potentials.size());
  for (std::size_t place = 0; place < potentials.size(); ++place)
    potentials[static_cast<std::size_t>(rows_.number(static_cast<std::int64_t>(place)))] =
        best_.row_potentials[place];
  return potentials;
}

Placed PassesHere::placed(const Transport& best) {
  if (places() && !best_.places) {
    best_.placed = room_for(rows_.images(), rows_.words(), wanted_);
    walk_plan(rows_, CosinesBy::floats, rows_.n_chunks(), best.column_potentials, epsilon_,
              /*times_cosine=*/true, {.placed = &best_.placed}, progress_);
  }
  return std::move(best_.placed);
}

void add_log_sums(const CosineRows& rows, TransportChunks::Chunk chunk, const PackedMatrix& words,
                  const std::vector<std::int64_t>& columns, std::span<const double> column_potentials,
                  std::span<const double> row_potentials, double epsilon, std::span<double> highest,
                  std::span<double> sums) {
  const auto count = static_cast<std::int64_t>(columns.size());
  const std::int64_t block = cosine_block(count);
  std::vector<LogSum> found(columns.size());
  Matrix<float> room;
  auto cosines = Matrix<float>::uninitialised(std::min(block, chunk.end - chunk.begin), count);
  for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += block) {
    const std::int64_t end = std::min(chunk.end, begin + block);
    multiply(rows.images(begin, end, room), words, nullptr, cosines.rows_between(0, end - begin));
    for (std::int64_t i = begin; i < end; ++i)
      for (std::size_t k = 0; k < columns.size(); ++k)
        found[k].add((static_cast<double>(cosines[i - begin][k]) +
                      column_potentials[static_cast<std::size_t>(columns[k])] +
                      row_potentials[static_cast<std::size_t>(i)] - 1) /
                     epsilon);
  }
  for (std::size_t k = 0; k < columns.size(); ++k) highest[k] = found[k].highest, sums[k] = found[k].sum;
}

}  // namespace ilk::internal
