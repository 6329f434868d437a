// N images, D dimensions of images, D′ of texts, K clusters: the methods that train.
#include <ilk/sac.h>
#include <ilk/tac.h>
#include <nanobind/stl/string.h>

#include "arrays.h"
#include "bindings.h"
#include "options.h"
#include "results.h"
#include "watch.h"

namespace ilk::python {
namespace {

nb::dict to_python(HeadWeights head) {
  return Fields()
      .add("weight1", to_numpy(std::move(head.weight1)))
      .add("norm_weight", to_numpy(std::move(head.norm_weight)))
      .add("norm_bias", to_numpy(std::move(head.norm_bias)))
      .add("running_mean", to_numpy(std::move(head.running_mean)))
      .add("running_variance", to_numpy(std::move(head.running_variance)))
      .add("weight2", to_numpy(std::move(head.weight2)))
      .add("bias2", to_numpy(std::move(head.bias2)))
      .take();
}

HeadWeights head_of(const nb::dict& head) {
  const auto matrix = [&](const char* name) { return Matrix<float>(view_of(nb::cast<Floats>(head[name]))); };
  const auto numbers = [&](const char* name) { return vector_of(nb::cast<FloatVector>(head[name])); };
  return {.weight1 = matrix("weight1"),
          .norm_weight = numbers("norm_weight"),
          .norm_bias = numbers("norm_bias"),
          .running_mean = numbers("running_mean"),
          .running_variance = numbers("running_variance"),
          .weight2 = matrix("weight2"),
          .bias2 = numbers("bias2")};
}

nb::dict to_python(TrainedHeads trained) {
  nb::list epochs;
  for (const EpochFacts& facts : trained.epochs) {
    nb::dict means;
    for (const auto& [name, value] : facts.means) means[name.c_str()] = value;
    means["epoch"] = facts.epoch;
    means["used_clusters"] = facts.used_clusters;
    means["changed_labels"] = facts.changed_labels;
    epochs.append(means);
  }
  return Fields()
      .add("head", nb::object(to_python(std::move(trained.image))))
      .add("assignment", nb::object(python::to_python(std::move(trained.assignment))))
      .add("epochs", nb::object(std::move(epochs)))
      .add("used_clusters", trained.used_clusters)
      .take();
}

template <class Options>
auto train(const char* function, TrainedHeads (*method)(MatrixView<const float>, MatrixView<const float>,
                                                        const Options&, const TrainingHooks&, Progress&)) {
  return [=](const Floats& images, const Floats& texts, const nb::dict& keywords, nb::handle listener,
             std::int64_t n_jobs) {
    const auto options = options_from<Options>(keywords, function);
    const auto x = view_of(images), z = view_of(texts);
    return to_python(
        watched(listener, n_jobs, [&](Progress& progress) { return method(x, z, options, {}, progress); }));
  };
}

}  // namespace

void bind_heads(nb::module_& module) {
  module.def("train_sac", train<SacOptions>("sac", &train_sac), nb::arg("images").noconvert(),
             nb::arg("texts").noconvert(), nb::arg("options"), nb::arg("listener").none(), nb::arg("n_jobs"),
             "Trains SAC's heads on images and a text for each.");
  module.def("sac_options", &describe<SacOptions>, "The keywords of SAC: name, type, default, help.");
  module.def("train_tac", train<TacTrainedOptions>("tac", &train_tac), nb::arg("images").noconvert(),
             nb::arg("counterparts").noconvert(), nb::arg("options"), nb::arg("listener").none(),
             nb::arg("n_jobs"), "Trains TAC's heads on images and their counterparts.");
  module.def("tac_trained_options", &describe<TacTrainedOptions>,
             "The keywords of TAC with training: name, type, default, help.");
  module.def(
      "predict_by_head",
      [](const nb::dict& head, const Floats& features, std::int64_t n_jobs) {
        const HeadWeights weights = head_of(head);
        const auto x = view_of(features);
        return python::to_python(watched(nb::none(), n_jobs, [&](Progress&) { return predict(weights, x); }));
      },
      nb::arg("head"), nb::arg("features").noconvert(), nb::arg("n_jobs"),
      "The most probable cluster of each row by a trained head, and the runner-up.");
}

}  // namespace ilk::python
