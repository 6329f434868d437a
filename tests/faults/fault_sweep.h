#pragma once
// Runs a command again and again; each time another of the calls by which it changes files goes wrong
// (fault_library.cpp). What must hold then is said once, here.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// How the call goes wrong. `power`: as `kill`, and what was not synced is lost.
enum class Fault { once, full, kill, power };
constexpr Fault all_faults[] = {Fault::once, Fault::full, Fault::kill, Fault::power};

/// What a file may be after a command that did not end well.
enum class Rule {
  old_or_new,  ///< what it was before (or absent, as it was), or what the undisturbed command leaves
  whole,       ///< of one writer, from the first byte to the last: JSON that parses, HTML with its end
  grows,       ///< what it was before, and a prefix of what the undisturbed command leaves beyond it
  any          ///< a cache, a log: the next command copes with it
};

struct Scenario {
  std::string name;
  /// Makes the inputs, and older results, in an empty folder, which is the working directory of `command`.
  std::function<void(const std::filesystem::path&)> prepare;
  std::vector<std::string> command;
  /// Paths below the folder: their bytes are compared (folders: with all in them).
  std::vector<std::string> results;
  /// Of results that are not `old_or_new`; the first beginning that fits.
  std::vector<std::pair<std::string, Rule>> rules = {};
  /// Environment, as NAME=VALUE; "FOLDER" stands for the folder.
  std::vector<std::string> environment = {};
  /// What is left out of a comparison, beside seconds, memory and the folder's own name: regular expressions.
  std::vector<std::string> varies = {};
  /// What is done already is not done again: an edit whose last call alone failed.
  bool not_twice = false;
};

struct SweepCounts {
  std::int64_t calls = 0;   ///< of the undisturbed command
  std::int64_t faults = 0;  ///< that were tried
};

/// All calls with ILK_FAULTS=all in the environment; else of each kind of fault the first and last ones and a
/// sample.
SweepCounts sweep(const Scenario& scenario);

/// Runs the program once in `folder`, undisturbed; throws where it fails.
void run_undisturbed(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                     const std::vector<std::string>& environment = {});
