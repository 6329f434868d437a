#include "pipeline/run_options_json.h"

#include "pipeline/options_json.h"

namespace ilk {
namespace {

void move_member(nlohmann::json& from, const char* name, nlohmann::json& to) {
  const auto found = from.find(name);
  if (found == from.end()) return;
  to[name] = std::move(*found);
  from.erase(name);
}

/// Until version 0.1, all of CAE's options were in a group, with K and the seed among those of k-means; where
/// K was chosen, "choose_clusters" says from what.
void bring_up_to_date(nlohmann::json& json) {
  if (const auto found = json.find("cae"); found != json.end()) {
    nlohmann::json cae = std::move(*found);
    json.erase(found);
    for (const char* name : {"kmeans", "selection", "alignment", "transport", "temperature", "fusion"})
      move_member(cae, name, json);
    if (const auto kmeans = json.find("kmeans"); kmeans != json.end()) {
      nlohmann::json& of_kmeans = *kmeans;
      nlohmann::json root = nlohmann::json::object();
      move_member(of_kmeans, "n_clusters", root);
      move_member(of_kmeans, "seed", root);
      json.update(root);
    }
  }
  if (const std::string chosen_from = json.value("choose_clusters", ""); !chosen_from.empty())
    json["n_clusters"] = chosen_from;
  // 0 was "not chosen".
  const auto forget_zero = [](nlohmann::json& of, const char* name) {
    const auto found = of.find(name);
    if (found != of.end() && found->is_number() && *found == 0) of.erase(found);
  };
  forget_zero(json, "threads");
  if (const auto training = json.find("training"); training != json.end())
    for (const char* name : {"epochs", "batch_size", "neighbours"}) forget_zero(*training, name);
  if (const auto transport = json.find("transport"); transport != json.end())
    forget_zero(*transport, "epsilon");
  if (const auto tac = json.find("tac"); tac != json.end()) forget_zero(*tac, "distillation_temperature");
}

}  // namespace

RunOptions run_options_from_json(nlohmann::json json) {
  bring_up_to_date(json);
  RunOptions options;
  OptionsFromJson visitor(std::move(json));
  visit_fields(options, visitor);
  return options;
}

}  // namespace ilk
