// N images, M words, D dimensions. S = X Uᵀ are cosines; T_ij = exp((f_i + g_j − 1 + S_ij) / ε) is the plan,
// and P_ij = N T_ij its rows scaled to sum 1.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/transport.h>

#include <cmath>
#include <limits>

#include "alignment.h"
#include "anderson.h"
#include "blocks.h"
#include "lanes.h"
#include "scratch_pool.h"

namespace ilk {
namespace internal {

void require_aligned(const torch::Tensor& embeddings, const torch::Tensor& words, std::string_view function) {
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(words, function, "words");
  require(embeddings.size(1) == words.size(1), function, "words must be as wide as the embeddings (",
          embeddings.size(1), "), got ", words.size(1), ".");
  require(embeddings.device() == words.device(), function, "words must be on the embeddings' device (",
          embeddings.device(), "), got ", words.device(), ".");
}

}  // namespace internal

namespace {

using internal::has_kernels;

constexpr std::int64_t most_chunks = 128;
// Columns whose mean share is below this are summed again in logarithms: float32 shares would underflow
// there.
constexpr double smallest_share = 1e-30;

/// What one pass over the images finds for given column potentials.
struct Pass {
  torch::Tensor row_potentials;  // f, (N) float64, such that the rows of the plan are exact
  torch::Tensor log_shares;  // (M) float64 on the CPU: log of the mean of each column of P; even is −log M
  double marginal_error = 0;
};

/// One solve's data. A chunk of images is a fixed part of the collection, worked through block by block; each
/// has its own column sums, which are added in the order of the chunks.
class Sinkhorn {
 public:
  Sinkhorn(torch::Tensor images, torch::Tensor words, double epsilon)
      : images_(std::move(images)),
        words_(std::move(words)),
        transposed_(words_.t()),
        n_(images_.size(0)),
        m_(words_.size(0)),
        epsilon_(epsilon),
        block_(internal::images_per_block(words_)),
        chunk_(internal::block_count(internal::block_count(n_, block_), most_chunks) * block_),
        buffers_([this] {
          return std::make_unique<torch::Tensor>(torch::empty({block_ * m_}, images_.options()));
        }) {}

  Pass pass(const torch::Tensor& column_potentials, const Progress& progress) {
    const std::int64_t chunks = internal::block_count(n_, chunk_);
    const auto g = column_potentials.to(torch::kFloat32).to(images_.device());
    Pass result{torch::empty({n_}, images_.options().dtype(torch::kFloat64)), {}, 0};
    const auto sums = torch::zeros({chunks, m_}, images_.options().dtype(torch::kFloat64));
    each_block(chunks, progress,
               [&](torch::Tensor cosines, std::int64_t begin, std::int64_t end, std::int64_t chunk) {
                 auto f = result.row_potentials.slice(0, begin, end);
                 has_kernels(images_) ? shares_with_loops(cosines, g, f, sums[chunk])
                                      : shares_with_operations(cosines, g, f, sums[chunk]);
               });
    torch::Tensor small;
    internal::on_one_thread([&] {
      const auto shares = sums.sum(0).cpu().div_(static_cast<double>(n_));
      result.marginal_error = (shares - 1.0 / static_cast<double>(m_)).abs_().sum().item<double>();
      result.log_shares = shares.log();
      small = (shares < smallest_share).nonzero().flatten();
    });
    if (small.size(0) > 0)
      result.log_shares.index_copy_(0, small,
                                    log_shares(small, column_potentials, result.row_potentials, progress));
    return result;
  }

 private:
  template <class Body>
  void each_block(std::int64_t chunks, const Progress& progress, Body body) {
    internal::row_blocks(images_, chunks, 1, [&](std::int64_t chunk, std::int64_t, std::int64_t) {
      progress.check_stop();
      buffers_.use([&](torch::Tensor& buffer) {
        const std::int64_t last = std::min(n_, (chunk + 1) * chunk_);
        for (std::int64_t begin = chunk * chunk_; begin < last; begin += block_) {
          const std::int64_t end = std::min(last, begin + block_);
          auto cosines = buffer.narrow(0, 0, (end - begin) * m_).view({end - begin, m_});
          at::mm_out(cosines, images_.slice(0, begin, end), transposed_);
          body(cosines, begin, end, chunk);
        }
      });
    });
  }

  /// Row potentials of a block, and its shares P added to the column sums. Overwrites `cosines`.
  void shares_with_loops(torch::Tensor cosines, const torch::Tensor& g, torch::Tensor f,
                         torch::Tensor sums) const {
    const std::int64_t rows = cosines.size(0);
    float* block = cosines.data_ptr<float>();
    const float* potential = g.data_ptr<float>();
    double* row_potential = f.data_ptr<double>();
    double* sum = sums.data_ptr<double>();
    const auto scale = static_cast<float>(1 / epsilon_);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* row = block + i * m_;
      for (std::int64_t j = 0; j < m_; ++j) row[j] += potential[j];
      const float largest = internal::lane_max(m_, row[0], [&](std::int64_t j) { return row[j]; });
      for (std::int64_t j = 0; j < m_; ++j) row[j] = (row[j] - largest) * scale;
      row_potential[i] = 1 - static_cast<double>(largest);
    }
    cosines.exp_();
    std::vector<float> weight(static_cast<std::size_t>(rows));
    for (std::int64_t i = 0; i < rows; ++i) {
      const float* row = block + i * m_;
      const double total =
          internal::lane_sum(m_, [&](std::int64_t j) { return static_cast<double>(row[j]); });
      row_potential[i] -= epsilon_ * (std::log(total) + std::log(static_cast<double>(n_)));
      weight[static_cast<std::size_t>(i)] = static_cast<float>(1 / total);
    }
    // Four rows at a time in float32, whose sums are kept in float64.
    std::int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
      const float *a = block + i * m_, *b = a + m_, *c = b + m_, *d = c + m_;
      const float wa = weight[i], wb = weight[i + 1], wc = weight[i + 2], wd = weight[i + 3];
      for (std::int64_t j = 0; j < m_; ++j)
        sum[j] += static_cast<double>((a[j] * wa + b[j] * wb) + (c[j] * wc + d[j] * wd));
    }
    for (; i < rows; ++i)
      for (std::int64_t j = 0; j < m_; ++j) sum[j] += static_cast<double>(block[i * m_ + j] * weight[i]);
  }

  void shares_with_operations(torch::Tensor cosines, const torch::Tensor& g, torch::Tensor f,
                              torch::Tensor sums) const {
    cosines.add_(g);
    const auto largest = cosines.amax(1, /*keepdim=*/true);
    cosines.sub_(largest).mul_(1 / epsilon_).exp_();
    const auto totals = cosines.sum(1, /*keepdim=*/true, torch::kFloat64);
    f.copy_((1 - largest.to(torch::kFloat64) - epsilon_ * (totals.log() + std::log(static_cast<double>(n_))))
                .squeeze(1));
    sums.add_(cosines.div_(totals.to(torch::kFloat32)).sum(0, false, torch::kFloat64));
  }

  /// The logarithms of the mean shares of a few columns, without leaving the logarithms.
  torch::Tensor log_shares(const torch::Tensor& columns, const torch::Tensor& column_potentials,
                           const torch::Tensor& row_potentials, const Progress& progress) const {
    const std::int64_t block = internal::images_per_block(columns),
                       chunk = internal::block_count(n_, most_chunks * block) * block;
    const auto device = images_.device();
    const auto chosen = words_.index_select(0, columns.to(device)).t();
    const auto g = column_potentials.index_select(0, columns).to(device);
    const auto sums = torch::full({internal::block_count(n_, chunk), columns.size(0)},
                                  -std::numeric_limits<double>::infinity(), g.options());
    internal::row_blocks(images_, n_, chunk, [&](std::int64_t first, std::int64_t last, std::int64_t index) {
      progress.check_stop();
      for (std::int64_t begin = first; begin < last; begin += block) {
        const std::int64_t end = std::min(last, begin + block);
        auto shares = images_.slice(0, begin, end).matmul(chosen).to(torch::kFloat64);
        shares.add_(g).add_(row_potentials.slice(0, begin, end).unsqueeze(1)).sub_(1).div_(epsilon_);
        sums[index].copy_(at::logaddexp(sums[index], at::logsumexp(shares, 0)));
      }
    });
    return at::logsumexp(sums, 0).cpu();
  }

  torch::Tensor images_, words_, transposed_;
  std::int64_t n_, m_;
  double epsilon_;
  std::int64_t block_, chunk_;
  internal::ScratchPool<torch::Tensor> buffers_;
};

double automatic_epsilon(const torch::Tensor& embeddings, const torch::Tensor& words) {
  return std::max(1e-3, 0.65 * similarity_spread(embeddings, words));
}

}  // namespace

Transport solve_transport(const torch::Tensor& embeddings, const torch::Tensor& words,
                          const TransportOptions& options, Progress& progress) {
  constexpr auto function = "solve_transport";
  check_ranges(options, function);
  require(std::isfinite(options.epsilon), function, "epsilon must be finite, got ", options.epsilon, ".");
  internal::require_aligned(embeddings, words, function);
  const double epsilon = options.epsilon > 0 ? options.epsilon : automatic_epsilon(embeddings, words);
  Sinkhorn sinkhorn(internal::plain_rows(embeddings), internal::plain_rows(words), epsilon);
  const double even = -std::log(static_cast<double>(words.size(0)));

  Transport best;
  best.epsilon = epsilon;
  best.marginal_error = std::numeric_limits<double>::infinity();
  auto g = torch::zeros({words.size(0)}, torch::kFloat64);
  internal::Anderson accelerator;
  progress.start("transport", -1, "iterations");
  while (best.iterations < options.max_iterations && !best.converged) {
    progress.check_stop();
    const Pass pass = sinkhorn.pass(g, progress);
    ++best.iterations;
    progress.advance(1);
    if (pass.marginal_error < best.marginal_error) {
      best.row_potentials = pass.row_potentials;
      best.column_potentials = g;
      best.marginal_error = pass.marginal_error;
      best.converged = pass.marginal_error <= options.tolerance;
    }
    internal::on_one_thread([&] {
      // Sinkhorn's own step; what is done with it only gets there in fewer of them.
      const auto step = epsilon * (even - pass.log_shares);
      g = accelerator.next(g, step, pass.marginal_error);
      g = g - g.mean();
    });
  }
  progress.finish();
  best.column_potentials = best.column_potentials.to(embeddings.device());
  return best;
}

}  // namespace ilk
