#pragma once

namespace ilk {

/// Gives back to the system what was freed: the C library may keep it for what comes next. For the moment
/// after something large went.
void return_freed_memory();

}  // namespace ilk
