// ilk._core: the library as functions of arrays and keywords. What users see is made of it in Python, where
// arguments are brought to the types that are asked for here.
#include <ilk/error.h>
#include <ilk/threads.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "watch.h"

namespace nb = nanobind;

NB_MODULE(_core, module) {
  using namespace ilk::python;
  module.attr("version") = ILK_PYTHON_VERSION;
  auto error = nb::exception<ilk::Error>(module, "Error", PyExc_ValueError);
  error.attr("__doc__") =
      "Bad input: the library's one exception. Its text names the function, the rule and the value.";

  module.def(
      "set_threads", [](int threads) { ilk::set_threads(threads); }, nb::arg("threads"),
      "Sets how many threads ilk uses; 0: as many as the machine has.");
  module.def("threads", &ilk::threads, "How many threads ilk uses.");
  module.def(
      "stop_threads",
      [] {
        if (watched_calls() == 0) ilk::stop_threads();
      },
      "Ends ilk's waiting threads, unless work goes on; the next call starts new ones. For before a fork.");

  bind_kmeans(module);
  bind_distributed_kmeans(module);
  bind_transport(module);
  bind_distributed_transport(module);
  bind_neighbours(module);
  bind_metrics(module);
  bind_cluster_count(module);
  bind_semantic_spaces(module);
  bind_heads(module);
  bind_naming(module);
  bind_encoders(module);
  bind_vocabulary(module);
  bind_runs(module);
}
