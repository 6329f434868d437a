// What ilk leaves for later runs: encoded nouns, a training's state.
#include <ilk/noun_vocabulary.h>

#include "../../../src/pipeline/checkpoint.h"
#include "../../fuzz_target.h"

ILK_FUZZ(vocabulary_file) {
  ilk::VocabularyFile(fuzz_file("vocabulary.safetensors", bytes)).features();
}

ILK_FUZZ(checkpoint) {
  ilk::read_checkpoint(fuzz_file("training.safetensors", bytes), ilk::silent());
}
