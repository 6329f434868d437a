// Small texts as people write them: lists, nouns, templates, captions.
#include <ilk/image_list.h>

#include "../../fuzz_target.h"
#include "io/glob.h"
#include "io/text_file.h"
#include "text/corpus.h"
#include "text/image_captions.h"

ILK_FUZZ(text) {
  ilk::decode_text(std::string(bytes), "a text", "fuzz", ilk::ZeroBytes::allowed);
  ilk::decode_text(std::string(bytes), "a text", "fuzz");
}

ILK_FUZZ(nouns) {
  ilk::read_nouns(fuzz_file("nouns.txt", bytes));
}

ILK_FUZZ(prompt_templates) {
  ilk::read_templates(fuzz_file("templates.txt", bytes));
}

ILK_FUZZ(captions) {
  ilk::read_captions(fuzz_file("captions.txt", bytes));
}

ILK_FUZZ(image_captions) {
  ilk::read_image_captions(fuzz_file("image_captions.jsonl", bytes),
                           {"a.png", "b.png", "more/a.png", "x/y/c.jpg"});
}

ILK_FUZZ(input_list) {
  ilk::read_input_list(fuzz_file("list.txt", bytes));
}

/// A pattern, then a name.
ILK_FUZZ(glob) {
  const auto parts = fuzz_parts(bytes, 2);
  if (parts[0].size() > 64 || parts[1].size() > 64) return;
  ilk::fits_glob(parts[1], parts[0]);
}
