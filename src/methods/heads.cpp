// D dimensions, K clusters, V views of B images, R = V B rows.
#include "methods/heads.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/parallel.h"
#include "core/random.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

constexpr double initial_deviation = 0.02, cut = 2, adam_epsilon = 1e-8;
constexpr const char* head_names[] = {"image.", "text."};
// Tasks: so many rows, or so many hidden columns. Never by the number of threads.
constexpr std::int64_t rows_per_head_block = 256, columns_per_task = 128;

Parameter parameter(Matrix<float> value, bool is_vector) {
  const std::int64_t rows = value.rows(), columns = value.columns();
  return {std::move(value), Matrix<float>(rows, columns), Matrix<float>(rows, columns),
          Matrix<float>(rows, columns), is_vector};
}

Parameter drawn(std::int64_t rows, std::int64_t columns, std::uint64_t seed, const std::string& name) {
  RandomStream random(seed, "weights of " + name);
  auto values = Matrix<float>::uninitialised(rows, columns);
  for (float& number : values.flat()) {
    double value = random.normal();
    while (std::abs(value) > cut) value = random.normal();
    number = static_cast<float>(initial_deviation * value);
  }
  return parameter(std::move(values), false);
}

Parameter vector_of(std::int64_t n, float value) {
  return parameter(Matrix<float>::filled(1, n, value), true);
}

std::vector<std::int64_t> shape_of(const Parameter& parameter) {
  const auto& value = parameter.value;
  if (parameter.is_vector) return {value.columns()};
  return {value.rows(), value.columns()};
}

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t length : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(length);
  return text + "]";
}

std::vector<float> copy_of(const Matrix<float>& row) {
  return {row.flat().begin(), row.flat().end()};
}

}  // namespace

Heads::Heads(const FeaturePair& features, std::int64_t n_clusters, std::uint64_t seed)
    : width_(features[image_head].columns()), n_clusters_(n_clusters) {
  for (const std::size_t h : {image_head, text_head}) {
    Head& head = heads_[h];
    const std::string name = head_names[h];
    head.features = features[h];
    if (head.features.columns() != width_)
      head.map = drawn(width_, head.features.columns(), seed, name + "map");
    head.weight1 = drawn(width_, width_, seed, name + "weight1");
    head.weight2 = drawn(n_clusters, width_, seed, name + "weight2");
    head.norm_weight = vector_of(width_, 1);
    head.norm_bias = vector_of(width_, 0);
    head.bias2 = vector_of(n_clusters, 0);
    head.running_mean.assign(static_cast<std::size_t>(width_), 0);
    head.running_variance.assign(static_cast<std::size_t>(width_), 1);
  }
}

template <class Body>
void Heads::each_rows(const Body& body) {
  const std::int64_t rows = views_ * batch_;
  parallel_blocks(
      2 * block_count(rows, rows_per_head_block), 1, [&](std::int64_t task, std::int64_t, std::int64_t) {
        const std::int64_t begin = task / 2 * rows_per_head_block;
        body(static_cast<std::size_t>(task % 2),
             Block{begin, std::min(rows, begin + rows_per_head_block), static_cast<std::size_t>(task / 2)});
      });
}

template <class Body>
void Heads::each_columns(const Body& body) {
  const std::int64_t tasks = 2 * block_count(width_, columns_per_task);
  parallel_blocks(tasks, 1, [&](std::int64_t task, std::int64_t, std::int64_t) {
    const std::int64_t begin = task / 2 * columns_per_task;
    body(heads_[static_cast<std::size_t>(task % 2)], begin, std::min(width_, begin + columns_per_task));
  });
}

std::vector<Heads::Block> Heads::blocks() const {
  std::vector<Block> all;
  const std::int64_t rows = views_ * batch_;
  for (std::int64_t begin = 0; begin < rows; begin += rows_per_head_block)
    all.push_back({begin, std::min(rows, begin + rows_per_head_block), all.size()});
  return all;
}

void Heads::make_room() {
  const std::int64_t rows = views_ * batch_;
  for (Views& p : probabilities_)
    if (p.views() != views_ || p.batch() != batch_) p = Views(views_, batch_, n_clusters_);
  if (rows <= room_) return;
  room_ = rows;
  const auto make = [](Matrix<float>& matrix, std::int64_t height, std::int64_t width) {
    matrix = {};
    matrix = Matrix<float>::uninitialised(height, width);
  };
  for (Head& head : heads_) {
    make(head.input, rows, head.features.columns());
    if (head.has_map()) make(head.mapped, rows, width_);
    make(head.normalised, width_, rows);
    make(head.active, width_, rows);
    make(head.logits, n_clusters_, rows);
    make(head.flow_of_logits, rows, n_clusters_);
    make(head.inverse_deviation, views_, width_);
    for (auto* list : {&head.packed, &head.packed_flow, &head.packed_flow_columns})
      list->resize(static_cast<std::size_t>(block_count(rows, rows_per_head_block)));
  }
}

const Pair& Heads::forward(const RowPair& rows) {
  views_ = rows[image_head].rows(), batch_ = rows[image_head].columns();
  make_room();
  for (Head& head : heads_)
    if (head.has_map()) head.packed_map.assign_transpose(head.map.value);
  each_rows([&](std::size_t h, const Block& block) {
    Head& head = heads_[h];
    const std::int64_t* from = rows[h].data();
    for (std::int64_t i = block.begin; i < block.end; ++i)
      std::copy_n(head.features[from[i]], head.features.columns(), head.input[i]);
    if (head.has_map())
      multiply(head.input.rows_between(block.begin, block.end), head.packed_map, nullptr,
               head.mapped.rows_between(block.begin, block.end));
    head.packed[block.index].assign_transpose(head.seen().rows_between(block.begin, block.end));
  });
  each_columns([&](Head& head, std::int64_t begin, std::int64_t end) { normalise(head, begin, end); });
  each_rows([&](std::size_t h, const Block& block) {
    find_probabilities(heads_[h], block, probabilities_[h].rows().rows_between(block.begin, block.end));
  });
  return probabilities_;
}

void Heads::normalise(Head& head, std::int64_t begin, std::int64_t end) {
  const auto hidden = head.normalised.rows_between(begin, end);
  for (const Block& block : blocks())
    multiply(head.weight1.value.rows_between(begin, end), head.packed[block.index], nullptr,
             hidden.columns_between(block.begin, block.end));
  const auto& loops = kernels::kernels();
  const auto n = static_cast<double>(batch_);
  for (std::int64_t j = begin; j < end; ++j) {
    const auto column = static_cast<std::size_t>(j);
    const float weight = head.norm_weight.value[0][j], bias = head.norm_bias.value[0][j];
    for (std::int64_t view = 0; view < views_; ++view) {
      float* part = head.normalised[j] + view * batch_;
      float* active = head.active[j] + view * batch_;
      const auto mean = static_cast<float>(loops.sum(part, batch_) / n);
      for (std::int64_t i = 0; i < batch_; ++i) part[i] -= mean;
      const double variance = loops.sum_of_squares(part, batch_) / n;
      const auto inverse = static_cast<float>(1 / std::sqrt(variance + norm_epsilon));
      head.inverse_deviation[view][j] = inverse;
      const auto follow = [](float& so_far, double now) {
        so_far = static_cast<float>((1 - norm_momentum) * static_cast<double>(so_far) + norm_momentum * now);
      };
      follow(head.running_mean[column], static_cast<double>(mean));
      follow(head.running_variance[column], variance * n / (n - 1));
      for (std::int64_t i = 0; i < batch_; ++i) {
        part[i] *= inverse;
        const float value = bias + part[i] * weight;
        active[i] = value < 0 ? 0 : value;  // NaN stays
      }
    }
  }
}

void Heads::find_probabilities(Head& head, const Block& block, MatrixView<float> probabilities) {
  PackedMatrix& packed = head.packed[block.index];
  packed.assign(head.active.view().columns_between(block.begin, block.end));
  const auto logits = head.logits.view().columns_between(block.begin, block.end);
  multiply(head.weight2.value, packed, nullptr, logits);
  const float* bias = head.bias2.value[0];
  for (std::int64_t k = 0; k < n_clusters_; ++k) {
    const float* from = logits[k];
    for (std::int64_t i = 0; i < probabilities.rows(); ++i) probabilities[i][k] = from[i] + bias[k];
  }
  for (std::int64_t i = 0; i < probabilities.rows(); ++i) softmax(probabilities[i], n_clusters_);
}

void Heads::send_through_norm(Head& head, std::int64_t begin, std::int64_t end) {
  const auto& loops = kernels::kernels();
  const auto flow = head.active.rows_between(begin, end);
  auto gradient2 = Matrix<float>::uninitialised(end - begin, n_clusters_);
  for (const Block& block : blocks()) {
    const auto columns = flow.columns_between(block.begin, block.end);
    multiply(columns, head.packed_flow[block.index], nullptr, gradient2, block.index > 0);
    multiply(head.turned_weights.rows_between(begin, end), head.packed_flow_columns[block.index], nullptr,
             columns);
  }
  for (std::int64_t k = 0; k < n_clusters_; ++k)
    for (std::int64_t j = begin; j < end; ++j) head.weight2.gradient[k][j] = gradient2[j - begin][k];
  const auto n = static_cast<double>(batch_);
  for (std::int64_t j = begin; j < end; ++j) {
    const float weight = head.norm_weight.value[0][j], bias = head.norm_bias.value[0][j];
    double bias_gradient = 0, weight_gradient = 0;
    for (std::int64_t view = 0; view < views_; ++view) {
      float* part = head.active[j] + view * batch_;
      const float* normalised = head.normalised[j] + view * batch_;
      for (std::int64_t i = 0; i < batch_; ++i) part[i] = bias + normalised[i] * weight > 0 ? part[i] : 0;
      const double sum = loops.sum(part, batch_), along = loops.dot_f64(part, normalised, batch_);
      bias_gradient += sum, weight_gradient += along;
      // dH = γ / σ · (dY − mean dY − ĥ mean(dY ĥ)), the means over the view.
      const auto mean = static_cast<float>(sum / n), mean_along = static_cast<float>(along / n);
      const float scale = weight * head.inverse_deviation[view][j];
      for (std::int64_t i = 0; i < batch_; ++i)
        part[i] = (part[i] - mean - normalised[i] * mean_along) * scale;
    }
    head.norm_bias.gradient[0][j] = static_cast<float>(bias_gradient);
    head.norm_weight.gradient[0][j] = static_cast<float>(weight_gradient);
  }
  for (const Block& block : blocks())
    multiply(flow.columns_between(block.begin, block.end), head.packed[block.index], nullptr,
             head.weight1.gradient.rows_between(begin, end), block.index > 0);
}

void Heads::backward(const Pair& gradients) {
  for (Head& head : heads_) head.turned_weights = transposed(head.weight2.value);
  each_rows([&](std::size_t h, const Block& block) {
    Head& head = heads_[h];
    const Matrix<float>&p = probabilities_[h].rows(), &flow = gradients[h].rows();
    for (std::int64_t i = block.begin; i < block.end; ++i) {
      const float *from = flow[i], *share = p[i];
      const auto mean = static_cast<float>(kernels::kernels().dot_f64(share, from, n_clusters_));
      float* to = head.flow_of_logits[i];
      for (std::int64_t k = 0; k < n_clusters_; ++k) to[k] = share[k] * (from[k] - mean);
    }
    const auto rows = head.flow_of_logits.rows_between(block.begin, block.end);
    head.packed_flow[block.index].assign(rows);
    head.packed_flow_columns[block.index].assign_transpose(rows);
    head.packed[block.index].assign(head.seen().rows_between(block.begin, block.end));
  });
  each_columns(
      [&](Head& head, std::int64_t begin, std::int64_t end) { send_through_norm(head, begin, end); });
  for (Head& head : heads_) {
    std::vector<double> sums(static_cast<std::size_t>(n_clusters_));
    for (std::int64_t i = 0; i < views_ * batch_; ++i)
      kernels::kernels().add_row(sums.data(), head.flow_of_logits[i], 1, n_clusters_);
    for (std::int64_t k = 0; k < n_clusters_; ++k)
      head.bias2.gradient[0][k] = static_cast<float>(sums[static_cast<std::size_t>(k)]);
  }
  if (heads_[text_head].has_map()) find_map_gradient();
}

void Heads::find_map_gradient() {
  Head& text = heads_[text_head];
  text.turned_weights = transposed(text.weight1.value);
  // The flow into what was mapped, (D, R), takes the place of the normalised numbers, which were used.
  each_rows([&](std::size_t h, const Block& block) {
    if (h != text_head) return;
    PackedMatrix& packed = text.packed[block.index];
    packed.assign(text.active.view().columns_between(block.begin, block.end));
    multiply(text.turned_weights, packed, nullptr,
             text.normalised.view().columns_between(block.begin, block.end));
    packed.assign(text.input.rows_between(block.begin, block.end));
  });
  each_columns([&](Head& head, std::int64_t begin, std::int64_t end) {
    if (&head != &text) return;
    for (const Block& block : blocks())
      multiply(text.normalised.rows_between(begin, end).columns_between(block.begin, block.end),
               text.packed[block.index], nullptr, text.map.gradient.rows_between(begin, end),
               block.index > 0);
  });
}

std::vector<Heads::Learnt> Heads::parameters() {
  std::vector<Learnt> all;
  for (const std::size_t h : {image_head, text_head}) {
    Head& head = heads_[h];
    const std::string name = head_names[h];
    if (head.has_map()) all.push_back({name + "map", head.map});
    all.push_back({name + "weight1", head.weight1});
    all.push_back({name + "norm_weight", head.norm_weight});
    all.push_back({name + "norm_bias", head.norm_bias});
    all.push_back({name + "weight2", head.weight2});
    all.push_back({name + "bias2", head.bias2});
  }
  return all;
}

void Heads::step(const TrainingOptions& options) {
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const double first = 1 - kernels::pow(options.beta1, t), second = 1 - kernels::pow(options.beta2, t);
  const auto beta1 = static_cast<float>(options.beta1), beta2 = static_cast<float>(options.beta2);
  const auto rest1 = static_cast<float>(1 - options.beta1), rest2 = static_cast<float>(1 - options.beta2);
  const auto to_deviation = static_cast<float>(1 / std::sqrt(second));
  const auto rate = static_cast<float>(options.learning_rate / first);
  constexpr auto epsilon = static_cast<float>(adam_epsilon);
  struct Piece {
    Parameter* parameter;
    std::int64_t begin, end;
  };
  std::vector<Piece> pieces;
  constexpr std::int64_t numbers_per_piece = 1 << 16;
  for (const auto& [name, parameter] : parameters())
    for (std::int64_t begin = 0; begin < parameter.value.size(); begin += numbers_per_piece)
      pieces.push_back({&parameter, begin, std::min(parameter.value.size(), begin + numbers_per_piece)});
  parallel_blocks(static_cast<std::int64_t>(pieces.size()), 1,
                  [&](std::int64_t number, std::int64_t, std::int64_t) {
                    const auto& [parameter, begin, end] = pieces[static_cast<std::size_t>(number)];
                    const float* __restrict gradient = parameter->gradient.data();
                    float* __restrict mean = parameter->first_moment.data();
                    float* __restrict square = parameter->second_moment.data();
                    float* __restrict value = parameter->value.data();
                    for (std::int64_t i = begin; i < end; ++i) {
                      mean[i] = beta1 * mean[i] + rest1 * gradient[i];
                      square[i] = beta2 * square[i] + rest2 * gradient[i] * gradient[i];
                      value[i] -= rate * mean[i] / (std::sqrt(square[i]) * to_deviation + epsilon);
                    }
                  });
}

HeadWeights Heads::weights(HeadIndex index) const {
  const Head& head = heads_[index];
  return {head.map.value.copy(),         head.weight1.value.copy(), copy_of(head.norm_weight.value),
          copy_of(head.norm_bias.value), head.running_mean,         head.running_variance,
          head.weight2.value.copy(),     copy_of(head.bias2.value)};
}

NamedArrays Heads::state() const {
  NamedArrays all;
  all.emplace_back("steps", Array(ArrayView(ElementType::i64, {1}, &steps_)));
  for (const auto& [name, parameter] : const_cast<Heads*>(this)->parameters()) {
    const auto add = [&, &parameter = parameter](const std::string& key, const Matrix<float>& numbers) {
      all.emplace_back(key, Array(ArrayView(ElementType::f32, shape_of(parameter), numbers.data())));
    };
    add(name, parameter.value);
    add(name + ".first_moment", parameter.first_moment);
    add(name + ".second_moment", parameter.second_moment);
  }
  for (const std::size_t h : {image_head, text_head}) {
    const std::string name = head_names[h];
    all.emplace_back(name + "running_mean", Array(ArrayView(heads_[h].running_mean)));
    all.emplace_back(name + "running_variance", Array(ArrayView(heads_[h].running_variance)));
  }
  return all;
}

void Heads::restore(const std::function<const Array&(const std::string&)>& find) {
  const auto found = [&](const std::string& name, ElementType type,
                         const std::vector<std::int64_t>& shape) -> const Array& {
    const Array& array = find(name);
    require(array.type() == type && array.shape() == shape, "training", "the state's ", name, " must be ",
            name_of(type), " of shape ", text_of(shape), ", got ", name_of(array.type()), " of shape ",
            text_of(array.shape()), ".");
    return array;
  };
  steps_ = found("steps", ElementType::i64, {1}).values<std::int64_t>()[0];
  for (const auto& [name, parameter] : parameters()) {
    const auto take = [&, &parameter = parameter](const std::string& key, Matrix<float>& numbers) {
      const auto values = found(key, ElementType::f32, shape_of(parameter)).values<float>();
      std::copy(values.begin(), values.end(), numbers.data());
    };
    take(name, parameter.value);
    take(name + ".first_moment", parameter.first_moment);
    take(name + ".second_moment", parameter.second_moment);
  }
  for (const std::size_t h : {image_head, text_head}) {
    const auto take = [&](const char* name, std::vector<float>& numbers) {
      const auto values =
          found(std::string(head_names[h]) + name, ElementType::f32, {width_}).values<float>();
      numbers.assign(values.begin(), values.end());
    };
    take("running_mean", heads_[h].running_mean);
    take("running_variance", heads_[h].running_variance);
  }
}

}  // namespace ilk::internal
