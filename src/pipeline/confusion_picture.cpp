// R classes (rows), C clusters (columns).
#include <ilk/evaluate.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/text.h"
#include "pipeline/svg.h"

namespace ilk {
namespace {

constexpr int cell = 34, name_width = 190, name_height = 150, margin = 12;
// More would be a carpet that nobody reads; the table in JSON has them all.
constexpr std::int64_t most_rows = 100, most_columns = 120;

/// Text from outside for an SVG: markup is escaped, control characters are left out, long names are cut.
std::string safe(const std::string& text, std::size_t most = 24) {
  std::string shown;
  std::size_t letters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80 && ++letters > most) return shown + "…";
    if (byte < 0x20 || byte == 0x7f) continue;
    if (c == '&')
      shown += "&amp;";
    else if (c == '<')
      shown += "&lt;";
    else if (c == '>')
      shown += "&gt;";
    else if (c == '"')
      shown += "&quot;";
    else
      shown += c;
  }
  return shown;
}

}  // namespace

std::string confusion_picture(const Evaluation& evaluation) {
  if (!evaluation.matched) fail("confusion_picture", "there must be labels to compare with, got none.");
  const auto& matched = *evaluation.matched;
  const auto& table = matched.table;
  const auto counts = table.counts.view();
  const std::int64_t rows = std::min(counts.rows(), most_rows),
                     columns = std::min(counts.columns(), most_columns);
  // At least as wide as the line below.
  const int width = std::max(640, name_width + static_cast<int>(columns) * cell + margin),
            height = name_height + static_cast<int>(rows) * cell + 40;
  std::string svg = svg_begin(width, height);
  for (std::int64_t c = 0; c < columns; ++c) {
    const std::int64_t cluster = table.clusters[static_cast<std::size_t>(c)];
    const int x = name_width + static_cast<int>(c) * cell + cell / 2 + 4, y = name_height - 6;
    svg += formatted("<text transform=\"translate(%d %d) rotate(-60)\">%lld ", x, y,
                     static_cast<long long>(cluster)) +
           safe(evaluation.cluster_names[static_cast<std::size_t>(cluster)], 20) + "</text>\n";
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t total = 0;
    for (const std::int64_t count : counts.row(r)) total += count;
    const int y = name_height + static_cast<int>(r) * cell;
    svg += formatted("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", name_width - 8, y + cell / 2 + 4) +
           safe(evaluation.classes[static_cast<std::size_t>(r)]) + "</text>\n";
    for (std::int64_t c = 0; c < columns; ++c) {
      const double share =
          static_cast<double>(counts[r][c]) / static_cast<double>(std::max<std::int64_t>(total, 1));
      const int x = name_width + static_cast<int>(c) * cell;
      const auto shade = [&](int full) { return static_cast<int>(std::lround(255 + (full - 255) * share)); };
      const bool is_match = matched.column_of_class[static_cast<std::size_t>(r)] == c;
      svg += formatted(
          "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%02x%02x%02x\" stroke=\"%s\"/>", x, y,
          cell - 1, cell - 1, shade(0), shade(105), shade(111), is_match ? "#191919" : "#e0e0e0");
      if (counts[r][c] > 0)
        svg += formatted(
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"10\" fill=\"%s\">%lld</text>",
            x + cell / 2, y + cell / 2 + 3, share > 0.5 ? "#fff" : "#191919",
            static_cast<long long>(counts[r][c]));
      svg += "\n";
    }
  }
  svg += formatted(
      "<text x=\"%d\" y=\"%d\" fill=\"#636363\">Rows: classes. Columns: clusters, the matched ones first "
      "(framed). Shade: share of the class.%s</text>\n</svg>\n",
      margin, height - 14,
      rows < counts.rows() || columns < counts.columns() ? " Only the first are shown." : "");
  return svg;
}

}  // namespace ilk
