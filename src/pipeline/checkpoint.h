#pragma once
#include <ilk/training.h>

#include <filesystem>
#include <optional>

namespace ilk {

/// Writes a training's state, atomically; a kill leaves the one before.
void write_checkpoint(const std::filesystem::path& path, const TrainingState& state);

/// The state that was written, if there is one. One that cannot be read is told of and left.
std::optional<TrainingState> read_checkpoint(const std::filesystem::path& path, Progress& progress);

}  // namespace ilk
