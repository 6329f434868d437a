// Parsers of the layer pipeline: run directories and what runs leave for later ones.
#include "fuzz_corpus.h"
