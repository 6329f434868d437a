#pragma once
// N rows, D dimensions.
#include <ilk/matrix.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ilk {

/// A column of a table, with a value for each of N rows. A matrix becomes a list of D floats a row.
struct ParquetColumn {
  std::string name;
  std::variant<std::vector<std::string>, std::vector<std::int64_t>, std::vector<double>,
               std::vector<std::optional<std::int64_t>>, std::vector<std::optional<double>>,
               MatrixView<const float>>
      values;
};

/// Writes a Parquet file (https://parquet.apache.org/docs/file-format/, format 2.9) atomically, in the plain
/// subset that every reader knows: PLAIN values, no compression, no dictionaries, one page a column and row
/// group. Texts are UTF-8; a byte that is not becomes U+FFFD, since readers refuse the file otherwise. The
/// same columns give the same bytes. Throws Error for columns of different lengths, and where it cannot be
/// written.
void write_parquet(const std::filesystem::path& path, const std::vector<ParquetColumn>& columns);

}  // namespace ilk
