#include "io/download.h"

#include "core/duration.h"
#include "core/fail.h"
#include "core/text.h"

#if ILK_WITH_CURL
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "io/file_lock.h"
#include "io/files.h"
#include "io/sha256.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "io/download_sink.h"
#include "io/http.h"
#include "io/http_error_text.h"
#include "io/http_headers.h"
#include "io/retry.h"
#endif

namespace ilk {

#if ILK_WITH_CURL
namespace {

constexpr double longest_asked_pause_seconds = 600;

/// A stage of progress that is finished however it ends. Bytes that are fetched again are counted once.
class Stage {
 public:
  explicit Stage(Progress& progress) : progress_(progress) {}
  ~Stage() {
    if (started_) progress_.finish();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  void start(const std::string& name, std::int64_t total) {
    if (!started_) progress_.start(name, total, "bytes");
    started_ = true;
  }
  void reach(std::int64_t position) {
    if (!started_ || position <= reached_) return;
    progress_.advance(position - reached_);
    reached_ = position;
  }

 private:
  Progress& progress_;
  std::int64_t reached_ = 0;
  bool started_ = false;
};

class Transfer {
 public:
  Transfer(const DownloadRequest& request, http::Sink& sink, Stage& stage, Progress& progress)
      : request_(request), sink_(sink), stage_(stage), progress_(progress) {}

  /// Until the sink holds the whole answer; throws Error where no attempt helps.
  void run() {
    std::int64_t furthest = sink_.size();
    for (int fruitless = 0;;) {
      const Step step = attempt();
      if (step.fault.empty()) return;
      if (sink_.size() > furthest) {
        furthest = sink_.size();
        fruitless = 0;
      }
      if (++fruitless >= request_.attempts) {
        const std::string attempts =
            concatenate(" (", fruitless, fruitless == 1 ? " attempt)" : " attempts)");
        if (step.unreachable)
          throw NoConnection("download", "no connection to " + host_of_request() + ": " + step.fault +
                                             attempts + ", asked for " + http::shown(request_.url) + ".");
        give_up(step.fault, attempts);
      }
      if (step.retry_after > longest_asked_pause_seconds)
        give_up(step.fault, "; the server asks to come back in ", step.retry_after, " s");
      const double pause =
          std::max(http::pause_before_retry(request_.first_pause_seconds, fruitless), step.retry_after);
      const std::string host = host_of_request();
      progress_.say(concatenate(step.unreachable ? "No connection to " + host : host + ": " + step.fault,
                                " (attempt ", fruitless + 1, " of ", request_.attempts, " in ",
                                duration_text(pause), ")"));
      http::wait(pause, progress_);
    }
  }

  /// Whether bytes of an earlier answer were gone on from.
  bool resumed() const { return resumed_; }

  template <class... Parts>
  [[noreturn]] void give_up(const Parts&... parts) const {
    fail("download", http::shown(request_.url), ": ", parts..., ".");
  }

 private:
  struct Step {
    std::string fault;  // retryable; empty: the whole is there
    double retry_after = 0;
    bool unreachable = false;
  };

  void start_stage(std::int64_t total) {
    if (request_.destination.empty()) return;
    stage_.start("downloading " + request_.destination.filename().string(), total);
    stage_.reach(sink_.size());
  }

  /// The answer's headers have come: the body is the whole file, a range of it, or of no use.
  void begin(const http::Answer& answer, std::int64_t offset) {
    if (answer.status == 206 && offset > 0) {
      const http::ContentRange range = http::content_range(answer.header("content-range"));
      const bool fits =
          range.begin == offset && (range.total < 0 || request_.size < 0 || range.total == request_.size);
      if (!fits) {
        sink_.begin_anew("");
        give_up_attempt("the server sent another range than it was asked for");
      }
      resumed_ = true;
      expected_ = range.total;
    } else if (answer.status / 100 == 2) {
      const std::int64_t length = answer.content_length();
      if (request_.size >= 0 && length >= 0 && length != request_.size)
        give_up("expected ", request_.size, " bytes, the server has ", length);
      const std::string etag = answer.header("etag");
      sink_.begin_anew(etag.starts_with('"') ? etag : "");  // a weak one does not promise equal bytes
      expected_ = length;
    } else {
      return;
    }
    if (request_.size >= 0) expected_ = request_.size;
    start_stage(expected_);
  }

  struct AttemptFailed {
    std::string fault;
  };
  [[noreturn]] static void give_up_attempt(const std::string& fault) { throw AttemptFailed{fault}; }

  void take(std::string_view bytes) {
    if (expected_ >= 0 && sink_.size() + static_cast<std::int64_t>(bytes.size()) > expected_) {
      sink_.begin_anew("");
      give_up("the server sent more than the expected ", expected_, " bytes");
    }
    sink_.append(bytes);
    stage_.reach(sink_.size());
  }

  Step attempt() {
    // What is held can be gone on from where the server can tell that it is unchanged, or the hash will.
    if (sink_.size() > 0 && sink_.validator().empty() && request_.sha256.empty()) sink_.begin_anew("");
    if (request_.size >= 0 && sink_.size() > request_.size) sink_.begin_anew("");
    const std::int64_t offset = sink_.size();
    if (offset > 0 && offset == request_.size) {
      resumed_ = true;
      start_stage(request_.size);
      return {};
    }
    http::Request ask{.url = request_.url, .token = request_.token, .stall_seconds = request_.stall_seconds};
    if (offset > 0) {
      ask.headers.push_back("Range: bytes=" + std::to_string(offset) + "-");
      if (!sink_.validator().empty()) ask.headers.push_back("If-Range: " + sink_.validator());
    }
    expected_ = -1;
    http::Ending ending;
    try {
      ending = http::perform(
          ask, [&](const http::Answer& answer) { begin(answer, offset); },
          [&](std::string_view bytes) { take(bytes); }, progress_);
    } catch (const AttemptFailed& failure) {
      return {.fault = failure.fault};
    }
    return judge(ending, offset);
  }

  Step judge(const http::Ending& ending, std::int64_t offset) {
    const long status = ending.answer.status;
    if (!ending.fault.empty()) {
      std::string fault = ending.fault;
      if (sink_.size() > 0) fault += " after " + std::to_string(sink_.size()) + " bytes";
      if (!ending.retryable) give_up(fault);
      return {.fault = fault, .unreachable = ending.unreachable};
    }
    if (status == 416 && offset > 0) {
      const std::int64_t total = http::content_range(ending.answer.header("content-range")).total;
      if (total == offset && (request_.size < 0 || request_.size == total)) {
        resumed_ = true;
        start_stage(total);
        return {};
      }
      sink_.begin_anew("");
      if (request_.size >= 0 && total >= 0 && total != request_.size)
        give_up("expected ", request_.size, " bytes, the server has ", total);
      return {.fault = "the server does not have the rest of what was there"};
    }
    if (status / 100 != 2) {
      std::string text = "the server";
      if (ending.answer.host != host_of_request()) text += " it redirects to, " + ending.answer.host + ",";
      text += concatenate(" answered ", status, meaning(status));
      // The hub says in words how to get leave; its header goes where a body would not fit.
      const std::string header = ending.answer.header("x-error-message");
      const std::string said = http::refusal_text(header.empty() ? ending.refusal : header, request_.token);
      if (!said.empty() && (status == 401 || status == 403)) text += ": " + said;
      if (http::is_retryable(status))
        return {.fault = text, .retry_after = ending.answer.retry_after_seconds};
      give_up(text);
    }
    if (expected_ >= 0 && sink_.size() < expected_) {
      return {.fault = concatenate("the answer ended after ", sink_.size(), " of ", expected_, " bytes")};
    }
    return {};
  }

  std::string host_of_request() const { return http::host_of(request_.url); }

  static std::string_view meaning(long status) {
    switch (status) {
      case 401:
        return " (it wants to know who asks, or there is no such thing)";
      case 403:
        return " (not allowed)";
      case 404:
        return " (there is no such thing)";
      case 429:
        return " (too many requests)";
      default:
        return "";
    }
  }

  const DownloadRequest& request_;
  http::Sink& sink_;
  Stage& stage_;
  Progress& progress_;
  std::int64_t expected_ = -1;
  bool resumed_ = false;
};

void check(const DownloadRequest& request) {
  require(request.attempts >= 1, "download", "attempts must be at least 1, got ", request.attempts, ".");
  require(request.first_pause_seconds >= 0, "download", "first_pause_seconds must be at least 0, got ",
          request.first_pause_seconds, ".");
  require(request.stall_seconds > 0, "download", "stall_seconds must be above 0, got ", request.stall_seconds,
          ".");
  require(request.size >= -1, "download", "size must be at least -1, got ", request.size, ".");
}

bool is_right(const DownloadRequest& request, const Progress& progress) {
  std::error_code error;
  const auto status = std::filesystem::status(request.destination, error);
  if (error || !std::filesystem::exists(status)) return false;
  require(std::filesystem::is_regular_file(status), "download", "the destination ", request.destination,
          " is not a regular file.");
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(request.destination, error));
  if (error || (request.size >= 0 && size != request.size)) return false;
  if (request.sha256.empty()) return true;
  std::ifstream stream(request.destination, std::ios::binary);
  std::vector<char> piece(1 << 20);
  Sha256 digest;
  while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())) || stream.gcount() > 0) {
    progress.check_stop();
    digest.update({piece.data(), static_cast<std::size_t>(stream.gcount())});
  }
  return !stream.bad() && digest.hex() == request.sha256;
}

void require_space(const DownloadRequest& request, std::int64_t held) {
  if (request.size < 0) return;
  std::error_code error;
  const auto space = std::filesystem::space(request.destination.parent_path(), error);
  const auto needed = static_cast<std::uintmax_t>(std::max<std::int64_t>(request.size - held, 0));
  if (error || space.available >= needed) return;
  throw WriteError("download",
                   concatenate(http::shown(request.url), " needs ", needed, " bytes at ",
                               request.destination.parent_path(), ", ", space.available, " are free."));
}

}  // namespace

void download(const DownloadRequest& wanted, Progress& progress) {
  check(wanted);
  DownloadRequest request = wanted;
  request.destination = std::filesystem::absolute(wanted.destination);
  FileLock part(request.destination.string() + ".part");
  for (bool told = false;; told = true) {
    if (is_right(request, progress)) return;
    progress.check_stop();
    if (part.try_lock(FileLock::Kind::exclusive)) break;
    if (!told)
      progress.say("Another process is downloading " + request.destination.string() + "; waiting for it.");
    for (int i = 0; i < 2; ++i) {
      progress.check_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  http::FileSink sink(part);
  // The other process may have finished between our look and our lock: then this part is new and empty.
  if (is_right(request, progress)) return sink.remove();
  require_space(request, sink.size());
  Stage stage(progress);
  Transfer transfer(request, sink, stage, progress);
  try {
    for (bool again = false;; again = true) {
      transfer.run();
      const std::string got = request.sha256.empty() ? "" : sink.sha256(progress);
      if (got == request.sha256) return sink.rename_to(request.destination);
      sink.begin_anew("");
      // What an earlier run left may be of another version: once more from the start.
      if (!transfer.resumed() || again) transfer.give_up("expected sha256 ", request.sha256, ", got ", got);
    }
  } catch (...) {
    if (sink.size() == 0) sink.remove();
    throw;
  }
}

std::string download_text(const DownloadRequest& request, std::int64_t at_most, Progress& progress) {
  check(request);
  require(request.destination.empty(), "download", "destination must be empty for a text, got ",
          request.destination, ".");
  http::TextSink sink(at_most);
  Stage stage(progress);
  Transfer(request, sink, stage, progress).run();
  std::string text = sink.take();
  if (request.sha256.empty()) return text;
  const std::string got = sha256_hex(text);
  require(got == request.sha256, "download", http::shown(request.url), ": expected sha256 ", request.sha256,
          ", got ", got, ".");
  return text;
}

#else

void download(const DownloadRequest&, Progress&) {
  fail("download", "this ilk was built without libcurl.");
}
std::string download_text(const DownloadRequest&, std::int64_t, Progress&) {
  fail("download", "this ilk was built without libcurl.");
}

#endif

}  // namespace ilk
