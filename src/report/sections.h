#pragma once

#include "report/html.h"
#include "report/report.h"

namespace ilk::html {

// Each writes one part of the page, or nothing where the report has nothing for it. A new part is a new
// function here, named once more in render_report.

void write_header(Page& page, const Report& report);
void write_notices(Page& page, const Report& report);
void write_summary(Page& page, const Report& report);
void write_count(Page& page, const Report& report);
void write_training(Page& page, const Report& report);
void write_tree(Page& page, const Report& report);
void write_criteria(Page& page, const Report& report);
void write_overview(Page& page, const Report& report);
void write_map(Page& page, const Report& report);
void write_clusters(Page& page, const Report& report);
void write_inspection(Page& page, const Report& report);
void write_skipped(Page& page, const Report& report);
void write_reading_guide(Page& page, const Report& report);
void write_footer(Page& page, const Report& report);

/// The view that a picture opens in; it stays closed without a script.
void write_lightbox(Page& page);
/// The same for a list of images.
void write_browser(Page& page, const Report& report);

}  // namespace ilk::html
