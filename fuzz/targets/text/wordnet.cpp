// data.noun, then index.noun.
#include <ilk/wordnet.h>

#include "../../fuzz_target.h"

ILK_FUZZ(wordnet) {
  const auto parts = fuzz_parts(bytes, 2);
  const auto data = fuzz_file("wordnet/data.noun", parts[0]);
  fuzz_file("wordnet/index.noun", parts[1]);
  const ilk::WordNet wordnet(data.parent_path());
  wordnet.sentences();
  for (const auto& noun : wordnet.nouns())
    for (const auto sense : wordnet.senses(noun)) {
      wordnet.hypernym_path(sense);
      wordnet.ancestors(sense);
      wordnet.is_familiar(noun, sense);
    }
}
