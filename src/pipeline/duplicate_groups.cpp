#include "pipeline/duplicate_groups.h"

#include <ilk/neighbours.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "core/parallel.h"
#include "io/image_decoder.h"

namespace ilk {
namespace {

constexpr std::int64_t looked_at_edge = 256;
constexpr std::int64_t candidates_each = 10;
constexpr float least_cosine = 0.5f, least_print_cosine = 0.8f;

using Pair = std::pair<std::int64_t, std::int64_t>;

PictureFacts facts_of(const ImageFile& file, const DecodeOptions& options) {
  const ImageHeader header = image_header(file.bytes, options);
  const Pixels pixels = decode_within(file.bytes, looked_at_edge, options);
  return {.readable = true,
          .sha256 = file.sha256,
          .bytes = static_cast<std::int64_t>(file.bytes.size()),
          .height = header.size.height,
          .width = header.size.width,
          .taken = {header.taken, header.taken_sub, header.camera},
          .quality = quality_of(pixels),
          .print = print_of(pixels)};
}

/// The nearest of each by turned_alike: turned pictures are far from each other by most models.
Neighbours neighbours_by_print(const std::vector<PictureFacts>& facts) {
  Matrix<float> prints(std::ssize(facts), 64);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto print = turned_alike(facts[i].print);
    std::copy(print.begin(), print.end(), prints[static_cast<std::int64_t>(i)]);
  }
  return neighbours_within(prints, candidates_each + 1);
}

/// Adds, for each image with the content of no earlier one, those it may be a near-duplicate of.
void add_candidates(std::vector<std::set<std::int64_t>>& result, const Neighbours& neighbours,
                    float least_cosine, const std::vector<std::int64_t>& first_of) {
  for (std::int64_t i = 0; i < neighbours.indices.rows(); ++i) {
    const std::int64_t image = first_of[static_cast<std::size_t>(i)];
    if (image < 0) continue;
    std::set<std::int64_t> seen;
    for (std::int64_t j = 0; j < neighbours.indices.columns(); ++j) {
      if (neighbours.cosines[i][j] < least_cosine || std::ssize(seen) == candidates_each) break;
      const std::int64_t other = first_of[static_cast<std::size_t>(neighbours.indices[i][j])];
      if (other < 0 || other == image) continue;
      seen.insert(other);
    }
    for (const std::int64_t other : seen) {
      result[static_cast<std::size_t>(image)].insert(other);
      result[static_cast<std::size_t>(other)].insert(image);
    }
  }
}

}  // namespace

std::vector<PictureFacts> picture_facts(std::int64_t n_images,
                                        const std::function<ImageFile(std::int64_t)>& read,
                                        const DecodeOptions& options, Progress& progress) {
  std::vector<PictureFacts> facts(static_cast<std::size_t>(n_images));
  progress.start("Looking at images", n_images, "images");
  parallel_blocks(n_images, 8, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      progress.check_stop();
      try {
        facts[static_cast<std::size_t>(i)] = facts_of(read(i), options);
      } catch (const ImageError&) {
        // It is gone, or was changed; `readable` says so.
      }
    }
    progress.advance(end - begin);
  });
  progress.finish();
  return facts;
}

std::vector<DuplicateGroup> duplicate_groups(const std::vector<PictureFacts>& facts,
                                             const Neighbours& neighbours, double least, Progress& progress) {
  const auto n = static_cast<std::int64_t>(facts.size());
  std::vector<std::int64_t> first_of(facts.size(), -1);
  std::map<std::string, std::int64_t> first;
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& picture = facts[static_cast<std::size_t>(i)];
    if (!picture.readable) continue;
    const std::int64_t same = first.emplace(picture.sha256, i).first->second;
    first_of[static_cast<std::size_t>(i)] = same;
    if (same != i) pairs.emplace_back(same, i);
  }

  std::vector<std::set<std::int64_t>> to_compare(facts.size());
  add_candidates(to_compare, neighbours, least_cosine, first_of);
  add_candidates(to_compare, neighbours_by_print(facts), least_print_cosine, first_of);
  std::vector<std::vector<Pair>> found(static_cast<std::size_t>(block_count(n, 16)));
  progress.start("Comparing pictures", n, "images");
  parallel_blocks(n, 16, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
    for (std::int64_t i = begin; i < end; ++i) {
      progress.check_stop();
      const auto& others = to_compare[static_cast<std::size_t>(i)];
      if (others.empty()) continue;
      ComparedPicture picture(facts[static_cast<std::size_t>(i)].print);
      for (const std::int64_t other : others)
        if (picture.similarity(facts[static_cast<std::size_t>(other)].print) >= least)
          found[static_cast<std::size_t>(block)].emplace_back(i, other);
    }
    progress.advance(end - begin);
  });
  progress.finish();
  for (const auto& some : found) pairs.insert(pairs.end(), some.begin(), some.end());

  std::vector<DuplicateGroup> groups;
  for (auto& images : connected_groups(n, pairs)) {
    const auto rank = [&](std::int64_t image) {
      const auto& picture = facts[static_cast<std::size_t>(image)];
      return std::tuple(-picture.height * picture.width, -picture.quality.sharpness, -picture.bytes, image);
    };
    std::sort(images.begin(), images.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
    const auto& best = facts[static_cast<std::size_t>(images.front())];
    DuplicateGroup group{.exact = true};
    for (const std::int64_t image : images) {
      const auto& picture = facts[static_cast<std::size_t>(image)];
      const bool equal = picture.sha256 == best.sha256;
      group.exact = group.exact && equal;
      group.similarity.push_back(equal ? 1 : picture_similarity(best.print, picture.print));
    }
    group.images = std::move(images);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace ilk
