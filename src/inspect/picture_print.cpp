// S × S pixels of a small picture, P × P of a print.
#include "inspect/picture_print.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ilk {
namespace {

constexpr std::int64_t p = PicturePrint::side;
constexpr double flat = 0.01;  // standard deviation of luma below which a picture is of one colour

/// Values with mean 0 and length 1; empty where they are all about the same.
template <std::size_t N>
struct Normalised {
  std::array<float, N> values{};
  double mean = 0;
  bool is_flat = false;

  void finish() {
    double sum = 0, square = 0;
    for (const float value : values) sum += static_cast<double>(value);
    mean = sum / static_cast<double>(N);
    for (float& value : values) {
      value -= static_cast<float>(mean);
      square += static_cast<double>(value) * static_cast<double>(value);
    }
    is_flat = std::sqrt(square / static_cast<double>(N)) < flat;
    const auto scale = static_cast<float>(is_flat ? 0 : 1 / std::sqrt(square));
    for (float& value : values) value *= scale;
  }
};

template <std::size_t N>
double correlation(const Normalised<N>& a, const Normalised<N>& b) {
  float lanes[16] = {};  // fixed order, whatever the registers' width
  for (std::size_t i = 0; i < N; i += 16)
    for (std::size_t lane = 0; lane < 16; ++lane) lanes[lane] += a.values[i + lane] * b.values[i + lane];
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

/// Sums of luma above and left of each point, so that a rectangle's mean takes four look-ups.
class Integral {
 public:
  explicit Integral(const PicturePrint& print) {
    for (std::int64_t y = 0; y < p; ++y)
      for (std::int64_t x = 0; x < p; ++x)
        at(y + 1, x + 1) =
            print.luma[static_cast<std::size_t>(y * p + x)] / 255.0 + at(y, x + 1) + at(y + 1, x) - at(y, x);
  }

  /// The rectangle shrunk (or stretched) to S × S. Edges are rounded to whole pixels.
  template <std::int64_t S>
  Normalised<S * S> part(double top, double left, double height, double width) const {
    Normalised<S * S> result;
    std::int64_t rows[S + 1], columns[S + 1];
    for (std::int64_t i = 0; i <= S; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(S);
      rows[i] = std::min<std::int64_t>(p, std::lround(top + height * share));
      columns[i] = std::min<std::int64_t>(p, std::lround(left + width * share));
    }
    for (std::int64_t y = 0; y < S; ++y) {
      const std::int64_t t = std::min(rows[y], p - 1), b = std::max(rows[y + 1], t + 1);
      for (std::int64_t x = 0; x < S; ++x) {
        const std::int64_t l = std::min(columns[x], p - 1), r = std::max(columns[x + 1], l + 1);
        const double sum = at(b, r) - at(t, r) - at(b, l) + at(t, l);
        result.values[static_cast<std::size_t>(y * S + x)] =
            static_cast<float>(sum / static_cast<double>((b - t) * (r - l)));
      }
    }
    result.finish();
    return result;
  }

 private:
  double& at(std::int64_t y, std::int64_t x) { return sums_[static_cast<std::size_t>(y * (p + 1) + x)]; }
  double at(std::int64_t y, std::int64_t x) const { return sums_[static_cast<std::size_t>(y * (p + 1) + x)]; }
  std::array<double, (p + 1) * (p + 1)> sums_{};
};

constexpr std::int64_t fine = 32, coarse = 8;

/// One of the eight ways: bit 0 mirrors, bit 1 turns upside down, bit 2 exchanges rows and columns.
template <std::int64_t S>
Normalised<S * S> turned(const Normalised<S * S>& picture, int way) {
  Normalised<S* S> result = picture;
  for (std::int64_t y = 0; y < S; ++y)
    for (std::int64_t x = 0; x < S; ++x) {
      std::int64_t from_y = way & 4 ? x : y, from_x = way & 4 ? y : x;
      if (way & 2) from_y = S - 1 - from_y;
      if (way & 1) from_x = S - 1 - from_x;
      result.values[static_cast<std::size_t>(y * S + x)] =
          picture.values[static_cast<std::size_t>(from_y * S + from_x)];
    }
  return result;
}

/// A part of a print.
struct Part {
  double top, left, height, width;
};

/// Parts from half the size on, in steps of a twentieth, each at up to seven by seven places.
const std::vector<Part>& parts() {
  static const std::vector<Part> all = [] {
    std::vector<Part> found;
    constexpr double side = p;
    constexpr int places = 6;
    for (int h = 10; h <= 20; h += 2)
      for (int w = 10; w <= 20; w += 2) {
        const double height = side * h / 20, width = side * w / 20;
        const int down = h == 20 ? 0 : places, across = w == 20 ? 0 : places;
        for (int y = 0; y <= down; ++y)
          for (int x = 0; x <= across; ++x)
            found.push_back({down ? (side - height) * y / down : 0, across ? (side - width) * x / across : 0,
                             height, width});
      }
    return found;
  }();
  return all;
}

constexpr double all = p;
constexpr double good_enough = 0.98;  // needs no search among the parts

/// Moves and scales a part by ever smaller steps while the cut picture fits it better; the correlation.
double fitted(const Integral& whole, Part part, const Normalised<fine * fine>& cut) {
  const auto fit = [&](const Part& there) {
    return correlation(whole.part<fine>(there.top, there.left, there.height, there.width), cut);
  };
  double here = fit(part);
  for (double step = 4; step >= 1; step /= 2) {
    for (bool better = true; better;) {
      better = false;
      for (const Part& move : {Part{step, 0, 0, 0},
                               {-step, 0, 0, 0},
                               {0, step, 0, 0},
                               {0, -step, 0, 0},
                               {-step / 2, -step / 2, step, step},
                               {step / 2, step / 2, -step, -step},
                               {0, 0, step, 0},
                               {0, 0, -step, 0},
                               {0, 0, 0, step},
                               {0, 0, 0, -step}}) {
        const Part next{part.top + move.top, part.left + move.left, part.height + move.height,
                        part.width + move.width};
        if (next.top < 0 || next.left < 0 || next.top + next.height > all || next.left + next.width > all ||
            next.height < all * 0.45 || next.width < all * 0.45)
          continue;
        const double there = fit(next);
        if (there <= here + 1e-6) continue;
        here = there;
        part = next;
        better = true;
      }
    }
  }
  return here;
}

}  // namespace

PicturePrint print_of(const Pixels& pixels) {
  const auto [height, width] = pixels.size;
  PicturePrint print;
  for (std::int64_t y = 0; y < p; ++y)
    for (std::int64_t x = 0; x < p; ++x) {
      const std::int64_t top = y * height / p, left = x * width / p;
      const std::int64_t bottom = std::max(top + 1, (y + 1) * height / p),
                         right = std::max(left + 1, (x + 1) * width / p);
      double sum = 0;
      for (std::int64_t i = top; i < bottom; ++i)
        for (std::int64_t j = left; j < right; ++j) {
          const std::uint8_t* rgb = pixels.rgb.data() + 3 * (i * width + j);
          sum += 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        }
      print.luma[static_cast<std::size_t>(y * p + x)] =
          static_cast<std::uint8_t>(std::lround(sum / static_cast<double>((bottom - top) * (right - left))));
    }
  return print;
}

std::array<float, 64> turned_alike(const PicturePrint& print) {
  const auto small = Integral(print).part<coarse>(0, 0, all, all);
  if (small.is_flat) return {1};
  Normalised<coarse* coarse> best = small;
  double highest = -std::numeric_limits<double>::infinity();
  for (int way = 0; way < 8; ++way) {
    const auto picture = turned<coarse>(small, way);
    double brightness = 0;  // below counts more than right, so that the two can be told apart
    for (std::int64_t y = 0; y < coarse; ++y)
      for (std::int64_t x = 0; x < coarse; ++x)
        brightness += static_cast<double>(picture.values[static_cast<std::size_t>(y * coarse + x)]) *
                      static_cast<double>(2 * y + x);
    if (brightness <= highest) continue;
    highest = brightness;
    best = picture;
  }
  return best.values;
}

struct ComparedPicture::State {
  explicit State(const PicturePrint& print) : sums(print), whole(sums.part<fine>(0, 0, all, all)) {}

  /// All parts at 8 × 8; made when they are first asked for.
  const std::vector<Normalised<coarse * coarse>>& small_parts() {
    if (small.empty())
      for (const auto& [top, left, height, width] : parts())
        small.push_back(sums.part<coarse>(top, left, height, width));
    return small;
  }

  Integral sums;
  Normalised<fine * fine> whole;
  std::vector<Normalised<coarse * coarse>> small;
};

ComparedPicture::ComparedPicture(const PicturePrint& print) : state_(std::make_unique<State>(print)) {}
ComparedPicture::~ComparedPicture() = default;

double ComparedPicture::similarity(const PicturePrint& print) {
  const Integral other(print);
  const auto cut = other.part<fine>(0, 0, all, all);
  if (state_->whole.is_flat || cut.is_flat)
    return state_->whole.is_flat && cut.is_flat && std::abs(state_->whole.mean - cut.mean) < 2 * flat ? 1
                                                                                                      : -1;
  double best = -1;
  for (int way = 0; way < 8; ++way) best = std::max(best, correlation(turned<fine>(cut, way), state_->whole));
  if (best >= good_enough) return best;

  const auto small = other.part<coarse>(0, 0, all, all);
  std::vector<std::pair<double, std::size_t>> likely;
  const auto& small_parts = state_->small_parts();
  for (std::size_t i = 0; i < small_parts.size(); ++i)
    likely.emplace_back(-correlation(small_parts[i], small), i);
  constexpr std::size_t kept = 4;
  constexpr double hopeless = 0.6;
  std::partial_sort(likely.begin(), likely.begin() + kept, likely.end());
  for (std::size_t i = 0; i < kept && -likely[i].first >= hopeless; ++i)
    best = std::max(best, fitted(state_->sums, parts()[likely[i].second], cut));
  return best;
}

double picture_similarity(const PicturePrint& a, const PicturePrint& b) {
  return std::max(ComparedPicture(a).similarity(b), ComparedPicture(b).similarity(a));
}

}  // namespace ilk
