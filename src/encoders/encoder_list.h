#pragma once
// The kinds of models, in the order in which messages list them. ENCODER(name) stands for `name_encoder`,
// which a file of this folder defines: a new kind, with whatever towers it has, is a line here and that file.
#define ILK_ENCODERS(ENCODER) \
  ENCODER(clip)               \
  ENCODER(bert)               \
  ENCODER(mpnet)              \
  ENCODER(lite)

#include <ilk/encoder.h>

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace ilk {

/// A kind of model: what config.json calls it, and how a directory of it is loaded. One of the two functions
/// is there: what sees images reads texts too.
struct EncoderKind {
  std::string_view model_type;
  std::unique_ptr<ImageTextEncoder> (*load)(const std::filesystem::path& directory, Precision precision,
                                            Device device) = nullptr;
  std::unique_ptr<TextEncoder> (*load_text)(const std::filesystem::path& directory,
                                            Precision precision) = nullptr;
  bool on_hub = true;  ///< whether such models can be fetched
};
const std::vector<const EncoderKind*>& encoder_kinds();

#define ILK_DECLARE_ENCODER(name) extern const EncoderKind name##_encoder;
ILK_ENCODERS(ILK_DECLARE_ENCODER)
#undef ILK_DECLARE_ENCODER

}  // namespace ilk
