#pragma once
#include <cstddef>
#include <utility>

namespace ilk {

/// Cuts `text` at the tokens it holds (the leftmost first, of several the longest), telling the pieces
/// between them and the tokens in order.
template <class Text, class Token, class OnPiece, class OnToken>
void split_at_tokens(Text text, const std::vector<Token>& tokens, OnPiece&& on_piece, OnToken&& on_token) {
  while (!text.empty()) {
    std::size_t at = Text::npos;
    const Token* token = nullptr;
    for (const Token& candidate : tokens) {
      const std::size_t found = text.find(candidate.content);
      if (found == Text::npos || found > at) continue;
      if (found < at || candidate.content.size() > token->content.size()) at = found, token = &candidate;
    }
    if (const Text piece = text.substr(0, at); !piece.empty()) on_piece(piece);
    if (!token) return;
    on_token(token->id);
    text.remove_prefix(at + token->content.size());
  }
}

}  // namespace ilk
