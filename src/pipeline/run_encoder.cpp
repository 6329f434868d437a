#include "pipeline/run_encoder.h"

#include <ilk/models.h>

#include "core/fail.h"
#include "core/option_checks.h"

namespace ilk {

std::unique_ptr<ImageTextEncoder> encoder_of_run(const RunFiles& run, const std::string& model,
                                                 std::string_view function) {
  require(run.options().features.empty(), function, "the run must be of images; its features came from ",
          run.options().features, ", and their model is not known.");
  const std::string said = run.fact("precision");
  // Runs of before there was a choice do not say.
  const Precision precision =
      said.empty() ? Precision::fp32 : enum_value<Precision>(said, function, "precision");
  const std::string& name = model.empty() ? run.options().model : model;
  auto encoder = load_image_text_encoder(find_model(name), precision);
  require(encoder->fingerprint() == run.fact("model_fingerprint"), function,
          "model must be the one that the run was made with; '", name, "' has other weights or settings.");
  return encoder;
}

}  // namespace ilk
