// N points, D dimensions, K centres. With the points' mean μ and the centres' mean m,
//   x·c = (x − μ)·(c − m) + μ·(c − m) + x·m,
// whose last part is the same for all centres; and |x − c|² = |(x − μ) − (c − μ)|². Bytes are made of the
// differences: with x − μ = p + e and c − m = q + f, of which p and q are bytes, the product p·q is off by
// e·(c − m) + p·f, at most |e| |c − m| + |p| |f|.
#include "cluster/screen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cluster/centre_groups.h"
#include "core/parallel.h"

namespace ilk::internal {
namespace {

using kernels::kernels;

constexpr std::int64_t rows_per_block = 256;
// How many points the origin is the mean of; any origin is right, the mean makes small errors.
constexpr std::int64_t most_sampled = 4096;
constexpr float lowest = -std::numeric_limits<float>::infinity();
// Up to so many centres, 16 bits are quicker than looking at several centres exactly.
constexpr std::int64_t few_centres = 64;
// What float64 can be off in sums of products of any length that occurs, relative to the lengths.
constexpr double double_rounding = 1e-12;

}  // namespace

std::vector<std::int64_t> ScreenedPoints::origin_sample(std::int64_t n) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < n; i += std::max<std::int64_t>(1, n / most_sampled)) rows.push_back(i);
  return rows;
}

std::vector<float> mean_of(MatrixView<const float> rows, const std::vector<std::int64_t>& which) {
  const std::int64_t d = rows.columns();
  std::vector<double> sums(static_cast<std::size_t>(d));
  for (const std::int64_t i : which)
    for (std::int64_t j = 0; j < d; ++j) sums[static_cast<std::size_t>(j)] += static_cast<double>(rows[i][j]);
  std::vector<float> mean(sums.size());
  for (std::size_t j = 0; j < mean.size(); ++j)
    mean[j] = static_cast<float>(sums[j] / static_cast<double>(which.size()));
  return mean;
}

ScreenedPoints::Kept ScreenedPoints::kept_of(std::int64_t n, std::int64_t d, std::int64_t n_centres,
                                             std::int64_t memory) {
  Kept kept{n_centres <= few_centres && QuantisedRows::memory(16, n, d) <= memory ? 16 : 8, false, 0};
  kept.rests = kept.bits == 8 && QuantisedRows::memory(8, n, d, true) <= memory;
  const std::int64_t taken = QuantisedRows::memory(kept.bits, n, d, kept.rests);
  if (taken <= memory) kept.bytes = taken;
  return kept;
}

std::int64_t ScreenedPoints::few_at_once(const ScreenedCentres& centres) {
  // So many that groups are wanted by several; their scores stay in the cache.
  constexpr std::int64_t at_most = 256, numbers = std::int64_t{1} << 16;
  return std::clamp(numbers / centres.stride(), std::int64_t{at_once}, at_most);
}

ScreenedPoints::ScreenedPoints(MatrixView<const float> points, std::int64_t n_centres, std::int64_t memory,
                               std::vector<float> origin)
    : rows_(points),
      n_(points.rows()),
      d_(points.columns()),
      kept_(kept_of(n_, d_, n_centres, memory)),
      origin_(origin.empty() ? mean_of(points, origin_sample(n_)) : std::move(origin)) {
  if (kept_.bytes > 0)
    bytes_ = std::make_unique<QuantisedRows>(QuantisedRows::Side::left, kept_.bits, n_, d_, kept_.rests);
  const std::int64_t blocks = block_count(n_, rows_per_block);
  std::vector<double> spreads(static_cast<std::size_t>(blocks)), lengths(spreads.size());
  parallel_blocks(n_, rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    QuantisedRows one(QuantisedRows::Side::left, kept_.bits, 1, d_);
    double spread = 0, longest = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      longest = std::max(longest, std::sqrt(kernels().sum_of_squares(row(i), d_)));
      QuantisedRows& into = bytes_ ? *bytes_ : one;
      const std::int64_t place = bytes_ ? i : 0;
      into.set(place, row(i), origin_.data());
      spread = std::max(spread, static_cast<double>(into.length(place)));
    }
    spreads[static_cast<std::size_t>(index)] = spread;
    lengths[static_cast<std::size_t>(index)] = longest;
  });
  spread_ = 1.0001 * *std::max_element(spreads.begin(), spreads.end());
  longest_ = 1.0001 * *std::max_element(lengths.begin(), lengths.end());
}

bool ScreenedPoints::may_group(std::int64_t n_centres) const {
  return bytes_ && n_centres > few_centres;
}

void ScreenedPoints::screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                            const ScreenedCentres& centres, Scratch& scratch) const {
  screen(begin, rows, count, centres, 0, centres.stride(), scratch);
}

void ScreenedPoints::screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                            const ScreenedCentres& centres, std::int64_t first, std::int64_t n,
                            Scratch& scratch) const {
  scratch.scores.resize(static_cast<std::size_t>(at_once * padded(n)));
  scratch.errors.resize(static_cast<std::size_t>(at_once));
  const QuantisedRows& bytes = bytes_of(begin, rows, count, scratch);
  byte_products(bytes, scratch.rows.data(), nullptr, count, centres.bytes_, first, padded(n),
                centres.bias_.data(), scratch.scores.data(), padded(n));
  set_errors(bytes, count, centres, scratch);
  for (std::int64_t i = 0; i < count; ++i)
    std::fill(scratch.scores.data() + i * padded(n) + n, scratch.scores.data() + (i + 1) * padded(n), lowest);
}

const QuantisedRows& ScreenedPoints::bytes_of(std::int64_t begin, const std::int32_t* rows,
                                              std::int64_t count, Scratch& scratch) const {
  scratch.rows.resize(static_cast<std::size_t>(std::max(count, std::int64_t{at_once})));
  if (bytes_) {
    for (std::int64_t i = 0; i < count; ++i)
      scratch.rows[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(begin + rows[i]);
    return *bytes_;
  }
  if (!scratch.bytes)
    scratch.bytes = std::make_unique<QuantisedRows>(QuantisedRows::Side::left, kept_.bits, at_once, d_);
  std::iota(scratch.rows.begin(), scratch.rows.end(), 0);
  for (std::int64_t i = 0; i < count; ++i) scratch.bytes->set(i, row(begin + rows[i]), origin_.data());
  return *scratch.bytes;
}

void ScreenedPoints::set_errors(const QuantisedRows& bytes, std::int64_t count,
                                const ScreenedCentres& centres, Scratch& scratch) const {
  // Both the exact scores and these are rounded too.
  const double exact_rounding =
      double_rounding * (longest_ * centres.longest_ + centres.largest_half_ + centres.largest_bias_);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t place = scratch.rows[static_cast<std::size_t>(i)];
    const double length = bytes.length(place);
    scratch.errors[static_cast<std::size_t>(i)] =
        static_cast<float>(1.001 * (bytes.error(place) * centres.longest_bytes_ + length * centres.error_) +
                           1e-6 * (length * centres.longest_bytes_ + centres.largest_bias_) + exact_rounding);
  }
}

void ScreenedPoints::screen_groups(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                                   const ScreenedCentres& centres, const std::int32_t* const* wanted,
                                   const std::int64_t* n_wanted, Scratch& scratch) const {
  const std::int64_t stride = centres.stride(), size = centres.group_size();
  scratch.scores.resize(static_cast<std::size_t>(few_at_once(centres) * stride));
  scratch.errors.resize(static_cast<std::size_t>(few_at_once(centres)));
  scratch.some_rows.resize(static_cast<std::size_t>(few_at_once(centres)));
  const QuantisedRows& bytes = bytes_of(begin, rows, count, scratch);
  std::fill_n(scratch.scores.data(), count * stride, lowest);
  for (std::int64_t group = 0; group < centres.groups(); ++group) {
    for (std::int64_t i = 0; i < n_wanted[group]; ++i)
      scratch.some_rows[static_cast<std::size_t>(i)] =
          scratch.rows[static_cast<std::size_t>(wanted[group][i])];
    byte_products(bytes, scratch.some_rows.data(), wanted[group], n_wanted[group], centres.bytes_,
                  group * size, size, centres.bias_.data(), scratch.scores.data() + group * size, stride);
  }
  set_errors(bytes, count, centres, scratch);
}

ScreenedCentres::ScreenedCentres(const ScreenedPoints& points, std::int64_t count, Geometry geometry,
                                 std::int64_t group_size)
    : points_(points),
      geometry_(geometry),
      k_(count),
      group_size_(group_size > 0 ? group_size : ScreenedPoints::padded(count)),
      stride_((count + group_size_ - 1) / group_size_ * group_size_),
      places_(static_cast<std::size_t>(count)),
      numbers_(static_cast<std::size_t>(stride_), -1),
      bytes_(QuantisedRows::Side::right, points.kept_.bits, group_size > 0 ? stride_ : count,
             points.dimensions(), points.bytes_ && points.bytes_->has_rests()),
      bias_(static_cast<std::size_t>(stride_), lowest),
      half_squares_(static_cast<std::size_t>(count)) {
  std::iota(places_.begin(), places_.end(), 0);
  std::iota(numbers_.begin(), numbers_.begin() + count, 0);
}

void ScreenedCentres::group(MatrixView<const float> centres) {
  const auto order = order_by_likeness(centres, group_size_);
  std::fill(numbers_.begin(), numbers_.end(), -1);
  std::fill(bias_.begin(), bias_.end(), lowest);
  for (std::size_t place = 0; place < order.size(); ++place) {
    numbers_[place] = order[place];
    places_[static_cast<std::size_t>(order[place])] = static_cast<std::int32_t>(place);
  }
}

void ScreenedCentres::set(MatrixView<const float> centres) {
  constexpr std::int64_t centres_per_block = 64;
  const std::int64_t d = points_.dimensions();
  const bool euclidean = geometry_ == Geometry::euclidean;
  rows_ = centres;
  const std::vector<float>& origin = points_.origin();
  mean_ = euclidean ? origin : mean_of(centres, ScreenedPoints::origin_sample(centres.rows()));
  common_half_ = euclidean ? static_cast<float>(kernels().dot_f64(mean_.data(), mean_.data(), d) / 2) : 0;
  const double mean_bias = kernels().dot_f64(origin.data(), mean_.data(), d);
  std::vector<double> lengths(static_cast<std::size_t>(block_count(k_, centres_per_block)));
  parallel_blocks(k_, centres_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    double longest = 0;
    for (std::int64_t j = begin; j < end; ++j) {
      const auto number = static_cast<std::size_t>(j), place = static_cast<std::size_t>(places_[number]);
      const double square = kernels().dot_f64(row(j), row(j), d);
      longest = std::max(longest, 1.0001 * std::sqrt(square));
      half_squares_[number] = euclidean ? square / 2 : 0;
      bytes_.set(places_[number], row(j), mean_.data());
      double bias = 0;
      if (euclidean) {
        for (std::int64_t i = 0; i < d; ++i) {
          const double difference = static_cast<double>(row(j)[i]) - static_cast<double>(mean_[i]);
          bias -= difference * difference / 2;
        }
      } else {
        bias = kernels().dot_f64(origin.data(), row(j), d) - mean_bias;
      }
      bias_[place] = static_cast<float>(bias);
    }
    lengths[static_cast<std::size_t>(index)] = longest;
  });
  longest_ = *std::max_element(lengths.begin(), lengths.end());
  error_ = rest_error_ = longest_bytes_ = largest_bias_ = largest_half_ = 0;
  for (std::size_t j = 0; j < places_.size(); ++j) {
    const std::int64_t place = places_[j];
    largest_bias_ =
        std::max(largest_bias_, static_cast<double>(std::fabs(bias_[static_cast<std::size_t>(place)])));
    largest_half_ = std::max(largest_half_, half_squares_[j]);
    longest_bytes_ = std::max(longest_bytes_, static_cast<double>(bytes_.length(place)));
    error_ = std::max(error_, static_cast<double>(bytes_.error(place)));
    if (has_rests()) rest_error_ = std::max(rest_error_, static_cast<double>(bytes_.rest_error(place)));
  }
}

double ScreenedCentres::common(const float* point) const {
  return kernels().dot_f64(point, mean_.data(), points_.dimensions());
}

float ScreenedCentres::near_common(const float* point) const {
  return kernels().dot_f32(point, mean_.data(), points_.dimensions()) - common_half_;
}

double ScreenedCentres::near_error() const {
  return 1.001 * kernels::dot_f32_error(points_.dimensions()) *
             (points_.longest() * std::max(longest_, points_.longest())) +
         1e-6 * largest_half_;
}

double ScreenedCentres::exact_score(const float* point, std::int64_t j) const {
  return kernels().dot_f64(point, row(j), points_.dimensions()) - half_square(j);
}

float ScreenedCentres::rest_error(std::int64_t i) const {
  const QuantisedRows& points = *points_.bytes_;
  const double length = points.length(i);
  return static_cast<float>(
      rest_product_error(points.error(i), points.rest_error(i), length, error_, rest_error_, longest_bytes_) +
      1e-6 * (length * longest_bytes_ + largest_bias_) +
      double_rounding * (points_.longest() * longest_ + largest_half_));
}

/// Looks at the candidates that can still be best, from the highest score on; one_score(place) is right to
/// `error`, the scores to `screen_error`. Those that can be best after that are the candidates that are left.
template <class Look>
ScreenedCentres::Left ScreenedCentres::look(std::int64_t count, float error, float screen_error,
                                            float* scores, ScreenedPoints::Scratch& scratch,
                                            Look one_score) const {
  std::int32_t* candidates = scratch.candidates.data();
  float* near = scratch.near.data();
  const float shift = error - screen_error;
  std::int32_t* top = std::max_element(candidates, candidates + count,
                                       [&](std::int32_t a, std::int32_t b) { return scores[a] < scores[b]; });
  std::swap(*top, candidates[0]);
  float best = lowest;
  std::int64_t seen = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t place = candidates[i];
    if (scores[place] + screen_error < best - error) continue;
    const float score = one_score(place);
    scores[place] = score + shift;
    candidates[seen] = place, near[seen++] = score;
    best = std::max(best, score);
  }
  std::int64_t left = 0;
  for (std::int64_t i = 0; i < seen; ++i)
    if (!(near[i] < best - 2 * error)) candidates[left++] = candidates[i];
  return {left, best};
}

ScreenedCentres::Best ScreenedCentres::best(std::int64_t i, float* scores, float error,
                                            ScreenedPoints::Scratch& scratch) const {
  scratch.candidates.resize(static_cast<std::size_t>(stride_));
  scratch.near.resize(static_cast<std::size_t>(stride_));
  std::int32_t* candidates = scratch.candidates.data();
  const kernels::TopTwo top = kernels().top_two(scores, stride_);
  const auto take = [&](float least, bool tied) {
    const std::int32_t place = candidates[0];
    scores[place] = lowest;
    return Best{numbers_[static_cast<std::size_t>(place)], least - error, tied};
  };
  if (top.second < top.first - 2 * error) {
    kernels().not_below(scores, stride_, top.first, candidates);
    return take(top.first - error, false);
  }
  // First what the bytes missed is looked at where it is kept, then floats, which are enough for all but near
  // ties.
  Left left{kernels().not_below(scores, stride_, top.first - 2 * error, candidates), top.first};
  if (has_rests()) {
    const float closer = rest_error(i);
    left = look(left.count, closer, error, scores, scratch,
                [&](std::int32_t place) { return scores[place] + rest(i, place); });
    if (left.count == 1) return take(left.best - closer, false);
  }
  const float* point = points_.row(i);
  const std::int64_t d = points_.dimensions();
  // The common part is rounded too.
  const auto near = static_cast<float>(2.01 * near_error());
  const float common = near_common(point);
  left = look(left.count, near, error, scores, scratch, [&](std::int32_t place) {
    const std::int32_t j = numbers_[static_cast<std::size_t>(place)];
    return kernels().dot_f32(point, row(j), d) - static_cast<float>(half_square(j)) - common;
  });
  if (left.count == 1) return take(left.best - near, false);
  bool tied = false;
  double highest = 0;
  for (std::int64_t candidate = 0; candidate < left.count; ++candidate) {
    const std::int32_t place = candidates[candidate], j = numbers_[static_cast<std::size_t>(place)];
    const double score = exact_score(point, j);
    const std::int32_t winner = numbers_[static_cast<std::size_t>(candidates[0])];
    if (candidate > 0 && score == highest) tied = true;
    if (candidate > 0 && (score < highest || (score == highest && j > winner))) continue;
    if (candidate > 0 && score > highest) tied = false;
    highest = score;
    std::swap(candidates[0], candidates[candidate]);
  }
  return take(left.best - near, tied);
}

ScreenedCentres::BestTwo ScreenedCentres::best_two(const float* point, const float* scores, float error,
                                                   ScreenedPoints::Scratch& scratch) const {
  const kernels::TopTwo top = kernels().top_two(scores, stride_);
  scratch.candidates.resize(static_cast<std::size_t>(stride_));
  const std::int64_t count =
      kernels().not_below(scores, k_, top.second - 2 * error, scratch.candidates.data());
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
