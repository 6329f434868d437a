// Convolutions of each channel by itself: see DepthwiseF32 and DepthwiseI16 in kernels.h. Some channels at a
// time, so that their weights stay in registers; some outputs side by side share what they see, column after
// column.

/// Calls body(first) for groups that cover n ≥ group; the last may overlap the one before.
template <std::int64_t group, class Body>
inline void over(std::int64_t n, Body&& body) {
  for (std::int64_t i = 0; i < n; i += group) body(i + group <= n ? i : n - group);
}

// ---- float32: sums begin with the bias, then column after column, each from top to bottom, fused.

/// `outputs` pixels side by side of some channels; `seen` is the first column's place in `rows`, `next` from
/// pixel to pixel.
template <int size, int stride, int outputs>
inline void depthwise_floats(const float* const* rows, std::int64_t seen, std::int64_t next,
                             const float* weights, const float* bias, float top, float* output) {
  Floats sums[outputs];
#pragma GCC unroll 8
  for (int p = 0; p < outputs; ++p) sums[p] = load(bias);
#pragma GCC unroll 16
  for (int c = 0; c < (outputs - 1) * stride + size; ++c, seen += next) {
#pragma GCC unroll 8
    for (int row = 0; row < size; ++row) {
      const Floats values = load(rows[row] + seen);
#pragma GCC unroll 8
      for (int p = 0; p < outputs; ++p) {
        const int tap = c - p * stride;
        if (tap >= 0 && tap < size)
          sums[p] = fused(values, load(weights + (row * size + tap) * next), sums[p]);
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < outputs; ++p) store(output + p * next, limited(sums[p], top));
}

template <int size, int stride>
[[gnu::noinline]] void depthwise_rows_f32(const DepthwiseF32& d) {
  constexpr int outputs = 4;
  const std::int64_t channels = d.channels, width = d.width, height = d.height;
  const float top = d.top;
  over<floats>(channels, [&](std::int64_t channel) {
    const float *weights = d.weights + channel, *bias = d.bias + channel;
    float* output = d.output + channel;
    for (std::int64_t y = 0; y < height; ++y, output += width * channels) {
      const float* rows[size];
      for (int row = 0; row < size; ++row) rows[row] = d.rows[y * stride + row] + channel;
      const auto at = [&]<int count>(std::int64_t x) {
        depthwise_floats<size, stride, count>(rows, x * stride * channels, channels, weights, bias, top,
                                              output + x * channels);
      };
      if (width < outputs) {
        for (std::int64_t x = 0; x < width; ++x) at.template operator()<1>(x);
      } else {
        over<outputs>(width, [&](std::int64_t x) { at.template operator()<outputs>(x); });
      }
    }
  });
}

inline void depthwise_f32(const DepthwiseF32& d) {
  if (d.size == 3)
    d.stride == 1 ? depthwise_rows_f32<3, 1>(d) : depthwise_rows_f32<3, 2>(d);
  else
    d.stride == 1 ? depthwise_rows_f32<5, 1>(d) : depthwise_rows_f32<5, 2>(d);
}

inline void limit(const float* values, std::int64_t n, float top, float* to) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float below = values[i] < top ? values[i] : top;
    to[i] = below > 0 ? below : 0;
  }
}

// ---- 16-bit whole numbers: sums are exact in 32 bits, so their order is free.

#if defined(ILK_AVX512) || defined(ILK_AVX2)

/// Two rows' numbers of some channels side by side: of each eight channels the first four, and the others.
struct Pairs {
  Ints low, high;
};

#if defined(ILK_AVX512)
inline Pairs pairs_of(Ints above, Ints below) {
  return {_mm512_unpacklo_epi16(above, below), _mm512_unpackhi_epi16(above, below)};
}
#else
inline Pairs pairs_of(Ints above, Ints below) {
  return {_mm256_unpacklo_epi16(above, below), _mm256_unpackhi_epi16(above, below)};
}
#endif

/// Numbers of channels as `Pairs` has them.
struct Halves {
  Floats low, high;
};
inline Halves halves_of(const float* values) {
  float low[floats], high[floats];
  for (std::int64_t i = 0; i < floats; ++i) {
    low[i] = values[i / 4 * 8 + i % 4];
    high[i] = values[i / 4 * 8 + 4 + i % 4];
  }
  return {load(low), load(high)};
}

template <int size>
struct ChannelsI16 {
  static constexpr int pairs = (size + 1) / 2;
  Pairs weights[size][pairs];
  Halves scales, bias;
};

template <int size, int stride, int outputs>
inline void depthwise_shorts(const std::int16_t* const* rows, std::int64_t seen, std::int64_t next,
                             const ChannelsI16<size>& channels, std::int16_t* output) {
  constexpr int pairs = ChannelsI16<size>::pairs;
  Pairs sums[outputs];
#pragma GCC unroll 8
  for (int p = 0; p < outputs; ++p) sums[p] = {no_sums(), no_sums()};
    // Two rows after two rows, whose weights stay in registers.
#pragma GCC unroll 4
  for (int pair = 0; pair < pairs; ++pair) {
    const std::int16_t* above = rows[2 * pair] + seen;
    const std::int16_t* below = rows[2 * pair + 1 < size ? 2 * pair + 1 : 2 * pair] + seen;
#pragma GCC unroll 16
    for (int c = 0; c < (outputs - 1) * stride + size; ++c) {
      const Pairs values = pairs_of(load_pairs(above + c * next),
                                    2 * pair + 1 < size ? load_pairs(below + c * next) : no_sums());
#pragma GCC unroll 8
      for (int p = 0; p < outputs; ++p) {
        const int tap = c - p * stride;
        if (tap < 0 || tap >= size) continue;
        sums[p].low = add_products(sums[p].low, values.low, channels.weights[tap][pair].low);
        sums[p].high = add_products(sums[p].high, values.high, channels.weights[tap][pair].high);
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < outputs; ++p) {
    const Floats low = fused(floats_of(sums[p].low), channels.scales.low, channels.bias.low);
    const Floats high = fused(floats_of(sums[p].high), channels.scales.high, channels.bias.high);
    store_shorts(output + p * next, rectified(low, high));
  }
}

template <int size, int stride>
[[gnu::noinline]] void depthwise_channels(const DepthwiseI16& d, std::int64_t channel) {
  constexpr int outputs = 4;
  const std::int64_t channels = d.channels, width = d.width, height = d.height;
  ChannelsI16<size> some{.scales = halves_of(d.scales + channel), .bias = halves_of(d.bias + channel)};
  const auto weights = [&](int row, int tap) {
    return row < size ? load_pairs(d.weights + (row * size + tap) * channels + channel) : no_sums();
  };
  for (int tap = 0; tap < size; ++tap)
    for (int pair = 0; pair < ChannelsI16<size>::pairs; ++pair)
      some.weights[tap][pair] = pairs_of(weights(2 * pair, tap), weights(2 * pair + 1, tap));
  std::int16_t* output = d.output + channel;
  for (std::int64_t y = 0; y < height; ++y, output += width * channels) {
    const std::int16_t* rows[size];
    for (int row = 0; row < size; ++row) rows[row] = d.rows[y * stride + row] + channel;
    if (width < outputs) {
      for (std::int64_t x = 0; x < width; ++x)
        depthwise_shorts<size, stride, 1>(rows, x * stride * channels, channels, some, output + x * channels);
    } else {
      over<outputs>(width, [&](std::int64_t x) {
        depthwise_shorts<size, stride, outputs>(rows, x * stride * channels, channels, some,
                                                output + x * channels);
      });
    }
  }
}

template <int size, int stride>
void depthwise_rows_i16(const DepthwiseI16& d) {
  over<2 * ints>(d.channels, [&](std::int64_t channel) { depthwise_channels<size, stride>(d, channel); });
}

#elif defined(ILK_NEON)

template <int size, int stride>
[[gnu::noinline]] void depthwise_rows_i16(const DepthwiseI16& d) {
  constexpr std::int64_t group = 8;
  over<group>(d.channels, [&](std::int64_t channel) {
    int16x8_t weights[size][size];
    for (int row = 0; row < size; ++row)
      for (int tap = 0; tap < size; ++tap)
        weights[row][tap] = vld1q_s16(d.weights + (row * size + tap) * d.channels + channel);
    const float *scales = d.scales + channel, *bias = d.bias + channel;
    for (std::int64_t place = 0; place < d.height * d.width; ++place) {
      const std::int64_t y = place / d.width, x = place % d.width;
      Ints low = no_sums(), high = no_sums();
#pragma GCC unroll 8
      for (int row = 0; row < size; ++row) {
        const std::int16_t* seen = d.rows[y * stride + row] + x * stride * d.channels + channel;
#pragma GCC unroll 8
        for (int tap = 0; tap < size; ++tap, seen += d.channels) {
          const int16x8_t values = vld1q_s16(seen);
          low = vmlal_s16(low, vget_low_s16(values), vget_low_s16(weights[row][tap]));
          high = vmlal_high_s16(high, values, weights[row][tap]);
        }
      }
      vst1q_s16(d.output + place * d.channels + channel,
                rectified(fused(floats_of(low), load(scales), load(bias)),
                          fused(floats_of(high), load(scales + 4), load(bias + 4))));
    }
  });
}

#else

template <int size, int stride>
[[gnu::noinline]] void depthwise_rows_i16(const DepthwiseI16& d) {
  constexpr std::int64_t group = 16;
  over<group>(d.channels, [&](std::int64_t channel) {
    for (std::int64_t place = 0; place < d.height * d.width; ++place) {
      const std::int64_t y = place / d.width, x = place % d.width;
      std::int32_t sums[group] = {};
      for (int tap = 0; tap < size; ++tap) {
        for (int row = 0; row < size; ++row) {
          const std::int16_t* seen = d.rows[y * stride + row] + (x * stride + tap) * d.channels + channel;
          const std::int16_t* weights = d.weights + (row * size + tap) * d.channels + channel;
          for (std::int64_t c = 0; c < group; ++c) sums[c] += std::int32_t{seen[c]} * weights[c];
        }
      }
      std::int16_t* output = d.output + place * d.channels + channel;
      for (std::int64_t c = 0; c < group; ++c)
        output[c] = rectified(fused(static_cast<float>(sums[c]), d.scales[channel + c], d.bias[channel + c]));
    }
  });
}

#endif

inline void depthwise_i16(const DepthwiseI16& d) {
  if (d.size == 3)
    d.stride == 1 ? depthwise_rows_i16<3, 1>(d) : depthwise_rows_i16<3, 2>(d);
  else
    d.stride == 1 ? depthwise_rows_i16<5, 1>(d) : depthwise_rows_i16<5, 2>(d);
}
