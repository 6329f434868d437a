// What ilk leaves for later runs: encoded nouns, a training's state.

#include "../../fuzz_target.h"
#include "pipeline/checkpoint.h"
#include "pipeline/vocabulary_file.h"

ILK_FUZZ(vocabulary_file) {
  ilk::VocabularyFile(fuzz_file("vocabulary.safetensors", bytes)).features();
}

ILK_FUZZ(checkpoint) {
  ilk::read_checkpoint(fuzz_file("training.safetensors", bytes), ilk::silent());
}
