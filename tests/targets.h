#pragma once
// Runs code as processors with other instruction sets would.
#include <gtest/gtest.h>

#include "kernels/kernels.h"

/// While it lives, the loops of `target` are used.
struct WithTarget {
  explicit WithTarget(ilk::kernels::Target target) : before_(ilk::kernels::kernels().target) {
    ilk::kernels::use_target(target);
  }
  ~WithTarget() { ilk::kernels::use_target(before_); }
  WithTarget(const WithTarget&) = delete;
  WithTarget& operator=(const WithTarget&) = delete;

 private:
  ilk::kernels::Target before_;
};

/// Runs body() with each target that this machine has.
template <class Body>
void for_each_target(Body&& body) {
  for (const ilk::kernels::Target target : ilk::kernels::available_targets()) {
    const WithTarget way(target);
    SCOPED_TRACE(ilk::kernels::name_of(target));
    body();
  }
}
