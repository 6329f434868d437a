#pragma once

namespace ilk {

/// Sets how many threads ilk uses (0: as many as the machine has). Process-wide.
void set_threads(int threads);
int threads();

/// Ends the threads that helped so far; later calls start new ones. A program calls it before `main` returns,
/// so that none of ilk's threads is left while static objects are destroyed. Not while ilk is at work.
void stop_threads();

}  // namespace ilk
