#pragma once
// N images of a collection that comes with labels.
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/options.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

struct DatasetOptions {
  std::string split;
  std::string classes;
};

template <OptionsOf<DatasetOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"split", options.split, "part of the data set to take: train, test, … (else all of it)"});
  visit(Field{
      "classes", options.classes,
      "take these classes only: a file of names, one a line, or imagenet-10 or imagenet-dogs, subsets of "
      "ImageNet (class folders named by synset)"});
}

/// A labelled collection: images in a fixed order, none of them held in memory.
struct Dataset {
  struct Image {
    std::string name;         ///< the file's path, or "train/17" where many images share a file; unique
    std::int64_t label = -1;  ///< of `classes`; −1 where there is none
  };
  struct Split {
    std::string name;
    std::int64_t begin = 0, end = 0;  ///< of `images`
  };
  std::string format;  ///< as in dataset_formats()
  std::string place;
  std::vector<std::string> classes;
  std::vector<Image> images;
  std::vector<Split> splits;         ///< empty where the data set has none
  std::vector<SkippedFile> skipped;  ///< what is there and no image of the set
  /// The bytes of an image as an image file; pixels that are stored bare come as an uncompressed PNG. Any
  /// number of threads may call it. Throws ImageError or Error for what went wrong since it was opened.
  std::function<ImageFile(std::int64_t)> read;
};

/// The names of the formats:
/// - "imagefolder": a folder for each class, perhaps below train/, val/, test/
/// - "csv": a CSV with a path and a label column (or two columns and no header); paths are relative to it
/// - "cifar10", "cifar100", "cifar20" (CIFAR-100's coarse labels): the binary or Python version, a folder or
/// a file
/// - "stl10": the binary version
/// - "idx", "mnist", "fashion-mnist": IDX, also gzipped; the folder of the files or the one that holds it as
/// raw/ (torchvision); Fashion-MNIST's class names are known, EMNIST's are in the mapping beside it
/// - "webdataset": tar shards, also gzipped, files or a folder of them; labels from .cls, .json ("label" or
/// "class") or .txt
/// - "videos", "ucf101": a folder of videos for each class, the middle frame of each, decoded by the program
/// ffmpeg; with UCF-101's ucfTrainTestlist/ in or beside it, the first of its divisions makes the splits
const std::vector<std::string>& dataset_formats();

/// Opens "PATH" (the format is told by content and names of files), "FORMAT:PATH", or a data set that was
/// fetched by its name (get_dataset). Sizes, counts, magic numbers and labels are checked; pixels are read
/// when they are asked for. Throws Error naming file and rule.
///
/// Tar shards may also be given as a pattern ("shards/*.tar", "shards/{000..099}.tar") or one by one; one
/// that is damaged is skipped whole, unless it is the only one.
Dataset open_dataset(const std::string& place, const DatasetOptions& options = {});
Dataset open_dataset(const std::vector<std::string>& places, const DatasetOptions& options = {});

/// Whether `place` is one of the packed formats (CIFAR, STL, IDX, WebDataset) or names a format; not for a
/// plain folder of images or a CSV.
bool is_packed_dataset(const std::string& place);

}  // namespace ilk
