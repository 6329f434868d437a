// N images, K clusters: whole runs, and what they left.
#include <ilk/array.h>
#include <ilk/assign.h>
#include <ilk/run.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "io/safetensors.h"
#include "options.h"
#include "results.h"
#include "watch.h"

namespace ilk::python {
namespace {

std::string run_once(const std::vector<std::string>& inputs, const std::vector<std::string>& listed,
                     const nb::dict& keywords, const std::string& command, nb::handle listener) {
  const auto options = options_from<RunOptions>(keywords, "cluster");
  return to_json(watched(listener, 0, [&](Progress& progress) {
    return run({.paths = inputs, .listed = listed}, options, command, progress);
  }));
}

nb::dict place(const std::string& directory, const std::vector<std::string>& inputs,
               const std::vector<std::string>& listed, const nb::dict& keywords, nb::handle listener) {
  const auto options = options_from<AssignOptions>(keywords, "assign");
  Placement placement = watched(listener, 0, [&](Progress& progress) {
    const bool images = !inputs.empty() || !listed.empty();
    return assign(directory, images ? list_images(inputs, listed) : ImageList{}, options, progress);
  });
  // Of each level above: the images' clusters there, and the names of its clusters.
  std::vector<std::vector<std::int64_t>> levels(placement.levels.upper.size());
  std::vector<std::vector<std::string>> level_names(levels.size());
  for (const std::int64_t label : placement.assignment.labels) {
    const auto path = placement.levels.path(label);
    for (std::size_t level = 0; level < levels.size(); ++level) levels[level].push_back(path[level]);
  }
  for (std::size_t level = 0; level < levels.size(); ++level)
    for (const auto& cluster : placement.levels.upper[level]) level_names[level].push_back(cluster.name.name);
  nb::list skipped;
  for (const SkippedFile& file : placement.skipped)
    skipped.append(nb::make_tuple(file.path, file.kind, file.reason));
  return Fields()
      .add("paths", placement.paths)
      .add("assignment", nb::object(to_python(std::move(placement.assignment))))
      .add("cluster_names", placement.cluster_names)
      .add("levels", levels)
      .add("level_names", level_names)
      .add("skipped", nb::object(std::move(skipped)))
      .take();
}

nb::object numpy_of(Array array) {
  switch (array.type()) {
    case ElementType::f64:
      if (array.dimensions() == 1) return nb::cast(to_numpy(array.to_doubles()));
      break;
    case ElementType::i64:
      if (array.dimensions() == 1) return nb::cast(to_numpy(array.to_integers()));
      break;
    default:
      break;
  }
  if (array.dimensions() == 1) return nb::cast(to_numpy(array.to_floats()));
  return nb::cast(to_numpy(std::move(array).to_matrix()));
}

}  // namespace

void bind_runs(nb::module_& module) {
  module.def("run", &run_once, nb::arg("inputs"), nb::arg("listed"), nb::arg("options"), nb::arg("command"),
             nb::arg("listener").none(), "What `ilk cluster` does; returns its summary as JSON.");
  module.def("run_options", &describe<RunOptions>, "The keywords of cluster: name, type, default, help.");
  module.def("assign", &place, nb::arg("run"), nb::arg("inputs"), nb::arg("listed"), nb::arg("options"),
             nb::arg("listener").none(), "What `ilk assign` does.");
  module.def("assign_options", &describe<AssignOptions>,
             "The keywords of assign: name, type, default, help.");
  module.def(
      "safetensors_names", [](const std::string& path) { return SafetensorsFile(path).names(); },
      nb::arg("path"), "The names of a safetensors file's arrays.");
  module.def(
      "read_safetensors",
      [](const std::string& path, const std::string& name) {
        return numpy_of(watched(nb::none(), 0, [&](Progress&) { return SafetensorsFile(path).get(name); }));
      },
      nb::arg("path"), nb::arg("name"),
      "An array of a safetensors file: (rows, columns) float32, or one dimension.");
  module.def(
      "read_array",
      [](const std::string& place) {
        return numpy_of(watched(nb::none(), 0, [&](Progress&) {
          const ArrayFile file(place);
          return file.rows(0, file.shape().empty() ? 1 : file.shape().front());
        }));
      },
      nb::arg("place"), "X.npy, X.npz:name or X.safetensors:name as float32.");
}

}  // namespace ilk::python
