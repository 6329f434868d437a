#include "io/foreign_content.h"

#include <algorithm>

#include "core/fail.h"
#include "io/files.h"
#include "io/strings.h"

namespace ilk {
namespace {

constexpr std::size_t looked_at = 512;

bool is_web_page(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::string start = lower_case(trimmed(head).substr(0, 32));
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head");
}

std::string of_zip(std::string_view head) {
  if (head.find("/data.pkl") != std::string_view::npos ||
      head.find("/.format_version") != std::string_view::npos)
    return "a PyTorch file, and those are not read; save the array with numpy.save";
  if (head.find("[Content_Types].xml") != std::string_view::npos)
    return "an Excel or another Office file; save the table as CSV";
  return "";
}

}  // namespace

std::string foreign_content(std::string_view head) {
  head = head.substr(0, looked_at);
  if (head.starts_with("version https://git-lfs.github.com/spec/"))
    return "a Git LFS pointer, and not the file that it stands for; `git lfs pull` fetches that";
  if (is_web_page(head)) return "a web page, and not the file itself; perhaps one that asks to log in";
  if (head.starts_with("PK\x03\x04")) return of_zip(head);
  // The number that torch.save of before version 1.6 begins with.
  if (head.starts_with(std::string_view("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 14)))
    return "a PyTorch file, and those are not read; save the array with numpy.save";
  if (head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
    return "a Python pickle, and those are not read; save the array with numpy.save";
  if (head.starts_with("\x1F\x8B")) return "gzipped; unpack it with gunzip";
  if (head.starts_with("\x89HDF\r\n\x1A\n")) return "an HDF5 file, and those are not read";
  if (head.starts_with("PAR1")) return "a Parquet file, and those are not read";
  return "";
}

std::string foreign_content_of(const std::filesystem::path& path) {
  try {
    const InputFile file(path);
    std::string head(std::min<std::uint64_t>(file.size(), looked_at), '\0');
    file.read(0, std::as_writable_bytes(std::span(head)));
    return foreign_content(head);
  } catch (const Error&) {
    return "";
  }
}

std::string read_file_of(const std::filesystem::path& path, std::string_view what,
                         std::string_view function) {
  std::string bytes = read_file(path);
  if (const std::string found = foreign_content(bytes); !found.empty())
    fail(function, path, " must be ", what, "; it is ", found, ".");
  return bytes;
}

}  // namespace ilk
