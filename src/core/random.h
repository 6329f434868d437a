#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace ilk {

/// A stream of random numbers that is the same on every machine and with every library version: Philox
/// 4×32-10 (Salmon et al. 2011), a counter-based generator. Streams with other names are independent, so one
/// part of a program that draws more does not change what another draws.
class RandomStream {
 public:
  /// `purpose` names the stream ("kmeans"), `index` numbers it (the restart).
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

  std::uint32_t bits();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in {0, …, n − 1}, without bias; n ≥ 1.
  std::int64_t below(std::int64_t n);
  /// Standard normal (Box–Muller).
  double normal();
  /// `count` different numbers from {0, …, n − 1}, in the order drawn; count ≤ n.
  std::vector<std::int64_t> sample(std::int64_t n, std::int64_t count);

 private:
  void refill();
  std::uint32_t key_[2];
  std::uint32_t counter_[4];
  std::uint32_t buffer_[4];
  int used_ = 4;
};

}  // namespace ilk
