// Times one kernel on matrices that peers.py wrote, so that others get the same input: prints one line of
// JSON.
//
//   time_kernel kmeans|euclidean N D K ITERATIONS POINTS CENTRES
//   time_kernel start N D K 0 POINTS
//   time_kernel restarts N D K STARTS POINTS
//   time_kernel neighbours Q D B k QUERIES BASE
//   time_kernel approximate Q D B k QUERIES BASE    (three lines: graphs, search, share that is found)
//   time_kernel transport N D M ITERATIONS IMAGES WORDS EPSILON TOLERANCE [ROWS_OUT]
//   time_kernel machine
#include <ilk/approximate_neighbours.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/parallel.h>
#include <ilk/transport.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "../src/cluster/blocks.h"

namespace {

torch::Tensor matrix(const char* path, std::int64_t rows, std::int64_t columns) {
  auto result = torch::empty({rows, columns});
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(result.data_ptr()), static_cast<std::streamsize>(result.nbytes())))
    throw std::runtime_error(std::string(path) + " is too short");
  return result;
}

void write(const char* path, const torch::Tensor& tensor) {
  std::ofstream(path, std::ios::binary)
      .write(static_cast<const char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double peak_mib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

struct Clock {
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  double cpu = cpu_seconds(), peak = peak_mib();

  /// `facts` are more members of the JSON object.
  void print(const std::string& facts) const {
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("{\"wall\": %.6f, \"cpu\": %.6f, \"peak_growth_mib\": %.1f%s}\n", wall, cpu_seconds() - cpu,
                peak_mib() - peak, facts.c_str());
  }
};

std::string fact(const char* name, double value) {
  char text[80];
  std::snprintf(text, sizeof text, ", \"%s\": %.9g", name, value);
  return text;
}

/// A plain matrix product over blocks, and a plain copy: what the machine gives at the moment.
void machine() {
  const auto a = torch::randn({2048, 512}), b = torch::randn({512, 2048});
  auto product = torch::empty({2048, 2048});
  const auto multiply = [&] {
    ilk::parallel_blocks(2048, 512, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      auto rows = product.slice(0, begin, end);
      at::mm_out(rows, a.slice(0, begin, end), b);
    });
  };
  const auto from = torch::ones({std::int64_t{1} << 25});
  auto to = torch::empty_like(from);
  const auto copy = [&] {
    ilk::parallel_blocks(from.size(0), std::int64_t{1} << 20,
                         [&](std::int64_t begin, std::int64_t end, std::int64_t) {
                           to.slice(0, begin, end).copy_(from.slice(0, begin, end));
                         });
  };
  const auto best = [](auto body) {
    double least = 1e9;
    for (int i = 0; i < 7; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      body();
      least =
          std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return least;
  };
  std::printf("{\"gflops\": %.1f, \"gbytes\": %.1f}\n", 2.0 * 2048 * 2048 * 512 / best(multiply) / 1e9,
              2.0 * static_cast<double>(from.nbytes()) / best(copy) / 1e9);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  ilk::set_threads(0);
  if (what == "machine") return machine(), 0;
  if (count < 7) return 2;
  const std::int64_t n = std::atoll(arguments[2]), d = std::atoll(arguments[3]), k = std::atoll(arguments[4]),
                     iterations = std::atoll(arguments[5]);
  const auto points = matrix(arguments[6], n, d);
  if (what == "kmeans" || what == "euclidean") {
    const auto centres = matrix(arguments[7], k, d);
    const ilk::KMeansOptions options{.max_iterations = iterations, .tolerance = 0};
    const Clock clock;
    const auto result = what == "kmeans" ? ilk::kmeans_from(points, centres, options)
                                         : ilk::euclidean_kmeans_from(points, centres, options);
    clock.print(fact("objective", result.objective) +
                fact("iterations", static_cast<double>(result.iterations)));
  } else if (what == "start") {
    const Clock clock;
    const auto result = ilk::kmeans(points, {.n_clusters = k, .n_init = 1, .max_iterations = 1});
    clock.print(fact("objective", result.objective));
  } else if (what == "restarts") {
    const Clock clock;
    const auto result = ilk::kmeans(points, {.n_clusters = k, .n_init = iterations});
    clock.print(fact("objective", result.objective) +
                fact("iterations", static_cast<double>(result.iterations)));
  } else if (what == "neighbours") {
    const auto base = matrix(arguments[7], k, d);
    const Clock clock;
    const auto found = ilk::nearest_neighbours(points, base, iterations);
    clock.print(fact("mean_cosine", found.cosines.mean().item<double>()));
  } else if (what == "approximate") {
    const auto base = matrix(arguments[7], k, d);
    const Clock building;
    const ilk::ApproximateNeighbours graphs(base);
    building.print("");
    const Clock searching;
    const auto found = graphs.search(points, iterations);
    searching.print(fact("mean_cosine", found.cosines.mean().item<double>()));
    std::printf("{\"recall\": %.4f}\n", graphs.recall(iterations, 1000));
  } else if (what == "transport") {
    const auto words = matrix(arguments[7], k, d);
    const Clock clock;
    const auto found = ilk::solve_transport(points, words,
                                            {.epsilon = std::atof(arguments[8]),
                                             .max_iterations = iterations,
                                             .tolerance = std::atof(arguments[9])});
    clock.print(fact("iterations", static_cast<double>(found.iterations)) +
                fact("marginal_error", found.marginal_error));
    if (count > 10) {
      write((std::string(arguments[10]) + ".f").c_str(), found.row_potentials);
      write((std::string(arguments[10]) + ".g").c_str(), found.column_potentials);
    }
  }
}
