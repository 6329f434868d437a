#include "report/sections.h"

namespace ilk::html {

// The script (page/map.js) draws it; without one there is nothing to see.
void write_map(Page& page, const Report& report) {
  if (!report.images || report.images->map.empty()) return;
  page << "<section id=\"map-section\" class=\"scripted\" aria-labelledby=\"map\">\n<h2 id=\"map\">Map <span "
          "class=\"quiet\">"
       << count(report.images->map.rows())
       << " images</span></h2>\n<p id=\"map-help\" class=\"quiet\">Each point is an image; images that look "
          "alike to "
          "the model lie together. Drag to move, scroll or pinch to zoom, click for the picture. With the "
          "keyboard: arrows move, plus and minus zoom, 0 shows all, Enter opens the image in the middle. The "
          "clusters below list the same images.</p>\n<div class=\"map-tools\">\n";
  if (!report.images->classes.empty())
    page << "<label>Colour by <select id=\"map-colour\"><option value=\"cluster\">cluster</option><option "
            "value=\"label\">label</option></select></label>\n";
  page << "<button type=\"button\" id=\"map-lasso\" aria-pressed=\"false\">Select with a lasso</button>\n"
          "<span class=\"zoom\"><button type=\"button\" id=\"map-out\" aria-label=\"Zoom out\">−</button>"
          "<button type=\"button\" id=\"map-in\" aria-label=\"Zoom in\">+</button>"
          "<button type=\"button\" id=\"map-whole\">Whole map</button></span>\n"
          "<output id=\"map-state\" class=\"quiet\"></output>\n</div>\n"
          "<div id=\"plot\">\n<canvas id=\"map-canvas\" tabindex=\"0\" role=\"img\" aria-label=\"Map of "
       << count(report.images->map.rows()) << " images in "
       << count(static_cast<std::int64_t>(report.clusters.size()))
       << " clusters\" aria-describedby=\"map-help\"></canvas>\n<canvas id=\"map-over\" "
          "aria-hidden=\"true\"></canvas>\n<div id=\"map-names\" aria-hidden=\"true\"></div>\n"
          "<div id=\"map-card\" hidden></div>\n</div>\n<ul id=\"map-legend\" aria-label=\"Colours\"></ul>\n"
          "<p id=\"map-said\" class=\"spoken\" aria-live=\"polite\"></p>\n</section>\n";
}

// Filled by the script (page/inspection.js) where `ilk inspect` has left its findings beside the page.
void write_inspection(Page& page, const Report& report) {
  if (!report.images) return;
  page << "<section id=\"inspection-section\" aria-labelledby=\"inspection\" hidden>\n<h2 id=\"inspection\">"
          "Duplicates and outliers</h2>\n<ul id=\"findings\"></ul>\n</section>\n";
}

// Opened by the script (page/browser.js): a list of images, page by page.
void write_browser(Page& page, const Report& report) {
  if (!report.images) return;
  page << "<dialog id=\"browser\" aria-labelledby=\"browser-title\">\n<div class=\"bar\">\n<h2 "
          "id=\"browser-title\" dir=\"auto\"></h2>\n<button type=\"button\" id=\"browser-close\" "
          "aria-label=\"Close\">×</button>\n</div>\n<div id=\"browser-tools\"></div>\n"
          "<ul id=\"browser-list\"></ul>\n"
          "<div class=\"pager\">\n<button type=\"button\" id=\"first-page\" aria-label=\"First "
          "page\">«</button>"
          "<button type=\"button\" id=\"previous-page\" aria-label=\"Previous page\">‹</button>\n<label>Page "
          "<input "
          "id=\"page-number\" type=\"number\" min=\"1\"></label> <span id=\"page-count\"></span>\n<button "
          "type=\"button\" id=\"next-page\" aria-label=\"Next page\">›</button><button type=\"button\" "
          "id=\"last-page\" aria-label=\"Last page\">»</button>\n</div>\n</dialog>\n";
}

}  // namespace ilk::html
