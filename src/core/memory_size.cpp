#include "core/memory_size.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "core/fail.h"
#include "core/text.h"

namespace ilk {
namespace {

constexpr std::string_view prefixes = "kmgt";

/// The factor of "", "B", "kB", "KiB", "K", …; 0 for anything else.
double factor_of(std::string unit) {
  std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return std::tolower(c); });
  if (unit.empty() || unit == "b") return 1;
  const auto power = prefixes.find(unit.front());
  if (power == std::string_view::npos) return 0;
  const std::string rest = unit.substr(1);
  if (!rest.empty() && rest != "b" && rest != "ib") return 0;
  double factor = 1;
  for (std::size_t i = 0; i <= power; ++i) factor *= rest == "b" ? 1000.0 : 1024.0;
  return factor;
}

}  // namespace

std::uint64_t parse_memory_size(std::string_view text, std::string_view function, std::string_view what) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  const double bytes = number * factor_of(std::string(unit));
  constexpr double most = static_cast<double>(std::uint64_t{1} << 62);
  require(error == std::errc() && bytes >= 1 && bytes <= most, function, what,
          " must be a size such as 6GiB or 800MB, got '", text, "'.");
  return static_cast<std::uint64_t>(bytes);
}

std::string memory_size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fixed(value, unit > 2 ? 1 : 0) + " " + units[unit];
}

std::uint64_t machine_memory() {
  auto memory =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::uint64_t limit = 0;
    if (file >> limit && limit > 0) memory = std::min(memory, limit);
  }
  return memory;
}

std::uint64_t resident_memory() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  return file >> total >> resident ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t peak_resident_memory() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  return resident_memory();
}

}  // namespace ilk
