#pragma once
// Texts for a causal tower, in which no token sees a later one: what a tower makes of a token depends on the
// tokens up to it and on nothing else. So a prefix that several texts share goes through the tower only
// once.
#include <cstdint>
#include <functional>
#include <vector>

namespace ilk {

using TokenIds = std::vector<std::int32_t>;

/// N tokens: the distinct prefixes of some texts, each a token after a shorter prefix (a trie).
struct TokenTree {
  std::vector<std::int64_t> tokens;  ///< (N) ids
  std::vector<std::int64_t> parents;  ///< (N) the place of the token before, which is a smaller one; −1: none
  std::vector<std::int64_t> depths;  ///< (N) tokens before it
  std::vector<std::int64_t> ends;    ///< the places at which distinct texts end, in the order of the texts

  std::int64_t size() const { return static_cast<std::int64_t>(tokens.size()); }
};

/// The distinct texts of `texts`, cut into trees of about `tokens` tokens.
struct TokenForest {
  std::vector<TokenTree> trees;
  std::vector<std::int64_t> row_of;  ///< of each text, in the table of all trees' texts, tree after tree
};

/// No text may be empty. Depends on the set of texts alone, up to row_of.
TokenForest plant(const std::vector<TokenIds>& texts, std::int64_t tokens);

}  // namespace ilk
