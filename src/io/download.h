#pragma once
#include <ilk/error.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace ilk {

struct DownloadRequest {
  std::string url;
  std::filesystem::path destination;
  std::int64_t size = -1;  ///< expected bytes, −1: not known
  std::string sha256;      ///< expected, empty: not known
  std::string token;       ///< sent as "Authorization: Bearer …" to the host of `url` alone; empty: none
  int attempts =
      5;  ///< for cut connections, time-outs, 408, 429 and 5xx; counted anew whenever a new byte came
  double first_pause_seconds =
      0.5;  ///< before the second attempt; doubles up to a minute, at least what Retry-After says
  double stall_seconds = 60;  ///< an attempt that brings no byte for so long is given up
};

/// Thrown where no attempt reached the server.
class NoConnection : public Error {
 public:
  using Error::Error;
};

/// Downloads over HTTP(S) with libcurl, following redirects (never from HTTPS to HTTP), to `destination` +
/// ".part", going on where an earlier attempt (of this or a former run) was cut; then checks size and SHA-256
/// and renames. A file that is there and right is left alone. Certificates are verified. Bytes that fail the
/// check are deleted. Two processes that want one file take turns. Honours the usual proxy variables, and
/// CURL_CA_BUNDLE and SSL_CERT_FILE. Throws Error naming the address and what was wrong (the status,
/// "expected sha256 …, got …"); NoConnection where the server was never reached, and every attempt is said;
/// WriteError where the disk is full; Stopped on request.
void download(const DownloadRequest& request, Progress& progress = silent());

/// The same into memory, for small answers of at most `at_most` bytes; `destination` must be empty.
std::string download_text(const DownloadRequest& request, std::int64_t at_most,
                          Progress& progress = silent());

}  // namespace ilk
