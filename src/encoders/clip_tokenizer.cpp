#include "encoders/clip_tokenizer.h"

#include "core/fail.h"
#include "encoders/byte_pair_merger.h"
#include "encoders/tokenizer_split.h"
#include "encoders/tokenizer_text.h"
#include "encoders/tokenizer_vocabulary.h"

namespace ilk {

struct ClipTokenizer::State {
  struct RawToken {
    std::string content;
    std::int32_t id;
  };
  struct CleanedToken {
    std::u32string content;
    std::int32_t id;
  };

  explicit State(const TokenizerVocabulary& vocabulary)
      : start(vocabulary.start), end(vocabulary.end), size(vocabulary.size), merger(vocabulary) {
    for (const auto& token : vocabulary.added) {
      if (token.in_cleaned_text)
        cleaned_tokens.push_back({clean_text(token.content), token.id});
      else
        raw_tokens.push_back({token.content, token.id});
    }
  }

  std::int32_t start, end, size;
  std::vector<RawToken> raw_tokens;
  std::vector<CleanedToken> cleaned_tokens;
  BytePairMerger merger;
};

ClipTokenizer::ClipTokenizer(const std::filesystem::path& model_directory)
    : state_(std::make_unique<State>(read_tokenizer_vocabulary(model_directory))) {}
ClipTokenizer::~ClipTokenizer() = default;
ClipTokenizer::ClipTokenizer(ClipTokenizer&&) noexcept = default;

std::int32_t ClipTokenizer::start_token() const {
  return state_->start;
}
std::int32_t ClipTokenizer::end_token() const {
  return state_->end;
}
std::int32_t ClipTokenizer::vocabulary_size() const {
  return state_->size;
}

std::vector<std::int32_t> ClipTokenizer::encode(std::string_view text, std::int64_t context_length) const {
  require(context_length >= 2, "ClipTokenizer::encode", "context_length must be at least 2, got ",
          context_length, ".");
  const auto most = static_cast<std::size_t>(context_length) - 1;
  std::vector<std::int32_t> ids{state_->start};
  const auto on_token = [&](std::int32_t id) { ids.push_back(id); };
  const auto on_cleaned_piece = [&](std::u32string_view piece) {
    for (const std::u32string_view word : split_words(piece)) {
      if (ids.size() >= most) return;
      state_->merger.append(encode_utf8(word), ids);
    }
  };
  const auto on_raw_piece = [&](std::string_view piece) {
    if (ids.size() >= most) return;
    const std::u32string cleaned = clean_text(piece);
    split_at_tokens(std::u32string_view(cleaned), state_->cleaned_tokens, on_cleaned_piece, on_token);
  };
  split_at_tokens(text, state_->raw_tokens, on_raw_piece, on_token);
  if (ids.size() > most) ids.resize(most);
  ids.push_back(state_->end);
  return ids;
}

}  // namespace ilk
