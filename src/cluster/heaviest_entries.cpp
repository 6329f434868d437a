#include "heaviest_entries.h"

#include <ilk/parallel.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "blocks.h"
#include "plan_loops.h"
#include "row_loops.h"

namespace ilk::internal {
namespace {

constexpr float least_share = 1.0f / 16384;
constexpr std::int64_t most_chunks = 64;
// Beyond this a rest of a row is all there is of it.
constexpr double largest_exponent = 600;

}  // namespace

HeaviestEntries::HeaviestEntries(std::int64_t n_images, std::int64_t n_words, std::int64_t per_image,
                                 double epsilon)
    : n_(n_images),
      m_(n_words),
      per_image_(per_image),
      epsilon_(epsilon),
      words_(torch::empty({n_, per_image}, torch::kInt32)),
      cosines_(torch::empty({n_, per_image})),
      counts_(torch::zeros({n_}, torch::kInt32)),
      rests_(torch::zeros({n_}, torch::kFloat64)),
      highest_(torch::zeros({n_})) {}

void HeaviestEntries::take(std::int64_t image, const float* cosines, const float* exponentials, double total,
                           float highest) {
  thread_local std::vector<std::int32_t> found;
  thread_local std::vector<float> values;
  found.resize(static_cast<std::size_t>(m_));
  std::int64_t count = not_below(exponentials, m_, static_cast<float>(total) * least_share, found.data());
  if (count > per_image_) {
    values.clear();
    for (std::int64_t k = 0; k < count; ++k)
      values.push_back(exponentials[found[static_cast<std::size_t>(k)]]);
    std::nth_element(values.begin(), values.begin() + per_image_, values.end(), std::greater<>());
    // All that are above the first that is too many: fewer where some are equal to it.
    const float limit = values[static_cast<std::size_t>(per_image_)];
    const auto end = std::remove_if(found.begin(), found.begin() + count,
                                    [&](std::int32_t word) { return exponentials[word] <= limit; });
    count = end - found.begin();
  }
  auto* words = words_.data_ptr<std::int32_t>() + image * per_image_;
  auto* kept = cosines_.data_ptr<float>() + image * per_image_;
  double sum = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    words[k] = found[static_cast<std::size_t>(k)];
    kept[k] = cosines[words[k]];
    sum += static_cast<double>(exponentials[words[k]]);
  }
  counts_.data_ptr<std::int32_t>()[image] = static_cast<std::int32_t>(count);
  rests_.data_ptr<double>()[image] = std::max(0.0, total - sum);
  highest_.data_ptr<float>()[image] = highest;
}

void HeaviestEntries::finish(const torch::Tensor& column_potentials, const torch::Tensor& column_sums) {
  potentials_ = column_potentials;
  double rest = 0;
  const auto entries = sums_of_entries(column_potentials, 1, rest);
  on_one_thread([&] {
    others_ = (column_sums - entries).clamp_min(0);
    covered_ = 1 - rest / static_cast<double>(n_);
  });
}

torch::Tensor HeaviestEntries::sums_of_entries(const torch::Tensor& column_potentials, double factor,
                                               double& rest) const {
  const auto potentials = column_potentials.to(torch::kFloat32);
  const float* g = potentials.data_ptr<float>();
  const std::int64_t length = block_count(n_, most_chunks), chunks = block_count(n_, length);
  const auto sums = torch::zeros({chunks, m_}, torch::kFloat64);
  std::vector<double> rests(static_cast<std::size_t>(chunks));
  const auto scale = static_cast<float>(1 / epsilon_);
  parallel_blocks(n_, length, [&](std::int64_t begin, std::int64_t end, std::int64_t chunk) {
    double* to = sums.data_ptr<double>() + chunk * m_;
    std::vector<float> values(static_cast<std::size_t>(per_image_));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t count = counts_.data_ptr<std::int32_t>()[i];
      const auto* words = words_.data_ptr<std::int32_t>() + i * per_image_;
      const float* cosines = cosines_.data_ptr<float>() + i * per_image_;
      const float before = highest_.data_ptr<float>()[i];
      float highest = count > 0 ? cosines[0] + g[words[0]] : before;
      for (std::int64_t k = 0; k < count; ++k) {
        const float value = cosines[k] + g[words[k]];
        values[static_cast<std::size_t>(k)] = value;
        highest = std::max(highest, value);
      }
      const double entries = exponentiate(values.data(), count, highest, scale);
      const double shift = static_cast<double>(before - highest) / epsilon_;
      const double others =
          rests_.data_ptr<double>()[i] * factor * std::exp(std::min(shift, largest_exponent));
      const double total = entries + others;
      rests[static_cast<std::size_t>(chunk)] += others / total;
      const auto weight = static_cast<float>(1 / total);
      for (std::int64_t k = 0; k < count; ++k)
        to[words[k]] += static_cast<double>(values[static_cast<std::size_t>(k)] * weight);
    }
  });
  rest = 0;
  for (const double one : rests) rest += one;
  torch::Tensor result;
  on_one_thread([&] { result = sums.sum(0); });
  return result;
}

torch::Tensor HeaviestEntries::log_shares(const torch::Tensor& column_potentials) const {
  torch::Tensor others;
  double before = 0, after = 0;
  on_one_thread([&] {
    others = others_ * ((column_potentials - potentials_) / epsilon_).exp();
    before = others_.sum().item<double>();
    after = others.sum().item<double>();
  });
  double rest = 0;
  const auto entries = sums_of_entries(column_potentials, before > 0 ? after / before : 0, rest);
  torch::Tensor result;
  on_one_thread([&] {
    const auto sums = after > 0 ? entries + others * (rest / after) : entries;
    result = (sums / static_cast<double>(n_)).log();
  });
  return result;
}

}  // namespace ilk::internal
