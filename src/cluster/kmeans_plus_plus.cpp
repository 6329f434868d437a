#include "cluster/kmeans_plus_plus.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

using kernels::kernels;

constexpr std::int64_t points_per_seeding_block = 256;

}  // namespace

KMeansPlusPlus::KMeansPlusPlus(const ScreenedPoints& points, std::int64_t n_starts)
    : points_(points),
      n_(points.size()),
      blocks_(block_count(n_, points_per_seeding_block)),
      n_starts_(n_starts),
      chosen_(static_cast<std::size_t>(n_starts)),
      lowest_(static_cast<std::size_t>(n_starts * n_), std::numeric_limits<float>::max()),
      nearest_(lowest_.size(), 0),
      block_sums_(static_cast<std::size_t>(blocks_ * n_starts)),
      halves_(static_cast<std::size_t>(n_)) {
  take_wide_rows();
  parallel_blocks(n_, points_per_seeding_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (own_) own_->set(i, row(i), points_.origin().data());
      halves_[static_cast<std::size_t>(i)] =
          wide_ ? wide_->half_square(i)
                : kernels().half_squared_distance(row(i), points_.origin().data(), points_.dimensions());
    }
  });
  largest_half_ = *std::max_element(halves_.begin(), halves_.end());
}

void KMeansPlusPlus::take_wide_rows() {
  const ScreenedPoints::Kept& kept = points_.what_is_kept();
  if (kept.in_16_bits()) {
    wide_ = points_.kept();
    return;
  }
  if (kept.bytes + QuantisedRows::memory(16, n_, points_.dimensions()) > ScreenedPoints::most_memory) return;
  own_ = std::make_unique<QuantisedRows>(QuantisedRows::Side::left, 16, n_, points_.dimensions());
  wide_ = own_.get();
}

std::int64_t KMeansPlusPlus::draw(std::int64_t start, RandomStream& random) const {
  double total = 0;
  for (std::int64_t block = 0; block < blocks_; ++block) total += block_sum(block, start);
  if (!(total > 0)) return draw_unchosen(start, random);
  double rest = random.uniform() * total;
  std::int64_t block = 0;
  while (block + 1 < blocks_ && rest >= block_sum(block, start)) rest -= block_sum(block++, start);
  while (block > 0 && block_sum(block, start) == 0) --block;  // rounding ran past the last weight
  const std::int64_t begin = block * points_per_seeding_block,
                     end = std::min(n_, begin + points_per_seeding_block);
  std::int64_t drawn = -1;
  for (std::int64_t i = begin; i < end; ++i) {
    const float weight = lowest(i)[start];
    if (!(weight > 0)) continue;
    drawn = i;
    rest -= weight;
    if (rest < 0) break;
  }
  return drawn >= 0 ? drawn : draw_unchosen(start, random);
}

std::int64_t KMeansPlusPlus::draw_unchosen(std::int64_t start, RandomStream& random) const {
  const auto& taken = chosen_[static_cast<std::size_t>(start)];
  const std::set<std::int64_t> centres(taken.begin(), taken.end());
  for (;;)
    if (const std::int64_t point = random.below(n_); !centres.contains(point)) return point;
}

KMeansPlusPlus::Part KMeansPlusPlus::part_of(const std::int64_t* candidates, std::int64_t count,
                                             std::int64_t start) const {
  Part part{QuantisedRows(QuantisedRows::Side::right, 16, count, points_.dimensions()), {}, {}};
  for (std::int64_t j = 0; j < count; ++j) {
    part.rows.set(j, row(candidates[j]), points_.origin().data());
    part.halves.push_back(halves_[static_cast<std::size_t>(candidates[j])]);
  }
  // |x − c| ≥ |a − c| − |x − a| ≥ |x − a| where |a − c| ≥ 2 |x − a|: a little more than a quarter of the
  // square, and the rounding of any of these numbers.
  const float slack = 4e-5f * largest_half_;
  const std::vector<float> none(static_cast<std::size_t>(QuantisedRows::padded(count)), 0.0f);
  std::vector<float> products(none.size()), distances(none.size());
  for (const std::int64_t a : chosen_[static_cast<std::size_t>(start)]) {
    const auto row_of_a = static_cast<std::int32_t>(a);
    byte_products(*wide_, &row_of_a, nullptr, 1, part.rows, 0, static_cast<std::int64_t>(none.size()),
                  none.data(), products.data(), 0);
    kernels().distances_of(products.data(), part.halves.data(), halves_[static_cast<std::size_t>(a)], count,
                           distances.data());
    part.reaches.push_back((*std::min_element(distances.begin(), distances.begin() + count) - slack) / 4.01f);
  }
  return part;
}

template <class Done>
void KMeansPlusPlus::measure_in_16_bits(const std::vector<std::int64_t>& candidates, Done done) {
  constexpr std::int64_t at_once = 64;
  const auto count = static_cast<std::int64_t>(candidates.size());
  const std::int64_t in_part = chosen_.front().empty() ? count : count / n_starts_,
                     stride = QuantisedRows::padded(in_part);
  const std::vector<float> none(static_cast<std::size_t>(stride), 0.0f);
  std::vector<Part> parts;
  for (std::int64_t first = 0; first < count; first += in_part)
    parts.push_back(part_of(candidates.data() + first, in_part, first / in_part));
  parallel_blocks(n_, points_per_seeding_block,
                  [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
                    pool_.use([&](ScreenedPoints::Scratch& scratch) {
                      scratch.scores.resize(static_cast<std::size_t>(at_once * stride));
                      scratch.rows.resize(static_cast<std::size_t>(at_once));
                      for (std::int64_t first = begin; first < end; first += at_once)
                        for (std::size_t number = 0; number < parts.size(); ++number) {
                          const Part& part = parts[number];
                          const std::int64_t to = static_cast<std::int64_t>(number) * in_part;
                          std::int64_t some = 0;
                          for (std::int64_t i = first; i < std::min(end, first + at_once); ++i) {
                            float* distances = distances_.data() + i * count + to;
                            const auto place = static_cast<std::size_t>(i * n_starts_) + number;
                            if (!part.reaches.empty() &&
                                lowest_[place] <= part.reaches[static_cast<std::size_t>(nearest_[place])]) {
                              std::fill_n(distances, in_part, std::numeric_limits<float>::max());
                              continue;
                            }
                            scratch.rows[static_cast<std::size_t>(some++)] = static_cast<std::int32_t>(i);
                          }
                          if (some == 0) continue;
                          byte_products(*wide_, scratch.rows.data(), nullptr, some, part.rows, 0, stride,
                                        none.data(), scratch.scores.data(), stride);
                          for (std::int64_t p = 0; p < some; ++p) {
                            const std::int64_t i = scratch.rows[static_cast<std::size_t>(p)];
                            kernels().distances_of(scratch.scores.data() + p * stride, part.halves.data(),
                                                   halves_[static_cast<std::size_t>(i)], in_part,
                                                   distances_.data() + i * count + to);
                          }
                        }
                    });
                    done(block);
                  });
}

template <class Done>
void KMeansPlusPlus::measure_in_floats(const std::vector<std::int64_t>& candidates, Done done) {
  const std::int64_t d = points_.dimensions(), count = static_cast<std::int64_t>(candidates.size()),
                     trials = count / n_starts_;
  auto vectors = Matrix<float>::uninitialised(count, d);
  for (std::int64_t j = 0; j < count; ++j)
    std::copy_n(row(candidates[static_cast<std::size_t>(j)]), d, vectors[j]);
  ScreenedCentres screened(points_, count, Geometry::euclidean);
  screened.set(vectors);
  std::vector<std::int32_t> some_rows(ScreenedPoints::at_once);
  std::iota(some_rows.begin(), some_rows.end(), 0);
  parallel_blocks(
      n_, points_per_seeding_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
        pool_.use([&](ScreenedPoints::Scratch& scratch) {
          for (std::int64_t first = begin; first < end; first += ScreenedPoints::at_once) {
            const std::int64_t some = std::min(std::int64_t{ScreenedPoints::at_once}, end - first);
            points_.screen(first, some_rows.data(), some, screened, scratch);
            for (std::int64_t p = 0; p < some; ++p) {
              const std::int64_t i = first + p;
              const float* scores = scratch.scores.data() + p * screened.stride();
              // The distance to a candidate is the point's half square − score, and is looked at where it may
              // be the lowest; the factor is for the rounding of these very numbers.
              const float reach = halves_[static_cast<std::size_t>(i)] * 0.9999f -
                                  scratch.errors[static_cast<std::size_t>(p)];
              for (std::int64_t j = 0; j < count; ++j)
                distances_[static_cast<std::size_t>(i * count + j)] =
                    scores[j] < reach - lowest(i)[j / trials]
                        ? std::numeric_limits<float>::max()
                        : kernels().half_squared_distance(row(i), screened.row(j), d);
            }
          }
        });
        done(block);
      });
}

template <class Done>
void KMeansPlusPlus::measure(const std::vector<std::int64_t>& candidates, Done done) {
  wide_ ? measure_in_16_bits(candidates, done) : measure_in_floats(candidates, done);
}

void KMeansPlusPlus::choose(const std::vector<std::int64_t>& candidates) {
  const auto count = static_cast<std::int64_t>(candidates.size()), trials = count / n_starts_;
  distances_.resize(static_cast<std::size_t>(n_ * count));
  std::vector<double> gains(static_cast<std::size_t>(blocks_ * count));
  measure(candidates, [&](std::int64_t block) {
    if (trials == 1) return;
    std::vector<float> repeated(static_cast<std::size_t>(count));
    for (std::int64_t i = block * points_per_seeding_block;
         i < std::min(n_, (block + 1) * points_per_seeding_block); ++i) {
      for (std::int64_t start = 0; start < n_starts_; ++start)
        std::fill_n(repeated.data() + start * trials, trials, lowest(i)[start]);
      kernels().add_gains(distances_.data() + i * count, repeated.data(), count,
                          gains.data() + block * count);
    }
  });
  std::vector<std::int64_t> winners;
  for (std::int64_t start = 0; start < n_starts_; ++start) {
    std::int64_t winner = -1;
    double most = 0;
    for (std::int64_t candidate = start * trials; candidate < (start + 1) * trials; ++candidate) {
      double gain = 0;
      for (std::int64_t block = 0; block < blocks_; ++block)
        gain += gains[static_cast<std::size_t>(block * count + candidate)];
      if (winner < 0 || gain > most) winner = candidate, most = gain;
    }
    winners.push_back(winner);
    chosen_[static_cast<std::size_t>(start)].push_back(candidates[static_cast<std::size_t>(winner)]);
  }
  const auto number = static_cast<std::int32_t>(chosen_.front().size() - 1);
  parallel_blocks(
      n_, points_per_seeding_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
        double* sums = block_sums_.data() + block * n_starts_;
        std::fill_n(sums, n_starts_, 0.0);
        for (std::int64_t i = begin; i < end; ++i)
          for (std::int64_t start = 0; start < n_starts_; ++start) {
            const float distance =
                distances_[static_cast<std::size_t>(i * count + winners[static_cast<std::size_t>(start)])];
            const std::int64_t place = i * n_starts_ + start;
            if (distance < lowest(i)[start])
              lowest(i)[start] = distance, nearest_[static_cast<std::size_t>(place)] = number;
            sums[start] += lowest(i)[start];
          }
      });
}

void KMeansPlusPlus::assign(std::int64_t start, Geometry geometry, std::int32_t* labels,
                            float* margins) const {
  const auto& centres = chosen_[static_cast<std::size_t>(start)];
  const auto k = static_cast<std::int64_t>(centres.size());
  const std::int64_t d = points_.dimensions();
  const bool cosine = geometry == Geometry::cosine;
  std::vector<double> squares, next(centres.size()), longer(centres.size(), 0);
  for (const std::int64_t c : centres) squares.push_back(cosine ? kernels().sum_of_squares(row(c), d) : 0);
  const double longest_square = *std::max_element(squares.begin(), squares.end());
  parallel_blocks(k, 16, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t a = begin; a < end; ++a) {
      const float* at_a = row(centres[static_cast<std::size_t>(a)]);
      double least = std::numeric_limits<double>::infinity();
      for (std::int64_t c = 0; c < k; ++c)
        if (c != a)
          least = std::min<double>(
              least, kernels().half_squared_distance(at_a, row(centres[static_cast<std::size_t>(c)]), d));
      next[static_cast<std::size_t>(a)] = 0.9999 * std::sqrt(2 * least);
      longer[static_cast<std::size_t>(a)] = (longest_square - squares[static_cast<std::size_t>(a)]) / 2;
    }
  });
  // What float64 can be off in both of the scores that are compared.
  const double exact_rounding = 4e-12 * points_.longest() * points_.longest();
  parallel_blocks(n_, points_per_seeding_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int32_t own = nearest_[static_cast<std::size_t>(i * n_starts_ + start)];
      const auto a = static_cast<std::size_t>(own);
      // The residuals of both in 16 bits, and the rounding of the distance in float32.
      const double rounding = 1e-6 * (static_cast<double>(halves_[static_cast<std::size_t>(i)]) +
                                      static_cast<double>(halves_[static_cast<std::size_t>(centres[a])]));
      const double own_distance =
          1.0001 * std::sqrt(2 * (lowest(i)[start] + rounding)) + error(i) + error(centres[a]);
      labels[i] = own;
      margins[i] = static_cast<float>(
          0.9999 * (next[a] * (0.999998 * next[a] - 2 * own_distance) / 2 - longer[a]) - exact_rounding);
    }
  });
}

}  // namespace ilk::internal
