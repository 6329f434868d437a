#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <dlfcn.h>
#include <ilk/parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace ilk {
namespace {

// libtorch's matrix products may go to OpenBLAS, whose own threads know nothing of OpenMP regions: left alone
// they would split a product differently with the number of cores. All parallelism is ours, over blocks.
void keep_blas_single_threaded() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
  });
}

}  // namespace

void set_threads(int threads) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
}

int threads() {
  return at::get_num_threads();
}

void parallel_blocks(std::int64_t n, std::int64_t block,
                     const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& body) {
  if (n <= 0) return;
  keep_blas_single_threaded();
  const std::int64_t blocks = (n + block - 1) / block;
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr first;
  const auto worker = [&](std::int64_t, std::int64_t) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = next++; i < blocks && !failed; i = next++) {
      try {
        body(i * block, std::min(n, (i + 1) * block), i);
      } catch (...) {
        if (!failed.exchange(true)) first = std::current_exception();
      }
    }
  };
  // One unit of at::parallel_for for each thread, even where there are fewer blocks: the OpenMP region around
  // it keeps libtorch's own loops and oneDNN on the thread they are called from. One thread needs no region.
  at::parallel_for(0, at::get_num_threads(), 1, worker);
  if (first) std::rethrow_exception(first);
}

}  // namespace ilk
