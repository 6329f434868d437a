#pragma once
// The images that a command is given.
#include <ilk/dataset.h>
#include <ilk/image_list.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "core/fail.h"

namespace ilk::cli {

struct InputArguments {
  std::vector<std::string> paths;
  std::string files_from;
};

/// Adds the positional paths and --files-from. `inputs` must outlive the parse.
inline void add_inputs(CLI::App& command, InputArguments& inputs, const std::string& more = "") {
  command
      .add_option("images", inputs.paths,
                  "Folders (searched through), files or patterns such as 'holiday/**/*.jpg'" + more)
      ->type_name("PATH");
  command
      .add_option("--files-from", inputs.files_from,
                  "File with one path a line, or separated by NUL; - for standard input")
      ->type_name("FILE");
}

/// What --files-from lists; throws Error where it cannot be read.
inline std::vector<std::string> listed_inputs(const InputArguments& inputs, std::string_view function,
                                              const std::string& flag = "--files-from") {
  if (inputs.files_from.empty()) return {};
  auto listed = inputs.files_from == "-" ? read_input_list(std::cin, flag + " -")
                                         : read_input_list(std::filesystem::path(inputs.files_from));
  require(!listed.empty(), function, flag, " must list at least one file; ",
          inputs.files_from == "-" ? "standard input" : inputs.files_from, " lists none.");
  return listed;
}

/// The images, of a data set too; throws Error where none are given.
inline ImageList list_inputs(const InputArguments& inputs, std::string_view function) {
  const std::vector<std::string> listed = listed_inputs(inputs, function);
  require(!inputs.paths.empty() || !listed.empty(), function,
          "at least one folder or file of images must be given, got none.");
  if (std::any_of(inputs.paths.begin(), inputs.paths.end(), is_packed_dataset)) {
    require(listed.empty(), function, "a data set must be the only input, got --files-from as well.");
    Dataset dataset = open_dataset(inputs.paths);
    ImageList list{.skipped = std::move(dataset.skipped), .read = std::move(dataset.read)};
    for (const auto& image : dataset.images) list.paths.push_back(image.name);
    return list;
  }
  return list_images(inputs.paths, listed);
}

}  // namespace ilk::cli
