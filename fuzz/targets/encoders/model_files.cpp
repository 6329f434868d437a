// The small files of a model's folder.
#include <ilk/error.h>
#include <ilk/image.h>

#include "../../fuzz_target.h"
#include "encoders/clip_config.h"
#include "encoders/lite_config.h"
#include "encoders/sentence_config.h"
#include "model_store/model_record.h"

/// One file as each of the configurations.
ILK_FUZZ(model_config) {
  const auto file = fuzz_file("model/config.json", bytes);
  const auto attempt = [&](auto&& read) {
    try {
      read();
    } catch (const ilk::Error&) {
    }
  };
  attempt([&] { ilk::read_clip_config(file); });
  attempt([&] { ilk::read_lite_config(file); });
  attempt([&] { ilk::read_preprocessor(file.string()); });
}

/// modules.json, the pooling's config.json, sentence_bert_config.json.
ILK_FUZZ(sentence_config) {
  const auto parts = fuzz_parts(bytes, 3);
  const auto file = fuzz_file("sentence/modules.json", parts[0]);
  fuzz_file("sentence/1_Pooling/config.json", parts[1]);
  fuzz_file("sentence/sentence_bert_config.json", parts[2]);
  ilk::read_sentence_config(file.parent_path());
}

ILK_FUZZ(model_record) {
  const auto file = fuzz_file("record/ilk-model.json", bytes);
  ilk::model_store::read_model_record(file.parent_path());
}
