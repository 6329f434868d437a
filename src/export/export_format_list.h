#pragma once
// The formats of `ilk export`, in the order in which help lists them. EXPORT(name) stands for `name_export`,
// which a file of this folder defines: a new format is a line here and that file.
#define ILK_EXPORTS(EXPORT) \
  EXPORT(folders)           \
  EXPORT(xmp)               \
  EXPORT(csv)               \
  EXPORT(parquet)           \
  EXPORT(embedding_atlas)   \
  EXPORT(imagefolder)       \
  EXPORT(coco)              \
  EXPORT(label_studio)      \
  EXPORT(fiftyone)

#include "export/export_format.h"

namespace ilk {
#define ILK_DECLARE_EXPORT(name) extern const ExportFormat name##_export;
ILK_EXPORTS(ILK_DECLARE_EXPORT)
#undef ILK_DECLARE_EXPORT
}  // namespace ilk
