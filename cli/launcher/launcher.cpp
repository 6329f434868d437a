// The program `ilk` that one calls. It answers for help and the version by itself, from pages that were
// printed when it was built; for all else it becomes the program with the commands. That one needs libtorch,
// which takes half a second to load.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace {

struct Page {
  const char* command;  // "" for ilk itself, "models get", …, "--version"
  const char* text;
};

constexpr Page pages[] = {
#include "help_pages.inc"
};

/// The page to print for `ilk WORDS…`, or null.
const Page* page_for(int count, char** words) {
  std::string command;
  if (count == 1 && std::strcmp(words[0], "--version") == 0) {
    command = words[0];
  } else if (count > 0) {
    const std::string last = words[count - 1];
    if (last != "--help" && last != "-h") return nullptr;
    for (int i = 0; i + 1 < count; ++i) command += (i > 0 ? " " : "") + std::string(words[i]);
  }
  for (const Page& page : pages)
    if (command == page.command) return &page;
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (const Page* page = page_for(argc - 1, argv + 1)) {
    std::fputs(page->text, stdout);
    return argc == 1 ? 2 : 0;  // a command is missing
  }
  // Threads are ilk's own. OpenBLAS starts others as it is loaded, and where memory is scarce they wait for
  // theirs for ever.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  // The C library asks for large pages for what is large, where the system gives them to those who ask: a
  // twentieth of a run's CPU time. What the user says goes before.
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", /*replace=*/0);
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {ILK_BUILT_COMMANDS, ILK_INSTALLED_COMMANDS})
    execv((folder / place).c_str(), argv);
  std::fprintf(stderr, "ilk failed: its other half, %s, cannot be run: %s\n",
               (folder / ILK_INSTALLED_COMMANDS).lexically_normal().c_str(), std::strerror(errno));
  return 1;
}
