#pragma once
// P nouns, D width of the model.
#include <ilk/encoder.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

struct VocabularyOptions {
  std::string model = "ilk-lite";
  std::string nouns;
  std::string wordnet;
  std::string templates;
  Device device = Device::automatic;
  Precision precision = Precision::automatic;
  std::optional<std::int64_t> threads;
  std::string cache;
};

template <OptionsOf<VocabularyOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"model", options.model,
              "ilk-lite, another name from `ilk models list`, or a CLIP's Hugging Face directory"});
  visit(Field{"nouns", options.nouns, "file of nouns, one a line (else the model's own list, else WordNet)"});
  visit(Field{"wordnet", options.wordnet, "folder with WordNet's data.noun and index.noun (else found)"});
  visit(Field{"templates", options.templates, "file of prompt templates, one a line with {} for the noun"});
  visit(Field{"device", options.device, device_help});
  visit(Field{"precision", options.precision, precision_help});
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
  visit(
      Field{"cache", options.cache, "folder for embeddings that are kept between runs; none: keep nothing"});
}

/// What a file of build_vocabulary says of itself.
struct VocabularyFacts {
  std::string model;              ///< the name of the model's folder
  std::string model_fingerprint;  ///< TextEncoder::fingerprint
  std::string precision;          ///< arithmetic_of the encoder
  std::string source;             ///< where the nouns were from
  std::string nouns_sha256;       ///< Corpus::sha256
  std::vector<std::string> templates;
  std::int64_t nouns = 0;  ///< P
  std::int64_t width = 0;  ///< D
  std::int64_t bytes = 0;  ///< of the file; 0 where none was written
  bool from_cache = false;
};

/// Encodes the nouns that a run with these options would offer, and keeps them where that run looks for them.
/// Goes on where an earlier call was stopped or killed. With `output` also leaves them there as one file,
/// with which `ilk cluster --nouns` needs neither list, WordNet nor time to encode, on any machine: a
/// safetensors file of the features (P, D) float32, of unit length, and the nouns. Returns what is in it.
/// Throws Error as the run would, and where neither cache nor output would keep the result; Stopped on
/// request.
VocabularyFacts build_vocabulary(const VocabularyOptions& options, const std::filesystem::path& output,
                                 Progress& progress = silent());

}  // namespace ilk
