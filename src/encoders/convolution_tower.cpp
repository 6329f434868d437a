#include "encoders/convolution_tower.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "core/fail.h"
#include "core/parallel.h"
#include "encoders/convolution_layers.h"
#include "encoders/gpu_tower.h"

namespace ilk {
namespace {

constexpr std::string_view in_convolution_tower = "ConvolutionTower";
constexpr std::int64_t colours = 3, stem_size = 3, stem_stride = 2;

/// Bytes of expanded pixels that are held at a time: with what they are made of and what they become, about
/// what a second cache has. What comes out does not depend on it.
constexpr std::int64_t bytes_at_a_time = 256 << 10;

/// Whole numbers of pixel values: (x − 127) / 128 is a whole number of these, and 1 less than bounded_top.
constexpr float pixel_steps = 63 * 128;

template <class Number>
struct Block {
  PointwiseLayer<Number> expand;  ///< of the first block the stem, its windows laid out as rows
  DepthwiseLayer<Number> depthwise;
  PointwiseLayer<Number> project;
  bool adds;                    ///< its input
  std::int64_t source, side;    ///< of the image that it sees, expanded, and that it makes
  SamePadding padding;          ///< of what the depthwise layer sees
  std::int64_t rows_at_a_time;  ///< of the image that it makes

  /// Expanded rows that are held, and the pixels of one with the zeros beside it.
  std::int64_t rows_held() const { return (rows_at_a_time - 1) * depthwise.stride() + depthwise.size(); }
  std::int64_t padded_source() const { return padding.before + source + padding.after; }
};

/// What a thread needs to encode an image.
template <class Number>
struct Workspace {
  std::array<std::vector<float>, 2> values;    // blocks' outputs, by turns
  std::array<std::vector<Number>, 2> numbers;  // the same in whole numbers
  std::array<std::vector<float>, 2> scales;
  std::vector<Number> line, picture, windows, expanded, seen, zeros;
  std::vector<float> window_scales, seen_scales, scratch;
  std::vector<const Number*> rows;  // that a depthwise layer sees
  std::vector<Number*> places;      // where expanded pixels go
};

template <class Number>
class Network {
 public:
  Network(const ConvolutionConfig& config, ModelWeights& weights);
  void encode(MatrixView<const float> pixels, MatrixView<float> pooled) const;

 private:
  static constexpr bool whole = std::is_same_v<Number, std::int16_t>;

  void encode(const float* pixels, float* pooled, Workspace<Number>& work) const;
  void set_picture(const float* pixels, Workspace<Number>& work) const;
  PixelRows<Number> windows_of(std::int64_t begin, std::int64_t end, Workspace<Number>& work) const;
  void expand_rows(const Block<Number>& block, std::int64_t begin, std::int64_t end, int from,
                   Workspace<Number>& work) const;
  void run(const Block<Number>& block, int from, int to, Workspace<Number>& work) const;
  PixelRows<Number> pixels_of(const Workspace<Number>& work, int which, std::int64_t begin, std::int64_t end,
                              std::int64_t channels) const;
  Workspace<Number> new_workspace() const;

  std::int64_t image_size_, padded_size_, pooled_;
  std::int64_t window_stride_;
  std::vector<Block<Number>> blocks_;
  PointwiseLayer<Number> head_;
  mutable std::mutex lock_;
  mutable std::vector<Workspace<Number>> free_;
};

template <class Number>
Network<Number>::Network(const ConvolutionConfig& config, ModelWeights& weights)
    : image_size_(config.image_size), pooled_(config.pooled) {
  const auto pointwise = [&](const std::string& name, std::int64_t from, std::int64_t to, Output output) {
    const Matrix<float> weight = weights.take(name + ".weight", {to, from, 1, 1});
    std::vector<float> bias = weights.take_vector(name + ".bias", to);
    return weight.empty() || bias.empty() ? PointwiseLayer<Number>()
                                          : PointwiseLayer<Number>(weight, std::move(bias), output);
  };
  const auto stem = [&]() -> PointwiseLayer<Number> {
    const Matrix<float> weight =
        weights.take("image.stem.weight", {config.stem, colours, stem_size, stem_size});
    std::vector<float> bias = weights.take_vector("image.stem.bias", config.stem);
    if (weight.empty() || bias.empty()) return {};
    // Windows have their colours innermost.
    auto reordered = Matrix<float>::uninitialised(weight.rows(), weight.columns());
    constexpr std::int64_t places = stem_size * stem_size;
    for (std::int64_t i = 0; i < weight.rows(); ++i)
      for (std::int64_t j = 0; j < weight.columns(); ++j)
        reordered[i][j % places * colours + j / places] = weight[i][j];
    return {reordered, std::move(bias), Output::rectified};
  };

  const SamePadding stem_padding = same_padding(image_size_, stem_size, stem_stride);
  padded_size_ = image_size_ + stem_padding.before + stem_padding.after;
  window_stride_ = (stem_size * stem_size * colours + 1) / 2 * 2;
  std::int64_t side = stem_padding.outputs, channels = config.stem;
  for (const ConvolutionStage& stage : config.stages) {
    for (std::int64_t i = 0; i < stage.repeats; ++i) {
      const std::string name = "image.block." + std::to_string(blocks_.size()) + ".";
      const std::int64_t stride = i == 0 ? stage.stride : 1, expanded = channels * stage.expansion;
      const SamePadding padding = same_padding(side, stage.size, stride);
      Block<Number> block{.expand = blocks_.empty()
                                        ? stem()
                                        : pointwise(name + "expand", channels, expanded, Output::rectified),
                          .adds = stride == 1 && channels == stage.width && !blocks_.empty(),
                          .source = side,
                          .side = padding.outputs,
                          .padding = padding};
      const Matrix<float> weight =
          weights.take(name + "depthwise.weight", {expanded, 1, stage.size, stage.size});
      std::vector<float> bias = weights.take_vector(name + "depthwise.bias", expanded);
      if (!weight.empty() && !bias.empty())
        block.depthwise = DepthwiseLayer<Number>(weight, std::move(bias), stage.size, stride);
      block.project = pointwise(name + "project", expanded, stage.width, Output::linear);
      const std::int64_t rows = bytes_at_a_time / ((padding.before + side + padding.after) * expanded *
                                                   static_cast<std::int64_t>(sizeof(Number)));
      block.rows_at_a_time = std::clamp<std::int64_t>((rows - stage.size) / stride + 1, 1, block.side);
      blocks_.push_back(std::move(block));
      channels = stage.width;
      side = padding.outputs;
    }
  }
  head_ = pointwise("image.head", channels, pooled_, Output::linear);
}

template <class Number>
Workspace<Number> Network<Number>::new_workspace() const {
  Workspace<Number> work;
  const auto room = [](auto& buffer, std::int64_t n) {
    buffer.resize(std::max(buffer.size(), static_cast<std::size_t>(n)));
  };
  for (const Block<Number>& block : blocks_) {
    const std::int64_t channels = block.expand.to(), area = block.side * block.side;
    for (int i = 0; i < 2; ++i) {
      room(work.values[i], area * block.project.to());
      if constexpr (whole) {
        room(work.numbers[i], area * block.project.to());
        room(work.scales[i], area);
      } else {
        room(work.scratch, block.rows_held() * block.source * channels);
      }
    }
    room(work.expanded, block.rows_held() * block.padded_source() * channels);
    room(work.zeros, block.padded_source() * channels);
    room(work.rows, block.rows_held());
    room(work.places, block.rows_held() * block.source);
    room(work.seen, block.rows_at_a_time * block.side * channels);
    room(work.seen_scales, block.rows_at_a_time * block.side);
  }
  const std::int64_t windows = blocks_.front().rows_held() * blocks_.front().source,
                     last = blocks_.back().side;
  for (int i = 0; i < 2; ++i) room(work.values[i], last * last * pooled_);
  room(work.picture, padded_size_ * padded_size_ * colours);
  room(work.line, image_size_ * colours);
  room(work.windows, windows * window_stride_);
  work.window_scales.assign(static_cast<std::size_t>(windows), 1 / pixel_steps);
  work.seen_scales.assign(work.seen_scales.size(), relu6_unit);
  return work;
}

template <class Number>
void Network<Number>::encode(MatrixView<const float> pixels, MatrixView<float> pooled) const {
  Workspace<Number> work;
  {
    const std::lock_guard guard(lock_);
    if (!free_.empty()) {
      work = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (work.rows.empty()) work = new_workspace();
  for (std::int64_t i = 0; i < pixels.rows(); ++i) encode(pixels[i], pooled[i], work);
  const std::lock_guard guard(lock_);
  free_.push_back(std::move(work));
}

/// The picture with its colours innermost and the zeros that the stem's windows see around it.
template <class Number>
void Network<Number>::set_picture(const float* pixels, Workspace<Number>& work) const {
  const std::int64_t before = same_padding(image_size_, stem_size, stem_stride).before;
  const std::int64_t area = image_size_ * image_size_;
  for (std::int64_t y = 0; y < image_size_; ++y) {
    const Number* lines[colours];
    for (std::int64_t c = 0; c < colours; ++c) {
      const float* line = pixels + c * area + y * image_size_;
      if constexpr (whole) {
        std::int16_t* numbers = work.line.data() + c * image_size_;
        kernels::kernels().round_bounded_i16(line, image_size_, pixel_steps, numbers);
        lines[c] = numbers;
      } else {
        lines[c] = line;
      }
    }
    Number* to = work.picture.data() + ((y + before) * padded_size_ + before) * colours;
    for (std::int64_t x = 0; x < image_size_; ++x)
      for (std::int64_t c = 0; c < colours; ++c) *to++ = lines[c][x];
  }
}

template <class Number>
PixelRows<Number> Network<Number>::pixels_of(const Workspace<Number>& work, int which, std::int64_t begin,
                                             std::int64_t end, std::int64_t channels) const {
  if constexpr (whole)
    return {{work.numbers[which].data() + begin * channels, end - begin, channels},
            work.scales[which].data() + begin};
  else
    return {{work.values[which].data() + begin * channels, end - begin, channels}};
}

/// The stem's windows for rows begin … end − 1 of its output, one after the other.
template <class Number>
PixelRows<Number> Network<Number>::windows_of(std::int64_t begin, std::int64_t end,
                                              Workspace<Number>& work) const {
  constexpr std::int64_t line = stem_size * colours;
  const std::int64_t width = blocks_.front().source;
  Number* window = work.windows.data();
  for (std::int64_t y = begin; y < end; ++y)
    for (std::int64_t x = 0; x < width; ++x, window += window_stride_)
      for (std::int64_t i = 0; i < stem_size; ++i)
        std::memcpy(window + i * line,
                    work.picture.data() + ((y * stem_stride + i) * padded_size_ + x * stem_stride) * colours,
                    line * sizeof(Number));
  return {{work.windows.data(), (end - begin) * width, stem_size * line, window_stride_},
          work.window_scales.data()};
}

/// Expands rows begin … end − 1 of what `block` is given, each to its place among those that are held.
template <class Number>
void Network<Number>::expand_rows(const Block<Number>& block, std::int64_t begin, std::int64_t end, int from,
                                  Workspace<Number>& work) const {
  const std::int64_t channels = block.expand.to(), width = block.source;
  Number** place = work.places.data();
  for (std::int64_t y = begin; y < end; ++y) {
    Number* row = work.expanded.data() + y % block.rows_held() * block.padded_source() * channels;
    for (std::int64_t x = 0; x < width; ++x) *place++ = row + (block.padding.before + x) * channels;
  }
  const bool is_first = &block == blocks_.data();
  block.expand.rectified(is_first ? windows_of(begin, end, work)
                                  : pixels_of(work, from, begin * width, end * width, block.expand.from()),
                         work.places.data(), work.scratch.data());
}

template <class Number>
void Network<Number>::run(const Block<Number>& block, int from, int to, Workspace<Number>& work) const {
  const std::int64_t channels = block.expand.to(), width = block.project.to(), padded = block.padded_source();
  const std::int64_t size = block.depthwise.size(), stride = block.depthwise.stride();
  const std::int64_t before = block.padding.before, after = block.padding.after;
  for (std::int64_t i = 0; i < block.rows_held(); ++i) {
    Number* row = work.expanded.data() + i * padded * channels;
    std::fill_n(row, before * channels, Number{0});
    std::fill_n(row + (padded - after) * channels, after * channels, Number{0});
  }
  float* values = work.values[block.adds ? from : to].data();
  std::int64_t expanded = 0;
  for (std::int64_t top = 0; top < block.side; top += block.rows_at_a_time) {
    const std::int64_t height = std::min(block.rows_at_a_time, block.side - top);
    const std::int64_t first = top * stride - before, end = first + (height - 1) * stride + size;
    const std::int64_t last = std::min(end, block.source);
    if (last > expanded) expand_rows(block, expanded, last, from, work);
    expanded = std::max(expanded, last);
    for (std::int64_t y = first; y < end; ++y)
      work.rows[static_cast<std::size_t>(y - first)] =
          y >= 0 && y < block.source ? work.expanded.data() + y % block.rows_held() * padded * channels
                                     : work.zeros.data();
    block.depthwise(work.rows.data(), height, block.side, work.seen.data());
    const std::int64_t begin = top * block.side, pixels = height * block.side;
    const MatrixView<float> output(values + begin * width, pixels, width);
    block.project.linear({{work.seen.data(), pixels, channels}, work.seen_scales.data()}, output, block.adds);
    if constexpr (whole)
      kernels::kernels().quantise_bounded_i16(output.data(), pixels, width,
                                              work.numbers[to].data() + begin * width,
                                              work.scales[to].data() + begin);
  }
  // What was added to has become the output; the next block looks for it where it would have been written to.
  if (block.adds) work.values[0].swap(work.values[1]);
}

template <class Number>
void Network<Number>::encode(const float* pixels, float* pooled, Workspace<Number>& work) const {
  set_picture(pixels, work);
  int from = 1;
  for (const Block<Number>& block : blocks_) {
    run(block, from, 1 - from, work);
    from = 1 - from;
  }
  const Block<Number>& last = blocks_.back();
  const std::int64_t places = last.side * last.side;
  const MatrixView<float> seen(work.values[1 - from].data(), places, pooled_);
  head_.linear(pixels_of(work, from, 0, places, head_.from()), seen, false);
  kernels::kernels().limit(seen.data(), seen.size(), relu6_top, seen.data());
  std::fill_n(pooled, pooled_, 0.0f);
  for (std::int64_t i = 0; i < places; ++i)
    for (std::int64_t j = 0; j < pooled_; ++j) pooled[j] += seen[i][j];
  for (std::int64_t j = 0; j < pooled_; ++j) pooled[j] /= static_cast<float>(places);
}

void check_config(const ConvolutionConfig& config) {
  const auto whole_panels = [](std::int64_t channels) { return channels >= 32 && channels % 16 == 0; };
  require(!config.stages.empty() && whole_panels(config.stem), in_convolution_tower,
          "there must be stages, and a stem of a multiple of 16 channels.");
  std::int64_t channels = config.stem;
  for (const ConvolutionStage& stage : config.stages) {
    const bool is_first = &stage == config.stages.data();
    require((stage.size == 3 || stage.size == 5) && (stage.stride == 1 || stage.stride == 2),
            in_convolution_tower, "windows must be 3 or 5 wide and have a stride of 1 or 2, got ", stage.size,
            " and ", stage.stride, ".");
    require(is_first ? stage.expansion == 1 && stage.repeats == 1 : stage.expansion > 1, in_convolution_tower,
            "the first stage must be one block that does not expand, and the others must expand, got ",
            stage.expansion, ".");
    for (std::int64_t i = 0; i < stage.repeats; ++i, channels = stage.width)
      require(whole_panels(channels * stage.expansion), in_convolution_tower,
              "expanded channels must be a multiple of 16 and at least 32, got ", channels * stage.expansion,
              ".");
  }
}

}  // namespace

ConvolutionTower::ConvolutionTower(const ConvolutionConfig& config, ModelWeights& weights,
                                   Precision precision, Device device) {
  check_config(config);
  const auto set = [&](auto network) {
    encode_ = [network, pooled_width = config.pooled](MatrixView<const float> pixels) {
      auto pooled = Matrix<float>::uninitialised(pixels.rows(), pooled_width);
      parallel_blocks(pixels.rows(), 1, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        network->encode(pixels.rows_between(begin, end), pooled.rows_between(begin, end));
      });
      return pooled;
    };
  };
  if (device == Device::cuda)
    encode_ = GpuTower::convolutions(config, weights);
  else if (precision == Precision::fp32)
    set(std::make_shared<Network<float>>(config, weights));
  else
    set(std::make_shared<Network<std::int16_t>>(config, weights));
}

Matrix<float> ConvolutionTower::operator()(MatrixView<const float> pixels) const {
  return encode_(pixels);
}

}  // namespace ilk
