// Labels in all their forms.
#include "text/labels.h"
#include "../../fuzz_target.h"

namespace {
const std::vector<std::string> images{"a.png", "b.png", "more/a.png", "x/y/c.jpg"};
}

ILK_FUZZ(labels) {
  ilk::read_labels(fuzz_file("labels.csv", bytes).string(), images, true);
}
