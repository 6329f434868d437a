#include "captioning/caption_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "io/files.h"
#include "io/strings.h"

namespace ilk {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string as_line(const ordered_json& entry) {
  // A path need not be UTF-8.
  return entry.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

CaptionLog::CaptionLog(const std::filesystem::path& path, std::string model, std::string prompt,
                       bool only_looks)
    : path_(path), model_(std::move(model)), prompt_(std::move(prompt)), file_(path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  const bool is_there = std::filesystem::exists(status);
  require(!is_there || std::filesystem::is_regular_file(status), in_caption_images, "the output ", path,
          " must be a file of captions, but is no regular file.");
  if (!only_looks && !file_.try_lock(FileLock::Kind::exclusive))
    throw WriteError(in_caption_images, "another process is writing to " + path.string() + ".");
  if (only_looks && !is_there) return;
  const std::string contents = read_file(path);
  const std::size_t start = contents.find_first_not_of(" \t\r\n");
  require(start == std::string::npos || contents[start] == '{', in_caption_images, "the output ", path,
          " must be a file of captions (JSON lines), but holds something else.");
  read(contents);
  const std::size_t whole = contents.rfind('\n') + 1;  // 0 where there is no line's end
  if (only_looks || whole == contents.size()) return;
  if (json::accept(contents.substr(whole))) {
    if (::pwrite(file_.descriptor(), "\n", 1, static_cast<off_t>(contents.size())) != 1)
      fail_to_write(in_caption_images, path);
    return;
  }
  if (::ftruncate(file_.descriptor(), static_cast<off_t>(whole)) != 0) fail_to_write(in_caption_images, path);
  notice_ = "The last line of " + path.string() + " was cut while it was written; it was removed.";
}

void CaptionLog::read(std::string_view contents) {
  std::int64_t others = 0;
  while (!contents.empty()) {
    const std::string_view line = trimmed(take_line(contents));
    if (line.empty()) continue;
    const json entry = json::parse(line, nullptr, false);
    const auto text = [&](const char* key) {
      const auto found = entry.is_object() ? entry.find(key) : entry.end();
      return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const std::string path = text("path"), sha256 = text("sha256"), caption = text("caption");
    if (path.empty()) {
      others += contents.empty() ? 0 : 1;
      continue;
    }
    const bool is_ours =
        text("model") == model_ && text("prompt") == prompt_ && !sha256.empty() && !caption.empty();
    last_[path] = is_ours ? sha256 : "";
    if (is_ours) captions_[sha256] = caption;
  }
  if (others > 0)
    notice_ = std::to_string(others) + " lines of " + path_.string() +
              " are no captions; they are left as they are.";
}

std::optional<std::string> CaptionLog::caption_of(const std::string& sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = captions_.find(sha256);
  return found == captions_.end() ? std::nullopt : std::optional(found->second);
}

bool CaptionLog::has(const std::string& path, const std::string& sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = last_.find(as_json_has_it(path));
  return found != last_.end() && found->second == sha256;
}

void CaptionLog::append(const std::vector<std::string>& paths, const std::string& sha256,
                        const std::string& caption) {
  std::string lines;
  for (const std::string& path : paths)
    lines += as_line(
        {{"path", path}, {"sha256", sha256}, {"caption", caption}, {"model", model_}, {"prompt", prompt_}});
  const std::lock_guard lock(mutex_);
  if (::lseek(file_.descriptor(), 0, SEEK_END) < 0) fail_to_write(in_caption_images, path_);
  for (std::string_view rest = lines; !rest.empty();) {
    const ssize_t count = ::write(file_.descriptor(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_to_write(in_caption_images, path_);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fdatasync(file_.descriptor()) != 0) fail_to_write(in_caption_images, path_);
  captions_[sha256] = caption;
  for (const std::string& path : paths) last_[as_json_has_it(path)] = sha256;
}

}  // namespace ilk
