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
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/threads.h>
#include <ilk/transport.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "core/parallel.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"

namespace {

ilk::Matrix<float> matrix(const char* path, std::int64_t rows, std::int64_t columns) {
  auto result = ilk::Matrix<float>::uninitialised(rows, columns);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(result.data()),
                 static_cast<std::streamsize>(result.size()) * static_cast<std::streamsize>(sizeof(float))))
    throw std::runtime_error(std::string(path) + " is too short");
  return result;
}

void write(const std::string& path, const std::vector<double>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(double)));
}

double mean_of(const ilk::Matrix<float>& matrix) {
  return ilk::kernels::kernels().sum(matrix.data(), matrix.size()) / static_cast<double>(matrix.size());
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
  const auto a = ilk::Matrix<float>::filled(2048, 512, 1), b = ilk::Matrix<float>::filled(512, 2048, 1);
  const auto packed = ilk::PackedMatrix::of(b);
  auto multiplied = ilk::Matrix<float>::uninitialised(2048, 2048);
  const auto multiply = [&] {
    ilk::parallel_blocks(2048, 512, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      ilk::multiply(a.rows_between(begin, end), packed, nullptr, multiplied.rows_between(begin, end));
    });
  };
  const auto from = ilk::Matrix<float>::filled(32, std::int64_t{1} << 20, 1);
  auto to = from.copy();
  const auto copy = [&] {
    ilk::parallel_blocks(from.rows(), 1, [&](std::int64_t row, std::int64_t, std::int64_t) {
      std::copy_n(from[row], from.columns(), to[row]);
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
              2.0 * static_cast<double>(from.size()) * sizeof(float) / best(copy) / 1e9);
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
    const ilk::KMeansOptions options{.search = {.max_iterations = iterations, .tolerance = 0}};
    const Clock clock;
    const auto result = what == "kmeans" ? ilk::kmeans_from(points, centres, options)
                                         : ilk::euclidean_kmeans_from(points, centres, options);
    clock.print(fact("objective", result.objective) +
                fact("iterations", static_cast<double>(result.iterations)));
  } else if (what == "start") {
    const Clock clock;
    const auto result = ilk::kmeans(points, {.n_clusters = k, .search = {.n_init = 1, .max_iterations = 1}});
    clock.print(fact("objective", result.objective));
  } else if (what == "restarts") {
    const Clock clock;
    const auto result = ilk::kmeans(points, {.n_clusters = k, .search = {.n_init = iterations}});
    clock.print(fact("objective", result.objective) +
                fact("iterations", static_cast<double>(result.iterations)));
  } else if (what == "neighbours") {
    const auto base = matrix(arguments[7], k, d);
    const Clock clock;
    const auto found = ilk::nearest_neighbours(points, base, iterations);
    clock.print(fact("mean_cosine", mean_of(found.cosines)));
  } else if (what == "approximate") {
    const auto base = matrix(arguments[7], k, d);
    const Clock building;
    const ilk::ApproximateNeighbours graphs(base);
    building.print("");
    const Clock searching;
    const auto found = graphs.search(points, iterations);
    searching.print(fact("mean_cosine", mean_of(found.cosines)));
    std::printf("{\"recall\": %.4f}\n", graphs.recall(iterations, 1000));
  } else if (what == "transport") {
    const auto words = matrix(arguments[7], k, d);
    const Clock clock;
    const double epsilon = std::atof(arguments[8]);
    const auto found = ilk::solve_transport(points, words,
                                            {.epsilon = epsilon > 0 ? std::optional(epsilon) : std::nullopt,
                                             .max_iterations = iterations,
                                             .tolerance = std::atof(arguments[9])});
    clock.print(fact("iterations", static_cast<double>(found.iterations)) +
                fact("marginal_error", found.marginal_error));
    if (count > 10) {
      write(std::string(arguments[10]) + ".f", found.row_potentials);
      write(std::string(arguments[10]) + ".g", found.column_potentials);
    }
  }
}
