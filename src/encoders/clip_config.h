#pragma once
#include <cstdint>
#include <filesystem>

#include "encoders/transformer.h"

namespace ilk {

struct VisionConfig {
  TransformerConfig transformer{.width = 768, .mlp_width = 3072, .layers = 12, .heads = 12};
  std::int64_t image_size = 224, patch_size = 32;
  /// Pixels right and below that do not fill a patch are left out.
  std::int64_t patches_per_side() const { return image_size / patch_size; }
};

struct TextConfig {
  TransformerConfig transformer{.width = 512, .mlp_width = 2048, .layers = 12, .heads = 8};
  std::int64_t vocabulary_size = 49408, context_length = 77;
  /// The token whose first place stands for the text; -1: the largest id there is in the text. That is also
  /// what the 2 of configurations from before 2023 means, and what CLIP's own end token comes to.
  std::int64_t end_token = -1;
};

/// A CLIPModel's config.json; what it leaves out has CLIPVisionConfig's and CLIPTextConfig's defaults.
struct ClipConfig {
  VisionConfig vision;
  TextConfig text;
  std::int64_t joint_width = 512;
};

/// Throws Error naming the file, the key and the value.
ClipConfig read_clip_config(const std::filesystem::path& path);

}  // namespace ilk
