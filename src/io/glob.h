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

constexpr long most_expanded = 1'000'000;

/// Whether the text holds braces that expand_braces expands.
bool has_braces(std::string_view text);
/// The texts that "{000..099}" (whole numbers, as wide as the first is written) and "{a,b}" stand for, in
/// order; the text alone where it has no such braces. Throws Error for more than `most`.
std::vector<std::string> expand_braces(const std::string& text, long most = most_expanded);

/// The existing paths that fit the pattern, sorted by bytes. "**" as a whole part stands for any number of
/// folders, links to folders and hidden folders left out; at the end of the pattern it stands for the files
/// below.
std::vector<std::string> expand_glob(const std::string& pattern);

}  // namespace ilk
