#pragma once
// N images, K clusters, V views of B images.
#include <sstream>

#include "core/option_checks.h"
#include "methods/losses.h"

namespace ilk::internal {

struct TrainingSizes {
  std::int64_t epochs, batch_size, neighbours;
};

/// One training, as a method describes it.
struct TrainingTask {
  std::string_view function;              ///< named in errors
  MatrixView<const float> images, texts;  ///< (N, D), (N, D′)
  std::int64_t n_clusters;
  std::uint64_t seed;
  TrainingOptions options;
  TrainingSizes sizes;             ///< the method's own, where the options leave them to it
  std::int64_t views;              ///< 2: own and same; 3: crossed too
  std::vector<std::string> facts;  ///< what the loss reports, in its order
  LossFunction loss;
  std::string loss_options;  ///< for the fingerprint
};

TrainedHeads train(const TrainingTask& task, const TrainingHooks& hooks, Progress& progress);

struct OptionsText {
  std::ostringstream text;
  template <class T>
  void operator()(const Field<T>& field) {
    text << field.name << '=';
    using Value = std::remove_const_t<T>;
    if constexpr (std::is_enum_v<Value>)
      text << enum_name(field.value);
    else if constexpr (is_optional<Value>)
      text << field.value.value_or(0);  // as states of before say what was not chosen
    else
      text << field.value;
    text << ';';
  }
};

/// An options struct as text, by its one list of fields.
template <class Options>
std::string options_text(const Options& options) {
  OptionsText visitor;
  visitor.text.precision(17);
  visit_fields(options, visitor);
  return visitor.text.str();
}

}  // namespace ilk::internal
