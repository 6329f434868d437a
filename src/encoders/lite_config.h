#pragma once
// config.json of an ilk-lite model.
#include <ilk/image.h>

#include <cstdint>
#include <filesystem>

#include "encoders/bert_tower.h"
#include "encoders/convolution_tower.h"

namespace ilk {

struct LiteConfig {
  ConvolutionConfig image;
  BertConfig text;
  std::int64_t longest_text = 64;  ///< tokens, the first and the last among them
  std::int64_t classes = 1000, top_classes = 20, head_hidden = 1024, visual_width = 128;
  double visual_weight = 1;
  ImagePreprocessor preprocessor;

  std::int64_t text_width() const { return text.transformer.width; }
  std::int64_t joint_width() const { return visual_width + text_width(); }
};

/// Throws Error naming the file, the key and the value.
LiteConfig read_lite_config(const std::filesystem::path& path);

}  // namespace ilk
