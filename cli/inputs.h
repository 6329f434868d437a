#pragma once
// The images that a command is given.
#include <ilk/error.h>
#include <ilk/image_list.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

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
inline std::vector<std::string> listed_inputs(const InputArguments& inputs, std::string_view function) {
  if (inputs.files_from.empty()) return {};
  std::ifstream file;
  if (inputs.files_from != "-") {
    file.open(inputs.files_from, std::ios::binary);
    require(file.is_open(), function, "--files-from must be a readable file or -, got '", inputs.files_from,
            "'.");
  }
  return read_input_list(inputs.files_from == "-" ? std::cin : file);
}

/// The images; throws Error where none are given.
inline ImageList list_inputs(const InputArguments& inputs, std::string_view function) {
  const std::vector<std::string> listed = listed_inputs(inputs, function);
  require(!inputs.paths.empty() || !listed.empty(), function,
          "at least one folder or file of images must be given, got none.");
  return list_images(inputs.paths, listed);
}

}  // namespace ilk::cli
