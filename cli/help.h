#pragma once
// How --help looks.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ilk::cli {

/// A page with the options that matter first. Each option stands under one name; --help-all shows all groups,
/// --help the first and what the others are called.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(36); }
  /// `first` are long names, in the order in which they are shown.
  explicit HelpFormatter(std::vector<std::string> first) : HelpFormatter() { first_ = std::move(first); }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;

 private:
  std::string first_group(const CLI::App* app) const;
  std::string other_groups(const CLI::App* app, CLI::AppFormatMode mode) const;
  bool is_first(const CLI::Option* option) const;

  std::vector<std::string> first_;
};

/// What people call an option: -k for n_clusters, else its shortest long name.
std::string flag_of(const CLI::Option& option);

}  // namespace ilk::cli
