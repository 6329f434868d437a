#include "text/image_matcher.h"

#include <algorithm>
#include <unordered_set>

#include "io/strings.h"

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
    add(image, i, by_path_, tails_);
    if (without_extension) add(image.parent_path() / image.stem(), i, by_stem_path_, stem_tails_);
    if (!is_utf8(images[i])) add(as_json_has_it(images[i]), i, by_path_, tails_);
  }
  tails_.sort();
  stem_tails_.sort();
}

void ImageMatcher::add(const fs::path& image, std::size_t i, Index& paths, PathSuffixes& tails) {
  paths[real_(image)].push_back(i);
  tails.add(image.string(), static_cast<std::int64_t>(i));
}

ImageMatch ImageMatcher::match(const std::vector<ImageText>& entries, const fs::path& folder) {
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (!choose_by_path(entries[i], static_cast<std::int64_t>(i), folder)) left.push_back(i);
  match_.known = static_cast<std::int64_t>(entries.size() - left.size());
  choose_by_ending(entries, left);
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

void ImageMatcher::choose_by_ending(const std::vector<ImageText>& entries,
                                    const std::vector<std::size_t>& left) {
  // Of each image, how far the paths that mean it agree with it, and the one that agrees most.
  struct Claim {
    std::size_t parts = 0;
    const std::string* path = nullptr;
    bool is_shared = false;
  };
  std::unordered_map<std::int64_t, Claim> claims;
  std::vector<PathSuffixes::Found> found(left.size());
  for (std::size_t k = 0; k < left.size(); ++k) {
    const std::string& path = entries[left[k]].path;
    const auto whole = tails_.find(path), stem = stem_tails_.find(path);
    if (!whole && !stem) continue;
    found[k] = !whole || (stem && stem->parts > whole->parts) ? *stem : *whole;
    Claim& claim = claims[found[k].image];
    if (claim.path && *claim.path == path) continue;
    if (found[k].parts > claim.parts)
      claim = {found[k].parts, &path};
    else if (found[k].parts == claim.parts)
      claim.is_shared = true;
  }
  std::unordered_set<std::string> unknown;
  for (std::size_t k = 0; k < left.size(); ++k) {
    const ImageText& text = entries[left[k]];
    if (found[k].image >= 0) {
      const Claim& claim = claims.at(found[k].image);
      if (!claim.is_shared && *claim.path == text.path) {
        ++match_.known;
        choose(text.path, text.text, static_cast<std::int64_t>(left[k]),
               static_cast<std::size_t>(found[k].image), Fit::ending);
        continue;
      }
    }
    if (unknown.empty()) match_.first_unknown = text.path;
    unknown.insert(text.path);
  }
  match_.unknown = static_cast<std::int64_t>(unknown.size());
}

bool ImageMatcher::choose(const ImageText& text, std::int64_t entry, const Index& index,
                          const std::string& key, Fit fit) {
  const auto found = index.find(key);
  if (found == index.end()) return false;
  for (const std::size_t image : found->second) choose(text.path, text.text, entry, image, fit);
  return true;
}

void ImageMatcher::choose(const std::string& path, const std::string& text, std::int64_t entry,
                          std::size_t image, Fit fit) {
  if (text.empty()) return;
  if (fits_[image] != Fit::none && ++match_.repeated == 1) match_.first_repeated = path;
  if (fit < fits_[image]) return;
  if (fit == fits_[image] && texts_[image] != text && !match_.contradiction)
    match_.contradiction = {match_.entry_of_image[image], entry};
  texts_.resize(fits_.size());
  texts_[image] = text;
  fits_[image] = fit;
  match_.entry_of_image[image] = entry;
}

}  // namespace ilk
