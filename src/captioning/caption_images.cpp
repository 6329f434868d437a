#include "captioning/caption_images.h"

#include <ilk/threads.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "captioning/caption_log.h"
#include "captioning/caption_server.h"
#include "captioning/vision_chat.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "io/embedding_cache.h"
#include "io/files.h"
#include "io/no_images.h"
#include "io/strings.h"

namespace ilk {
namespace {

// Images in a row that may fail before the rest is not tried.
constexpr std::int64_t most_failures_in_a_row = 12;
// Of more images than this a dry run encodes every n-th, to estimate their bytes.
constexpr std::size_t most_encoded_in_a_dry_run = 256;

std::filesystem::path cache_file(const CaptionOptions& options) {
  if (options.cache == "none") return {};
  const std::filesystem::path folder =
      options.cache.empty() ? cache_directory() : std::filesystem::path(options.cache);
  return folder / "embeddings.sqlite";
}

/// Passes questions about stopping on, and asks to stop once a thread has met an error.
class Stoppable : public Progress {
 public:
  explicit Stoppable(const Progress& outer) : outer_(outer) {}
  bool stop_requested() const override { return stopped_ || outer_.stop_requested(); }
  void stop() { stopped_ = true; }

 private:
  const Progress& outer_;
  std::atomic<bool> stopped_ = false;
};

class Captioner {
 public:
  Captioner(const ImageList& list, const CaptionOptions& options, const std::string& key, Progress& progress)
      : paths_(list.paths),
        read_(list.read),
        options_(options),
        progress_(progress),
        stop_(progress),
        log_(options.output, options.vlm_model, vision_chat::fingerprint(options), options.dry_run),
        cache_(cache_file(options)),
        server_(options, key, stop_, [this](const std::string& sentence) {
          const std::lock_guard lock(mutex_);
          progress_.say(sentence);
        }) {
    summary_.skipped = list.skipped;
    listed_as_skipped_ = list.skipped.size();
    if (!log_.notice().empty()) progress.say(log_.notice());
  }

  CaptionSummary run() {
    const auto count = static_cast<std::int64_t>(paths_.size());
    progress_.start(options_.dry_run ? "Looking at images" : "Captioning", count, "images");
    const std::int64_t wanted = options_.dry_run ? threads() : options_.requests;
    std::vector<std::thread> workers;
    try {
      for (std::int64_t i = 0; i < std::min(wanted, count); ++i) workers.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // no more threads to be had: fewer do
      if (workers.empty()) throw;
    }
    for (std::thread& worker : workers) worker.join();
    progress_.finish();
    if (!cache_.notice().empty()) progress_.say(cache_.notice());
    if (error_) rethrow();

    const auto by_path = [](const SkippedFile& a, const SkippedFile& b) { return a.path < b.path; };
    std::stable_sort(summary_.skipped.begin(), summary_.skipped.end(), by_path);
    std::stable_sort(summary_.failed.begin(), summary_.failed.end(), by_path);
    if (summary_.skipped.size() == paths_.size() + listed_as_skipped_)
      fail_without_images(summary_.skipped, in_caption_images);
    if (options_.dry_run) {
      summary_.requests = summary_.answered;
      if (encoded_ > 0)
        summary_.bytes =
            encoded_bytes_ / static_cast<double>(encoded_) * static_cast<double>(summary_.requests);
    } else {
      summary_.requests = server_.requests();
      summary_.bytes = static_cast<double>(server_.bytes());
    }
    return std::move(summary_);
  }

 private:
  /// What became of an image.
  struct Outcome {
    std::string caption;
    std::string kind, reason;  // where there is none
    bool is_skipped = false;   // which is not the server's doing
  };

  void work() {
    try {
      for (std::size_t i = next_++; i < paths_.size(); i = next_++) {
        stop_.check_stop();
        caption(i);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.stop();
    }
  }

  /// An error with what it did not cost.
  [[noreturn]] void rethrow() const {
    try {
      std::rethrow_exception(error_);
    } catch (const WriteError& error) {
      throw WriteError(in_caption_images, error.text() + kept_text());
    } catch (const Error& error) {
      if (error.function() != in_caption_images) throw;
      fail(in_caption_images, error.text(), kept_text());
    }
  }

  std::string kept_text() const {
    if (summary_.answered == 0) return "";
    return " " + std::to_string(summary_.answered) +
           (summary_.answered == 1 ? " caption that came before is" : " captions that came before are") +
           " kept in \"" + options_.output.string() + "\"; the same command goes on from there.";
  }

  void caption(std::size_t i) {
    const std::string& path = paths_[i];
    std::optional<ImageFile> file;
    std::string content;
    try {
      if (const auto known = read_ ? std::nullopt : cache_.known_content(path)) {
        content = *known;
      } else {
        file = read(i);
        content = file->sha256;
        if (!read_) cache_.note_content(path, content);
      }
    } catch (const ImageError& error) {
      const std::lock_guard lock(mutex_);
      return note(path, {.kind = error.kind(), .reason = error.what(), .is_skipped = true});
    }
    if (is_settled(path, content)) return;
    Outcome outcome;
    try {
      if (!file) file = read(i);
      if (file->sha256 != content)
        throw ImageError("vanished", "the file was changed while it was looked at");
      outcome = options_.dry_run ? estimate(*file, i) : ask(*file);
    } catch (const ImageError& error) {
      outcome = {.kind = error.kind(), .reason = error.what(), .is_skipped = true};
    }
    settle(path, content, outcome);
  }

  ImageFile read(std::size_t i) const {
    return read_ ? read_(static_cast<std::int64_t>(i)) : read_image_file(paths_[i]);
  }

  Outcome ask(const ImageFile& file) {
    CaptionServer::Reply reply = server_.ask(make_thumbnail(file, options_.image_edge, options_.images));
    return {std::move(reply.caption), std::move(reply.kind), std::move(reply.reason)};
  }

  Outcome estimate(const ImageFile& file, std::size_t i) {
    if (i % (1 + paths_.size() / most_encoded_in_a_dry_run) == 0) {
      const std::string jpeg = make_thumbnail(file, options_.image_edge, options_.images);
      const std::lock_guard lock(mutex_);
      encoded_bytes_ += static_cast<double>(vision_chat::question(options_, jpeg).size());
      ++encoded_;
    }
    return {.caption = "?"};
  }

  /// Whether nothing need be asked about this file: its bytes have a caption or have failed, or another
  /// thread asks about them and will see to this path too.
  bool is_settled(const std::string& path, const std::string& content) {
    const std::lock_guard lock(mutex_);
    if (const auto known = log_.caption_of(content)) {
      const bool is_there = log_.has(path, content);
      ++(is_there ? summary_.known : summary_.repeated);
      if (!is_there && !options_.dry_run) log_.append({path}, content, *known);
      progress_.advance(1);
      return true;
    }
    if (const auto before = settled_.find(content); before != settled_.end()) {
      note(path, before->second);
      return true;
    }
    const auto [waiting, is_new] = waiting_.try_emplace(content);
    if (!is_new) waiting->second.push_back(path);
    return !is_new;
  }

  void settle(const std::string& path, const std::string& content, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> paths{path};
    const auto waiting = waiting_.find(content);
    paths.insert(paths.end(), waiting->second.begin(), waiting->second.end());
    waiting_.erase(waiting);
    if (outcome.caption.empty() || options_.dry_run) settled_[content] = outcome;
    if (!outcome.caption.empty() && !options_.dry_run) log_.append(paths, content, outcome.caption);
    if (!outcome.caption.empty()) --summary_.repeated, ++summary_.answered;
    for (const std::string& each : paths) note(each, outcome);
    if (outcome.is_skipped) return;
    failures_in_a_row_ = outcome.caption.empty() ? failures_in_a_row_ + 1 : 0;
    require(failures_in_a_row_ < most_failures_in_a_row, in_caption_images, "the last ", failures_in_a_row_,
            " images in a row got no caption; the last: ", path, ": ", outcome.reason, ".");
  }

  void note(const std::string& path, const Outcome& outcome) {
    if (!outcome.caption.empty())
      ++summary_.repeated;
    else
      (outcome.is_skipped ? summary_.skipped : summary_.failed)
          .push_back({path, outcome.kind, outcome.reason});
    progress_.advance(1);
  }

  const std::vector<std::string>& paths_;
  const std::function<ImageFile(std::int64_t)>& read_;  // of the list; empty where they are files
  const CaptionOptions& options_;
  Progress& progress_;
  Stoppable stop_;
  CaptionLog log_;
  EmbeddingCache cache_;
  CaptionServer server_;
  std::atomic<std::size_t> next_ = 0;

  std::mutex mutex_;  // of all below
  CaptionSummary summary_;
  std::exception_ptr error_;
  std::unordered_map<std::string, std::vector<std::string>>
      waiting_;                                       // paths by the bytes that are asked about
  std::unordered_map<std::string, Outcome> settled_;  // by bytes, where the log has no caption
  std::size_t listed_as_skipped_ = 0;
  std::int64_t failures_in_a_row_ = 0, encoded_ = 0;
  double encoded_bytes_ = 0;
};

void check(const CaptionOptions& options) {
  check_ranges(options, in_caption_images);
  const bool is_http = options.endpoint.starts_with("http://") || options.endpoint.starts_with("https://");
  require(is_http, in_caption_images,
          "endpoint must be an address that begins with http:// or https://, got '", options.endpoint, "'.");
  require(!options.output.empty(), in_caption_images, "output must name a file, got ''.");
  require(!options.vlm_model.empty(), in_caption_images,
          "vlm_model must name a model of the server, got ''.");
  for (const auto& [name, text] :
       {std::pair{"vlm_model", &options.vlm_model}, std::pair{"prompt", &options.prompt}})
    require(is_utf8(*text) && !trimmed(*text).empty(), in_caption_images, name,
            " must be UTF-8 text and not empty.");
}

/// Whether the address leads to another machine without encryption.
bool is_open(std::string_view endpoint) {
  constexpr std::string_view scheme = "http://";
  if (!endpoint.starts_with(scheme)) return false;
  const std::string_view host = endpoint.substr(scheme.size());
  return !host.starts_with("localhost") && !host.starts_with("127.") && !host.starts_with("[::1]");
}

}  // namespace

CaptionSummary caption_images(const ImageList& list, const CaptionOptions& options, const std::string& key,
                              Progress& progress) {
  check(options);
  if (list.paths.empty()) fail_without_images(list.skipped, in_caption_images);
  if (!key.empty() && !options.dry_run && is_open(options.endpoint))
    progress.say("The key goes over the network unencrypted, as the endpoint is http and not https.");
  return Captioner(list, options, key, progress).run();
}

}  // namespace ilk
