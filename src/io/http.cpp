#include "io/http.h"
#include "core/fail.h"
#include "core/text.h"

#if ILK_WITH_CURL
#include <ilk/version.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>

#include "io/curl_library.h"
#include "io/http_headers.h"

namespace ilk::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_redirects = 10;
constexpr std::size_t most_refusal_bytes = 1 << 20;  // of the body that comes with an error
constexpr std::size_t kept_refusal_bytes = 4 << 10;

struct Address {
  std::string scheme, host, port;
  bool operator==(const Address&) const = default;
};

struct UrlDeleter {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl().free(text);
  return copy;
}

std::unique_ptr<CURLU, UrlDeleter> parse(const std::string& url) {
  std::unique_ptr<CURLU, UrlDeleter> parsed(curl().url());
  if (!parsed || curl().url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return nullptr;
  return parsed;
}

Address address_of(const std::string& url, std::string_view function = "download") {
  const auto parsed = parse(url);
  require(parsed != nullptr, function, "not an address: '", url, "'.");
  return {part_of(parsed.get(), CURLUPART_SCHEME), part_of(parsed.get(), CURLUPART_HOST),
          part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

struct EasyDeleter {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl().multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// One request and its answer, without redirects.
class Exchange {
 public:
  Exchange(const Request& request, const std::string& url, bool with_token,
           const std::function<void(const Answer&)>& begin, const std::function<void(std::string_view)>& body)
      : easy_(curl().easy_init()), multi_(curl().multi_init()), begin_(begin), body_(body) {
    require(easy_ && multi_, request.function, "libcurl could not start.");
    curl_slist* list = nullptr;
    const auto add = [&](const std::string& header) { list = curl().slist_append(list, header.c_str()); };
    for (const std::string& header : request.headers) add(header);
    if (with_token) add("Authorization: Bearer " + request.token);
    if (request.body) {
      add("Expect:");  // no pause before the body
      // Unpacked here: some servers pack without being asked. Files are fetched as they are.
      set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
      set(CURLOPT_POSTFIELDS, request.body->data());
    }
    headers_.reset(list);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, list);
    set(CURLOPT_USERAGENT, "ilk/" ILK_VERSION);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    // Redirects are followed by `perform`, which decides who may see the token.
    set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    set(CURLOPT_QUICK_EXIT, 1L);  // a stop need not wait for a name server
#endif
    for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
      if (const char* file = std::getenv(variable); file && *file) {
        set(CURLOPT_CAINFO, file);
        break;
      }
    set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(CURLOPT_WRITEDATA, this);
    curl().multi_add_handle(multi_.get(), easy_.get());
  }
  ~Exchange() {
    curl().multi_remove_handle(multi_.get(), easy_.get());
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Ending run(double stall_seconds, double total_seconds, const Progress& progress) {
    const Clock::time_point begin = last_sign_ = Clock::now();
    for (int running = 1; running > 0;) {
      progress.check_stop();
      curl().multi_perform(multi_.get(), &running);
      if (error_) std::rethrow_exception(error_);
      if (running == 0) break;
      if (std::chrono::duration<double>(Clock::now() - last_sign_).count() > stall_seconds) {
        return {answer_, concatenate("no byte came for ", stall_seconds, " s"), true};
      }
      if (total_seconds > 0 && std::chrono::duration<double>(Clock::now() - begin).count() > total_seconds) {
        return {answer_, concatenate("the answer was not whole after ", total_seconds, " s"), true};
      }
      curl().multi_poll(multi_.get(), nullptr, 0, 100, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl().multi_info_read(multi_.get(), &left);
    const CURLcode code = message ? message->data.result : CURLE_RECV_ERROR;
    if (code != CURLE_OK && !refused_) {
      const bool unreachable = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
                               code == CURLE_COULDNT_RESOLVE_PROXY;
      return {answer_, curl().easy_strerror(code), retryable(code), unreachable};
    }
    if (!begun_) start();
    if (error_) std::rethrow_exception(error_);
    return {.answer = answer_, .refusal = std::move(refusal_)};
  }

  /// Where the answer redirects to; empty if it does not.
  std::string redirect() const {
    char* url = nullptr;
    if (is_redirect(answer_.status)) curl().easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &url);
    return url ? url : "";
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl().easy_setopt(easy_.get(), option, value);
  }

  static bool retryable(CURLcode code) {
    switch (code) {
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
      case CURLE_PARTIAL_FILE:
      case CURLE_BAD_CONTENT_ENCODING:  // one answer that cannot be unpacked
      case CURLE_OPERATION_TIMEDOUT:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_GOT_NOTHING:
      case CURLE_SEND_ERROR:
      case CURLE_RECV_ERROR:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM:
        return true;
      default:
        return false;
    }
  }

  /// All headers have come.
  void start() {
    begun_ = true;
    curl_off_t wait = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &wait);
    answer_.retry_after_seconds = static_cast<double>(wait);
    if (is_redirect(answer_.status)) return;
    try {
      begin_(answer_);
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self_pointer) {
    auto& self = *static_cast<Exchange*>(self_pointer);
    self.last_sign_ = Clock::now();
    take_header_line(self.answer_, {data, size});
    return size;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self_pointer) {
    auto& self = *static_cast<Exchange*>(self_pointer);
    self.last_sign_ = Clock::now();
    if (!self.begun_) self.start();
    if (self.error_) return 0;
    if (self.answer_.status / 100 != 2) {
      self.refusal_bytes_ += size;
      self.refusal_.append(data, std::min(size, kept_refusal_bytes - self.refusal_.size()));
      self.refused_ = self.refusal_bytes_ > most_refusal_bytes;
      return self.refused_ ? 0 : size;
    }
    try {
      self.body_({data, size});
    } catch (...) {
      self.error_ = std::current_exception();
      return 0;
    }
    return size;
  }

  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  const std::function<void(const Answer&)>& begin_;
  const std::function<void(std::string_view)>& body_;
  Answer answer_;
  Clock::time_point last_sign_;
  std::exception_ptr error_;
  std::size_t refusal_bytes_ = 0;
  std::string refusal_;
  bool begun_ = false;
  bool refused_ = false;
};

}  // namespace

Ending perform(const Request& request, const std::function<void(const Answer&)>& begin,
               const std::function<void(std::string_view)>& body, const Progress& progress) {
  static std::once_flag started;
  std::call_once(started, [] { curl().global_init(CURL_GLOBAL_DEFAULT); });
  require(request.token.find_first_of("\r\n") == std::string::npos, request.function,
          "the token must be one line.");
  const Address origin = address_of(request.url, request.function);
  require(origin.scheme == "http" || origin.scheme == "https", request.function,
          "an address must begin with http:// or https://, got '", shown(request.url), "'.");
  std::string url = request.url;
  for (int redirects = 0;; ++redirects) {
    const Address address = address_of(url, request.function);
    Exchange exchange(request, url, !request.token.empty() && address == origin, begin, body);
    Ending ending = exchange.run(request.stall_seconds, request.total_seconds, progress);
    ending.answer.host = address.host;
    if (!ending.fault.empty() || !is_redirect(ending.answer.status)) return ending;
    const std::string next = exchange.redirect();
    if (request.body)
      return {ending.answer, "it redirects to " + (next.empty() ? "nowhere" : shown_without_query(next)),
              false};
    if (next.empty()) return {ending.answer, "a redirect to nowhere", false};
    if (redirects == most_redirects) return {ending.answer, "more than 10 redirects", false};
    const auto parsed = parse(next);
    const std::string scheme = parsed ? part_of(parsed.get(), CURLUPART_SCHEME) : "";
    if (scheme != "https" && (scheme != "http" || origin.scheme == "https"))
      return {ending.answer,
              "a redirect from " + origin.scheme + " to '" + (scheme.empty() ? "?" : scheme) +
                  "' is not followed",
              false};
    url = next;
  }
}

namespace {

std::string shown_without(const std::string& url, std::initializer_list<CURLUPart> parts) {
  const auto parsed = parse(url);
  if (!parsed) return url;
  for (const CURLUPart part : parts) curl().url_set(parsed.get(), part, nullptr, 0);
  const std::string text = part_of(parsed.get(), CURLUPART_URL);
  return text.empty() ? url : text;
}

}  // namespace

std::string shown(const std::string& url) {
  return shown_without(url, {CURLUPART_USER, CURLUPART_PASSWORD});
}

std::string shown_without_query(const std::string& url) {
  return shown_without(url, {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT});
}

std::string host_of(const std::string& url) {
  return address_of(url).host;
}

}  // namespace ilk::http

#else

namespace ilk::http {

Ending perform(const Request& request, const std::function<void(const Answer&)>&,
               const std::function<void(std::string_view)>&, const Progress&) {
  fail(request.function, "this ilk was built without libcurl.");
}
std::string shown_without_query(const std::string& url) {
  return url;
}

}  // namespace ilk::http
#endif
