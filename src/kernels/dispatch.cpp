#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "core/fail.h"
#include "kernels/targets.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace ilk::kernels {
namespace {

bool can_run(Target target) {
#if defined(__x86_64__)
  switch (target) {
    case Target::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Target::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx2") &&
             __builtin_cpu_supports("fma");
    default:
      break;
  }
#elif defined(__aarch64__)
  if (target == Target::neon_dotprod) return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  return target == Target::plain || target == Target::neon;
}

const Kernels* table_of(Target target) {
  switch (target) {
    case Target::plain:
      return plain_kernels;
    case Target::avx2:
      return avx2_kernels;
    case Target::avx512:
      return avx512_kernels;
    case Target::neon:
      return neon_kernels;
    case Target::neon_dotprod:
      return neon_dotprod_kernels;
  }
  return nullptr;
}

const Kernels* first_choice() {
  const std::vector<Target> targets = available_targets();
  const char* wanted = std::getenv("ILK_TARGET");
  if (wanted == nullptr || *wanted == '\0') return table_of(targets.back());
  const auto found =
      std::find_if(targets.begin(), targets.end(), [&](Target target) { return name_of(target) == wanted; });
  if (found == targets.end()) {
    std::string names;
    for (const Target target : targets) names += (names.empty() ? "" : ", ") + std::string(name_of(target));
    fail("ILK_TARGET", "must be one of ", names, " on this machine, got ", wanted, ".");
  }
  return table_of(*found);
}

std::atomic<const Kernels*>& current() {
  static std::atomic<const Kernels*> table = first_choice();
  return table;
}

}  // namespace

std::string_view name_of(Target target) {
  switch (target) {
    case Target::plain:
      return "plain";
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      return "avx512";
    case Target::neon:
      return "neon";
    case Target::neon_dotprod:
      return "neon-dotprod";
  }
  return "";
}

const Kernels& kernels() {
  return *current().load(std::memory_order_relaxed);
}

std::vector<Target> available_targets() {
  std::vector<Target> targets;
  for (const Target target :
       {Target::plain, Target::neon, Target::neon_dotprod, Target::avx2, Target::avx512})
    if (table_of(target) != nullptr && can_run(target)) targets.push_back(target);
  return targets;
}

void use_target(Target target) {
  require(table_of(target) != nullptr && can_run(target), "use_target", name_of(target),
          " does not run on this machine.");
  current() = table_of(target);
}

double dot_f32_error(std::int64_t n) {
  return 1.01 * static_cast<double>(n + 4) * 0x1p-24;
}

}  // namespace ilk::kernels
