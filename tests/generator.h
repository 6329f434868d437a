#pragma once
#include <cstdint>

/// The generator of tests/data/metrics/make_generator.py: what is drawn here is drawn there.
struct Generator {
  std::uint64_t x;
  std::int64_t below(std::uint64_t n) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::int64_t>((x >> 33) % n);
  }
};
