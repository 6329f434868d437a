#pragma once
#include <span>

namespace ilk {

/// Gives back to the system what was freed: the C library may keep it for what comes next. For the moment
/// after something large went.
void return_freed_memory();

/// Gives back the whole pages of numbers that nobody reads again, though what they are a part of is not freed
/// yet: a large matrix that is used up row by row.
void return_used_memory(std::span<float> numbers);

}  // namespace ilk
