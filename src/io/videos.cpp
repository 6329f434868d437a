// Data sets whose images are the middle frames of videos, as UCF-101 is clustered: ffprobe tells how long a
// video is, ffmpeg decodes the frame.

#include <algorithm>
#include <cmath>
#include <locale>
#include <map>
#include <set>
#include <sstream>

#include "core/fail.h"
#include "io/dataset_format_list.h"
#include "io/files.h"
#include "io/process.h"
#include "io/sha256.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t largest_frame = std::size_t{1} << 28;
constexpr std::chrono::seconds patience{120};
const std::set<std::string> video_endings = {".avi",  ".mp4", ".m4v", ".mkv",
                                             ".webm", ".mov", ".mpg", ".mpeg"};

bool is_video(const std::string& path) {
  std::string ending = fs::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return video_endings.contains(ending);
}

/// A path that ffmpeg takes for nothing but a file, whatever its name begins with.
std::string as_file(const std::string& path) {
  return "file:" + fs::absolute(path).string();
}

/// Standard output of a program that read one video.
std::string output_of(const std::vector<std::string>& arguments) {
  const ProcessOutput done = run_process(arguments, largest_frame, patience);
  if (done.timed_out)
    throw ImageError("damaged", arguments.front() + " did not end within " +
                                    std::to_string(patience.count()) + " seconds");
  if (done.too_much) throw ImageError("too large", "a frame takes more than 256 MiB");
  if (done.status != 0)
    throw ImageError("damaged",
                     arguments.front() + ": " +
                         (done.error.empty() ? "status " + std::to_string(done.status) : done.error));
  return done.out;
}

double seconds_of(const std::string& path) {
  const std::string text = output_of({"ffprobe", "-v", "error", "-protocol_whitelist", "file",
                                      "-show_entries", "format=duration", "-of", "csv=p=0", as_file(path)});
  std::istringstream digits(text);
  digits.imbue(std::locale::classic());
  double seconds = 0;
  if (!(digits >> seconds) || !(seconds >= 0 && seconds < 1e9))
    throw ImageError("damaged", "the video does not say how long it is");
  return seconds;
}

ImageFile middle_frame(const std::string& path) {
  // ffmpeg takes the first frame that is not before this moment.
  const std::string middle = std::to_string(std::llround(seconds_of(path) / 2 * 1e6)) + "us";
  ImageFile frame;
  frame.bytes = output_of({"ffmpeg",    "-v",          "error",      "-nostdin", "-protocol_whitelist",
                           "file,pipe", "-threads",    "1",          "-ss",      middle,
                           "-i",        as_file(path), "-map",       "0:v:0",    "-frames:v",
                           "1",         "-f",          "image2pipe", "-c:v",     "png",
                           "-pix_fmt",  "rgb24",       "pipe:1"});
  if (frame.bytes.empty()) throw ImageError("damaged", "the video has no frame in its middle");
  frame.sha256 = sha256_hex(frame.bytes);
  return frame;
}

/// The first of UCF-101's three divisions, where its lists lie in or beside the folder.
std::map<std::string, std::string> ucf_splits(const fs::path& place, Dataset& dataset) {
  std::map<std::string, std::string> split_of;
  const fs::path beside = (fs::absolute(place) / "").lexically_normal().parent_path().parent_path();
  for (const fs::path& folder : {place, place / "ucfTrainTestlist", beside / "ucfTrainTestlist"})
    for (const std::string split : {"train", "test"}) {
      const fs::path list = folder / (split + "list01.txt");
      if (!fs::is_regular_file(list)) continue;
      for (const std::string& line : lines_of(list)) {
        const std::string path = (place / line.substr(0, line.find(' '))).lexically_normal().string();
        if (split_of.contains(path)) continue;
        if (fs::exists(path))
          split_of[path] = split;
        else
          dataset.skipped.push_back({path, "vanished", list.filename().string() + " names it"});
      }
    }
  return split_of;
}

Dataset open_videos(const fs::path& place) {
  require(on_path("ffmpeg") && on_path("ffprobe"), in_open_dataset,
          "videos must be read by ffmpeg and ffprobe (Debian: apt install ffmpeg), got no such programs.");
  ImageList list = list_images({place.string()});
  std::vector<std::string> videos;
  for (const auto& path : list.paths)
    if (is_video(path))
      videos.push_back(path);
    else if (fs::path(path).extension() != ".txt")
      list.skipped.push_back({path, "not an image", "not a video by its ending"});
  require(!videos.empty(), in_open_dataset, place, " must hold at least one video.");
  list.paths = std::move(videos);
  Dataset dataset = folder_of_classes(place, std::move(list));
  dataset.format = "videos";
  if (const auto split_of = ucf_splits(place, dataset); !split_of.empty()) {
    const auto split = [&](const Dataset::Image& image) {
      const auto found = split_of.find(fs::path(image.name).lexically_normal().string());
      return found == split_of.end() ? std::string() : found->second;
    };
    dataset.splits.clear();
    std::stable_sort(dataset.images.begin(), dataset.images.end(), [&](const auto& a, const auto& b) {
      return split(a) > split(b);
    });  // train, test, neither
    for (std::size_t i = 0; i < dataset.images.size(); ++i) {
      const std::string name = split(dataset.images[i]);
      const auto at = static_cast<std::int64_t>(i);
      if (name.empty()) break;
      if (dataset.splits.empty() || dataset.splits.back().name != name)
        dataset.splits.push_back({name, at, at});
      ++dataset.splits.back().end;
    }
  }
  std::vector<std::string> paths;
  paths.reserve(dataset.images.size());
  for (const auto& image : dataset.images) paths.push_back(image.name);
  dataset.read = [paths = std::move(paths)](std::int64_t index) {
    return middle_frame(paths.at(static_cast<std::size_t>(index)));
  };
  return dataset;
}

}  // namespace

const DatasetFormat videos_format{.name = "videos", .open = open_videos};
const DatasetFormat ucf101_format{.name = "ucf101", .open = open_videos};

}  // namespace ilk::internal
