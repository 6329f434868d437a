#include "top_rows.h"

#include <limits>

#include "blocks.h"

namespace ilk::internal {

TopColumns top_columns(const torch::Tensor& scores, std::int64_t k) {
  if (!has_kernels(scores)) {
    const auto [values, columns] = at::sort(scores, /*stable=*/true, /*dim=*/1, /*descending=*/true);
    return {values.narrow(1, 0, k).clone(), columns.narrow(1, 0, k).clone()};
  }
  const std::int64_t rows = scores.size(0), columns = scores.size(1);
  const auto memory = scores.contiguous();
  TopColumns top{torch::full({rows, k}, -std::numeric_limits<float>::infinity(), scores.options()),
                 torch::full({rows, k}, -1, scores.options().dtype(torch::kInt64))};
  for (std::int64_t i = 0; i < rows; ++i)
    TopList(top.values.data_ptr<float>() + i * k, top.columns.data_ptr<std::int64_t>() + i * k, k)
        .offer_row(memory.data_ptr<float>() + i * columns, columns, 0);
  return top;
}

}  // namespace ilk::internal
