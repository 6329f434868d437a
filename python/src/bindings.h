#pragma once
#include <nanobind/nanobind.h>

namespace ilk::python {

/// Each concept adds its functions to the module; module.cpp calls them all.
void bind_kmeans(nanobind::module_& module);
void bind_transport(nanobind::module_& module);
void bind_distributed_kmeans(nanobind::module_& module);
void bind_distributed_transport(nanobind::module_& module);
void bind_neighbours(nanobind::module_& module);
void bind_metrics(nanobind::module_& module);
void bind_cluster_count(nanobind::module_& module);
void bind_semantic_spaces(nanobind::module_& module);
void bind_heads(nanobind::module_& module);
void bind_naming(nanobind::module_& module);
void bind_encoders(nanobind::module_& module);
void bind_vocabulary(nanobind::module_& module);
void bind_runs(nanobind::module_& module);

}  // namespace ilk::python
