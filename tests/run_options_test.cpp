// What older run directories say of their options.
#include <gtest/gtest.h>
#include <ilk/error.h>

#include "pipeline/options_json.h"
#include "pipeline/run_options_json.h"

namespace {

TEST(RunOptionsJson, ReadsWhatItWrites) {
  ilk::RunOptions options;
  options.n_clusters = 12;
  options.seed = 18446744073709551615u;
  options.method = "tac";
  options.threads = 3;
  options.kmeans.tolerance = 1.0 / 3;
  options.transport.epsilon = 0.5;
  options.training.epochs = 7;
  const auto json = ilk::options_to_json(options);
  EXPECT_EQ(json["n_clusters"], 12);
  EXPECT_TRUE(json["training"]["neighbours"].is_null());
  EXPECT_EQ(ilk::options_to_json(ilk::run_options_from_json(json)), json);
  options.n_clusters = ilk::ClusterCount::between(5, 60);
  EXPECT_EQ(ilk::options_to_json(options)["n_clusters"], "5..60");
  EXPECT_EQ(ilk::run_options_from_json(ilk::options_to_json(options)).n_clusters, options.n_clusters);
  EXPECT_EQ(ilk::options_to_json(ilk::run_options_from_json(ilk::options_to_json(ilk::RunOptions()))),
            ilk::options_to_json(ilk::RunOptions()));
}

/// As version 0.1 wrote it, before K and the seed were the run's own.
const char* of_before = R"({
  "method": "cae", "choose_clusters": "", "threads": 0, "levels": "nouns",
  "cae": {
    "kmeans": {"n_clusters": 9, "seed": 41, "n_init": 7, "max_iterations": 300, "tolerance": 1e-06, "init": "random"},
    "selection": {"selection": "top", "top": 3, "images_per_centre": 300},
    "alignment": "softmax",
    "transport": {"epsilon": 0.02, "max_iterations": 1000, "tolerance": 1e-06},
    "temperature": 0.25,
    "fusion": {"fusion": "sum"}
  },
  "training": {"epochs": 0, "batch_size": 64, "neighbours": 0},
  "tac": {"distillation_temperature": 0, "balance_weight": 5}
})";

TEST(RunOptionsJson, ReadsOlderRuns) {
  auto json = nlohmann::json::parse(of_before);
  const auto options = ilk::run_options_from_json(json);
  EXPECT_EQ(options.n_clusters, ilk::ClusterCount(9));
  EXPECT_EQ(options.seed, 41u);
  EXPECT_EQ(options.method, "cae");
  EXPECT_EQ(options.levels, ilk::Levels::nouns);
  EXPECT_FALSE(options.threads);
  EXPECT_EQ(options.kmeans.n_init, 7);
  EXPECT_EQ(options.kmeans.init, ilk::KMeansInit::random);
  EXPECT_EQ(options.selection.top, 3);
  EXPECT_EQ(options.alignment, ilk::Alignment::softmax);
  EXPECT_EQ(options.transport.epsilon, 0.02);
  EXPECT_EQ(options.temperature, 0.25);
  EXPECT_EQ(options.fusion.fusion, ilk::FusionKind::sum);
  EXPECT_FALSE(options.training.epochs);
  EXPECT_EQ(options.training.batch_size, 64);
  EXPECT_FALSE(options.tac.distillation_temperature);
  json["cae"]["transport"]["epsilon"] = 0;
  EXPECT_FALSE(ilk::run_options_from_json(json).transport.epsilon);
  // Where K was chosen, the number is what was found and the text what was asked.
  json["choose_clusters"] = "5..60";
  EXPECT_EQ(ilk::run_options_from_json(json).n_clusters, ilk::ClusterCount::between(5, 60));
}

TEST(RunOptionsJson, RefusesWhatNoOptionHas) {
  EXPECT_THROW(ilk::run_options_from_json({{"n_clusters", "many"}}), ilk::Error);
  EXPECT_THROW(ilk::run_options_from_json({{"n_clusters", -3}}), ilk::Error);
  EXPECT_THROW(ilk::run_options_from_json({{"levels", "all"}}), ilk::Error);
  EXPECT_THROW(ilk::run_options_from_json({{"n_clusters", 2.5}, {"seed", "x"}}), nlohmann::json::exception);
}

}  // namespace
