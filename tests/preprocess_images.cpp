// Preprocesses the files named on standard input, one a line, as a model would get them, for comparing with
// other programs and for measuring (tests/data/images/compare_with_pillow.py):
//
//   preprocess_images PREPROCESSOR_CONFIG OUTPUT [exact|fast] [THREADS] < LIST
//
// OUTPUT gets (number of files, 3, H, W) float32 in the order of the list; a file that failed is NaN
// throughout and is named on standard error with its kind and reason. Last comes a line with the seconds and
// the peak memory.
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/threads.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>

#include "core/parallel.h"

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: preprocess_images PREPROCESSOR_CONFIG OUTPUT [exact|fast] [THREADS] < LIST\n";
    return 2;
  }
  const ilk::ImagePreprocessor preprocessor = ilk::read_preprocessor(arguments[1]);
  const ilk::DecodeOptions options{.shrink_on_load = count > 3 && std::string(arguments[3]) == "fast",
                                   .jpeg_xl = true};
  if (count > 4) ilk::set_threads(std::stoi(arguments[4]));
  const std::vector<std::string> paths = ilk::read_input_list(std::cin);
  const auto n = static_cast<std::int64_t>(paths.size());

  const auto start = std::chrono::steady_clock::now();
  auto images = ilk::Matrix<float>::filled(n, 3 * preprocessor.crop_height * preprocessor.crop_width,
                                           std::numeric_limits<float>::quiet_NaN());
  std::vector<std::string> failures(paths.size());
  ilk::parallel_blocks(n, 4, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      try {
        const auto pixels = ilk::decode_for_model(ilk::read_image_file(paths[i]), preprocessor, options);
        std::copy_n(pixels.data(), pixels.size(), images[i]);
      } catch (const ilk::ImageError& error) {
        failures[i] = error.kind() + ": " + error.what();
      }
    }
  });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!failures[i].empty()) std::cerr << paths[i] << ": " << failures[i] << "\n";
  std::ofstream output(arguments[2], std::ios::binary);
  output.write(reinterpret_cast<const char*>(images.data()), images.size() * 4);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << n << " files, " << seconds.count() << " s, peak " << usage.ru_maxrss / 1024 << " MiB\n";
  return output.flush() ? 0 : 1;
}
