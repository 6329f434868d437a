#pragma once
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

struct CaptionOptions {
  std::filesystem::path output = "captions.jsonl";
  std::string endpoint;
  std::string vlm_model;
  std::string prompt =
      "Describe this picture in one sentence: what it shows, what happens or where it is, and what it looks "
      "like. Answer with the sentence alone.";
  std::int64_t image_edge = 768;
  std::int64_t max_tokens = 200;
  double temperature = 0;
  std::int64_t requests = 4;
  std::int64_t attempts = 5;
  double first_pause = 1;
  double timeout = 120;
  std::string cache;
  bool dry_run = false;
  DecodeOptions images;
};

template <OptionsOf<CaptionOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(
      Field{"output", options.output, "file for the captions, JSON lines; what it holds is not asked again"});
  visit(Field{"endpoint", options.endpoint,
              "address of an OpenAI-compatible server, such as http://localhost:8000/v1"});
  visit(Field{"vlm_model", options.vlm_model, "the model's name, as the server knows it"});
  visit(Field{"prompt", options.prompt, "what is asked about each picture"});
  visit(Field{"image_edge", options.image_edge,
              "pixels of the longer edge that a picture is shrunk to; larger "
              "shows more and costs more"}
            .between(16, 8192));
  visit(Field{"max_tokens", options.max_tokens, "most tokens of an answer"}.between(1, 1 << 20));
  visit(Field{"temperature", options.temperature, "0: the likeliest answer; above: more varied ones"}.between(
      0, 2));
  visit(Field{"requests", options.requests, "requests under way at a time"}.between(1, 256));
  visit(Field{"attempts", options.attempts, "how often a request is tried before it is given up"}.between(
      1, 100));
  visit(Field{"first_pause", options.first_pause,
              "seconds before the second attempt, doubled before each further"}
            .between(0, 600));
  visit(Field{"timeout", options.timeout, "seconds an answer may take"}.above(0));
  visit(Field{"cache", options.cache,
              "folder for the digests of files, so that unchanged ones need not be read again; none: keep "
              "nothing"});
  visit(Field{"dry_run", options.dry_run, "send nothing; say how many requests and bytes it would be"});
  visit.group("images", options.images);
}

struct CaptionSummary {
  std::int64_t answered = 0;  ///< images that were asked about now (in a dry run: would be)
  std::int64_t known = 0;     ///< images whose caption the output held before
  std::int64_t repeated = 0;  ///< images with the bytes of another that has a caption, written without asking
  std::int64_t requests = 0;  ///< that were sent, those that failed among them (in a dry run: at least these)
  double bytes = 0;           ///< of their bodies (in a dry run of many images an estimate from every n-th)
  std::vector<SkippedFile> skipped;  ///< those of the list and those that cannot be decoded
  /// Images that the server gave no caption for: "refused" (the request), "no answer" or "useless answer".
  std::vector<SkippedFile> failed;
};

/// Asks a vision-language model for a caption of each image, at an OpenAI-compatible /v1/chat/completions
/// (vLLM, llama.cpp's server, Ollama and others). `endpoint` may leave that path, or all of it after /v1,
/// out. `key` is sent to the endpoint as a bearer token where it is not empty, and appears nowhere else.
///
/// Each answer is at once appended to `output` as one line {"path", "sha256", "caption", "model", "prompt"}
/// and survives a kill; "prompt" is a fingerprint of prompt, image_edge, max_tokens and temperature. An image
/// is not asked about where the output has a caption of the same bytes, model and fingerprint. A last line
/// that was cut while it was written is removed.
///
/// A connection that fails or stalls, a status of 408, 425, 429 or 5xx, and an answer that is no JSON, has no
/// text or is a refusal are tried again (the last three times at most), Retry-After being honoured for all
/// requests; then, and for any other 4xx at once, the image is one of `failed`.
///
/// Throws Error, with every answer kept, where nothing is to be hoped for: the server is not reached or
/// refuses for being asked too much (429) after all attempts; 401, 403 or 404; a dozen images in a row
/// failed. Stopped on request, and Error for options out of range, an address that is not HTTP(S), an output
/// that is something else or that another process writes.
CaptionSummary caption_images(const ImageList& list, const CaptionOptions& options, const std::string& key,
                              Progress& progress = silent());

}  // namespace ilk
