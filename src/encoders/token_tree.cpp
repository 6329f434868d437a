#include "encoders/token_tree.h"

#include <algorithm>
#include <numeric>

namespace ilk {
namespace {

/// How many tokens both begin with.
std::size_t common(const TokenIds& a, const TokenIds& b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

TokenForest plant(const std::vector<TokenIds>& texts, std::int64_t tokens) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a] < texts[b]; });

  TokenForest forest{.row_of = std::vector<std::int64_t>(texts.size())};
  std::int64_t row = -1;
  std::vector<std::int64_t> path;  // the places of the text before, in the last tree
  const TokenIds* before = nullptr;
  for (const std::size_t i : order) {
    const TokenIds& text = texts[i];
    if (!before || text != *before) {
      ++row;
      if (forest.trees.empty() || forest.trees.back().size() >= tokens) {
        forest.trees.emplace_back();
        path.clear();
      }
      TokenTree& tree = forest.trees.back();
      path.resize(before ? std::min(path.size(), common(*before, text)) : 0);
      for (std::size_t depth = path.size(); depth < text.size(); ++depth) {
        tree.parents.push_back(path.empty() ? -1 : path.back());
        path.push_back(tree.size());
        tree.tokens.push_back(text[depth]);
        tree.depths.push_back(static_cast<std::int64_t>(depth));
      }
      tree.ends.push_back(path.back());
      before = &text;
    }
    forest.row_of[i] = row;
  }
  return forest;
}

}  // namespace ilk
