// The options in a manifest, and a number of clusters as it is written.
#include <ilk/cluster_count.h>

#include <nlohmann/json.hpp>

#include "../../fuzz_target.h"
#include "pipeline/run_options_json.h"

ILK_FUZZ(run_options) {
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return;
  try {
    ilk::run_options_from_json(json);
  } catch (const nlohmann::json::exception&) {
  }
}

ILK_FUZZ(cluster_numbers) {
  if (const auto count = ilk::ClusterCount::parse(bytes)) count->text();
}
