#include "cluster/top_rows.h"

#include <limits>

namespace ilk::internal {

TopColumns top_columns(MatrixView<const float> scores, std::int64_t k) {
  TopColumns top{Matrix<float>::filled(scores.rows(), k, -std::numeric_limits<float>::infinity()),
                 Matrix<std::int64_t>::filled(scores.rows(), k, -1)};
  for (std::int64_t i = 0; i < scores.rows(); ++i)
    TopList(top.values[i], top.columns[i], k).offer_row(scores[i], scores.columns(), 0);
  return top;
}

}  // namespace ilk::internal
