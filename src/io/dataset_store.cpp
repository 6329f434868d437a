#include "io/dataset_store.h"

#include <algorithm>

#include "core/fail.h"
#include "core/nearest_name.h"
#include "io/download.h"
#include "io/files.h"
#include "io/tar.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view in_get_dataset = "get_dataset";

std::string file_name(const std::string& url) {
  return url.substr(url.rfind('/') + 1);
}

std::string address(const std::string& url, const std::string& from) {
  if (from.empty()) return url;
  return from + (from.ends_with('/') ? "" : "/") + file_name(url);
}

}  // namespace

// Sizes and digests as the catalogue of TensorFlow Datasets has them (url_checksums).
const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> datasets = {
      {"cifar10",
       "60,000 small photographs in 10 classes (170 MB)",
       {{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", 170052171,
         "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
       "cifar-10-batches-bin"},
      {"cifar100",
       "60,000 small photographs in 100 classes; cifar20:… takes its 20 coarse ones (169 MB)",
       {{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", 168513733,
         "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}},
       "cifar-100-binary"},
      {"stl10",
       "13,000 photographs in 10 classes and 100,000 without labels (2.6 GB)",
       {{"http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", 2640397119,
         "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866"}},
       "stl10_binary"},
      {"mnist",
       "70,000 handwritten digits (12 MB)",
       {{"https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz", 9912422,
         "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
        {"https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz", 28881,
         "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
        {"https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz", 1648877,
         "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
        {"https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz", 4542,
         "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}},
       ""},
      {"fashion-mnist",
       "70,000 pictures of clothes in 10 classes (31 MB)",
       {{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz", 26421880,
         "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz", 29515,
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz", 4422102,
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz", 5148,
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}},
       ""}};
  return datasets;
}

fs::path datasets_directory() {
  return data_directory() / "datasets";
}

std::optional<fs::path> fetched_dataset(const std::string& name) {
  for (const auto& dataset : known_datasets()) {
    std::error_code error;
    const auto folder = datasets_directory() / name;
    if (dataset.name == name && fs::is_directory(folder, error)) return folder;
  }
  return std::nullopt;
}

void require_no_unfetched_dataset(const std::string& name, std::string_view in_get_dataset) {
  for (const auto& dataset : known_datasets())
    if (dataset.name == name && !fetched_dataset(name))
      fail(in_get_dataset, "the data set '", name, "' is not here yet; `ilk datasets get ", name,
           "` fetches it.");
}

fs::path get_dataset(const KnownDataset& dataset, const GetDatasetOptions& options, Progress& progress) {
  auto folder = datasets_directory() / dataset.name;
  std::error_code error;
  if (fs::is_directory(folder, error)) return folder;
  // Everything is made ready beside it. What an earlier attempt downloaded is gone on with.
  const auto making = datasets_directory() / (dataset.name + ".part");
  fs::create_directories(making);
  for (const auto& file : dataset.files)
    download({.url = address(file.url, options.from),
              .destination = making / file_name(file.url),
              .size = file.size,
              .sha256 = file.sha256,
              .first_pause_seconds = options.first_pause_seconds},
             progress);
  if (dataset.folder.empty()) {
    fs::rename(making, folder);
    return folder;
  }
  const auto unpacked = making / "unpacked";
  fs::remove_all(unpacked);
  for (const auto& file : dataset.files) {
    progress.check_stop();
    progress.say("Unpacking " + file_name(file.url));
    internal::unpack_tar(making / file_name(file.url), unpacked);
  }
  require(fs::is_directory(unpacked / dataset.folder, error), in_get_dataset, "the archive of ", dataset.name,
          " must hold the folder ", dataset.folder, ".");
  fs::rename(unpacked / dataset.folder, folder);
  fs::remove_all(making, error);
  return folder;
}

fs::path get_dataset(const std::string& name, const GetDatasetOptions& options, Progress& progress) {
  std::vector<std::string> names;
  for (const auto& dataset : known_datasets()) {
    names.push_back(dataset.name);
    if (dataset.name != name) continue;
    try {
      return get_dataset(dataset, options, progress);
    } catch (const NoConnection& error) {
      fail(in_get_dataset, error.text(),
           " Without a network: copy the data set from another machine and give its path.");
    }
  }
  const std::string nearest = nearest_name(name, names);
  fail(in_get_dataset, "name must be one of `ilk datasets list`, got '", name, "'.",
       nearest.empty() ? "" : " Did you mean '" + nearest + "'?");
}

}  // namespace ilk
