inline void round_to_bf16(const float* __restrict row, float weight, std::uint16_t* __restrict rounded,
                          std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) {
    const auto bits = __builtin_bit_cast(std::uint32_t, row[j] * weight);
    rounded[j] = static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
  }
}

inline void add_bf16(double* __restrict sums, const std::uint16_t* __restrict rounded, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j)
    sums[j] += static_cast<double>(__builtin_bit_cast(float, static_cast<std::uint32_t>(rounded[j]) << 16));
}
