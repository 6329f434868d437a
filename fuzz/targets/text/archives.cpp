// Archives: tar as it stands in memory, tar shards of a data set, CIFAR's pickles.
#include <ilk/dataset.h>
#include <ilk/image.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "../../fuzz_target.h"
#include "io/files.h"
#include "io/pickle.h"
#include "io/tar.h"

ILK_FUZZ(tar) {
  ilk::internal::begins_as_tar(bytes);
  ilk::internal::walk_tar(
      "x.tar",
      [&](std::uint64_t offset, std::span<std::byte> into) {
        if (offset >= bytes.size()) return std::size_t{0};
        const std::size_t count = std::min(into.size(), bytes.size() - static_cast<std::size_t>(offset));
        std::memcpy(into.data(), bytes.data() + offset, count);
        return count;
      },
      [](const ilk::internal::TarMember&) {});
}

ILK_FUZZ(webdataset) {
  const auto dataset = ilk::open_dataset("webdataset:" + fuzz_file("shard.tar", bytes).string());
  for (std::size_t i = 0; i < std::min<std::size_t>(dataset.images.size(), 4); ++i)
    dataset.read(static_cast<std::int64_t>(i));
}

ILK_FUZZ(pickle) {
  using namespace ilk::internal;
  const Pickle pickle(std::make_shared<ilk::InputFile>(fuzz_file("x.pickle", bytes)));
  const auto get = [&](const char* key) { return pickle.root().find(key); };
  pickle.array(get("data"), "data");
  pickle.integers(get("labels"), "labels");
  pickle.texts(get("label_names"), "label_names");
}
