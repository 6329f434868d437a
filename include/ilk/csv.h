#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A table of comma-separated values (RFC 4180: quoted fields may hold separators, line breaks and doubled
/// quotes; CRLF and a byte-order mark are taken). Throws Error naming the line of a quote that is never
/// closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, char separator = ',');

/// The value as one field: quoted where it has to be.
std::string csv_field(std::string_view value);

}  // namespace ilk
