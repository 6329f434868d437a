#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ilk {

/// Bytes of a size as people write it: "800MB" (1000s), "6GiB", "6G" or "1.5 g" (1024s), "512" (bytes).
/// Throws Error naming `function`, `what` and the value for anything else, for 0 and for more than 2^62
/// bytes.
std::uint64_t parse_memory_size(std::string_view text, std::string_view function, std::string_view what);

/// "1.5 GiB", "312 MiB", "20 KiB".
std::string memory_size_text(std::uint64_t bytes);

/// What the machine has, or what the process may use of it where that is less (the control group's limit).
std::uint64_t machine_memory();

/// What the process holds of it now.
std::uint64_t resident_memory();

/// The most that it held so far. Of this program alone: getrusage would count what its parent held when it
/// started it.
std::uint64_t peak_resident_memory();

}  // namespace ilk
