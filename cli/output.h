#pragma once
// What the program writes to its terminal.
#include <filesystem>
#include <string>
#include <string_view>

namespace ilk::cli {

/// Without control characters, which a file's name may hold and a terminal would obey: ESC becomes \x1b, a
/// line's end \n. With `keep_lines` ends of lines and tabs stay.
std::string printable(std::string_view text, bool keep_lines = false);

/// To be called first. Makes sure that nothing which is opened later takes the place of a standard stream
/// that was closed; where standard output is a terminal, all that is printed there is printable from now on.
void begin_output();

enum class Contents { text, binary };

/// The path that a file is to be written to: `given`, or that of standard output for -. Where standard output
/// is meant, by whatever name, it gets nothing else: what the program prints goes to standard error from now
/// on. Throws CLI::ValidationError, naming the flag, where another file goes there already, and for binary
/// contents where it is a terminal.
std::filesystem::path output_file(const std::filesystem::path& given, const std::string& flag,
                                  Contents contents = Contents::text);

/// To be called last: the exit status, which is `failed`, with a message, where not all that was printed
/// arrived (a full disk).
int end_output(int status);

}  // namespace ilk::cli
