#include "core/random.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/fail.h"
#include "core/fnv1a.h"
#include "core/philox.h"
#include "core/scalar_functions.h"

namespace ilk {
RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index) {
  const std::uint64_t name = Fnv1a().add(purpose).value();
  key_[0] = static_cast<std::uint32_t>(seed);
  key_[1] = static_cast<std::uint32_t>(seed >> 32);
  // The name and the number of the stream take the upper half of the counter; 2^64 blocks are left for each.
  const std::uint64_t stream = name ^ (index * 0x9E3779B97F4A7C15ull);
  counter_[0] = counter_[1] = 0;
  counter_[2] = static_cast<std::uint32_t>(stream);
  counter_[3] = static_cast<std::uint32_t>(stream >> 32);
}

void RandomStream::refill() {
  const auto block =
      internal::philox({counter_[0], counter_[1], counter_[2], counter_[3]}, {key_[0], key_[1]});
  std::copy(block.begin(), block.end(), buffer_);
  used_ = 0;
  if (++counter_[0] == 0) ++counter_[1];
}

std::uint32_t RandomStream::bits() {
  if (used_ == 4) refill();
  return buffer_[used_++];
}

double RandomStream::uniform() {
  const std::uint64_t high = bits(), low = bits();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
}

std::int64_t RandomStream::below(std::int64_t n) {
  require(n >= 1, "RandomStream::below", "n must be at least 1, got ", n, ".");
  const auto bound = static_cast<std::uint64_t>(n);
  const std::uint64_t unbiased = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const std::uint64_t high = bits(), low = bits();
    const std::uint64_t draw = (high << 32) | low;
    if (draw < unbiased) return static_cast<std::int64_t>(draw % bound);
  }
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * kernels::log(1.0 - uniform()));
  return radius * kernels::cos_of_turn(uniform());
}

std::vector<std::int64_t> RandomStream::sample(std::int64_t n, std::int64_t count) {
  require(0 <= count && count <= n, "RandomStream::sample", "count must be between 0 and n (", n, "), got ",
          count, ".");
  // Fisher–Yates on a sparse array: only what was swapped is stored.
  std::unordered_map<std::int64_t, std::int64_t> moved;
  const auto at = [&](std::int64_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  std::vector<std::int64_t> drawn;
  drawn.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t j = i + below(n - i);
    drawn.push_back(at(j));
    moved[j] = at(i);
  }
  return drawn;
}

}  // namespace ilk
