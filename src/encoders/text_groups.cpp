// B texts at a time, T tokens of each.
#include "text_groups.h"

#include <ilk/parallel.h>

#include <algorithm>
#include <numeric>

namespace ilk {
namespace {

// Of long texts fewer go together, so that a group takes some tens of megabytes: as many tokens as 64 texts
// of CLIP's 77. A GPU wants more at a time.
constexpr std::int64_t texts_per_group = 64, texts_per_launch = 1024, longest_of_a_full_group = 77;

struct Group {
  std::int64_t begin, end;
};

/// Runs of equal length in `lengths`, cut where one has `texts` of them or so many tokens as that.
std::vector<Group> groups_of(const std::vector<std::int64_t>& lengths, std::int64_t texts) {
  std::vector<Group> groups;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(lengths.size()); ++i) {
    const std::int64_t length = lengths[i];
    const std::int64_t most = std::clamp<std::int64_t>(texts * longest_of_a_full_group / length, 1, texts);
    if (!groups.empty() && lengths[groups.back().begin] == length && i - groups.back().begin < most)
      groups.back().end = i + 1;
    else
      groups.push_back({i, i + 1});
  }
  return groups;
}

}  // namespace

torch::Tensor unit_rows(const torch::Tensor& rows) {
  const torch::Tensor lengths = rows.to(torch::kFloat64).square().sum(1, true).sqrt().clamp_min(1e-30);
  return (rows / lengths).to(torch::kFloat32);
}

torch::Tensor embed_texts(std::int64_t count, std::int64_t width, torch::Device device,
                          const std::function<std::vector<std::int32_t>(std::int64_t)>& tokens_of,
                          const std::function<torch::Tensor(const torch::Tensor&)>& tower) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<std::int32_t>> tokens(static_cast<std::size_t>(count));
  parallel_blocks(count, 256, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) tokens[i] = tokens_of(i);
  });

  std::vector<std::int64_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return tokens[a].size() < tokens[b].size(); });
  std::vector<std::int64_t> lengths;
  for (const std::int64_t i : order) lengths.push_back(static_cast<std::int64_t>(tokens[i].size()));
  const std::vector<Group> groups = groups_of(lengths, device.is_cpu() ? texts_per_group : texts_per_launch);

  torch::Tensor embeddings = torch::empty({count, width});
  const auto embed = [&](const Group& group) {
    const std::int64_t rows = group.end - group.begin;
    const std::int64_t length = lengths[group.begin];
    const torch::Tensor ids = torch::empty({rows, length}, torch::kInt64);
    for (std::int64_t row = 0; row < rows; ++row)
      std::copy_n(tokens[order[group.begin + row]].begin(), length,
                  ids.data_ptr<std::int64_t>() + row * length);
    const torch::Tensor embedded = unit_rows(tower(ids.to(device)).cpu());
    for (std::int64_t row = 0; row < rows; ++row) embeddings[order[group.begin + row]].copy_(embedded[row]);
  };
  const auto number_of_groups = static_cast<std::int64_t>(groups.size());
  if (device.is_cpu())
    parallel_blocks(number_of_groups, 1,
                    [&](std::int64_t i, std::int64_t, std::int64_t) { embed(groups[i]); });
  else
    for (const Group& group : groups) embed(group);
  return embeddings;
}

}  // namespace ilk
