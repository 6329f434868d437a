#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Whether the text contains what glob patterns are made of.
bool looks_like_glob(std::string_view text);

/// Whether one part of a path fits one part of a pattern: * any run, ? one byte, [a-z] one of, [!a-z] none
/// of; a backslash takes the next character as it is. A name that begins with a dot fits only a pattern that
/// does.
bool fits_glob(std::string_view name, std::string_view pattern);

/// The existing paths that fit the pattern, sorted by bytes. "**" as a whole part stands for any number of
/// folders, links to folders and hidden folders left out; at the end of the pattern it stands for the files
/// below.
std::vector<std::string> expand_glob(const std::string& pattern);

}  // namespace ilk
