// time_encoder rate | images MODEL FOLDER PRECISION | texts MODEL WORDS PRECISION [WHICH…] |
// agreement MODEL FOLDER-OR-LINES: what benchmarks/encoders.py runs.
// Prints one JSON object a line; seconds are of the wall, and of all cores' work (cpu).
#include <ATen/ATen.h>
#include <ilk/clip.h>
#include <ilk/corpus.h>
#include <ilk/embed_images.h>
#include <ilk/files.h>
#include <ilk/options.h>
#include <ilk/parallel.h>
#include <ilk/text_features.h>
#include <ilk/wordnet.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>

#include "clip_towers.h"
#include "matrix_product.h"
#include "text_groups.h"
#include "token_tree.h"

namespace {

struct Seconds {
  double wall, cpu;
};

Seconds timed(const std::function<void()>& work) {
  const auto cpu = [] {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
  };
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = cpu();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), cpu() - cpu_begin};
}

/// The machine's floor: products of the towers' shapes and a large one, on all threads at once, by BLAS and
/// by ilk.
int rate() {
  for (const auto& [m, k, n] :
       {std::array<std::int64_t, 3>{2048, 2048, 2048}, {50, 768, 3072}, {512, 768, 3072}, {512, 512, 2048}}) {
    const torch::Tensor x = at::randn({m, k}), weight = at::randn({n, k}), dense = weight.t().contiguous();
    const ilk::PackedMatrix packed(weight);
    const ilk::Int16Matrix packed_int16(ilk::Int16Rows(weight.data_ptr<float>(), k, n, k));
    const double flops = 2.0 * static_cast<double>(m * k * n);
    const auto rounds = static_cast<std::int64_t>(1 + 40e9 / flops), jobs = rounds * ilk::threads();
    const auto measure = [&](const std::function<void(torch::Tensor&)>& product) {
      return timed([&] {
        ilk::parallel_blocks(jobs, rounds, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
          torch::Tensor y = at::empty({m, n});
          for (std::int64_t i = begin; i < end; ++i) product(y);
        });
      });
    };
    const auto blas = [&](torch::Tensor& y) { at::mm_out(y, x, dense); };
    const auto own = [&](torch::Tensor& y) {
      ilk::multiply(x.data_ptr<float>(), k, m, packed, nullptr, y.data_ptr<float>(), n);
    };
    const auto int16 = [&](torch::Tensor& y) {
      ilk::multiply(ilk::Int16Rows(x.data_ptr<float>(), k, m, k), packed_int16, nullptr, y.data_ptr<float>(),
                    n);
    };
    const auto [blas_wall, blas_cpu] = measure(blas);
    const auto [own_wall, own_cpu] = measure(own);
    const auto [int16_wall, int16_cpu] = measure(int16);
    const double all = flops * static_cast<double>(jobs) / 1e9;
    std::printf(
        "{\"product\": [%ld, %ld, %ld], \"blas\": %.1f, \"fp32\": %.1f, \"int16\": %.1f, \"blas_a_core\": "
        "%.1f, "
        "\"fp32_a_core\": %.1f, \"int16_a_core\": %.1f}\n",
        m, k, n, all / blas_wall, all / own_wall, all / int16_wall, all / blas_cpu, all / own_cpu,
        all / int16_cpu);
  }
  return 0;
}

int images(const std::string& model, const std::string& folder, ilk::Precision precision) {
  const ilk::Clip clip(model, torch::kCPU, precision);
  const ilk::ImageList list = ilk::list_images({folder}, {});
  const auto count = static_cast<std::int64_t>(list.paths.size());
  std::vector<torch::Tensor> pixels(static_cast<std::size_t>(count));
  const Seconds decoding = timed([&] {
    ilk::parallel_blocks(count, 1, [&](std::int64_t i, std::int64_t, std::int64_t) {
      pixels[i] = ilk::decode_for_model(ilk::read_image_file(list.paths[i]), clip.preprocessor(), {});
    });
  });
  const torch::Tensor stacked = at::stack(pixels);
  const Seconds encoding = timed([&] { clip.encode_images(stacked); });
  ilk::EmbeddingCache nowhere("");
  const Seconds whole = timed([&] { ilk::embed_images(clip, list, {}, nowhere); });
  std::printf(
      "{\"images\": %ld, \"decode\": [%.3f, %.3f], \"encode\": [%.3f, %.3f], \"files\": [%.3f, %.3f]}\n",
      count, decoding.wall, decoding.cpu, encoding.wall, encoding.cpu, whole.wall, whole.cpu);
  return 0;
}

/// Cosines of embeddings in int16 with those in fp32: of a folder's images, or of the lines of a file.
int agreement(const std::string& model, const std::string& what) {
  std::vector<torch::Tensor> rows;
  for (const ilk::Precision precision : {ilk::Precision::fp32, ilk::Precision::int16}) {
    if (std::filesystem::is_directory(what)) {
      ilk::EmbeddingCache nowhere("");
      const ilk::Clip clip(model, torch::kCPU, precision);
      rows.push_back(ilk::embed_images(clip, ilk::list_images({what}, {}), {}, nowhere).embeddings);
    } else {
      const auto encoder = ilk::load_text_encoder(model, torch::kCPU, precision);
      rows.push_back(encoder->encode_texts(ilk::read_nouns(what).texts));
    }
  }
  const torch::Tensor cosines = (rows[0].to(torch::kFloat64) * rows[1]).sum(1);
  std::printf("{\"rows\": %ld, \"mean\": %.8f, \"worst\": %.8f}\n", cosines.size(0),
              cosines.mean().item<double>(), cosines.min().item<double>());
  return 0;
}

/// The texts as trees that share less: the same tower takes them. Each text's first `shared(i)` tokens are
/// taken from the text before it in its tree, of `texts_per_tree`; with `context` they go on to that length,
/// as in a batch that is filled up.
ilk::TokenForest sharing(const std::vector<ilk::TokenIds>& texts, std::size_t texts_per_tree,
                         std::size_t context, const std::function<std::size_t(std::size_t)>& shared) {
  ilk::TokenForest forest;
  std::vector<std::int64_t> path;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool first = i % texts_per_tree == 0;
    if (first) forest.trees.emplace_back();
    ilk::TokenTree& tree = forest.trees.back();
    path.resize(first ? 0 : shared(i));
    for (std::size_t depth = path.size(); depth < std::max(texts[i].size(), context); ++depth) {
      tree.parents.push_back(path.empty() ? -1 : path.back());
      path.push_back(tree.size());
      tree.tokens.push_back(depth < texts[i].size() ? texts[i][depth] : 0);
      tree.depths.push_back(static_cast<std::int64_t>(depth));
    }
    tree.ends.push_back(path.at(texts[i].size() - 1));
    forest.row_of.push_back(static_cast<std::int64_t>(i));
  }
  return forest;
}

/// Words in all templates, in chunks of neighbours taken evenly from the list, as embed_corpus takes them.
int texts(const std::string& model, std::int64_t words, ilk::Precision precision,
          const std::vector<std::string>& ways) {
  const ilk::Clip clip(model, torch::kCPU, precision);
  const auto wordnet = ilk::WordNet::find();
  if (!wordnet) return 2;
  const ilk::Corpus corpus = ilk::make_corpus("nouns", ilk::WordNet(*wordnet).nouns());
  const auto all = static_cast<std::int64_t>(corpus.texts.size());
  const std::int64_t chunk = std::min<std::int64_t>(256, words), chunks = words / chunk, apart = all / chunks;

  ilk::ModelWeights weights(model, "time_encoder");
  const ilk::ClipConfig config = ilk::read_clip_config(std::filesystem::path(model) / "config.json");
  const auto context = static_cast<std::size_t>(config.text.context_length);
  ilk::TextTower tower(config, weights);
  tower.to({torch::kCPU, clip.precision()});
  for (const std::string& way : ways) {
    std::int64_t prompts = 0, tokens = 0;
    double largest = 0;
    Seconds seconds{0, 0};
    for (std::int64_t i = 0; i < chunks; ++i) {
      std::vector<std::string> texts;
      std::vector<ilk::TokenIds> ids;
      std::vector<std::size_t> beginnings;  // what all texts of a template begin with
      for (const std::string& prompt : ilk::default_templates()) {
        for (std::int64_t j = i * apart; j < i * apart + chunk; ++j) {
          texts.push_back(ilk::fill_template(prompt, corpus.texts[static_cast<std::size_t>(j)]));
          ids.push_back(clip.tokenizer().encode(texts.back(), static_cast<std::int64_t>(context)));
        }
        beginnings.push_back(
            clip.tokenizer()
                .encode(prompt.substr(0, prompt.find("{}")), static_cast<std::int64_t>(context))
                .size() -
            1);
      }
      prompts += static_cast<std::int64_t>(texts.size());
      const auto run = [&](const ilk::TokenForest& forest) {
        std::vector<torch::Tensor> parts(forest.trees.size());
        for (const ilk::TokenTree& tree : forest.trees) tokens += tree.size();
        ilk::parallel_blocks(
            static_cast<std::int64_t>(parts.size()), 1,
            [&](std::int64_t t, std::int64_t, std::int64_t) { parts[t] = tower(forest.trees[t]); });
        return ilk::unit_rows(at::cat(parts).index_select(0, at::tensor(forest.row_of, torch::kInt64)));
      };
      const auto nothing = [](std::size_t) { return std::size_t{0}; };
      torch::Tensor rows;
      const Seconds part = timed([&] {
        if (way == "filled")
          rows = run(sharing(ids, 8, context, nothing));
        else if (way == "cut")
          rows = run(sharing(ids, 64, 0, nothing));
        else if (way == "templates")
          rows = run(sharing(ids, 64, 0, [&](std::size_t text) {
            const std::size_t prompt = text / static_cast<std::size_t>(chunk);
            return text % static_cast<std::size_t>(chunk) == 0 ? 0 : beginnings[prompt];
          }));
        else if (way == "tree")
          rows = run(ilk::plant(ids, 512));
        else
          rows = clip.encode_texts(texts);
      });
      seconds.wall += part.wall;
      seconds.cpu += part.cpu;
      if (way != "final")
        largest = std::max(largest, (rows - clip.encode_texts(texts)).abs().max().item<double>());
    }
    const double share = static_cast<double>(chunks * chunk) / static_cast<double>(all);
    std::printf(
        "{\"way\": \"%s\", \"words\": %ld, \"of\": %ld, \"prompts\": %ld, \"tokens\": %ld, \"seconds\": "
        "[%.3f, %.3f], "
        "\"all_minutes\": %.2f, \"difference\": %.2e}\n",
        way.c_str(), chunks * chunk, all, prompts, tokens, seconds.wall, seconds.cpu,
        seconds.wall / share / 60, largest);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ilk::set_threads(0);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "rate") return rate();
  if (arguments.size() == 3 && arguments[0] == "agreement") return agreement(arguments[1], arguments[2]);
  const auto precision = [&] {
    return ilk::enum_value<ilk::Precision>(arguments.at(3), "time_encoder", "precision");
  };
  if (arguments.size() == 4 && arguments[0] == "images")
    return images(arguments[1], arguments[2], precision());
  if (arguments.size() >= 4 && arguments[0] == "texts")
    return texts(arguments[1], std::stol(arguments[2]), precision(),
                 {arguments.begin() + 4, arguments.end()});
  return 2;
}
