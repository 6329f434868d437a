// How points in the plane are pushed off (kernels.h, Repulsion): sixteen points at a time, each number of
// which goes the way that it would go alone.

struct Drawn {
  std::uint32_t words[4][lanes];
};

/// Philox 4×32-10 (Salmon et al. 2011) of sixteen counters (first + lane, second, third, 2).
inline Drawn philox(std::uint32_t first, std::uint32_t second, std::uint32_t third,
                    const std::uint32_t* key) {
  Drawn drawn;
  const std::uint32_t first_key = key[0], second_key = key[1];
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    std::uint32_t c0 = first + lane, c1 = second, c2 = third, c3 = 2, key0 = first_key, key1 = second_key;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0, p1 = std::uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ key0, c1 = static_cast<std::uint32_t>(p1);
      c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ key1, c3 = static_cast<std::uint32_t>(p0);
      key0 += 0x9E3779B9u, key1 += 0xBB67AE85u;
    }
    drawn.words[0][lane] = c0, drawn.words[1][lane] = c1;
    drawn.words[2][lane] = c2, drawn.words[3][lane] = c3;
  }
  return drawn;
}

inline void repel(const Repulsion& all) {
  for (std::int64_t begin = all.begin; begin < all.end; begin += lanes) {
    const std::int64_t count = smaller(lanes, all.end - begin);
    float x[lanes], y[lanes], sum_x[lanes] = {}, sum_y[lanes] = {};
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const float* at = all.at + 2 * (begin + smaller(lane, count - 1));
      x[lane] = at[0], y[lane] = at[1];
    }
    for (std::uint32_t four = 0; four < Repulsion::drawn / 4; ++four) {
      const Drawn drawn = philox(static_cast<std::uint32_t>(begin), all.epoch, four, all.key);
      for (const auto& words : drawn.words) {
        float other_x[lanes], other_y[lanes];
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
          const std::uint64_t other = std::uint64_t{words[lane]} * all.n >> 32;
          other_x[lane] = all.at[2 * other], other_y[lane] = all.at[2 * other + 1];
        }
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
          const float dx = x[lane] - other_x[lane], dy = y[lane] - other_y[lane];
          const float square = dx * dx + dy * dy;
          const float force = 2 / ((0.001f + square) * (1 + square));
          sum_x[lane] += lower(higher(force * dx, -Repulsion::most), Repulsion::most);
          sum_y[lane] += lower(higher(force * dy, -Repulsion::most), Repulsion::most);
        }
      }
    }
    for (std::int64_t lane = 0; lane < count; ++lane) {
      float* push = all.push + 2 * (begin - all.begin + lane);
      push[0] = sum_x[lane], push[1] = sum_y[lane];
    }
  }
}
