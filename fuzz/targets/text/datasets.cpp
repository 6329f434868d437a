// Data sets whose pixels lie bare: CIFAR, STL-10, IDX; tables of paths and labels.
#include <ilk/dataset.h>
#include <ilk/image.h>

#include <algorithm>

#include "../../fuzz_target.h"

namespace {

void read_some(const ilk::Dataset& dataset) {
  for (std::size_t i = 0; i < std::min<std::size_t>(dataset.images.size(), 3); ++i)
    dataset.read(static_cast<std::int64_t>(i));
}

}  // namespace

/// Images, then labels.
ILK_FUZZ(idx) {
  const auto parts = fuzz_parts(bytes, 2);
  const auto images = fuzz_file("idx/train-images-idx3-ubyte", parts[0]);
  fuzz_file("idx/train-labels-idx1-ubyte", parts[1]);
  read_some(ilk::open_dataset("idx:" + images.parent_path().string()));
}

/// The file of pixels and labels, then the names of classes.
ILK_FUZZ(cifar) {
  const auto parts = fuzz_parts(bytes, 2);
  const auto images = fuzz_file("cifar/data_batch_1.bin", parts[0]);
  fuzz_file("cifar/batches.meta.txt", parts[1]);
  read_some(ilk::open_dataset("cifar10:" + images.parent_path().string()));
}

/// Images, labels, names.
ILK_FUZZ(stl10) {
  const auto parts = fuzz_parts(bytes, 3);
  const auto images = fuzz_file("stl10/train_X.bin", parts[0]);
  fuzz_file("stl10/train_y.bin", parts[1]);
  fuzz_file("stl10/class_names.txt", parts[2]);
  read_some(ilk::open_dataset("stl10:" + images.parent_path().string()));
}

ILK_FUZZ(csv_dataset) {
  ilk::open_dataset("csv:" + fuzz_file("table.csv", bytes).string());
}
