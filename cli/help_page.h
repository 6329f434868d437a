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
  const std::vector<std::string>& first() const { return first_; }

 private:
  std::vector<std::string> first_;
};

/// Options under one title, in the order in which pages show them.
struct OptionGroup {
  std::string title;
  std::vector<const CLI::Option*> options;
};
/// A command's options that are shown, each once; those that matter first.
std::vector<OptionGroup> option_groups(const CLI::App& command);

/// A command's subcommands that are shown.
std::vector<const CLI::App*> shown_subcommands(const CLI::App& command);

/// The shortest of an option's long names, without dashes: others have the name of their group before it.
/// Empty where there is none.
std::string shortest_long_name(const CLI::Option& option);

/// The flag that turns a flag off that is on unless it is named: "no-shrink-on-load", without dashes. Empty
/// for others.
std::string off_name(const CLI::Option& option);

/// What people call an option: -k for n_clusters, else its shortest long name.
std::string flag_of(const CLI::Option& option);

}  // namespace ilk::cli
