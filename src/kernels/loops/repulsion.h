// How points in the plane are pushed off (kernels.h, Repulsion): sixteen points at a time, each number of
// which goes the way that it would go alone.

/// Random words of sixteen points, (4, lanes).
struct Drawn {
  std::uint32_t words[4][lanes];
};

inline Drawn drawn_by(std::uint32_t first, std::uint32_t epoch, std::uint32_t four,
                      const std::uint32_t* key) {
  Drawn drawn;
  const std::array<std::uint32_t, 2> both = {key[0], key[1]};
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const auto words = internal::philox({first + lane, epoch, four, 2}, both);
    for (std::size_t word = 0; word < 4; ++word) drawn.words[word][lane] = words[word];
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
      const Drawn drawn = drawn_by(static_cast<std::uint32_t>(begin), all.epoch, four, all.key);
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
