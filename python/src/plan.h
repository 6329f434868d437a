#pragma once
#include <ilk/transport.h>

#include "arrays.h"

namespace ilk::python {

inline RowPlan plan_of(const DoubleVector& potentials, double epsilon, bool times_cosine) {
  return {.column_potentials = vector_of(potentials), .epsilon = epsilon, .times_cosine = times_cosine};
}

}  // namespace ilk::python
