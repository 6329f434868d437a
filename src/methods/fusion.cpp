// N images, D dimensions, up to three parts: unit vectors x (the image), xᵘ (nouns), xᵛ (captions).
#include <ilk/error.h>
#include <ilk/fusion.h>
#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>

#include "../cluster/blocks.h"
#include "../cluster/lanes.h"

namespace ilk {
namespace {

constexpr std::int64_t images_per_block = 1024;
constexpr std::size_t most_parts = 3;
// Vectors shorter than this are what rounding leaves of zero.
constexpr double vanishing_length = 1e-6;

torch::Tensor lengths_of(const torch::Tensor& rows) {
  return at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, /*keepdim=*/true);
}

/// Rows of unit length; those that vanish become zero.
torch::Tensor unit_or_zero(const torch::Tensor& rows) {
  const auto lengths = lengths_of(rows);
  return torch::where(lengths > vanishing_length, rows / lengths, torch::zeros({}, rows.options()));
}

/// A block of fused images; the features are not of unit length yet.
struct Fused {
  torch::Tensor features, weights;
};

Fused fuse_block(const std::vector<torch::Tensor>& parts, const FusionOptions& options) {
  const auto count = static_cast<std::int64_t>(parts.size());
  const auto stacked = torch::stack(parts, 1);  // (block, parts, D)
  torch::Tensor weights;
  if (options.fusion == FusionKind::plain) {
    weights = torch::full({stacked.size(0), count}, 1.0 / static_cast<double>(count), stacked.options());
  } else {
    const auto prototype = unit_or_zero(stacked.mean(1));
    const auto cosines = (stacked * prototype.unsqueeze(1)).sum(2);
    weights = (cosines / options.gamma).softmax(1);
  }
  const auto weighted = stacked * weights.unsqueeze(2);
  return {options.fusion == FusionKind::sum ? weighted.sum(1) : weighted.flatten(1), weights};
}

torch::Tensor mean_of(const torch::Tensor& part) {
  const std::int64_t n = part.size(0);
  const auto sums = torch::empty({internal::block_count(n, images_per_block), part.size(1)},
                                 part.options().dtype(torch::kFloat64));
  internal::row_blocks(part, n, images_per_block, [&](auto begin, auto end, auto index) {
    sums[index].copy_(part.slice(0, begin, end).sum(0, false, torch::kFloat64));
  });
  torch::Tensor mean;
  internal::on_one_thread([&] { mean = (sums.sum(0) / static_cast<double>(n)).to(torch::kFloat32); });
  return mean;
}

std::vector<torch::Tensor> checked(const std::vector<torch::Tensor>& parts, const FusionOptions& options,
                                   std::string_view function) {
  check_ranges(options, function);
  require(!parts.empty() && parts.size() <= most_parts, function, "parts must be one to three, got ",
          parts.size(), ".");
  std::vector<torch::Tensor> rows;
  for (const auto& part : parts) {
    require_unit_rows(part, function, "parts");
    require(part.sizes() == parts.front().sizes(), function, "parts must have the same shape (",
            parts.front().size(0), " × ", parts.front().size(1), "), got ", part.size(0), " × ", part.size(1),
            ".");
    require(part.device() == parts.front().device(), function, "parts must be on one device (",
            parts.front().device(), "), got ", part.device(), ".");
    rows.push_back(internal::plain_rows(part));
  }
  return rows;
}

void fuse_with_operations(const std::vector<torch::Tensor>& parts, const FusionOptions& options,
                          std::int64_t begin, std::int64_t end, const FusionResult& result) {
  std::vector<torch::Tensor> plain, centred;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    plain.push_back(parts[i].slice(0, begin, end));
    centred.push_back(options.centre ? unit_or_zero(plain[i] - result.model.means[i]) : plain[i]);
  }
  Fused fused = fuse_block(centred, options);
  auto vanished = lengths_of(fused.features) <= vanishing_length;
  if (vanished.any().item<bool>()) {
    // An image that is all mean, or whose parts cancel, is told by its parts as they are; at last by itself.
    fused.features = torch::where(vanished, fuse_block(plain, options).features, fused.features);
    vanished = lengths_of(fused.features) <= vanishing_length;
    fused.features = torch::where(
        vanished, torch::constant_pad_nd(plain[0], {0, fused.features.size(1) - plain[0].size(1)}),
        fused.features);
  }
  result.features.slice(0, begin, end).copy_(fused.features / lengths_of(fused.features));
  result.weights.slice(0, begin, end).copy_(fused.weights);
}

/// The same without blocks of what is in between; what vanishes is left to fuse_with_operations.
void fuse_with_loops(const std::vector<torch::Tensor>& parts, const FusionOptions& options,
                     std::int64_t begin, std::int64_t end, const FusionResult& result) {
  using internal::lane_sum;
  const std::int64_t d = parts.front().size(1), width = result.features.size(1);
  const std::size_t count = parts.size();
  const auto square_of = [&](const float* row) {
    return lane_sum(
        d, [&](std::int64_t j) { return static_cast<double>(row[j]) * static_cast<double>(row[j]); });
  };
  std::vector<float> centred(count * static_cast<std::size_t>(d)), prototype(static_cast<std::size_t>(d));
  for (std::int64_t i = begin; i < end; ++i) {
    const float* rows[most_parts];
    double weights[most_parts], squares[most_parts], total = 0, square = 0;
    for (std::size_t p = 0; p < count; ++p) {
      rows[p] = parts[p].data_ptr<float>() + i * d;
      if (options.centre) {
        float* row = centred.data() + p * static_cast<std::size_t>(d);
        const float* mean = result.model.means[p].data_ptr<float>();
        for (std::int64_t j = 0; j < d; ++j) row[j] = rows[p][j] - mean[j];
        const double length = std::sqrt(square_of(row));
        const auto scale = static_cast<float>(length > vanishing_length ? 1 / length : 0);
        for (std::int64_t j = 0; j < d; ++j) row[j] *= scale;
        rows[p] = row;
      }
      squares[p] = square_of(rows[p]);
      for (std::int64_t j = 0; j < d; ++j)
        prototype[static_cast<std::size_t>(j)] =
            (p == 0 ? 0 : prototype[static_cast<std::size_t>(j)]) + rows[p][j];
    }
    if (options.fusion == FusionKind::plain) {
      std::fill_n(weights, count, 1.0 / static_cast<double>(count));
    } else {
      // The prototype is this sum over `count`, at unit length.
      const double length = std::sqrt(square_of(prototype.data()));
      const double scale = length > vanishing_length * static_cast<double>(count) ? 1 / length : 0;
      for (std::size_t p = 0; p < count; ++p)
        weights[p] = scale / options.gamma * lane_sum(d, [&](std::int64_t j) {
                       return static_cast<double>(rows[p][j]) *
                              static_cast<double>(prototype[static_cast<std::size_t>(j)]);
                     });
      const double highest = *std::max_element(weights, weights + count);
      for (std::size_t p = 0; p < count; ++p) total += weights[p] = std::exp(weights[p] - highest);
      for (std::size_t p = 0; p < count; ++p) weights[p] /= total;
    }
    float* to = result.features.data_ptr<float>() + i * width;
    if (options.fusion == FusionKind::sum) {
      for (std::int64_t j = 0; j < d; ++j) {
        double sum = 0;
        for (std::size_t p = 0; p < count; ++p) sum += weights[p] * static_cast<double>(rows[p][j]);
        to[j] = static_cast<float>(sum);
      }
      square = square_of(to);
    } else {
      for (std::size_t p = 0; p < count; ++p) square += weights[p] * weights[p] * squares[p];
    }
    const double length = std::sqrt(square);
    if (length <= vanishing_length) {
      fuse_with_operations(parts, options, i, i + 1, result);
      continue;
    }
    for (std::size_t p = 0; p < count; ++p)
      result.weights.data_ptr<float>()[i * static_cast<std::int64_t>(count) + static_cast<std::int64_t>(p)] =
          static_cast<float>(weights[p]);
    if (options.fusion == FusionKind::sum) {
      for (std::int64_t j = 0; j < d; ++j) to[j] *= static_cast<float>(1 / length);
    } else {
      for (std::size_t p = 0; p < count; ++p, to += d) {
        const auto scale = static_cast<float>(weights[p] / length);
        for (std::int64_t j = 0; j < d; ++j) to[j] = rows[p][j] * scale;
      }
    }
  }
}

FusionResult fuse_with(const std::vector<torch::Tensor>& parts, const FusionOptions& options,
                       FusionModel model) {
  const std::int64_t n = parts.front().size(0), d = parts.front().size(1);
  const auto count = static_cast<std::int64_t>(parts.size());
  const auto real = parts.front().options();
  FusionResult result{torch::empty({n, options.fusion == FusionKind::sum ? d : count * d}, real),
                      torch::empty({n, count}, real), std::move(model)};
  internal::row_blocks(parts.front(), n, images_per_block, [&](auto begin, auto end, auto) {
    if (internal::has_kernels(parts.front()))
      fuse_with_loops(parts, options, begin, end, result);
    else
      fuse_with_operations(parts, options, begin, end, result);
  });
  return result;
}

}  // namespace

FusionResult fuse(const std::vector<torch::Tensor>& parts, const FusionOptions& options) {
  const auto rows = checked(parts, options, "fuse");
  FusionModel model;
  if (options.centre)
    for (const auto& part : rows) model.means.push_back(mean_of(part));
  return fuse_with(rows, options, std::move(model));
}

torch::Tensor fuse_new(const std::vector<torch::Tensor>& parts, const FusionOptions& options,
                       const FusionModel& model) {
  constexpr auto function = "fuse_new";
  const auto rows = checked(parts, options, function);
  const std::size_t expected = options.centre ? rows.size() : 0;
  require(model.means.size() == expected, function, "model must have ", expected, " means, got ",
          model.means.size(), ".");
  FusionModel here;
  for (const auto& mean : model.means) {
    require(mean.defined() && mean.dim() == 1 && mean.size(0) == rows.front().size(1), function,
            "means must be as wide as the parts (", rows.front().size(1), "), got ",
            mean.defined() ? mean.numel() : 0, ".");
    here.means.push_back(mean.detach().to(rows.front().device(), torch::kFloat32).contiguous());
  }
  return fuse_with(rows, options, std::move(here)).features;
}

}  // namespace ilk
