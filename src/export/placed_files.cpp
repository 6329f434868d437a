#include "export/placed_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/descriptor.h"
#include "io/files.h"
#include "io/strings.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::string_view in_export = "export";
constexpr const char* record_name = "ilk-export.json";
constexpr const char* temporary_mark = ".tmp-";  // and the process's number

/// What tells whether a file that was put somewhere is still that file. A planned one is noted before it is
/// made, so that a kill leaves no file that nobody knows of: it may be there or not.
struct Stamp {
  std::string original;
  std::string link;                        // how it was made
  std::int64_t size = 0, modified_ns = 0;  // of the target; of a planned one: of what it replaces
  bool planned = false;
  bool operator==(const Stamp&) const = default;
};

std::optional<Stamp> stamp_of(const fs::path& target, const std::string& original, Link link) {
  struct stat status {};
  if (::lstat(target.c_str(), &status) != 0) return std::nullopt;
  return Stamp{original, std::string(enum_name(link)), status.st_size,
               std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// What was put below a folder, by its path there.
using Record = std::map<std::string, Stamp>;

Record read_record(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / record_name, error)) return {};
  Record record;
  try {
    const Json json = Json::parse(read_file(folder / record_name));
    for (const auto& [target, file] : json.at("files").items())
      record[target] = {file.at("original"), file.at("link"), file.at("size"), file.at("modified_ns"),
                        file.value("planned", false)};
  } catch (const nlohmann::json::exception& problem) {
    fail(in_export, folder / record_name, " cannot be read (", problem.what(),
         "); choose another folder, or remove it if nothing is to be undone.");
  }
  return record;
}

void write_record(const fs::path& folder, const Record& record) {
  Json files = Json::object();
  for (const auto& [target, stamp] : record) {
    Json& file = files[target] = {{"original", stamp.original},
                                  {"link", stamp.link},
                                  {"size", stamp.size},
                                  {"modified_ns", stamp.modified_ns}};
    if (stamp.planned) file["planned"] = true;
  }
  write_file_atomically(
      folder / record_name,
      Json{{"program", "ilk"}, {"files", files}}.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// "photo (2).jpg"
fs::path with_number(const fs::path& target, int number) {
  return target.parent_path() /
         (target.stem().string() + " (" + std::to_string(number) + ")" + target.extension().string());
}

[[noreturn]] void fail_to_place(const fs::path& target, const std::error_code& error) {
  if (error == std::errc::cross_device_link)
    fail(in_export, "a hard link must stay on one disk, and ", target,
         " is on another than its image. --link copy or --link symbolic will do.");
  errno = error.value();
  fail_to_write(in_export, target);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  errno = error.value();
  if (error) fail_to_write_to_folder(in_export, folder);
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) throw WriteError(in_export, "cannot remove " + file.string() + ": " + error.message() + ".");
}

/// What it holds is on the disk before it has its name.
void sync(const fs::path& file, std::error_code& error) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0 || (::fsync(opened.get()) != 0 && errno != EINVAL && errno != ENOTSUP))
    error = {errno, std::generic_category()};
}

void place(const fs::path& original, const fs::path& target, Link link) {
  std::error_code error;
  if (link == Link::symbolic) {
    fs::create_symlink(original, target, error);
  } else if (link == Link::hard) {
    fs::create_hard_link(original, target, error);
  } else {
    // Under another name first, so that a target is whole or absent; never onto a file that came meanwhile.
    const fs::path temporary = target.string() + temporary_mark + std::to_string(::getpid());
    fs::copy_file(original, temporary, fs::copy_options::overwrite_existing, error);
    if (!error) fs::last_write_time(temporary, fs::last_write_time(original, error), error);
    if (!error) sync(temporary, error);
    if (!error && ::link(temporary.c_str(), target.c_str()) != 0) {
      // A file system without hard links (FAT).
      if (errno == EEXIST)
        error = std::make_error_code(std::errc::file_exists);
      else
        fs::rename(temporary, target, error);
    }
    if (error) {
      std::error_code ignored;
      fs::remove(temporary, ignored);
    } else {
      remove_file(temporary);
    }
  }
  if (error) fail_to_place(target, error);
}

/// Puts files into one folder.
class Placing {
 public:
  Placing(const ExportOptions& options, Progress& progress)
      : options_(options), progress_(progress), before_(read_record(options.output)) {
    summary_.output = options.output;
  }

  void put_all(const std::vector<PlacedFile>& files) {
    constexpr std::size_t at_a_time = 256;
    remove_unfinished();
    progress_.start("Exporting images", static_cast<std::int64_t>(files.size()), "images");
    for (std::size_t begin = 0; begin < files.size(); begin += at_a_time) {
      std::vector<Place> places;
      for (std::size_t i = begin; i < std::min(begin + at_a_time, files.size()); ++i) {
        progress_.check_stop();
        find_place(files[i], places);
      }
      note(places);
      for (const auto& one : places) {
        progress_.check_stop();
        make(one);
      }
      progress_.advance(static_cast<std::int64_t>(std::min(at_a_time, files.size() - begin)));
    }
    progress_.finish();
  }

  /// Removes what is not wanted and is as it was left.
  ExportSummary finish() {
    std::set<fs::path> emptied;
    for (const auto& [target, stamp] : before_) {
      if (after_.contains(target)) continue;
      const fs::path file = options_.output / target;
      std::error_code absent;
      if (!fs::exists(fs::symlink_status(file, absent))) continue;  // somebody removed it
      if (!is_as_left(file, stamp)) {
        if (!stamp.planned)
          summary_.notices.push_back(file.string() + " was changed since it was exported, and stays.");
        continue;
      }
      remove_file(file);
      ++summary_.removed;
      emptied.insert(file.parent_path());
    }
    for (const auto& folder : emptied) {
      std::error_code ignored;  // not empty: it stays
      fs::remove(folder, ignored);
    }
    if (after_.empty()) {
      remove_file(options_.output / record_name);
      std::error_code ignored;  // not empty: it stays
      fs::remove(options_.output, ignored);
    } else if (after_ != before_) {
      write_record(options_.output, after_);
    }
    return std::move(summary_);
  }

 private:
  static Link link_of(const Stamp& stamp) { return enum_value<Link>(stamp.link, in_export, "link"); }

  struct Place {
    PlacedFile file;
    std::string key, original;
    fs::path target;                ///< where it goes
    std::optional<Stamp> replaced;  ///< a file of ours
  };

  static bool is_as_left(const fs::path& file, const Stamp& stamp) {
    if (stamp.planned && was_made(file, stamp)) return true;
    const auto now = stamp_of(file, stamp.original, link_of(stamp));
    return now.has_value() && now->size == stamp.size && now->modified_ns == stamp.modified_ns;
  }

  /// Whether a planned file was made before its maker was stopped.
  static bool was_made(const fs::path& file, const Stamp& stamp) {
    std::error_code error;
    const Link link = link_of(stamp);
    if (link == Link::symbolic) return fs::read_symlink(file, error) == stamp.original;
    if (link == Link::hard) return fs::equivalent(file, stamp.original, error);
    return has_size_and_time_of(stamp.original, file);
  }

  /// Adds to `places` what is to be made for an image, if anything.
  void find_place(const PlacedFile& file, std::vector<Place>& places) {
    std::error_code error;
    if (!fs::is_regular_file(file.original, error)) {
      summary_.skipped.push_back({file.path, "vanished", "there is no such file any more"});
      return;
    }
    const std::string original = as_json_has_it(file.original.string());
    const fs::path wanted = as_json_has_it(file.target.string());
    for (int number = 1;; ++number) {
      const fs::path target = number == 1 ? wanted : with_number(wanted, number);
      const std::string key = as_json_has_it(target.string());
      if (!taken_.insert(lower_case(key)).second) continue;
      const fs::path place_at = options_.output / target;
      const auto found = before_.find(key);
      const auto there = stamp_of(place_at, original, options_.link);
      if (there && found != before_.end() && is_it(place_at, found->second, *there) &&
          is_up_to_date(file, place_at)) {
        after_[key] = *there;
        ++summary_.unchanged;
        return;
      }
      // Ours and stale, or somebody else's.
      if (there && (found == before_.end() || !is_as_left(place_at, found->second))) continue;
      places.push_back({file, key, original, place_at, there});
      return;
    }
  }

  /// Whether what stands there is what was noted, for the same original and made in the same way.
  static bool is_it(const fs::path& file, const Stamp& noted, const Stamp& there) {
    if (!noted.planned) return noted == there;
    return noted.original == there.original && noted.link == there.link && was_made(file, noted);
  }

  /// Before any of them is made.
  void note(const std::vector<Place>& places) {
    if (places.empty()) return;
    Record known = before_;
    for (const auto& [target, stamp] : after_) known[target] = stamp;
    for (const auto& one : places)
      known[one.key] = {.original = one.original,
                        .link = std::string(enum_name(options_.link)),
                        .size = one.replaced ? one.replaced->size : 0,
                        .modified_ns = one.replaced ? one.replaced->modified_ns : 0,
                        .planned = true};
    make_folder(options_.output);
    write_record(options_.output, known);
  }

  void make(const Place& one) {
    if (one.replaced) remove_file(one.target);
    make_folder(one.target.parent_path());
    place(one.file.original, one.target, options_.link);
    if (const auto made = stamp_of(one.target, one.original, options_.link)) after_[one.key] = *made;
    ++summary_.written;
  }

  /// What a killed export left of copies that had no name yet, and of its record.
  void remove_unfinished() const {
    remove_unfinished(options_.output / record_name);
    for (const auto& [target, stamp] : before_)
      if (stamp.planned) remove_unfinished(options_.output / target);
  }

  static void remove_unfinished(const fs::path& target) {
    std::error_code error;
    const std::string beginning = target.filename().string() + temporary_mark;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(target.parent_path(), error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(beginning) &&
          name.find_first_not_of("0123456789-", beginning.size()) == std::string::npos)
        found.push_back(entry.path());
    }
    for (const auto& file : found) remove_file(file);
  }

  /// A copy has its original's size and time; a link is what it is.
  bool is_up_to_date(const PlacedFile& file, const fs::path& target) const {
    if (options_.link != Link::copy) return true;
    return has_size_and_time_of(file.original, target);
  }

  static bool has_size_and_time_of(const fs::path& original, const fs::path& target) {
    std::error_code error, other;
    const auto size = fs::file_size(original, error);
    const auto time = fs::last_write_time(original, other);
    if (error || other) return false;
    return size == fs::file_size(target, error) && time == fs::last_write_time(target, other) && !error &&
           !other;
  }

  const ExportOptions& options_;
  Progress& progress_;
  const Record before_;
  Record after_;
  std::set<std::string> taken_;  // in lower case: some file systems do not tell case apart
  ExportSummary summary_;
};

}  // namespace

std::string safe_file_name(std::string_view name) {
  std::string safe;
  for (const char c : as_json_has_it(std::string(name))) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bad =
        byte < 0x20 || byte == 0x7F || std::string_view("/\\<>:\"|?*").find(c) != std::string_view::npos;
    safe += bad ? '-' : c;
  }
  constexpr std::size_t most = 100;
  if (safe.size() > most) {
    safe.resize(most);
    while (!is_utf8(safe)) safe.pop_back();
  }
  const std::size_t begin = safe.find_first_not_of(" .");
  if (begin == std::string::npos) return "cluster";
  return safe.substr(begin, safe.find_last_not_of(" .") - begin + 1);
}

std::vector<std::string> folder_names(const std::vector<std::string>& names, bool numbered) {
  const std::size_t digits = std::to_string(std::max<std::size_t>(names.size(), 1) - 1).size();
  std::vector<std::string> folders;
  std::set<std::string> taken;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const std::string number = std::to_string(c), safe = safe_file_name(names[c]);
    std::string folder = safe;
    if (numbered) folder.insert(0, std::string(digits - number.size(), '0').append(number).append(" "));
    // A cluster may have been given the very name that another's number makes.
    for (int again = 0; !taken.insert(lower_case(folder)).second; ++again) {
      folder = safe;
      folder.append(" ").append(number);
      if (again > 0) folder.append(".").append(std::to_string(again));
    }
    folders.push_back(folder);
  }
  return folders;
}

ExportSummary place_files(const std::vector<PlacedFile>& files, const ExportOptions& options,
                          Progress& progress) {
  std::error_code error;
  require(!options.undo || fs::exists(options.output / record_name, error), in_export,
          "there is nothing to undo in ", options.output, ": it has no ", record_name, ".");
  Placing placing(options, progress);
  if (!options.undo) placing.put_all(files);
  return placing.finish();
}

}  // namespace ilk
