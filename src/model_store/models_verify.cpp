#include <ilk/encoder.h>
#include <ilk/models.h>

#include <algorithm>

#include "core/fail.h"
#include "model_store/model_record.h"

namespace ilk {

using namespace model_store;

bool ModelCheck::good() const {
  return loads &&
         std::all_of(files.begin(), files.end(), [](const File& file) { return file.problem.empty(); });
}

ModelCheck verify_model(const std::filesystem::path& directory, Progress& progress) {
  require(std::filesystem::is_directory(directory), "verify_model", directory, " is not a directory.");
  ModelCheck check;
  std::optional<ModelRecord> record;
  try {
    record = read_model_record(directory);
  } catch (const Error& error) {
    check.files.push_back({.name = "ilk-model.json", .problem = error.text()});
  }
  check.recorded = record.has_value();
  if (!record) {
    record.emplace();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
      if (entry.is_regular_file() && entry.path().filename() != "ilk-model.json")
        record->files.push_back({std::filesystem::relative(entry.path(), directory).string()});
    std::sort(record->files.begin(), record->files.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  for (const ModelRecord::File& file : record->files) {
    ModelCheck::File result{.name = file.name};
    try {
      const ModelRecord::File found = examine(directory, file.name, progress);
      result.size = found.size;
      result.sha256 = found.sha256;
      if (check.recorded) result.problem = difference(file, found);
    } catch (const Error& error) {
      result.problem = error.text();
    }
    check.files.push_back(std::move(result));
  }
  progress.check_stop();
  try {
    // A text and an image too: what reads and what sees may be loaded only then.
    const auto encoder = load_text_encoder(directory);
    encoder->encode_texts({"a"});
    if (const auto* sees = dynamic_cast<const ImageTextEncoder*>(encoder.get())) {
      const ImagePreprocessor& image = sees->preprocessor();
      sees->encode_images(Matrix<float>(1, 3 * image.crop_height * image.crop_width).view());
    }
    check.loads = true;
  } catch (const std::exception& error) {
    check.load_error = text_of(error);
  }
  return check;
}

}  // namespace ilk
