#include <algorithm>
#include <cmath>

#include "report/sections.h"

namespace ilk::html {
namespace {

constexpr double width = 240, height = 64;

/// One curve, drawn from the lowest to the highest of its values; what is not finite is left out.
void write_curve(Page& page, const Report::Curve& curve) {
  std::vector<double> values;
  for (const double value : curve.values)
    if (std::isfinite(value)) values.push_back(value);
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double span = *high > *low ? *high - *low : 1;
  const double step = values.size() > 1 ? width / static_cast<double>(values.size() - 1) : 0;
  page << "<figure>\n<figcaption dir=\"auto\">" << text(curve.name) << " <span class=\"quiet\">"
       << decimal(values.front(), 3) << " → " << decimal(values.back(), 3)
       << "</span></figcaption>\n<svg viewBox=\"-2 -2 244 68\" role=\"img\" aria-label=\"" << text(curve.name)
       << "\"><polyline points=\"";
  for (std::size_t i = 0; i < values.size(); ++i)
    page << (i ? Markup(" ") : Markup("")) << decimal(step * static_cast<double>(i), 1) << ","
         << decimal(height * (*high - values[i]) / span, 1);
  if (values.size() == 1) page << " 240.0,0.0";
  page << "\"></polyline></svg>\n</figure>\n";
}

}  // namespace

void write_training(Page& page, const Report& report) {
  if (report.curves.empty()) return;
  page << "<section aria-labelledby=\"training\">\n<h2 id=\"training\">Training <span class=\"quiet\">"
       << count(static_cast<std::int64_t>(report.curves.front().values.size()))
       << " epochs</span></h2>\n<div class=\"curves\">\n";
  for (const auto& curve : report.curves) write_curve(page, curve);
  page << "</div>\n</section>\n";
}

}  // namespace ilk::html
