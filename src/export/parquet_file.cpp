#include "export/parquet_file.h"

#include <ilk/version.h>

#include <algorithm>
#include <bit>

#include "core/fail.h"
#include "export/thrift_compact.h"
#include "io/files.h"
#include "io/strings.h"

namespace ilk {
namespace {

static_assert(std::endian::native == std::endian::little, "Parquet's numbers are little-endian.");

constexpr std::int64_t most_rows_of_group = 1 << 20;
constexpr std::int64_t most_numbers_of_group = 1 << 24;  // of one column: 64 MiB of floats

enum Type { int64_type = 2, float_type = 4, double_type = 5, byte_array = 6 };
enum Repetition { required = 0, optional = 1, repeated = 2 };
constexpr std::int64_t plain = 0, rle = 3;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Levels of one bit as runs of equal values, behind their length in bytes (the RLE / bit-packed hybrid).
class Levels {
 public:
  void add(bool level, std::uint64_t count = 1) {
    if (count_ > 0 && level != level_) flush();
    level_ = level;
    count_ += count;
  }
  std::string take() {
    flush();
    std::string with_length;
    put(with_length, static_cast<std::uint32_t>(runs_.size()));
    return with_length + runs_;
  }

 private:
  void flush() {
    if (count_ == 0) return;
    std::uint64_t header = count_ << 1;
    for (; header >= 0x80; header >>= 7) runs_ += static_cast<char>(header | 0x80);
    runs_ += static_cast<char>(header);
    runs_ += static_cast<char>(level_);
    count_ = 0;
  }
  std::string runs_;
  std::uint64_t count_ = 0;
  bool level_ = false;
};

std::int64_t rows_of(const ParquetColumn& column) {
  return std::visit(Overloaded{[](const MatrixView<const float>& matrix) { return matrix.rows(); },
                               [](const auto& values) { return static_cast<std::int64_t>(values.size()); }},
                    column.values);
}

Type type_of(const ParquetColumn& column) {
  return std::visit(Overloaded{[](const std::vector<std::string>&) { return byte_array; },
                               [](const std::vector<std::int64_t>&) { return int64_type; },
                               [](const std::vector<std::optional<std::int64_t>>&) { return int64_type; },
                               [](const std::vector<double>&) { return double_type; },
                               [](const std::vector<std::optional<double>>&) { return double_type; },
                               [](const MatrixView<const float>&) { return float_type; }},
                    column.values);
}

bool is_list(const ParquetColumn& column) {
  return std::holds_alternative<MatrixView<const float>>(column.values);
}
bool may_be_empty(const ParquetColumn& column) {
  return std::holds_alternative<std::vector<std::optional<std::int64_t>>>(column.values) ||
         std::holds_alternative<std::vector<std::optional<double>>>(column.values);
}

/// A page's levels and values.
struct PageBody {
  std::string bytes;
  std::int64_t values = 0;  // those that are absent too
};

PageBody body_of(const ParquetColumn& column, std::int64_t begin, std::int64_t end) {
  PageBody page{.values = end - begin};
  const auto part = [&](const auto& values, auto&& take) {
    for (std::int64_t i = begin; i < end; ++i) take(values[static_cast<std::size_t>(i)]);
  };
  const auto present = [&](const auto& values) {
    Levels definition;
    part(values, [&](const auto& value) { definition.add(value.has_value()); });
    page.bytes = definition.take();
    part(values, [&](const auto& value) {
      if (value) put(page.bytes, *value);
    });
  };
  std::visit(Overloaded{[&](const std::vector<std::string>& values) {
                          part(values, [&](const std::string& text) {
                            const std::string safe = as_json_has_it(text);
                            put(page.bytes, static_cast<std::uint32_t>(safe.size()));
                            page.bytes += safe;
                          });
                        },
                        [&](const std::vector<std::int64_t>& values) {
                          part(values, [&](std::int64_t value) { put(page.bytes, value); });
                        },
                        [&](const std::vector<double>& values) {
                          part(values, [&](double value) { put(page.bytes, value); });
                        },
                        [&](const std::vector<std::optional<std::int64_t>>& values) { present(values); },
                        [&](const std::vector<std::optional<double>>& values) { present(values); },
                        [&](const MatrixView<const float>& matrix) {
                          const auto width = static_cast<std::uint64_t>(matrix.columns());
                          Levels repetition, definition;
                          for (std::int64_t i = begin; i < end; ++i) {
                            repetition.add(false);
                            if (width > 1) repetition.add(true, width - 1);
                          }
                          page.values *= matrix.columns();
                          definition.add(true, static_cast<std::uint64_t>(page.values));
                          page.bytes = repetition.take() + definition.take();
                          for (std::int64_t i = begin; i < end; ++i)
                            page.bytes.append(reinterpret_cast<const char*>(matrix[i]),
                                              width * sizeof(float));
                        }},
             column.values);
  return page;
}

/// Where a column of a row group lies.
struct Chunk {
  std::int64_t offset = 0, bytes = 0, values = 0;
};
struct RowGroup {
  std::int64_t rows = 0;
  std::vector<Chunk> chunks;
};

void write_schema(ThriftWriter& footer, const std::vector<ParquetColumn>& columns) {
  struct Element {
    std::string name;
    int type = -1, repetition = required, children = 0, converted = -1, logical = 0;
  };
  std::vector<Element> elements{{.name = "schema", .children = static_cast<int>(columns.size())}};
  constexpr int utf8 = 0, converted_list = 3, string_union = 1, list_union = 3;
  for (const auto& column : columns) {
    if (is_list(column)) {
      elements.push_back(
          {.name = column.name, .children = 1, .converted = converted_list, .logical = list_union});
      elements.push_back({.name = "list", .repetition = repeated, .children = 1});
      elements.push_back({.name = "element", .type = float_type});
      continue;
    }
    Element element{.name = column.name,
                    .type = type_of(column),
                    .repetition = may_be_empty(column) ? optional : required};
    if (element.type == byte_array) element.converted = utf8, element.logical = string_union;
    elements.push_back(element);
  }
  footer.structures(2, elements.size(), [&](std::size_t i) {
    const Element& element = elements[i];
    if (element.type >= 0) footer.integer32(1, element.type);
    if (i > 0) footer.integer32(3, element.repetition);
    footer.text(4, element.name);
    if (element.children > 0) footer.integer32(5, element.children);
    if (element.converted >= 0) footer.integer32(6, element.converted);
    if (element.logical > 0) footer.structure(10, [&] { footer.structure(element.logical, [] {}); });
  });
}

std::string footer_of(const std::vector<ParquetColumn>& columns, const std::vector<RowGroup>& groups,
                      std::int64_t rows) {
  ThriftWriter footer;
  footer.integer32(1, 2);
  write_schema(footer, columns);
  footer.integer64(3, rows);
  footer.structures(4, groups.size(), [&](std::size_t g) {
    const RowGroup& group = groups[g];
    std::int64_t total = 0;
    for (const auto& chunk : group.chunks) total += chunk.bytes;
    footer.structures(1, group.chunks.size(), [&](std::size_t c) {
      const Chunk& chunk = group.chunks[c];
      footer.integer64(2, chunk.offset);
      footer.structure(3, [&] {
        footer.integer32(1, type_of(columns[c]));
        footer.integers(2, {plain, rle});
        footer.texts(3, is_list(columns[c]) ? std::vector<std::string>{columns[c].name, "list", "element"}
                                            : std::vector<std::string>{columns[c].name});
        footer.integer32(4, 0);
        footer.integer64(5, chunk.values);
        footer.integer64(6, chunk.bytes);
        footer.integer64(7, chunk.bytes);
        footer.integer64(9, chunk.offset);
      });
    });
    footer.integer64(2, total);
    footer.integer64(3, group.rows);
  });
  footer.text(6, "ilk version " ILK_VERSION);
  return footer.take();
}

}  // namespace

void write_parquet(const std::filesystem::path& path, const std::vector<ParquetColumn>& columns) {
  require(!columns.empty(), "write_parquet", "there must be at least one column, got none.");
  const std::int64_t rows = rows_of(columns.front());
  std::int64_t rows_of_group = most_rows_of_group;
  for (const auto& column : columns) {
    require(rows_of(column) == rows, "write_parquet", "columns must have one length (", rows, "), but ",
            column.name, " has ", rows_of(column), ".");
    if (const auto* matrix = std::get_if<MatrixView<const float>>(&column.values)) {
      require(matrix->columns() > 0 || rows == 0, "write_parquet", column.name,
              " must have columns, got none.");
      rows_of_group =
          std::min(rows_of_group, most_numbers_of_group / std::max<std::int64_t>(matrix->columns(), 1));
    }
  }
  rows_of_group = std::max<std::int64_t>(rows_of_group, 1);

  AtomicFile file(path);
  std::int64_t offset = 0;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    offset += static_cast<std::int64_t>(bytes.size());
  };
  write("PAR1");
  std::vector<RowGroup> groups;
  for (std::int64_t begin = 0; begin < rows; begin += rows_of_group) {
    const std::int64_t end = std::min(rows, begin + rows_of_group);
    RowGroup& group = groups.emplace_back(RowGroup{.rows = end - begin});
    for (const auto& column : columns) {
      const PageBody page = body_of(column, begin, end);
      const auto size = static_cast<std::int64_t>(page.bytes.size());
      require(size <= INT32_MAX, "write_parquet", "the texts of ", column.name,
              " must take less than 2 GiB in ", end - begin, " rows, got ", size, " bytes.");
      ThriftWriter header;
      header.integer32(1, 0);
      header.integer32(2, size);
      header.integer32(3, size);
      header.structure(5, [&] {
        header.integer32(1, page.values);
        header.integer32(2, plain);
        header.integer32(3, rle);
        header.integer32(4, rle);
      });
      const std::string head = header.take();
      group.chunks.push_back({offset, static_cast<std::int64_t>(head.size()) + size, page.values});
      write(head);
      write(page.bytes);
    }
  }
  std::string footer = footer_of(columns, groups, rows);
  put(footer, static_cast<std::uint32_t>(footer.size()));
  write(footer + "PAR1");
  file.commit();
}

}  // namespace ilk
