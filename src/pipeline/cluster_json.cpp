#include "pipeline/cluster_json.h"

namespace ilk {

using Json = nlohmann::ordered_json;

Json cluster_json(std::int64_t number, const ClusterName& name, std::int64_t size) {
  return {{"cluster", number},   {"name", name.name},           {"named", name.is_named},
          {"score", name.score}, {"runner_up", name.runner_up}, {"runner_up_score", name.runner_up_score},
          {"size", size}};
}

Json words_json(const std::vector<ScoredWord>& words, const char* what) {
  Json json = Json::array();
  for (const auto& word : words)
    json.push_back({{what, word.word}, {"score", word.score}, {"share", word.share}});
  return json;
}

}  // namespace ilk
