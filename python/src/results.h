#pragma once
// Results that several functions return.
#include <ilk/cae.h>
#include <ilk/kmeans.h>
#include <nanobind/nanobind.h>

namespace ilk::python {

nanobind::dict to_python(Assignment assignment);
nanobind::dict to_python(KMeansResult result);

}  // namespace ilk::python
