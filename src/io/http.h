#pragma once
// One HTTP request with libcurl, with its redirects. Included only where ILK_WITH_CURL is 1.
#include <ilk/progress.h>

#include <cstdint>
#include <functional>
#include <map>
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
  double stall_seconds = 60;
};

/// How it ended. `fault` is empty where the whole answer arrived.
struct Ending {
  Answer answer;
  std::string fault;
  bool passing = false;  ///< a fault that another attempt may not meet
};

/// Asks, follows redirects, calls `begin` with the last answer once, then `body` for each piece. What they
/// throw ends the transfer and is thrown on. Throws Stopped within a fraction of a second of a request, and
/// Error for an address that is not HTTP(S).
Ending perform(const Request& request, const std::function<void(const Answer&)>& begin,
               const std::function<void(std::string_view)>& body, const Progress& progress);

/// The address without a user name and password, as it may be shown.
std::string shown(const std::string& url);
std::string host_of(const std::string& url);

}  // namespace ilk::http
