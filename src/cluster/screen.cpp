// N points, D dimensions, K centres. With the points' mean μ and the centres' mean m,
//   x·c = (x − μ)·(c − m) + μ·(c − m) + x·m,
// whose last part is the same for all centres; and |x − c|² = |(x − μ) − (c − μ)|². Bytes are made of the
// differences: with x − μ = p + e and c − m = q + f, of which p and q are bytes, the product p·q is off by
// e·(c − m) + p·f, at most |e| |c − m| + |p| |f|.
#include "screen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "blocks.h"
#include "row_loops.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t rows_per_block = 256;
// How many points the origin is the mean of; any origin is right, the mean makes small errors.
constexpr std::int64_t most_sampled = 4096;
constexpr float lowest = -std::numeric_limits<float>::infinity();
// Up to so many centres, 16 bits are quicker than looking at several centres exactly.
constexpr std::int64_t few_centres = 64;
// What float64 can be off in sums of products of any length that occurs, relative to the lengths.
constexpr double double_rounding = 1e-12;

/// The mean of every n/most-th row, in float32.
std::vector<float> mean_of_some(const float* rows, std::int64_t n, std::int64_t d) {
  const std::int64_t step = std::max<std::int64_t>(1, n / most_sampled), count = (n - 1) / step + 1;
  std::vector<double> sums(static_cast<std::size_t>(d));
  for (std::int64_t i = 0; i < n; i += step)
    for (std::int64_t j = 0; j < d; ++j) sums[static_cast<std::size_t>(j)] += rows[i * d + j];
  std::vector<float> mean(sums.size());
  for (std::size_t j = 0; j < mean.size(); ++j)
    mean[j] = static_cast<float>(sums[j] / static_cast<double>(count));
  return mean;
}

double length_of(const float* row, std::int64_t d) {
  return std::sqrt(exact_dot(row, row, d));
}

}  // namespace

std::int64_t ScreenedPoints::at_once() {
  return has_byte_products() ? 48 : 256;
}

ScreenedPoints::ScreenedPoints(torch::Tensor points, std::int64_t n_centres, std::int64_t memory)
    : points_(std::move(points)),
      rows_(points_.data_ptr<float>()),
      n_(points_.size(0)),
      d_(points_.size(1)),
      in_bytes_(has_byte_products()),
      bits_(n_centres <= few_centres && ByteRows::memory(16, n_, d_) <= memory ? 16 : 8),
      origin_(static_cast<std::size_t>(d_)) {
  if (in_bytes_) origin_ = mean_of_some(rows_, n_, d_);
  if (in_bytes_ && ByteRows::memory(bits_, n_, d_) <= memory)
    bytes_ = std::make_unique<ByteRows>(ByteRows::Side::left, bits_, n_, d_);
  const std::int64_t blocks = block_count(n_, rows_per_block);
  std::vector<double> spreads(static_cast<std::size_t>(blocks)), lengths(spreads.size());
  parallel_blocks(n_, rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    ByteRows one(ByteRows::Side::left, bits_, 1, d_);
    double spread = 0, longest = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      longest = std::max(longest, length_of(row(i), d_));
      ByteRows& into = bytes_ ? *bytes_ : one;
      const std::int64_t place = bytes_ ? i : 0;
      if (in_bytes_) into.set(place, row(i), origin_.data());
      spread = std::max(spread, in_bytes_ ? static_cast<double>(into.length(place)) : longest);
    }
    spreads[static_cast<std::size_t>(index)] = spread;
    lengths[static_cast<std::size_t>(index)] = longest;
  });
  spread_ = 1.0001 * *std::max_element(spreads.begin(), spreads.end());
  longest_ = 1.0001 * *std::max_element(lengths.begin(), lengths.end());
}

void ScreenedPoints::screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                            const ScreenedCentres& centres, Scratch& scratch) const {
  screen(begin, rows, count, centres, 0, centres.size(), scratch);
}

void ScreenedPoints::screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                            const ScreenedCentres& centres, std::int64_t first, std::int64_t n,
                            Scratch& scratch) const {
  scratch.scores.resize(static_cast<std::size_t>(at_once() * padded(n)));
  scratch.errors.resize(static_cast<std::size_t>(at_once()));
  in_bytes_ ? screen_bytes(begin, rows, count, centres, first, n, scratch)
            : screen_floats(begin, rows, count, centres, first, n, scratch);
  for (std::int64_t i = 0; i < count; ++i)
    std::fill(scratch.scores.data() + i * padded(n) + n, scratch.scores.data() + (i + 1) * padded(n), lowest);
}

void ScreenedPoints::screen_bytes(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                                  const ScreenedCentres& centres, std::int64_t first, std::int64_t n,
                                  Scratch& scratch) const {
  scratch.rows.resize(static_cast<std::size_t>(at_once()));
  const ByteRows* bytes = bytes_.get();
  if (bytes) {
    for (std::int64_t i = 0; i < count; ++i)
      scratch.rows[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(begin + rows[i]);
  } else {
    if (!scratch.bytes)
      scratch.bytes = std::make_unique<ByteRows>(ByteRows::Side::left, bits_, at_once(), d_);
    std::iota(scratch.rows.begin(), scratch.rows.end(), 0);
    for (std::int64_t i = 0; i < count; ++i) scratch.bytes->set(i, row(begin + rows[i]), origin_.data());
    bytes = scratch.bytes.get();
  }
  byte_products(*bytes, scratch.rows.data(), count, *centres.bytes_, first, (n + 3) / 4 * 4,
                centres.bias_.data(), scratch.scores.data(), padded(n));
  // Both the exact scores and these are rounded too.
  const double exact_rounding =
      double_rounding * (longest_ * centres.longest_ + centres.largest_half_ + centres.largest_bias_);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t place = scratch.rows[static_cast<std::size_t>(i)];
    const double length = bytes->length(place);
    scratch.errors[static_cast<std::size_t>(i)] =
        static_cast<float>(1.001 * (bytes->error(place) * centres.longest_bytes_ + length * centres.error_) +
                           1e-6 * (length * centres.longest_bytes_ + centres.largest_bias_) + exact_rounding);
  }
}

void ScreenedPoints::screen_floats(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                                   const ScreenedCentres& centres, std::int64_t first, std::int64_t n,
                                   Scratch& scratch) const {
  if (!scratch.gathered.defined()) scratch.gathered = torch::empty({at_once(), d_}, points_.options());
  if (!scratch.products.defined() || scratch.products.numel() < at_once() * n)
    scratch.products = torch::empty({at_once() * n}, points_.options());
  float* gathered = scratch.gathered.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) std::copy_n(row(begin + rows[i]), d_, gathered + i * d_);
  auto products = scratch.products.narrow(0, 0, count * n).view({count, n});
  at::mm_out(products, scratch.gathered.narrow(0, 0, count), centres.transposed_.narrow(1, first, n));
  const float* product = products.data_ptr<float>();
  const auto error = static_cast<float>(1.001 * near_dot_error(d_) * (longest_ * centres.longest_) +
                                        1e-6 * centres.largest_bias_);
  for (std::int64_t i = 0; i < count; ++i) {
    float* scores = scratch.scores.data() + i * padded(n);
    for (std::int64_t j = 0; j < n; ++j)
      scores[j] = product[i * n + j] + centres.bias_[static_cast<std::size_t>(first + j)];
    scratch.errors[static_cast<std::size_t>(i)] = error;
  }
}

ScreenedCentres::ScreenedCentres(const ScreenedPoints& points, std::int64_t count, Geometry geometry)
    : points_(points),
      geometry_(geometry),
      k_(count),
      stride_(ScreenedPoints::padded(count)),
      bias_(static_cast<std::size_t>(stride_), lowest),
      half_squares_(static_cast<std::size_t>(count)) {
  if (points.in_bytes_)
    bytes_ = std::make_unique<ByteRows>(ByteRows::Side::right, points.bits_, stride_, points.dimensions());
}

void ScreenedCentres::set(const torch::Tensor& centres) {
  constexpr std::int64_t centres_per_block = 64;
  const std::int64_t d = points_.dimensions();
  const bool euclidean = geometry_ == Geometry::euclidean;
  centres_ = centres;
  transposed_ = centres.t();
  rows_ = centres.data_ptr<float>();
  const std::vector<float>& origin = points_.origin();
  mean_ = euclidean || !bytes_ ? origin : mean_of_some(rows_, k_, d);
  common_half_ = euclidean ? static_cast<float>(exact_dot(mean_.data(), mean_.data(), d) / 2) : 0;
  const double mean_bias = exact_dot(origin.data(), mean_.data(), d);
  std::vector<double> lengths(static_cast<std::size_t>(block_count(k_, centres_per_block)));
  parallel_blocks(k_, centres_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    double longest = 0;
    for (std::int64_t j = begin; j < end; ++j) {
      const auto place = static_cast<std::size_t>(j);
      const double square = exact_dot(row(j), row(j), d);
      longest = std::max(longest, 1.0001 * std::sqrt(square));
      half_squares_[place] = euclidean ? square / 2 : 0;
      bias_[place] = static_cast<float>(-half_squares_[place]);
      if (!bytes_) continue;
      bytes_->set(j, row(j), mean_.data());
      double bias = 0;
      if (euclidean) {
        for (std::int64_t i = 0; i < d; ++i) {
          const double difference = static_cast<double>(row(j)[i]) - static_cast<double>(mean_[i]);
          bias -= difference * difference / 2;
        }
      } else {
        bias = exact_dot(origin.data(), row(j), d) - mean_bias;
      }
      bias_[place] = static_cast<float>(bias);
    }
    lengths[static_cast<std::size_t>(index)] = longest;
  });
  longest_ = *std::max_element(lengths.begin(), lengths.end());
  error_ = longest_bytes_ = largest_bias_ = largest_half_ = 0;
  for (std::int64_t j = 0; j < k_; ++j) {
    const auto place = static_cast<std::size_t>(j);
    largest_bias_ = std::max(largest_bias_, static_cast<double>(std::fabs(bias_[place])));
    largest_half_ = std::max(largest_half_, half_squares_[place]);
    if (!bytes_) continue;
    longest_bytes_ = std::max(longest_bytes_, static_cast<double>(bytes_->length(j)));
    error_ = std::max(error_, static_cast<double>(bytes_->error(j)));
  }
}

double ScreenedCentres::common(const float* point) const {
  return bytes_ ? exact_dot(point, mean_.data(), points_.dimensions()) : 0;
}

float ScreenedCentres::near_common(const float* point) const {
  if (!bytes_) return 0;
  return near_dot(point, mean_.data(), points_.dimensions()) - common_half_;
}

double ScreenedCentres::near_error() const {
  return 1.001 * near_dot_error(points_.dimensions()) *
             (points_.longest() * std::max(longest_, points_.longest())) +
         1e-6 * largest_half_;
}

double ScreenedCentres::exact_score(const float* point, std::int64_t j) const {
  return exact_dot(point, row(j), points_.dimensions()) - half_square(j);
}

ScreenedCentres::Best ScreenedCentres::best(const float* point, const float* scores, float error,
                                            ScreenedPoints::Scratch& scratch) const {
  const TopTwo top = top_two(scores, stride_);
  const float reach = 2 * error;
  if (top.second < top.first - reach)
    return {static_cast<std::int32_t>(index_of(scores, stride_, top.first)),
            std::max(0.f, (top.first - top.second) * 0.999999f - reach)};
  scratch.candidates.resize(static_cast<std::size_t>(stride_));
  scratch.near.resize(static_cast<std::size_t>(stride_));
  std::int32_t* candidates = scratch.candidates.data();
  float* near = scratch.near.data();
  float below = lowest;
  const std::int64_t count = not_below(scores, k_, top.first - reach, scratch.candidates.data(), below);
  // In float32 next, which is enough for all but near ties. What is known of one score well rules out more:
  // of the others, those whose screened score is lower by one error, not two.
  const std::int64_t d = points_.dimensions();
  const auto near_reach = static_cast<float>(2 * near_error());
  const auto near_score = [&](std::int32_t j) {
    return near_dot(point, row(j), d) - static_cast<float>(half_square(j));
  };
  const auto top_index = static_cast<std::int32_t>(index_of(scores, stride_, top.first));
  float threshold = lowest;
  if (count > 2) threshold = near_score(top_index) - near_common(point) - error - 2 * near_reach;
  float best = lowest, second = lowest;
  std::int32_t winner = -1;
  std::int64_t left = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t j = candidates[i];
    if (scores[j] < threshold && j != top_index) {
      below = std::max(below, scores[j]);
      continue;
    }
    const float score = near_score(j);
    candidates[left] = j, near[left++] = score;
    if (score > best)
      second = best, best = score, winner = j;
    else
      second = std::max(second, score);
  }
  if (second < best - near_reach) {
    const float ahead = (best - second) * 0.999999f - near_reach;
    const float of_all = (scores[winner] - below) * 0.999999f - reach;
    return {winner, std::max(0.f, std::min(ahead, of_all))};
  }
  winner = -1;
  double highest = 0;
  for (std::int64_t i = 0; i < left; ++i) {
    if (near[i] < best - near_reach) continue;
    const double score = exact_score(point, candidates[i]);
    if (winner < 0 || score > highest) highest = score, winner = candidates[i];
  }
  return {winner, 0};
}

ScreenedCentres::BestTwo ScreenedCentres::best_two(const float* point, const float* scores, float error,
                                                   ScreenedPoints::Scratch& scratch) const {
  const TopTwo top = top_two(scores, stride_);
  scratch.candidates.resize(static_cast<std::size_t>(stride_));
  float below = lowest;
  const std::int64_t count = not_below(scores, k_, top.second - 2 * error, scratch.candidates.data(), below);
  constexpr double none = -std::numeric_limits<double>::infinity();
  BestTwo found{-1, -1, none, none};
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t j = scratch.candidates[static_cast<std::size_t>(i)];
    const double score = exact_score(point, j);
    if (found.first < 0 || score > found.first_score) {
      found.second = found.first, found.second_score = found.first_score;
      found.first = j, found.first_score = score;
    } else if (found.second < 0 || score > found.second_score) {
      found.second = j, found.second_score = score;
    }
  }
  return found;
}

}  // namespace ilk::internal
