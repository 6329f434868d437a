// Every command that leaves something behind, with each of its calls to the file system going wrong in turn.
// What must hold is in faults/fault_sweep.h. ILK_FAULTS=all tries every call; otherwise a sample.
#include <ilk/array.h>

#include <nlohmann/json.hpp>

#include "faults/fault_sweep.h"
#include "git_id.h"
#include "io/sha256.h"
#include "matrices.h"
#include "npy_files.h"
#include "vision_server.h"

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Rows around three directions, and twelve nouns.
void make_features(const fs::path& folder, std::int64_t rows = 30) {
  auto x = random_matrix(rows, 8, 5), nouns = random_unit_rows(12, 8, 7);
  for (std::int64_t i = 0; i < rows; ++i) x[i][i % 3] += 4;
  std::string names, labels = "path,label\n", words;
  for (std::int64_t i = 0; i < rows; ++i) {
    names += "image" + std::to_string(100 + i) + "\n";
    labels += "image" + std::to_string(100 + i) + "," + std::to_string(i % 3) + "\n";
  }
  for (int i = 0; i < 12; ++i) words += "noun" + std::to_string(i) + "\n";
  write_npy(folder / "x.npy", unit_rows(std::move(x)));
  write_npy(folder / "u.npy", nouns);
  ilk::write_file_atomically(folder / "names.txt", names);
  ilk::write_file_atomically(folder / "labels.csv", labels);
  ilk::write_file_atomically(folder / "nouns.txt", words);
}

const Words of_features{"--features", "x.npy", "--names", "names.txt"};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words cluster(const Words& inputs, const Words& more) {
  return Words{"cluster", "-o", "run", "-j", "2"} + inputs + more;
}

/// The manifest says "running" before it says what was found.
const std::vector<std::pair<std::string, Rule>> of_a_run{{"run/manifest.json", Rule::whole}};

TEST(Faults, ClusterOverAnOlderRun) {
  sweep(
      {.name = "cluster, k-means",
       .prepare =
           [](const fs::path& folder) {
             make_features(folder);
             run_undisturbed(folder, cluster(of_features, {"--method", "kmeans", "--seed", "3", "-k", "4"}));
           },
       .command = cluster(of_features, {"-k", "3", "--method", "kmeans"}),
       .results = {"run"},
       .rules = of_a_run});
}

TEST(Faults, ClusterWithCheckpoints) {
  sweep({.name = "cluster, sac",
         .prepare = [](const fs::path& folder) { make_features(folder); },
         .command = cluster(of_features, {"-k", "3", "--method", "sac", "--epochs", "2", "--noun-features",
                                          "u.npy", "--nouns", "nouns.txt"}),
         .results = {"run"},
         .rules = {{"run/training", Rule::any}, of_a_run[0]},
         .varies = {"\"resumed_from\": ?[0-9]+"}});
}

/// Of a tiny model, with few texts to encode.
const std::string tiny = ILK_TEST_DATA "/tiny_clip";
const Words of_pictures{"pictures",         "--model",           tiny,          "--nouns",
                        "food,animal,tool", "--captions-corpus", "captions.txt"};

void make_pictures(const fs::path& folder) {
  copy_pictures(folder / "pictures", 6);
  ilk::write_file_atomically(folder / "captions.txt", "a drawing of an animal\nsomething to eat\n");
}

TEST(Faults, ClusterOfPicturesWithItsCache) {
  sweep({.name = "cluster, pictures",
         .prepare = make_pictures,
         .command = cluster(of_pictures, {"-k", "3", "--method", "kmeans"}),
         .results = {"run"},
         .rules = of_a_run,
         .varies = {"\"(encoded|from_cache)\": ?[0-9]+", "\"notices\": ?\\[[^\\]]*\\]",
                    "<section class=\"notices\"[^~]*?</section>\n"}});
}

TEST(Faults, Embed) {
  sweep({.name = "embed",
         .prepare =
             [](const fs::path& folder) {
               copy_pictures(folder / "pictures", 4);
               ilk::write_file_atomically(folder / "x.npy", "what was there before");
             },
         .command = {"embed", "pictures", "-o", "x.npy", "--model", tiny},
         .results = {"x.npy", "x.npy.names.txt"}});
}

TEST(Faults, VocabularyOfAModel) {
  sweep({.name = "vocab build",
         .prepare =
             [](const fs::path& folder) {
               std::string nouns;
               for (int i = 0; i < 40; ++i) nouns += "thing" + std::to_string(i) + "\n";
               ilk::write_file_atomically(folder / "nouns.txt", nouns);
             },
         .command = {"vocab", "build", "--model", tiny, "--nouns", "nouns.txt", "-o", "v.safetensors"},
         .results = {"v.safetensors"}});
}

TEST(Faults, Captions) {
  VisionServer server;
  sweep({.name = "caption",
         .prepare =
             [&](const fs::path& folder) {
               copy_pictures(folder / "pictures", 6);
               fs::create_directories(folder / "more");
               run_undisturbed(
                   folder, {"caption", "pictures", "-o", "captions.jsonl", "--endpoint", server.endpoint(),
                            "--vlm-model", "seer", "--requests", "1", "--image-edge", "32"});
               const std::string text = ilk::read_file(folder / "captions.jsonl");
               const auto second = text.find('\n', text.find('\n') + 1) + 1;
               ilk::write_file_atomically(folder / "captions.jsonl", text.substr(0, second));
             },
         .command = {"caption", "pictures", "-o", "captions.jsonl", "--endpoint", server.endpoint(),
                     "--vlm-model", "seer", "--requests", "1", "--image-edge", "32"},
         .results = {"captions.jsonl"},
         .rules = {{"captions.jsonl", Rule::grows}}});
}

TEST(Faults, Bench) {
  sweep({.name = "bench",
         .prepare =
             [](const fs::path& folder) {
               make_features(folder);
               run_undisturbed(folder, Words{"bench", "-o", "bench", "-k", "3", "--labels", "labels.csv",
                                             "--methods", "kmeans", "--seeds", "1", "--seed", "7"} +
                                           of_features);
             },
         .command = Words{"bench", "-o", "bench", "-k", "3", "--labels", "labels.csv", "--methods", "kmeans",
                          "--seeds", "1"} +
                    of_features,
         .results = {"bench"},
         .rules = {{"bench/runs/kmeans-7.json", Rule::old_or_new},
                   {"bench/runs/kmeans-7/assignments.csv", Rule::old_or_new},
                   {"bench/cache", Rule::any},
                   {"bench/runs", Rule::any},
                   {"bench/table", Rule::whole}},
         .varies = {"[0-9.]+( (±|\\$\\\\pm\\$) [0-9.]+)? (s|min|MiB)\\b",
                    "(\\d[0-9.e+-]*,)+\\d[0-9.e+-]*(?=\\n)", "\"(mean|deviation)\": ?[0-9.e+-]+"}});
}

TEST(Faults, Export) {
  for (const char* link : {"copy", "symbolic", "hard"})
    sweep({.name = std::string("export, ") + link,
           .prepare =
               [&](const fs::path& folder) {
                 make_pictures(folder);
                 run_undisturbed(folder, cluster(of_pictures, {"-k", "3", "--method", "kmeans"}));
                 fs::remove_all(folder / "cache");
                 ilk::write_file_atomically(folder / "sorted" / "mine.txt", "a file of the user's own");
               },
           .command = {"export", "run", "--to", "folders", "-o", "sorted", "--link", link},
           .results = {"sorted", "pictures"},
           .rules = {{"sorted/ilk-export.json", Rule::whole}}});
}

void make_edited_run(const fs::path& folder) {
  make_features(folder);
  run_undisturbed(folder, cluster(of_features, {"-k", "3", "--method", "kmeans", "--n-init", "1"}));
  run_undisturbed(folder, {"edit", "run", "rename", "0", "first"});
}

TEST(Faults, Edits) {
  sweep({.name = "edit rename",
         .prepare = make_edited_run,
         .command = {"edit", "run", "rename", "1", "second"},
         .results = {"run"},
         .not_twice = true});
  sweep({.name = "edit merge, the first",
         .prepare =
             [](const fs::path& folder) {
               make_features(folder);
               run_undisturbed(folder, cluster(of_features, {"-k", "3", "--method", "kmeans"}));
             },
         .command = {"edit", "run", "merge", "0", "2"},
         .results = {"run"},
         .not_twice = true});
  sweep({.name = "edit undo, the last",
         .prepare = make_edited_run,
         .command = {"edit", "run", "undo"},
         .results = {"run"},
         .not_twice = true});
}

TEST(Faults, ModelsGet) {
  HttpServer server;
  nlohmann::json listing = nlohmann::json::array();
  const auto serve = [&](const std::string& name, const std::string& contents) {
    nlohmann::json entry{
        {"type", "file"}, {"path", name}, {"size", contents.size()}, {"oid", git_id(contents)}};
    if (name.ends_with(".safetensors"))
      entry["lfs"] = {{"oid", ilk::sha256_hex(contents)}, {"size", contents.size()}, {"pointerSize", 134}};
    listing.push_back(entry);
    server.serve("/a/b/resolve/main/" + name, {{.body = contents}});
  };
  for (const char* name : {"config.json", "preprocessor_config.json", "tokenizer_config.json", "README.md"})
    serve(name, ilk::read_file(fs::path(tiny) / name));
  serve("vocab.txt", "a\nb\n");
  serve("model.safetensors", std::string(150'000, 'w'));
  server.serve("/api/models/a/b/tree/main?recursive=false", {{.body = listing.dump()}});
  sweep({.name = "models get",
         .prepare = [](const fs::path& folder) { fs::create_directories(folder / "data"); },
         .command = {"models", "get", "a/b"},
         .results = {"data"},
         .rules = {{"data/ilk/models/a--b.part", Rule::any}},
         .environment = {"HF_ENDPOINT=" + server.url("")}});
}

}  // namespace
