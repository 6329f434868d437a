#pragma once
// The formats of data sets, in the order in which contents are tried and messages list them.
// DATASET_FORMAT(name) stands for `name_format`, which a file of this folder defines: a new format is a line
// here and that file.
#define ILK_DATASET_FORMATS(DATASET_FORMAT) \
  DATASET_FORMAT(idx)                       \
  DATASET_FORMAT(mnist)                     \
  DATASET_FORMAT(fashion_mnist)             \
  DATASET_FORMAT(stl10)                     \
  DATASET_FORMAT(cifar10)                   \
  DATASET_FORMAT(cifar100)                  \
  DATASET_FORMAT(cifar20)                   \
  DATASET_FORMAT(webdataset)                \
  DATASET_FORMAT(cifar)                     \
  DATASET_FORMAT(videos)                    \
  DATASET_FORMAT(ucf101)                    \
  DATASET_FORMAT(csv)                       \
  DATASET_FORMAT(imagefolder)

#include "io/dataset_formats.h"

namespace ilk::internal {
#define ILK_DECLARE_DATASET_FORMAT(name) extern const DatasetFormat name##_format;
ILK_DATASET_FORMATS(ILK_DECLARE_DATASET_FORMAT)
#undef ILK_DECLARE_DATASET_FORMAT
}  // namespace ilk::internal
