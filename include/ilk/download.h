#pragma once
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
  int attempts = 5;        ///< for cut connections, time-outs, 429 and 5xx, with growing pauses
  double first_pause_seconds = 0.5;
};

/// Downloads over HTTP(S) with libcurl, following redirects, to `destination` + ".part", going on where an earlier
/// attempt (of this or a former run) was cut; then checks size and SHA-256 and renames. A file that is there and
/// right is left alone. Certificates are verified. Bytes that fail the check are deleted.
/// Throws Error naming the address and what was wrong (the status, "expected sha256 …, got …"); Stopped on request.
void download(const DownloadRequest& request, Progress& progress = silent());

}  // namespace ilk
