#pragma once
// Parsers of bytes from outside, each given any bytes: by libFuzzer (fuzz_main.cpp) and, with the corpus, by
// an ordinary test (tests/fuzz_corpus.h).
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

struct FuzzTarget {
  const char* name;
  void (*parse)(std::string_view bytes);
};

/// Sorted by name.
std::vector<FuzzTarget>& fuzz_targets();

/// ilk::Error and ilk::ImageError are good answers; what else is thrown is a fault, and goes up.
void run_fuzz_target(const FuzzTarget& target, std::string_view bytes);

struct FuzzRegistration {
  FuzzRegistration(const char* name, void (*parse)(std::string_view));
};

/// Opens the function of a target.
#define ILK_FUZZ(name)                                                    \
  static void parse_##name(std::string_view bytes);                       \
  static const FuzzRegistration registration_##name(#name, parse_##name); \
  static void parse_##name([[maybe_unused]] std::string_view bytes)

/// A folder in memory, one for the process.
const std::filesystem::path& fuzz_folder();
/// A file in it with these bytes; folders of `name` are made.
std::filesystem::path fuzz_file(const std::string& name, std::string_view bytes);
/// The input's parts, between lines "--8<--", for what reads several files; at least `count` of them.
std::vector<std::string_view> fuzz_parts(std::string_view bytes, std::size_t count);
