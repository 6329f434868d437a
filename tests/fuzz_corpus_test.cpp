// Parsers of the layers text and encoders, which ./dev check runs under sanitizers too.
#include "fuzz_corpus.h"
