#pragma once
// Runs code as processors with other registers would.
#include "../src/core/twice.h"

/// While it lives, the registers of AVX2 are not used if `on`.
struct WithoutWideRegisters {
  explicit WithoutWideRegisters(bool on) { ilk::internal::without_wide_registers() = on; }
  ~WithoutWideRegisters() { ilk::internal::without_wide_registers() = false; }
  WithoutWideRegisters(const WithoutWideRegisters&) = delete;
  WithoutWideRegisters& operator=(const WithoutWideRegisters&) = delete;
};

/// With the registers of this machine and without.
template <class Body>
void for_each_kind_of_registers(Body&& body) {
  for (const bool without : {false, true}) {
    const WithoutWideRegisters way(without);
    body();
  }
}
