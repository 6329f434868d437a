// solve_transport over chunks that are held one by one, against the same solve in one place.
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>
#include <numeric>

#include "cluster/cosine_rows.h"
#include "cluster/distributed_transport.h"
#include "matrices.h"

namespace {

using Numbers = std::vector<std::int64_t>;

/// Each chunk is held by itself, as if by another process.
class Spread : public ilk::TransportPasses {
 public:
  Spread(const ilk::Matrix<float>& images, const ilk::Matrix<float>& words,
         const ilk::TransportChunks& chunks, double epsilon)
      : words_(words), m_(words.rows()) {
    for (const auto& [begin, end] : chunks.chunks) {
      images_.push_back(rows_of(images, chunks.images(begin, end)));
      parts_.emplace_back(images_.back(), words_, images.rows(), epsilon, end <= chunks.kept, chunks.entries);
    }
  }
  ilk::Matrix<double> sums(std::int64_t n_chunks, std::span<const double> g, ilk::CosinesBy by,
                           bool take_entries) override {
    passes_in_16_bits += by == ilk::CosinesBy::int16;
    ilk::Matrix<double> found(n_chunks, m_);
    for (std::int64_t i = n_chunks; i-- > 0;) part(i).sums(g, by, take_entries, found.row(i));
    return found;
  }
  LogSums log_sums(std::int64_t n_chunks, const Numbers& columns, std::span<const double> g,
                   ilk::CosinesBy by) override {
    ++asked_for_logarithms;
    const auto count = static_cast<std::int64_t>(columns.size());
    LogSums found{ilk::Matrix<double>(n_chunks, count), ilk::Matrix<double>(n_chunks, count)};
    for (std::int64_t i = n_chunks; i-- > 0;)
      part(i).log_sums(columns, g, by, found.highest.row(i), found.sums.row(i));
    return found;
  }
  EntrySums entry_sums(std::span<const float> changes, double factor) override {
    ++asked_for_entries;
    const auto n = static_cast<std::int64_t>(parts_.size());
    EntrySums found{ilk::Matrix<double>(n, m_), std::vector<double>(parts_.size())};
    for (std::int64_t i = n; i-- > 0;)
      found.rests[static_cast<std::size_t>(i)] = part(i).entry_sums(changes, factor, found.sums.row(i));
    return found;
  }
  int asked_for_logarithms = 0, asked_for_entries = 0, passes_in_16_bits = 0;

 private:
  ilk::TransportPart& part(std::int64_t i) { return parts_[static_cast<std::size_t>(i)]; }
  ilk::TransportWords words_;
  std::int64_t m_;
  std::vector<ilk::Matrix<float>> images_;
  std::vector<ilk::TransportPart> parts_;
};

class SpreadTransport : public testing::Test {
 protected:
  ~SpreadTransport() override { ilk::internal::cosine_limits() = {}; }
  /// Also says what the solve asked for.
  static Spread same(const ilk::Matrix<float>& images, const ilk::Matrix<float>& words, double epsilon) {
    const ilk::TransportOptions options{.epsilon = epsilon, .tolerance = 1e-5};
    const auto whole = ilk::solve_transport(images, words, options);
    const auto chunks = ilk::transport_chunks(images.rows(), words.rows(), images.columns());
    Spread passes(images, words, chunks, epsilon);
    const auto spread = ilk::solve_transport(passes, chunks, words.rows(), options);
    EXPECT_EQ(spread.column_potentials, whole.column_potentials);
    EXPECT_EQ(spread.iterations, whole.iterations);
    EXPECT_EQ(spread.marginal_error, whole.marginal_error);
    EXPECT_EQ(spread.converged, whole.converged);
    EXPECT_TRUE(whole.converged);
    return passes;
  }
};

TEST_F(SpreadTransport, IsTheSameToTheBitHoweverMuchIsKept) {
  const auto images = random_unit_rows(3001, 16, 1), words = random_unit_rows(37, 16, 2);
  same(images, words, 0.05);  // all cosines
  ilk::internal::cosine_limits().most_kept_images = 700;
  EXPECT_EQ(ilk::transport_chunks(3001, 37, 16).sample, 700);
  EXPECT_GT(same(images, words, 0.05).passes_in_16_bits, 0);
  ilk::internal::cosine_limits().most_kept_images = 0;
  same(images, words, 0.05);
}

TEST_F(SpreadTransport, IsTheSameWithTheHeaviestEntriesAsAModel) {
  ilk::internal::cosine_limits().most_kept_images = 200;
  ilk::internal::cosine_limits().most_entries = 9;
  const auto images = random_unit_rows(3001, 16, 3), words = random_unit_rows(80, 16, 4);
  EXPECT_GT(same(images, words, 0.03).asked_for_entries, 0);
}

TEST_F(SpreadTransport, IsTheSameWhereWordsAreReachedThroughLogarithms) {
  // The second word is opposite to all images: its shares are about e^−20000 and no float holds them.
  auto images = random_unit_rows(500, 2, 6);
  for (std::int64_t i = 0; i < images.rows(); ++i) images[i][0] = 1, images[i][1] *= 0.03f;
  EXPECT_GT(same(unit_rows(std::move(images)), matrix_of({{1, 0}, {-1, 0}}), 1e-4).asked_for_logarithms, 0);
}

TEST_F(SpreadTransport, ChunksHoldEachImageOnceAndTheSampleFirst) {
  for (const std::int64_t n : {1, 2, 64, 65, 999, 3001})
    for (const std::int64_t kept : {std::int64_t{0}, std::int64_t{64}, std::int64_t{333}, n / 2, n}) {
      ilk::internal::cosine_limits().most_kept_images = kept;
      const auto chunks = ilk::transport_chunks(n, 7, 5);
      // The order, written out: images of the sample are those where i · sample / N grows.
      Numbers halves[2], others;
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t before = i * chunks.sample / n, after = (i + 1) * chunks.sample / n;
        (after > before ? halves[before % 2] : others).push_back(i);
      }
      Numbers wanted = halves[0];
      wanted.insert(wanted.end(), halves[1].begin(), halves[1].end());
      wanted.insert(wanted.end(), others.begin(), others.end());
      EXPECT_EQ(chunks.images(0, n), wanted) << n << " " << kept;
      Numbers found;
      for (const auto& [begin, end] : chunks.chunks)
        for (const std::int64_t image : chunks.images(begin, end)) found.push_back(image);
      EXPECT_EQ(found, wanted) << n << " " << kept;
    }
}

TEST_F(SpreadTransport, EpsilonIsThatOfTheSampleAlone) {
  const auto images = random_unit_rows(40000, 6, 7), words = random_unit_rows(9, 6, 8);
  const auto sample = ilk::similarity_sample(images.rows());
  EXPECT_LT(sample.size(), 20000u);
  EXPECT_EQ(ilk::automatic_epsilon(rows_of(images, sample), words), ilk::automatic_epsilon(images, words));
}

TEST_F(SpreadTransport, WantsAnEpsilon) {
  const auto images = random_unit_rows(30, 4, 1), words = random_unit_rows(5, 4, 2);
  const auto chunks = ilk::transport_chunks(30, 5, 4);
  Spread passes(images, words, chunks, 0.1);
  EXPECT_THROW(ilk::solve_transport(passes, chunks, 5, {}), ilk::Error);
}

}  // namespace
