#include "pipeline/checkpoint.h"

#include "core/fail.h"
#include "io/safetensors.h"

namespace ilk {

void write_checkpoint(const std::filesystem::path& path, const TrainingState& state) {
  NamedArrayViews arrays;
  for (const auto& [name, array] : state.arrays) arrays.emplace_back(name, array.view());
  write_safetensors(path, arrays,
                    {{"epoch", std::to_string(state.epoch)}, {"fingerprint", state.fingerprint}});
}

std::optional<TrainingState> read_checkpoint(const std::filesystem::path& path, Progress& progress) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  try {
    const SafetensorsFile file(path);
    const auto fact = [&](const char* name) {
      const auto found = file.metadata().find(name);
      require(found != file.metadata().end(), "read_checkpoint", path, " must tell its ", name, ".");
      return found->second;
    };
    TrainingState state{.fingerprint = fact("fingerprint")};
    const std::string epoch = fact("epoch");
    require(!epoch.empty() && epoch.size() < 10 && epoch.find_first_not_of("0123456789") == std::string::npos,
            "read_checkpoint", path, " must tell a whole number for its epoch, got '", epoch, "'.");
    state.epoch = std::stoll(epoch);
    for (const auto& name : file.names()) state.arrays.emplace_back(name, file.get(name));
    return state;
  } catch (const Error& problem) {
    progress.say("The training starts anew: " + problem.text());
    return std::nullopt;
  }
}

}  // namespace ilk
