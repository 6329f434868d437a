// time_encoder rate | images MODEL FOLDER PRECISION | texts MODEL WORDS PRECISION [WHICH…] |
// agreement MODEL FOLDER-OR-LINES: what benchmarks/encoders.py runs.
// Prints one JSON object a line; seconds are of the wall, and of all cores' work (cpu).
#include <ilk/options.h>
#include <ilk/threads.h>
#include <ilk/wordnet.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

#include "core/option_checks.h"
#include "core/parallel.h"
#include "core/random.h"
#include "encoders/clip.h"
#include "encoders/clip_towers.h"
#include "encoders/text_batches.h"
#include "encoders/text_features.h"
#include "encoders/token_tree.h"
#include "io/files.h"
#include "kernels/int16_product.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"
#include "pipeline/embed_images.h"
#include "text/corpus.h"

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

/// Numbers between −1 and 1 for a product's sake.
ilk::Matrix<float> numbers(std::int64_t rows, std::int64_t columns) {
  auto matrix = ilk::Matrix<float>::uninitialised(rows, columns);
  ilk::RandomStream random(1, "time_encoder");
  for (float& value : matrix.flat()) value = static_cast<float>(2 * random.uniform() - 1);
  return matrix;
}

/// The machine's floor: products of the towers' shapes and a large one, on all threads at once.
int rate() {
  for (const auto& [m, k, n] :
       {std::array<std::int64_t, 3>{2048, 2048, 2048}, {50, 768, 3072}, {512, 768, 3072}, {512, 512, 2048}}) {
    const ilk::Matrix<float> x = numbers(m, k), weight = numbers(n, k);
    const auto packed = ilk::PackedMatrix::of_transpose(weight);
    const ilk::Int16Matrix packed_int16{ilk::Int16Rows(weight)};
    const double flops = 2.0 * static_cast<double>(m * k * n);
    const auto rounds = static_cast<std::int64_t>(1 + 40e9 / flops), jobs = rounds * ilk::threads();
    const auto measure = [&](const std::function<void(ilk::Matrix<float>&)>& product) {
      return timed([&] {
        ilk::parallel_blocks(jobs, rounds, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
          auto y = ilk::Matrix<float>::uninitialised(m, n);
          for (std::int64_t i = begin; i < end; ++i) product(y);
        });
      });
    };
    const auto [fp32_wall, fp32_cpu] =
        measure([&](ilk::Matrix<float>& y) { ilk::multiply(x, packed, nullptr, y); });
    const auto [int16_wall, int16_cpu] =
        measure([&](ilk::Matrix<float>& y) { ilk::multiply(ilk::Int16Rows(x), packed_int16, nullptr, y); });
    const double all = flops * static_cast<double>(jobs) / 1e9;
    std::printf(
        "{\"product\": [%ld, %ld, %ld], \"fp32\": %.1f, \"int16\": %.1f, \"fp32_a_core\": %.1f, "
        "\"int16_a_core\": %.1f}\n",
        m, k, n, all / fp32_wall, all / int16_wall, all / fp32_cpu, all / int16_cpu);
  }
  return 0;
}

int images(const std::string& model, const std::string& folder, ilk::Precision precision) {
  const ilk::Clip clip(model, precision);
  const ilk::ImageList list = ilk::list_images({folder}, {});
  const auto count = static_cast<std::int64_t>(list.paths.size());
  auto pixels = ilk::Matrix<float>::uninitialised(
      count, 3 * clip.preprocessor().crop_height * clip.preprocessor().crop_width);
  const Seconds decoding = timed([&] {
    ilk::parallel_blocks(count, 1, [&](std::int64_t i, std::int64_t, std::int64_t) {
      const auto image = ilk::decode_for_model(ilk::read_image_file(list.paths[i]), clip.preprocessor(), {});
      std::copy_n(image.data(), image.size(), pixels[i]);
    });
  });
  const Seconds encoding = timed([&] { clip.encode_images(pixels); });
  ilk::EmbeddingCache nowhere("");
  const Seconds whole = timed([&] { ilk::embed_images(clip, list, {}, nowhere); });
  std::printf(
      "{\"images\": %ld, \"decode\": [%.3f, %.3f], \"encode\": [%.3f, %.3f], \"files\": [%.3f, %.3f]}\n",
      count, decoding.wall, decoding.cpu, encoding.wall, encoding.cpu, whole.wall, whole.cpu);
  return 0;
}

/// Cosines of embeddings in int16 with those in fp32: of a folder's images, or of the lines of a file.
int agreement(const std::string& model, const std::string& what) {
  std::vector<ilk::Matrix<float>> rows;
  for (const ilk::Precision precision : {ilk::Precision::fp32, ilk::Precision::int16}) {
    if (std::filesystem::is_directory(what)) {
      ilk::EmbeddingCache nowhere("");
      const ilk::Clip clip(model, precision);
      rows.push_back(ilk::embed_images(clip, ilk::list_images({what}, {}), {}, nowhere).embeddings);
    } else {
      const auto encoder = ilk::load_text_encoder(model, precision);
      rows.push_back(encoder->encode_texts(ilk::read_nouns(what).texts));
    }
  }
  double sum = 0, worst = 1;
  for (std::int64_t i = 0; i < rows[0].rows(); ++i) {
    const double cosine = ilk::kernels::kernels().dot_f64(rows[0][i], rows[1][i], rows[0].columns());
    sum += cosine;
    worst = std::min(worst, cosine);
  }
  std::printf("{\"rows\": %ld, \"mean\": %.8f, \"worst\": %.8f}\n", rows[0].rows(),
              sum / static_cast<double>(rows[0].rows()), worst);
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
  const ilk::Clip clip(model, precision);
  const auto wordnet = ilk::WordNet::find();
  if (!wordnet) return 2;
  const ilk::Corpus corpus = ilk::make_corpus("nouns", ilk::WordNet(*wordnet).nouns());
  const auto all = static_cast<std::int64_t>(corpus.texts.size());
  const std::int64_t chunk = std::min<std::int64_t>(256, words), chunks = words / chunk, apart = all / chunks;

  ilk::ModelWeights weights(model, "time_encoder");
  const ilk::ClipConfig config = ilk::read_clip_config(std::filesystem::path(model) / "config.json");
  const auto context = static_cast<std::size_t>(config.text.context_length);
  const ilk::TextTower tower(config, weights, clip.precision());
  for (const std::string& way : ways) {
    std::int64_t prompts = 0, tokens = 0;
    double largest = 0;
    Seconds seconds{0, 0};
    for (std::int64_t i = 0; i < chunks; ++i) {
      std::vector<std::string> texts;
      std::vector<ilk::TokenIds> ids;
      std::vector<std::size_t> prefixes;  // what all texts of a template begin with
      for (const std::string& prompt : ilk::default_templates()) {
        for (std::int64_t j = i * apart; j < i * apart + chunk; ++j) {
          texts.push_back(ilk::fill_template(prompt, corpus.texts[static_cast<std::size_t>(j)]));
          ids.push_back(clip.tokenizer().encode(texts.back(), static_cast<std::int64_t>(context)));
        }
        prefixes.push_back(
            clip.tokenizer()
                .encode(prompt.substr(0, prompt.find("{}")), static_cast<std::int64_t>(context))
                .size() -
            1);
      }
      prompts += static_cast<std::int64_t>(texts.size());
      const auto run = [&](const ilk::TokenForest& forest) {
        std::vector<ilk::Matrix<float>> parts(forest.trees.size());
        for (const ilk::TokenTree& tree : forest.trees) tokens += tree.size();
        ilk::parallel_blocks(
            static_cast<std::int64_t>(parts.size()), 1,
            [&](std::int64_t t, std::int64_t, std::int64_t) { parts[t] = tower(forest.trees[t]); });
        std::vector<const float*> places;
        for (const ilk::Matrix<float>& part : parts)
          for (std::int64_t row = 0; row < part.rows(); ++row) places.push_back(part[row]);
        auto all_rows =
            ilk::Matrix<float>::uninitialised(static_cast<std::int64_t>(forest.row_of.size()), clip.width());
        for (std::int64_t row = 0; row < all_rows.rows(); ++row)
          std::copy_n(places[forest.row_of[row]], clip.width(), all_rows[row]);
        ilk::make_unit_rows(all_rows);
        return all_rows;
      };
      const auto nothing = [](std::size_t) { return std::size_t{0}; };
      ilk::Matrix<float> rows;
      const Seconds part = timed([&] {
        if (way == "filled")
          rows = run(sharing(ids, 8, context, nothing));
        else if (way == "cut")
          rows = run(sharing(ids, 64, 0, nothing));
        else if (way == "templates")
          rows = run(sharing(ids, 64, 0, [&](std::size_t text) {
            const std::size_t prompt = text / static_cast<std::size_t>(chunk);
            return text % static_cast<std::size_t>(chunk) == 0 ? 0 : prefixes[prompt];
          }));
        else if (way == "tree")
          rows = run(ilk::plant(ids, 512));
        else
          rows = clip.encode_texts(texts);
      });
      seconds.wall += part.wall;
      seconds.cpu += part.cpu;
      if (way == "final") continue;
      const ilk::Matrix<float> expected = clip.encode_texts(texts);
      for (std::int64_t at = 0; at < rows.size(); ++at)
        largest = std::max<double>(largest, std::fabs(rows.data()[at] - expected.data()[at]));
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
