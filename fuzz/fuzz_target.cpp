#include "fuzz_target.h"

#include <fcntl.h>
#include <ilk/error.h>
#include <ilk/image.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace fs = std::filesystem;

std::vector<FuzzTarget>& fuzz_targets() {
  static std::vector<FuzzTarget> targets;
  return targets;
}

FuzzRegistration::FuzzRegistration(const char* name, void (*parse)(std::string_view)) {
  auto& targets = fuzz_targets();
  const auto after = [](const FuzzTarget& a, const FuzzTarget& b) { return std::strcmp(a.name, b.name) < 0; };
  const FuzzTarget target{name, parse};
  targets.insert(std::upper_bound(targets.begin(), targets.end(), target, after), target);
}

void run_fuzz_target(const FuzzTarget& target, std::string_view bytes) {
  try {
    target.parse(bytes);
  } catch (const ilk::Error&) {
  } catch (const ilk::ImageError&) {
  }
}

const fs::path& fuzz_folder() {
  struct Folder {
    Folder() {
      std::string name =
          (fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path().string()) + "/ilk-fuzz-XXXXXX";
      if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a folder for inputs");
      path = name;
    }
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
    fs::path path;
  };
  static const Folder folder;
  return folder.path;
}

fs::path fuzz_file(const std::string& name, std::string_view bytes) {
  const fs::path path = fuzz_folder() / name;
  // Cut after it is written, not emptied before: the memory of the last input is used again.
  constexpr int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
  int file = ::open(path.c_str(), flags, 0600);
  if (file < 0) {
    fs::create_directories(path.parent_path());
    file = ::open(path.c_str(), flags, 0600);
  }
  const auto size = static_cast<ssize_t>(bytes.size());
  if (file < 0 || ::write(file, bytes.data(), bytes.size()) != size || ::ftruncate(file, size) != 0)
    throw std::runtime_error("cannot write " + path.string());
  ::close(file);
  return path;
}

std::vector<std::string_view> fuzz_parts(std::string_view bytes, std::size_t count) {
  constexpr std::string_view cut = "\n--8<--\n";
  std::vector<std::string_view> parts;
  for (std::size_t at; (at = bytes.find(cut)) != std::string_view::npos && parts.size() + 1 < count;) {
    parts.push_back(bytes.substr(0, at));
    bytes.remove_prefix(at + cut.size());
  }
  parts.push_back(bytes);
  parts.resize(std::max(parts.size(), count));
  return parts;
}
