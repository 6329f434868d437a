#pragma once
// The rows of a bench's table, from what its folder knows of finished runs.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/bench.h"
#include "pipeline/bench_data.h"
#include "pipeline/bench_records.h"

namespace ilk {

struct BenchRows {
  /// Of one line of the table after another (the same data, method and options), by seed; lines in the order
  /// in which they were first done.
  std::vector<BenchRun> runs;
  std::vector<std::string> descriptions;  ///< of the data that they are of
  std::int64_t out_of_date = 0;           ///< runs that are left out
};

/// Scores the runs of the data at hand once more, since labels may have changed. Others keep their scores.
void score_again(const BenchRecords& records, std::vector<BenchData>& data);

/// Left out are runs on other contents of the data at hand, and those of another version of ilk.
BenchRows rows_of(const BenchRecords& records, std::vector<BenchData>& data);

/// Scores as a record keeps them.
nlohmann::ordered_json scores_json(const Agreement& agreement);

}  // namespace ilk
