#include "captioning/caption_server.h"

#include <algorithm>

#include "captioning/vision_chat.h"
#include "core/duration.h"
#include "core/fail.h"
#include "core/text.h"
#include "io/http.h"
#include "io/http_error_text.h"
#include "io/retry.h"

namespace ilk {
namespace {

constexpr std::int64_t most_useless_answers = 3;
constexpr double longest_asked_pause_seconds = 600;
constexpr std::size_t most_answer_bytes = 16 << 20;

struct TooLong {};

}  // namespace

struct CaptionServer::Step {
  std::string caption;
  std::string kind, reason;   // empty with a caption
  bool may_help = false;      // another attempt
  bool is_everyones = false;  // other images would fare no better
  double retry_after = 0;
};

CaptionServer::CaptionServer(const CaptionOptions& options, std::string key, const Progress& stop, Say say)
    : options_(options),
      stop_(stop),
      say_(std::move(say)),
      address_(vision_chat::address_of(options.endpoint)),
      key_(std::move(key)) {}

CaptionServer::Reply CaptionServer::ask(std::string_view jpeg) {
  const std::string question = vision_chat::question(options_, jpeg);
  for (std::int64_t tried = 1;; ++tried) {
    wait_for_leave();
    const Step step = attempt(question);
    if (step.kind != "no answer") most_told_ = 0;
    if (!step.may_help) return {step.caption, step.kind, step.reason};
    const bool is_useless = step.kind == "useless answer";
    const std::int64_t most =
        is_useless ? std::min(options_.attempts, most_useless_answers) : options_.attempts;
    if (tried >= most) {
      if (step.is_everyones) give_up(step.reason, " (", tried, tried == 1 ? " attempt)" : " attempts)");
      return {"", step.kind, step.reason};
    }
    if (step.retry_after > longest_asked_pause_seconds)
      give_up(step.reason, "; it asks to come back in ", step.retry_after, " s");
    if (step.retry_after > 0) hold_everyone(step.retry_after);
    const double pause = http::pause_before_retry(options_.first_pause, tried);
    if (!is_useless) tell(step, tried, std::max(pause, step.retry_after));
    http::wait(pause, stop_);
  }
}

CaptionServer::Step CaptionServer::attempt(const std::string& question) {
  const http::Request request{.url = address_,
                              .token = key_,
                              .headers = {"Content-Type: application/json"},
                              .stall_seconds = options_.timeout,
                              .total_seconds = options_.timeout,
                              .body = question,
                              .function = "caption_images"};
  ++requests_;
  bytes_ += static_cast<std::int64_t>(question.size());
  std::string body;
  http::Ending ending;
  try {
    ending = http::perform(
        request, [](const http::Answer&) {},
        [&](std::string_view piece) {
          if (body.size() + piece.size() > most_answer_bytes) throw TooLong();
          body += piece;
        },
        stop_);
  } catch (const TooLong&) {
    return {.kind = "useless answer", .reason = "the answer is longer than 16 MiB", .may_help = true};
  }
  if (!ending.fault.empty()) {
    if (!ending.retryable) give_up(ending.fault);
    return {
        .kind = "no answer", .reason = ending.fault, .may_help = true, .is_everyones = ending.unreachable};
  }
  const long status = ending.answer.status;
  if (status / 100 == 2) {
    vision_chat::Answer answer = vision_chat::read_answer(body, options_.max_tokens);
    if (answer.problem.empty()) return {.caption = std::move(answer.caption)};
    return {.kind = "useless answer", .reason = std::move(answer.problem), .may_help = answer.may_change};
  }
  // What is said of a key may hold parts of it.
  if (status == 401 || status == 403)
    give_up("the server answered ", status,
            key_.empty() ? " and no key was given" : "; the key may be wrong");
  const std::string said = http::refusal_text(ending.refusal, key_);
  const std::string reason =
      "the server answered " + std::to_string(status) + (said.empty() ? "" : ": " + said);
  if (status == 404) give_up(reason);
  if (http::is_retryable(status))
    return {.kind = "no answer",
            .reason = reason,
            .may_help = true,
            .is_everyones = status == 429,
            .retry_after = ending.answer.retry_after_seconds};
  return {.kind = "refused", .reason = reason};
}

/// Once for each attempt, whatever the number of requests that wait for the same server.
void CaptionServer::tell(const Step& step, std::int64_t tried, double pause) {
  std::int64_t told = most_told_;
  do {
    if (told >= tried) return;
  } while (!most_told_.compare_exchange_weak(told, tried));
  say_(concatenate(http::shown_without_query(address_), ": ", step.reason, " (attempt ", tried + 1, " of ",
                   options_.attempts, " in ", duration_text(pause), ")"));
}

template <class... Parts>
void CaptionServer::give_up(const Parts&... parts) const {
  fail("caption_images", http::shown_without_query(address_), ": ", parts..., ".");
}

void CaptionServer::wait_for_leave() const {
  for (;;) {
    std::chrono::duration<double> left{};
    {
      const std::lock_guard lock(mutex_);
      left = not_before_ - Clock::now();
    }
    stop_.check_stop();
    if (left.count() <= 0) return;
    http::wait(left.count(), stop_);
  }
}

void CaptionServer::hold_everyone(double seconds) {
  const std::lock_guard lock(mutex_);
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  not_before_ = std::max(not_before_, end);
}

}  // namespace ilk
