// D dimensions, K clusters, V views of B images, R = V B rows.
#include "heads.h"

#include <ilk/error.h>
#include <ilk/random.h>

#include <cmath>

#include "../cluster/blocks.h"

namespace ilk::internal {
namespace {

constexpr double initial_deviation = 0.02, cut = 2, adam_epsilon = 1e-8;
constexpr const char* head_names[] = {"image.", "text."};

std::int64_t rows_per_block(const torch::Tensor& like, std::int64_t rows) {
  return like.is_cpu() ? 256 : rows;
}

Parameter parameter(const torch::Tensor& value) {
  return {value, torch::zeros_like(value), torch::zeros_like(value), torch::zeros_like(value)};
}

Parameter drawn(std::int64_t rows, std::int64_t columns, const torch::Tensor& like, std::uint64_t seed,
                const std::string& name) {
  RandomStream random(seed, "weights of " + name);
  auto values = torch::empty({rows, columns}, torch::kFloat64);
  auto* memory = values.data_ptr<double>();
  for (std::int64_t i = 0; i < rows * columns; ++i) {
    double value = random.normal();
    while (std::abs(value) > cut) value = random.normal();
    memory[i] = initial_deviation * value;
  }
  return parameter(values.to(like.options()));
}

}  // namespace

Heads::Heads(Pair features, std::int64_t n_clusters, std::uint64_t seed)
    : width_(features[image_head].size(1)), n_clusters_(n_clusters) {
  for (const std::size_t h : {image_head, text_head}) {
    Head& head = heads_[h];
    const std::string name = head_names[h];
    head.features = features[h];
    const auto real = head.features.options();
    if (head.features.size(1) != width_)
      head.map = drawn(width_, head.features.size(1), head.features, seed, name + "map");
    head.weight1 = drawn(width_, width_, head.features, seed, name + "weight1");
    head.weight2 = drawn(n_clusters, width_, head.features, seed, name + "weight2");
    head.norm_weight = parameter(torch::ones({width_}, real));
    head.norm_bias = parameter(torch::zeros({width_}, real));
    head.bias2 = parameter(torch::zeros({n_clusters}, real));
    head.running_mean = torch::zeros({width_}, real);
    head.running_variance = torch::ones({width_}, real);
  }
  columns_per_task_ = heads_[image_head].features.is_cpu() ? 128 : width_;
}

void Heads::each_rows(const RowBody& body) {
  const auto& like = heads_[image_head].features;
  const std::int64_t rows = views_ * batch_, block = rows_per_block(like, rows);
  const std::int64_t blocks = block_count(rows, block);
  row_blocks(like, 2 * blocks, 1, [&](std::int64_t task, auto, auto) {
    const std::int64_t begin = task / 2 * block;
    body(heads_[task % 2], begin, std::min(rows, begin + block));
  });
}

void Heads::each_columns(const ColumnBody& body) {
  row_blocks(heads_[image_head].features, 2 * block_count(width_, columns_per_task_), 1,
             [&](std::int64_t task, auto, auto) {
               const std::int64_t begin = task / 2 * columns_per_task_;
               body(heads_[task % 2], static_cast<std::size_t>(task / 2), begin,
                    std::min(width_, begin + columns_per_task_));
             });
}

void Heads::make_room(std::int64_t rows) {
  if (rows <= room_) return;
  room_ = rows;
  for (Head& head : heads_) {
    const auto real = head.features.options();
    head.input = torch::empty({rows, head.features.size(1)}, real);
    head.mapped = head.map.value.defined() ? torch::empty({rows, width_}, real) : head.input;
    head.flow_of_mapped = head.map.value.defined() ? torch::empty({rows, width_}, real) : torch::Tensor();
    head.logits = torch::empty({rows, n_clusters_}, real);
    for (auto* list : {&head.normalised, &head.active, &head.flow}) {
      list->clear();
      for (std::int64_t begin = 0; begin < width_; begin += columns_per_task_)
        list->push_back(torch::empty({rows, std::min(columns_per_task_, width_ - begin)}, real));
    }
  }
}

void Heads::normalise(Head& head, std::size_t task, std::int64_t begin, std::int64_t end) {
  auto hidden = first_rows(head.normalised[task]);
  at::mm_out(hidden, first_rows(head.mapped), head.weight1.value.slice(0, begin, end).t());
  const auto weight = head.norm_weight.value.slice(0, begin, end);
  const auto bias = head.norm_bias.value.slice(0, begin, end);
  auto mean_so_far = head.running_mean.slice(0, begin, end);
  auto variance_so_far = head.running_variance.slice(0, begin, end);
  const auto n = static_cast<double>(batch_);
  for (std::int64_t view = 0; view < views_; ++view) {
    auto part = hidden.narrow(0, view * batch_, batch_);
    const auto mean = part.mean(0);
    part.sub_(mean);
    const auto variance = part.square().mean(0);
    const auto inverse = (variance + norm_epsilon).rsqrt_();
    head.inverse_deviation[view].slice(0, begin, end).copy_(inverse);
    mean_so_far.mul_(1 - norm_momentum).add_(mean, norm_momentum);
    variance_so_far.mul_(1 - norm_momentum).add_(variance, norm_momentum * n / (n - 1));
    part.mul_(inverse);
    auto active = head.active[task].narrow(0, view * batch_, batch_);
    at::addcmul_out(active, bias, part, weight).relu_();
  }
}

const Pair& Heads::forward(const Pair& rows) {
  views_ = rows[image_head].size(0), batch_ = rows[image_head].size(1);
  make_room(views_ * batch_);
  for (const std::size_t h : {image_head, text_head}) {
    heads_[h].inverse_deviation = torch::empty({views_, width_}, heads_[h].features.options());
    probabilities_[h] = torch::empty({views_, batch_, n_clusters_}, heads_[h].features.options());
  }
  const Pair flat_rows = {rows[image_head].flatten(), rows[text_head].flatten()};
  const Pair flat_probabilities = {probabilities_[image_head].flatten(0, 1),
                                   probabilities_[text_head].flatten(0, 1)};
  const auto index = [&](const Head& head) { return static_cast<std::size_t>(&head - heads_.data()); };
  each_rows([&](Head& head, std::int64_t begin, std::int64_t end) {
    auto input = head.input.slice(0, begin, end);
    at::index_select_out(input, head.features, 0, flat_rows[index(head)].slice(0, begin, end));
    if (!head.map.value.defined()) return;
    auto mapped = head.mapped.slice(0, begin, end);
    at::mm_out(mapped, input, head.map.value.t());
  });
  each_columns([&](Head& head, std::size_t task, std::int64_t begin, std::int64_t end) {
    normalise(head, task, begin, end);
  });
  each_rows([&](Head& head, std::int64_t begin, std::int64_t end) {
    auto logits = head.logits.slice(0, begin, end);
    logits.copy_(head.bias2.value.expand_as(logits));
    for (std::size_t task = 0; task < head.active.size(); ++task) {
      const auto from = static_cast<std::int64_t>(task) * columns_per_task_;
      logits.addmm_(head.active[task].slice(0, begin, end),
                    head.weight2.value.slice(1, from, std::min(width_, from + columns_per_task_)).t());
    }
    flat_probabilities[index(head)].slice(0, begin, end).copy_(logits.softmax(1));
  });
  return probabilities_;
}

void Heads::send_through_norm(Head& head, std::size_t task, std::int64_t begin, std::int64_t end) {
  const auto flow_of_logits = first_rows(head.logits), active = first_rows(head.active[task]);
  auto flow = first_rows(head.flow[task]);
  at::mm_out(flow, flow_of_logits, head.weight2.value.slice(1, begin, end));
  head.weight2.gradient.slice(1, begin, end).copy_(flow_of_logits.t().matmul(active));
  auto bias_gradient = head.norm_bias.gradient.slice(0, begin, end).zero_();
  auto weight_gradient = head.norm_weight.gradient.slice(0, begin, end).zero_();
  const auto weight = head.norm_weight.value.slice(0, begin, end);
  for (std::int64_t view = 0; view < views_; ++view) {
    const auto rows = [&](const torch::Tensor& whole) { return whole.narrow(0, view * batch_, batch_); };
    auto part = rows(flow);
    at::threshold_backward_out(part, part, rows(active), 0);
    const auto normalised = rows(head.normalised[task]);
    const auto sum = part.sum(0), product = (part * normalised).sum(0);
    bias_gradient.add_(sum);
    weight_gradient.add_(product);
    // dH = γ / σ · (dY − mean dY − ĥ mean(dY ĥ)), the means over the view.
    part.sub_(sum / batch_).addcmul_(normalised, product, -1.0 / static_cast<double>(batch_));
    part.mul_(weight * head.inverse_deviation[view].slice(0, begin, end));
  }
  auto gradient = head.weight1.gradient.slice(0, begin, end);
  at::mm_out(gradient, flow.t(), first_rows(head.mapped));
}

void Heads::backward(const Pair& gradients) {
  const Pair flows = {gradients[image_head].flatten(0, 1), gradients[text_head].flatten(0, 1)};
  const Pair flat_probabilities = {probabilities_[image_head].flatten(0, 1),
                                   probabilities_[text_head].flatten(0, 1)};
  each_rows([&](Head& head, std::int64_t begin, std::int64_t end) {
    const auto h = static_cast<std::size_t>(&head - heads_.data());
    const auto p = flat_probabilities[h].slice(0, begin, end), flow = flows[h].slice(0, begin, end);
    head.logits.slice(0, begin, end).copy_(p * (flow - (p * flow).sum(1, /*keepdim=*/true)));
  });
  each_columns([&](Head& head, std::size_t task, std::int64_t begin, std::int64_t end) {
    send_through_norm(head, task, begin, end);
  });
  on_one_thread([&] {
    for (Head& head : heads_) head.bias2.gradient.copy_(first_rows(head.logits).sum(0));
  });
  if (heads_[text_head].map.value.defined()) find_map_gradient();
}

void Heads::find_map_gradient() {
  Head& text = heads_[text_head];
  each_rows([&](Head& head, std::int64_t begin, std::int64_t end) {
    if (&head != &text) return;
    auto flow = text.flow_of_mapped.slice(0, begin, end).zero_();
    for (std::size_t task = 0; task < text.flow.size(); ++task) {
      const auto from = static_cast<std::int64_t>(task) * columns_per_task_;
      flow.addmm_(text.flow[task].slice(0, begin, end),
                  text.weight1.value.slice(0, from, std::min(width_, from + columns_per_task_)));
    }
  });
  each_columns([&](Head& head, std::size_t, std::int64_t begin, std::int64_t end) {
    if (&head != &text) return;
    auto gradient = text.map.gradient.slice(0, begin, end);
    at::mm_out(gradient, first_rows(text.flow_of_mapped).slice(1, begin, end).t(), first_rows(text.input));
  });
}

std::vector<Heads::Learnt> Heads::parameters() {
  std::vector<Learnt> all;
  for (const std::size_t h : {image_head, text_head}) {
    Head& head = heads_[h];
    const std::string name = head_names[h];
    if (head.map.value.defined()) all.push_back({name + "map", head.map});
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
  const double first = 1 - std::pow(options.beta1, t), second = std::sqrt(1 - std::pow(options.beta2, t));
  struct Piece {
    Parameter* parameter;
    std::int64_t begin, end;
  };
  std::vector<Piece> pieces;
  constexpr std::int64_t floats_per_piece = 1 << 16;
  for (const auto& [name, parameter] : parameters()) {
    const std::int64_t rows = parameter.value.size(0), floats = parameter.value.numel();
    const std::int64_t block =
        parameter.value.is_cpu() ? std::max<std::int64_t>(1, floats_per_piece * rows / floats) : rows;
    for (std::int64_t begin = 0; begin < rows; begin += block)
      pieces.push_back({&parameter, begin, std::min(rows, begin + block)});
  }
  row_blocks(heads_[image_head].features, static_cast<std::int64_t>(pieces.size()), 1,
             [&](std::int64_t number, auto, auto) {
               const auto& [parameter, begin, end] = pieces[static_cast<std::size_t>(number)];
               const auto gradient = parameter->gradient.slice(0, begin, end);
               auto mean = parameter->first_moment.slice(0, begin, end);
               auto square = parameter->second_moment.slice(0, begin, end);
               mean.mul_(options.beta1).add_(gradient, 1 - options.beta1);
               square.mul_(options.beta2).addcmul_(gradient, gradient, 1 - options.beta2);
               const auto scale = square.sqrt().div_(second).add_(adam_epsilon);
               parameter->value.slice(0, begin, end).addcdiv_(mean, scale, -options.learning_rate / first);
             });
}

HeadWeights Heads::weights(HeadIndex index) const {
  const Head& head = heads_[index];
  return {head.map.value,    head.weight1.value,    head.norm_weight.value, head.norm_bias.value,
          head.running_mean, head.running_variance, head.weight2.value,     head.bias2.value};
}

NamedTensors Heads::state() const {
  NamedTensors all{{"steps", torch::tensor({steps_}, torch::kInt64)}};
  for (const auto& [name, parameter] : const_cast<Heads*>(this)->parameters()) {
    all.emplace_back(name, parameter.value);
    all.emplace_back(name + ".first_moment", parameter.first_moment);
    all.emplace_back(name + ".second_moment", parameter.second_moment);
  }
  for (const std::size_t h : {image_head, text_head}) {
    all.emplace_back(head_names[h] + std::string("running_mean"), heads_[h].running_mean);
    all.emplace_back(head_names[h] + std::string("running_variance"), heads_[h].running_variance);
  }
  return all;
}

void Heads::restore(const std::function<torch::Tensor(const std::string&)>& find) {
  for (const auto& [name, tensor] : state()) {
    const auto found = find(name);
    require(found.sizes() == tensor.sizes() && found.scalar_type() == tensor.scalar_type(), "training",
            "the state's ", name, " must have shape ", tensor.sizes(), ", got ", found.sizes(), ".");
    if (name == "steps")
      steps_ = found.item<std::int64_t>();
    else
      torch::Tensor(tensor).copy_(found);
  }
}

torch::Tensor trained_probabilities(const HeadWeights& head, const torch::Tensor& features) {
  const auto mapped = head.map.defined() ? features.matmul(head.map.t()) : features;
  const auto scale = head.norm_weight * (head.running_variance + norm_epsilon).rsqrt_();
  const auto active =
      mapped.matmul(head.weight1.t()).sub_(head.running_mean).mul_(scale).add_(head.norm_bias).relu_();
  return torch::addmm(head.bias2, active, head.weight2.t()).softmax(1);
}

}  // namespace ilk::internal
