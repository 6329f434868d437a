#include "image_matcher.h"

#include <unordered_map>
#include <unordered_set>

#include "strings.h"

namespace ilk {

namespace fs = std::filesystem;

std::string RealPaths::operator()(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  auto [known, is_new] = folders_.try_emplace(folder.string());
  if (is_new) {
    std::error_code error;
    known->second = fs::weakly_canonical(fs::absolute(folder, error), error);
    if (error) known->second = folder.lexically_normal();
  }
  return (known->second / path.filename()).string();
}

ImageMatcher::ImageMatcher(const std::vector<std::string>& images, bool without_extension)
    : fits_(images.size(), Fit::none),
      match_{.entry_of_image = std::vector<std::int64_t>(images.size(), -1)} {
  for (std::size_t i = 0; i < images.size(); ++i) {
    const fs::path image = images[i];
    add(image, i, by_path_, by_name_);
    if (without_extension) add(image.parent_path() / image.stem(), i, by_stem_path_, by_stem_);
    if (!is_utf8(images[i])) add(as_json_has_it(images[i]), i, by_path_, by_name_);
  }
}

void ImageMatcher::add(const fs::path& image, std::size_t i, Index& paths, Index& names) {
  paths[real_(image)].push_back(i);
  names[image.filename().string()].push_back(i);
}

ImageMatch ImageMatcher::match(const std::vector<ImageText>& entries, const fs::path& folder) {
  std::unordered_map<std::string, std::unordered_set<std::string>> strangers;  // paths by their names
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (choose_by_path(entries[i], static_cast<std::int64_t>(i), folder)) continue;
    left.push_back(i);
    strangers[fs::path(entries[i].path).filename().string()].insert(entries[i].path);
  }
  std::unordered_set<std::string> unknown;
  for (const std::size_t i : left) {
    const ImageText& text = entries[i];
    const std::string name = fs::path(text.path).filename().string();
    const auto entry = static_cast<std::int64_t>(i);
    if (strangers[name].size() == 1 &&
        (choose_by_name(text, entry, by_name_, name) || choose_by_name(text, entry, by_stem_, name)))
      continue;
    if (unknown.empty()) match_.first_unknown = text.path;
    unknown.insert(text.path);
  }
  match_.unknown = static_cast<std::int64_t>(unknown.size());
  return std::move(match_);
}

bool ImageMatcher::choose_by_path(const ImageText& text, std::int64_t entry, const fs::path& folder) {
  const fs::path path = text.path;
  std::vector<std::string> ways{real_(path)};
  if (!folder.empty()) ways.push_back(real_(folder / path));
  for (const std::string& way : ways) {
    if (choose(text, entry, by_path_, way, Fit::path)) return true;
    if (choose(text, entry, by_stem_path_, way, Fit::stem)) return true;
  }
  return false;
}

bool ImageMatcher::choose_by_name(const ImageText& text, std::int64_t entry, const Index& index,
                                  const std::string& name) {
  const auto found = index.find(name);
  return found != index.end() && found->second.size() == 1 && choose(text, entry, index, name, Fit::name);
}

bool ImageMatcher::choose(const ImageText& text, std::int64_t entry, const Index& index,
                          const std::string& key, Fit fit) {
  const auto found = index.find(key);
  if (found == index.end()) return false;
  if (text.text.empty()) return true;
  for (const std::size_t image : found->second) {
    if (fits_[image] != Fit::none && ++match_.repeated == 1) match_.first_repeated = text.path;
    if (fit < fits_[image]) continue;
    fits_[image] = fit;
    match_.entry_of_image[image] = entry;
  }
  return true;
}

}  // namespace ilk
