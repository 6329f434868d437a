#include <dlfcn.h>
#include <ilk/models.h>

#include <cstdlib>

#include "core/fail.h"
#include "core/nearest_name.h"
#include "io/files.h"
#include "model_store/model_record.h"

namespace ilk {
namespace {

std::string lower(std::string_view text) {
  std::string copy(text);
  for (char& letter : copy) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  return copy;
}

bool is_model(const std::filesystem::path& directory) {
  std::error_code error;
  return std::filesystem::is_regular_file(directory / "config.json", error);
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

const std::vector<KnownModel>& known_models() {
  // The percentages are the published zero-shot accuracies on ImageNet, rounded; the work is that of the
  // vision tower. OpenAI's main branches lack safetensors in part; where a commit that has them is known it
  // stands here, otherwise get_model looks for the hub's conversion.
  static const std::vector<KnownModel> models = {
      {"clip-vit-b-32", "openai/clip-vit-base-patch32", "d15b5f29721ca72dac15f8526b284be910de18be",
       "605 MB, the fastest full-size model (ImageNet 63 %); a good start for photographs; OpenAI, MIT"},
      {"clip-vit-b-16", "openai/clip-vit-base-patch16", "main",
       "599 MB, 4 times the work of b-32 (ImageNet 68 %); finer detail; OpenAI, MIT"},
      {"clip-vit-l-14", "openai/clip-vit-large-patch14", "main",
       "1.7 GB, 18 times the work of b-32 (ImageNet 76 %); better clusters and names; OpenAI, MIT"},
      {"clip-vit-l-14-336", "openai/clip-vit-large-patch14-336", "main",
       "1.7 GB, 43 times the work of b-32 (ImageNet 77 %); 336 pixels, for small things in pictures; OpenAI, "
       "MIT"},
      {"clip-vit-b-32-laion2b", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "main",
       "605 MB, as fast as b-32 (ImageNet 67 %); trained on open data; LAION, MIT"},
      {"clip-vit-b-16-laion2b", "laion/CLIP-ViT-B-16-laion2B-s34B-b88K", "main",
       "599 MB, 4 times the work of b-32 (ImageNet 70 %); trained on open data; LAION, MIT"},
      {"clip-vit-l-14-laion2b", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K", "main",
       "1.7 GB, 18 times the work of b-32 (ImageNet 75 %); trained on open data; LAION, MIT"},
      {"clip-vit-h-14-laion2b", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "main",
       "3.9 GB, 38 times the work of b-32 (ImageNet 78 %); the best here, for a GPU; LAION, MIT"},
      {"all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2", "main",
       "91 MB, reads sentences and sees no images: for the captions of images; sentence-transformers, "
       "Apache-2.0"},
  };
  return models;
}

namespace model_store {

const KnownModel* known_model(std::string_view name) {
  const std::string wanted = lower(name);
  for (const KnownModel& model : known_models()) {
    const std::string repository = lower(model.repository);
    if (wanted == model.name || wanted == repository || wanted == repository.substr(repository.find('/') + 1))
      return &model;
  }
  return nullptr;
}

bool is_repository(std::string_view name) {
  return name.find('/') != std::string_view::npos && is_plain_path(name);
}

std::filesystem::path place_of(const std::string& name) {
  if (const KnownModel* known = known_model(name)) return models_directory() / known->name;
  std::string folder = name;
  if (const auto slash = folder.find('/'); slash != std::string::npos) folder.replace(slash, 1, "--");
  return models_directory() / folder;
}

}  // namespace model_store

using namespace model_store;

std::filesystem::path models_directory() {
  return data_directory() / "models";
}

std::filesystem::path embedded_model() {
  std::vector<std::filesystem::path> places;
  if (const char* set = std::getenv("ILK_MODELS"); set && *set) places.emplace_back(set);
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
#ifdef ILK_MODELS_FROM_BIN
  // Relative to where the program was installed, so that an installation can be moved; or absolute.
  if (!error) places.push_back((program.parent_path() / ILK_MODELS_FROM_BIN).lexically_normal());
#endif
  // A program that only uses the library: share/ beside the lib/ that this is in.
  if (Dl_info here; dladdr(reinterpret_cast<const void*>(&embedded_model), &here) != 0 && here.dli_fname)
    places.push_back(
        (std::filesystem::path(here.dli_fname).parent_path() / "../share/ilk/models").lexically_normal());
#ifdef ILK_SOURCE_MODELS
  places.emplace_back(ILK_SOURCE_MODELS);
#endif
  std::vector<std::string> looked;
  for (const auto& place : places) {
    if (is_model(place / embedded_model_name)) return place / embedded_model_name;
    looked.push_back(place.string());
  }
  fail("embedded_model", "the model ", embedded_model_name, " is not in ", join(looked),
       "; set ILK_MODELS to the folder that holds it.");
}

std::filesystem::path find_model(const std::string& name) {
  constexpr std::string_view function = "find_model";
  require(!name.empty(), function, "a model needs a name or a directory, got ''.");
  if (is_model(name)) return name;
  if (name == embedded_model_name) return embedded_model();
  const bool plain = is_plain_name(name) || is_repository(name);
  if (auto place = place_of(name); plain && is_model(place)) return place;
  std::error_code error;
  require(!std::filesystem::is_directory(name, error), function, "the directory '", name,
          "' holds no config.json.");
  if (known_model(name))
    fail(function, "the model '", name, "' is not here yet; `ilk models get ", name, "` fetches it.");
  if (is_repository(name))
    fail(function, "'", name,
         "' is neither a directory nor a model that was fetched; if it is a repository on the hub, `ilk "
         "models get ",
         name, "` fetches it.");
  std::vector<std::string> names = {std::string(embedded_model_name)};
  for (const KnownModel& model : known_models()) names.push_back(model.name);
  for (const KnownModel& model : known_models())
    names.push_back(model.repository.substr(model.repository.find('/') + 1));
  const std::string nearest = nearest_name(lower(name), names);
  names.resize(known_models().size() + 1);
  if (!nearest.empty())
    fail(function, "no directory and no model is named '", name, "'; did you mean '", nearest, "'?");
  fail(function, "no directory and no model is named '", name, "'; there are ", join(names), ".");
}

}  // namespace ilk
