#include <ilk/image_list.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <istream>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/fail.h"
#include "io/dataset_store.h"
#include "io/files.h"
#include "io/glob.h"
#include "io/text_file.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

/// Device and number of a folder, which stay the same by whatever path it is reached.
using FolderId = std::pair<dev_t, ino_t>;

class Collector {
 public:
  /// An input of the user: a folder, a file or whatever else exists at this path.
  void add(const fs::path& path) {
    std::error_code error;
    const fs::file_status link = fs::symlink_status(path, error);
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      begin_folder();
      walk(path, "", fs::is_symlink(link));
      end_folder();
    } else {
      add_other(path, link, status, error);
    }
  }

  void skip(std::string path, std::string kind, std::string reason) {
    list_.skipped.push_back({std::move(path), std::move(kind), std::move(reason)});
  }

  ImageList take() { return std::move(list_); }

 private:
  void begin_folder() {
    first_path_ = list_.paths.size();
    first_skipped_ = list_.skipped.size();
  }

  /// What was found below a folder is put in order once links have been followed, after everything else.
  void end_folder() {
    while (!links_.empty()) {
      std::vector<fs::path> links = std::exchange(links_, {});
      std::sort(links.begin(), links.end());
      for (const fs::path& path : links) follow(path);
    }
    std::sort(list_.paths.begin() + static_cast<std::ptrdiff_t>(first_path_), list_.paths.end());
    std::sort(list_.skipped.begin() + static_cast<std::ptrdiff_t>(first_skipped_), list_.skipped.end(),
              [](const SkippedFile& a, const SkippedFile& b) { return a.path < b.path; });
  }

  void follow(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status))
      walk(path, "", true);
    else
      add_other(path, fs::file_status(fs::file_type::symlink), status, error);
  }

  /// Everything in a folder that is not a link; links are left for later, so that a file's own path goes
  /// before them. `real` is the folder's path without links, or empty if that is to be found out.
  void walk(const fs::path& folder, fs::path real, bool by_link) {
    struct stat status {};
    std::error_code error;
    if (real.empty()) real = fs::canonical(folder, error);
    if (error || ::stat(folder.c_str(), &status) != 0) {
      skip(folder.string(), "unreadable", "the folder cannot be examined: " + system_reason(error));
      return;
    }
    const auto [known, is_new] = folders_.try_emplace({status.st_dev, status.st_ino}, folder.string());
    if (!is_new) {
      // A folder given twice by its own name is no loop; its files have their own entries already.
      skip(folder.string(), by_link ? "link loop" : "duplicate path",
           "the folder was already visited as " + known->second);
      return;
    }
    fs::directory_iterator entries(folder, error);
    if (error) {
      skip(folder.string(), "unreadable", "the folder cannot be read: " + error.message());
      return;
    }
    std::vector<fs::path> subfolders;
    for (const fs::directory_iterator end; entries != end;) {
      const fs::path path = entries->path();
      const fs::file_status link = entries->symlink_status(error);
      if (path.filename().native().front() != '.') {
        if (fs::is_symlink(link))
          links_.push_back(path);
        else if (fs::is_directory(link))
          subfolders.push_back(path);
        else if (fs::is_regular_file(link))
          add_file(path, real / path.filename());
        else
          add_other(path, link, link, error);
      }
      entries.increment(error);
      if (error) {
        skip(folder.string(), "unreadable", "the folder cannot be read to its end: " + error.message());
        break;
      }
    }
    std::sort(subfolders.begin(), subfolders.end());
    for (const fs::path& path : subfolders) walk(path, real / path.filename(), false);
  }

  void add_file(const fs::path& path, const fs::path& real) {
    const auto [known, is_new] = files_.try_emplace(real.string(), path.string());
    if (is_new)
      list_.paths.push_back(path.string());
    else
      skip(path.string(), "duplicate path", "the same file as " + known->second);
  }

  /// Anything but a folder, with the status of the path itself and of what it leads to.
  void add_other(const fs::path& path, fs::file_status link, fs::file_status status, std::error_code error) {
    if (fs::is_regular_file(status)) {
      std::error_code ignored;
      const fs::path real = fs::canonical(path, ignored);
      add_file(path, ignored ? fs::absolute(path) : real);
    } else if (error == std::errc::too_many_symbolic_link_levels) {
      skip(path.string(), "link loop", "the link leads back to itself");
    } else if (!fs::exists(status) && fs::is_symlink(link)) {
      skip(path.string(), "dangling link", "the link leads to a file that does not exist");
    } else if (status.type() == fs::file_type::not_found) {
      skip(path.string(), "vanished", "the file does not exist (any more)");
    } else if (status.type() == fs::file_type::none || status.type() == fs::file_type::unknown) {
      skip(path.string(), "unreadable", "the file cannot be examined: " + system_reason(error));
    } else {
      skip(path.string(), "special file",
           fs::is_fifo(status)     ? "a named pipe, not a file"
           : fs::is_socket(status) ? "a socket, not a file"
                                   : "a device, not a file");
    }
  }

  static std::string system_reason(std::error_code error) {
    return error ? error.message() : std::strerror(errno);
  }

  ImageList list_;
  std::size_t first_path_ = 0, first_skipped_ = 0;
  std::vector<fs::path> links_;
  std::map<FolderId, std::string> folders_;
  std::unordered_map<std::string, std::string> files_;  ///< path without links, and the path it was listed by
};

bool exists(const std::string& path) {
  struct stat status {};
  // ENAMETOOLONG and the like: such a path does not exist, but may be a pattern.
  return ::lstat(path.c_str(), &status) == 0;
}

/// The paths of a list.
std::vector<std::string> split_input_list(std::string bytes, const std::string& place) {
  const std::string text = decode_text(std::move(bytes), place, "read_input_list", ZeroBytes::allowed);
  const bool by_nul = text.find('\0') != std::string::npos;
  std::vector<std::string> paths;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(by_nul ? '\0' : '\n', begin), text.size());
    std::string path = text.substr(begin, end - begin);
    if (!by_nul && !path.empty() && path.back() == '\r') path.pop_back();
    if (!path.empty()) paths.push_back(std::move(path));
    begin = end + 1;
  }
  return paths;
}

}  // namespace

ImageList list_images(const std::vector<std::string>& inputs, const std::vector<std::string>& listed) {
  Collector collector;
  for (const std::string& input : inputs) {
    if (exists(input)) {
      collector.add(input);
      continue;
    }
    require_no_unfetched_dataset(input, "list_images");
    require(looks_like_glob(input) || has_braces(input), "list_images", "there is no file or folder '", input,
            "'.");
    const std::vector<std::string> expanded = expand_braces(input);
    bool any = false;
    for (const std::string& each : expanded) {
      const bool is_pattern = !exists(each) && looks_like_glob(each);
      const std::vector<std::string> found = is_pattern ? expand_glob(each) : std::vector{each};
      any = any || (is_pattern ? !found.empty() : exists(each));
      for (const std::string& path : found) collector.add(path);
    }
    require(any, "list_images", "the pattern '", input, "' matches nothing.");
  }
  // The order in a list says nothing.
  std::vector<std::string> sorted = listed;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (const std::string& path : sorted) collector.add(path);
  return collector.take();
}

std::vector<std::string> read_input_list(std::istream& stream, const std::string& place) {
  return split_input_list({std::istreambuf_iterator<char>(stream), {}}, place);
}

std::vector<std::string> read_input_list(const std::filesystem::path& path) {
  return split_input_list(read_file(path), path.string());
}

}  // namespace ilk
