// One arithmetic: what comes out of made data has the same bits on every processor, with every instruction
// set. The digests were written down once; a change that is meant to change results changes them here.
#include <gtest/gtest.h>
#include <ilk/cae.h>
#include <ilk/kmeans.h>
#include <ilk/metrics.h>
#include <ilk/neighbours.h>
#include <ilk/sac.h>
#include <ilk/transport.h>

#include <cstdio>
#include <span>
#include <string>

#include "core/random.h"
#include "kernels/functions.h"
#include "kernels/int16_product.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"
#include "matrices.h"
#include "targets.h"

namespace {

constexpr std::int64_t images = 500, classes = 7, width = 37, words = 150;

/// FNV-1a of the bits.
class Digest {
 public:
  template <class T>
  Digest& add(std::span<const T> values) {
    for (const std::byte byte : std::as_bytes(values))
      hash_ = (hash_ ^ static_cast<std::uint64_t>(byte)) * 1099511628211ull;
    return *this;
  }
  template <class T>
  Digest& add(const ilk::Matrix<T>& matrix) {
    return add(matrix.flat());
  }
  template <class T>
  Digest& add(const std::vector<T>& values) {
    return add(std::span<const T>(values));
  }
  Digest& add(double value) { return add(std::span<const double>(&value, 1)); }
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash_));
    return digits;
  }

 private:
  std::uint64_t hash_ = 14695981039346656037ull;
};

/// Of what make() gives with every target.
template <class Make>
void expect_digest(const std::string& expected, Make&& make) {
  for_each_target([&] { EXPECT_EQ(make().text(), expected); });
}

/// Rows near some directions, each at one of them in turn.
ilk::Matrix<float> rows_near(const ilk::Matrix<float>& directions, std::int64_t n, float noise,
                             std::uint64_t seed) {
  auto rows = random_matrix(n, directions.columns(), seed);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < directions.columns(); ++j)
      rows[i][j] = rows[i][j] * noise + directions[i % directions.rows()][j];
  return unit_rows(std::move(rows));
}

struct Made {
  ilk::Matrix<float> meanings = random_matrix(classes, width, 1);
  ilk::Matrix<float> x = rows_near(meanings, images, 1.5f, 2), nouns = rows_near(meanings, words, 1, 3),
                     captions = rows_near(meanings, words, 1, 4);
};

ilk::CaeOptions options() {
  ilk::CaeOptions options;
  options.n_clusters = classes;
  options.kmeans.n_init = 3;
  return options;
}

ilk::KMeansOptions of_kmeans() {
  return {.n_clusters = classes, .search = options().kmeans};
}

}  // namespace

TEST(Digests, Functions) {
  namespace kernels = ilk::kernels;
  std::vector<double> values;
  for (double x = -30; x < 30; x += 0.01)
    for (const double value : {kernels::exp(x), kernels::log(x + 30), kernels::pow(x + 30, 1.7),
                               kernels::cos_of_turn(x), kernels::sin_of_turn(x), kernels::sigmoid(x)})
      values.push_back(value);
  EXPECT_EQ(Digest().add(values).text(), "16d8dbe941e93bcc");
  ilk::RandomStream random(1, "digests");
  std::vector<double> normal(10000);
  for (double& value : normal) value = random.normal();
  EXPECT_EQ(Digest().add(normal).text(), "5013b499e9b0900e");
}

TEST(Digests, Activations) {
  const auto x = random_matrix(20, 77, 5), weight = random_matrix(1, 77, 6), bias = random_matrix(1, 77, 7);
  expect_digest("7203adfd6036ddd7", [&] {
    const auto& k = ilk::kernels::kernels();
    auto a = x.copy(), b = x.copy(), c = x.copy(), d = x.copy();
    k.gelu(a.data(), a.size());
    k.quick_gelu(b.data(), b.size());
    k.softmax(c.data(), 77, 20, 77, 3, nullptr);
    for (std::int64_t i = 0; i < d.rows(); ++i)
      k.layer_norm(d[i], 77, weight.data(), bias.data(), 1e-5f, d[i]);
    return Digest().add(a).add(b).add(c).add(d);
  });
}

TEST(Digests, Products) {
  const auto x = random_matrix(40, 300, 8), a = random_matrix(50, 300, 9);
  expect_digest("75d3749b462efd45",
                [&] { return Digest().add(ilk::product(x, ilk::PackedMatrix::of_transpose(a))); });
  expect_digest("377d3976f8b90df0", [&] {
    auto y = ilk::Matrix<float>::uninitialised(x.rows(), a.rows());
    ilk::multiply(ilk::Int16Rows(x), ilk::Int16Matrix(ilk::Int16Rows(a)), nullptr, y);
    return Digest().add(y);
  });
}

TEST(Digests, KMeans) {
  const Made made;
  expect_digest("f60e0e6ff770b6e7", [&] {
    const ilk::KMeansResult result = ilk::kmeans(made.x, of_kmeans());
    return Digest().add(result.labels).add(result.centroids).add(result.objectives);
  });
  expect_digest("c4ee33c114163437", [&] {
    const ilk::KMeansResult result = ilk::euclidean_kmeans(made.x, of_kmeans());
    return Digest().add(result.labels).add(result.centroids).add(result.objectives);
  });
}

TEST(Digests, Neighbours) {
  const Made made;
  expect_digest("84801da9b1d911b8", [&] {
    const ilk::Neighbours result = ilk::nearest_neighbours(made.x, made.nouns, 5);
    return Digest().add(result.indices).add(result.cosines);
  });
}

TEST(Digests, Transport) {
  const Made made;
  expect_digest("76cabd5b37590ecc", [&] {
    const auto [transport, placed] =
        ilk::solve_and_place(made.x, made.nouns, {.counterparts = true, .top = 4});
    return Digest()
        .add(transport.row_potentials)
        .add(transport.column_potentials)
        .add(transport.marginal_error)
        .add(placed.counterparts)
        .add(placed.top_words.indices)
        .add(placed.top_words.weights);
  });
}

TEST(Digests, Cae) {
  const Made made;
  expect_digest("9f1b9b9ef6a66c2f", [&] {
    const ilk::Matrix<float> centres = ilk::semantic_centres(made.x, options());
    std::vector<ilk::SemanticSpace> spaces;
    for (const auto* text : {&made.nouns, &made.captions})
      spaces.push_back(ilk::align_words(made.x, centres, *text, options(), {.counterparts = true}));
    const ilk::CaeResult result = ilk::cae(made.x, std::move(spaces), options());
    return Digest()
        .add(result.kmeans.labels)
        .add(result.kmeans.centroids)
        .add(result.assignment.scores)
        .add(result.assignment.second_scores);
  });
}

TEST(Digests, TrainedHeads) {
  const Made made;
  const auto texts = rows_near(made.meanings, images, 1, 10);
  ilk::SacOptions sac;
  sac.n_clusters = classes;
  sac.training.epochs = 2;
  sac.training.batch_size = 128;
  sac.training.neighbours = 10;
  sac.training.neighbour_search = ilk::NeighbourSearch::exact;
  expect_digest("441c4c1a34ad4cad", [&] {
    const ilk::TrainedHeads heads = ilk::train_sac(made.x, texts, sac);
    return Digest().add(heads.assignment.labels).add(heads.assignment.scores);
  });
}

TEST(Digests, Separation) {
  const Made made;
  const ilk::KMeansResult clusters = ilk::kmeans(made.x, of_kmeans());
  expect_digest("dc3f2eb93cebe55c", [&] {
    const ilk::Separation scores = ilk::separation(made.x, clusters.labels);
    return Digest()
        .add(scores.silhouette.value())
        .add(scores.davies_bouldin.value())
        .add(scores.calinski_harabasz.value())
        .add(scores.objective);
  });
}
