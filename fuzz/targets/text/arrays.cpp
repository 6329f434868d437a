// Arrays of numbers and texts: safetensors, .npy, .npz.

#include <ilk/array.h>

#include <algorithm>

#include "../../fuzz_target.h"
#include "io/safetensors.h"

namespace {

void read_rows(const std::filesystem::path& path) {
  const ilk::ArrayFile array(path.string());
  if (!array.shape().empty()) array.rows(0, std::min<std::int64_t>(array.shape().front(), 64));
}

}  // namespace

ILK_FUZZ(safetensors) {
  const ilk::SafetensorsFile file(fuzz_file("x.safetensors", bytes));
  for (const auto& name : file.names())
    if (file.entry(name).type) file.get(name);
}

ILK_FUZZ(npy) {
  read_rows(fuzz_file("x.npy", bytes));
}

ILK_FUZZ(npz) {
  read_rows(fuzz_file("x.npz", bytes));
}

ILK_FUZZ(text_array) {
  ilk::read_text_array(fuzz_file("texts.npy", bytes).string());
}
