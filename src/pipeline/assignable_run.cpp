#include "pipeline/assignable_run.h"

#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/files.h"
#include "io/json_file.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/run_options_json.h"

namespace ilk {
namespace {

std::filesystem::path features_of(const std::filesystem::path& folder) {
  require_run(folder, "features.safetensors", in_assign);
  return folder / "features.safetensors";
}

}  // namespace

AssignableRun::AssignableRun(const std::filesystem::path& folder) : file_(features_of(folder)) {
  try {
    options_ = run_options_from_json(nlohmann::json::parse(fact("options")));
    for (const auto& cluster : nlohmann::json::parse(read_file(folder / "clusters.json")))
      cluster_names_.push_back(cluster.at("name").get<std::string>());
  } catch (const nlohmann::json::exception& error) {
    fail(in_assign, folder,
         " must be a finished run, but its options or clusters cannot be read: ", json_fault(error), ".");
  }
}

Precision AssignableRun::precision() const {
  const auto said = file_.metadata().find("precision");
  return said == file_.metadata().end() ? Precision::fp32
                                        : enum_value<Precision>(said->second, in_assign, "precision");
}

std::string AssignableRun::arithmetic() const {
  return std::string(enum_name(precision())) + (options_.device == Device::cuda ? " cuda" : "");
}

RowPlan AssignableRun::plan(const std::string& kind) const {
  std::istringstream text(fact(kind + "_epsilon"));
  text.imbue(std::locale::classic());
  double epsilon = 0;
  require(static_cast<bool>(text >> epsilon), in_assign, "the run's ", kind,
          "_epsilon must be a number, got '", text.str(), "'.");
  return {.column_potentials = array(kind + "_column_potentials").to_doubles(), .epsilon = epsilon};
}

std::string AssignableRun::fact(const std::string& name) const {
  const auto found = file_.metadata().find(name);
  require(found != file_.metadata().end(), in_assign, "the run's features.safetensors must say its ", name,
          ".");
  return found->second;
}

}  // namespace ilk
