#pragma once
#include <ilk/naming.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace ilk {

/// What clusters.json and levels.json say of a cluster first: its number, name and size.
nlohmann::ordered_json cluster_json(std::int64_t number, const ClusterName& name, std::int64_t size);

/// Words with scores and shares, a word under the key `what`.
nlohmann::ordered_json words_json(const std::vector<ScoredWord>& words, const char* what);

}  // namespace ilk
