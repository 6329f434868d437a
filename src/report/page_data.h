#pragma once

#include "report/html.h"
#include "report/report.h"

namespace ilk::html {

/// What the page's script must know of all images, as JSON; the script is in page/data.js.
std::string index_json(const Report& report);

/// A block of data in the page, which runs nothing: `json` with whatever could end it escaped.
void write_data_block(Page& page, Markup id, const std::string& json);

}  // namespace ilk::html
