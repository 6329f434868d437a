#pragma once
// One HTTP request with libcurl, with its redirects; several may run at a time, each on its thread. Without
// libcurl perform throws Error.
#include <ilk/progress.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk::http {

/// What the server said before the body.
struct Answer {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; the last of equal names
  std::string host;                            ///< that answered, after redirects
  double retry_after_seconds = 0;

  /// −1 where it is absent or no number.
  std::int64_t content_length() const;
  std::string header(const std::string& name) const;
};

struct Request {
  std::string url;
  std::string token;                 ///< sent to the scheme, host and port of `url` alone
  std::vector<std::string> headers;  ///< sent everywhere
  double stall_seconds = 60;         ///< without a byte, until it is given up
  double total_seconds = 0;          ///< until it is given up whatever comes; 0: no limit
  /// What is posted; a request without it gets. A redirect of a post is a fault: it would send the body to
  /// whom it was not meant for.
  std::optional<std::string> body = {};
  std::string_view function = "download";  ///< whom errors name
};

/// How it ended. `fault` is empty where the whole answer arrived.
struct Ending {
  Answer answer;
  std::string fault;
  bool retryable = false;    ///< a fault that another attempt may not meet
  bool unreachable = false;  ///< no connection was made
  std::string refusal = {};  ///< the first 4 KiB of the body that came with a status that is not 2xx
};

/// Asks, follows redirects, calls `begin` with the last answer once, then `body` for each piece. What they
/// throw ends the transfer and is thrown on. Throws Stopped within a fraction of a second of a request, and
/// Error for an address that is not HTTP(S).
Ending perform(const Request& request, const std::function<void(const Answer&)>& begin,
               const std::function<void(std::string_view)>& body, const Progress& progress);

/// The address without a user name and password, as it may be shown.
std::string shown(const std::string& url);
/// The address without its query too, which may hold a key.
std::string shown_without_query(const std::string& url);
std::string host_of(const std::string& url);

}  // namespace ilk::http
