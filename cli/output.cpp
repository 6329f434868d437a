#include "output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "commands.h"
#include "core/text.h"
#include "io/files.h"

namespace ilk::cli {
namespace {

void append_escaped(std::string& text, unsigned char byte) {
  text += formatted("\\x%02x", byte);
}

/// The system's reason why standard output did not take something; 0 while it takes all.
int output_error = 0;
/// Whether a file is written to standard output.
bool is_taken = false;

/// Takes what stdio has gathered for a descriptor. A terminal gets no control characters.
template <int descriptor, bool is_terminal>
ssize_t write_output(void*, const char* bytes, std::size_t count) {
  const std::string text = is_terminal ? printable({bytes, count}, true) : std::string();
  for (std::string_view rest = is_terminal ? text : std::string_view(bytes, count); !rest.empty();) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      output_error = errno;
      return 0;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return static_cast<ssize_t>(count);
}

/// What is printed goes to the descriptor from now on.
template <int descriptor>
void print_to() {
  const bool is_terminal = ::isatty(descriptor) == 1;
  std::FILE* stream =
      ::fopencookie(nullptr, "w",
                    {.read = nullptr,
                     .write = is_terminal ? write_output<descriptor, true> : write_output<descriptor, false>,
                     .seek = nullptr,
                     .close = nullptr});
  if (!stream) return;
  std::setvbuf(stream, nullptr, is_terminal ? _IOLBF : _IOFBF, 1 << 12);
  stdout = stream;
}

}  // namespace

std::string printable(std::string_view text, bool keep_lines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    // NOLINTNEXTLINE(bugprone-branch-clone): those between come before the last.
    if (keep_lines && (byte == '\n' || byte == '\t')) {
      result += text[i];
    } else if (byte == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      append_escaped(result, byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // the same controls in UTF-8
      append_escaped(result, next);
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

void begin_output() {
  // A reader's end for the two that are written to: what is printed there must fail, not go elsewhere.
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY));
  print_to<STDOUT_FILENO>();
}

std::filesystem::path output_file(const std::filesystem::path& given, const std::string& flag,
                                  Contents contents) {
  std::filesystem::path path = given == "-" ? "/dev/stdout" : given;
  if (!is_standard_output(path)) return path;
  if (is_taken)
    throw CLI::ValidationError(flag + " names standard output, to which another file is written already.");
  if (contents == Contents::binary && ::isatty(STDOUT_FILENO) == 1)
    throw CLI::ValidationError(flag +
                               " names the terminal, which cannot show such a file; name a file, or "
                               "give the output to another program.");
  is_taken = true;
  std::fflush(stdout);
  print_to<STDERR_FILENO>();
  return path;
}

int end_output(int status) {
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (arrived) return status;
  std::fprintf(stderr, "ilk: cannot write to standard %s: %s.\n", is_taken ? "error" : "output",
               output_error != 0 ? std::strerror(output_error) : "not all of it arrived");
  return status == done ? failed : status;
}

}  // namespace ilk::cli
