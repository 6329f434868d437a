#include "encoders/wordpiece.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/fail.h"
#include "encoders/tokenizer_split.h"
#include "encoders/tokenizer_text.h"
#include "encoders/wordpiece_vocabulary.h"

namespace ilk {
namespace {

/// Strings by their contents, without copying what is looked for.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using Pieces = std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>;

bool is_dropped(char32_t c) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == 0xFFFD || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO;
}

/// The blocks of ideographs as the reference lists them.
bool is_ideograph(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 8> blocks{{{0x4E00, 0x9FFF},
                                                                 {0x3400, 0x4DBF},
                                                                 {0x20000, 0x2A6DF},
                                                                 {0x2A700, 0x2B73F},
                                                                 {0x2B740, 0x2B81F},
                                                                 {0x2B920, 0x2CEAF},
                                                                 {0xF900, 0xFAFF},
                                                                 {0x2F800, 0x2FA1F}}};
  return c >= 0x3400 && std::any_of(blocks.begin(), blocks.end(),
                                    [&](auto block) { return c >= block.first && c <= block.second; });
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

std::u32string cleaned(std::string_view text, const WordPieceVocabulary& vocabulary) {
  std::u32string kept;
  for (const char32_t c : decode_utf8(text)) {
    if (vocabulary.clean && is_dropped(c)) continue;
    const bool apart = vocabulary.separate_ideographs && is_ideograph(c);
    if (apart) kept.push_back(U' ');
    kept.push_back(vocabulary.clean && is_space(c) ? U' ' : c);
    if (apart) kept.push_back(U' ');
  }
  if (vocabulary.strip_accents) {
    decompose(kept);
    std::erase_if(kept, [](char32_t c) {
      return c >= 0x80 && utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_MN;
    });
  }
  if (vocabulary.lower_case) make_lower_case(kept);
  return kept;
}

}  // namespace

struct WordPieceTokenizer::State {
  struct Token {
    std::string content;
    std::int32_t id;
  };
  struct CleanedToken {
    std::u32string content;
    std::int32_t id;
  };

  explicit State(WordPieceVocabulary read) : vocabulary(std::move(read)) {
    for (const auto& token : vocabulary.added) {
      if (token.in_cleaned_text)
        cleaned_tokens.push_back({cleaned(token.content, vocabulary), token.id});
      else
        raw_tokens.push_back({token.content, token.id});
    }
    for (const auto& [token, id] : vocabulary.ids) {
      word_starts.emplace(token, id);
      longest_piece = std::max(longest_piece, token.size());
      if (token.size() > vocabulary.continuation.size() && token.starts_with(vocabulary.continuation))
        continuations.emplace(token.substr(vocabulary.continuation.size()), id);
    }
  }

  void append_word(std::u32string_view word, std::vector<std::int32_t>& ids) const {
    if (static_cast<std::int64_t>(word.size()) > vocabulary.longest_word) {
      ids.push_back(vocabulary.unknown);
      return;
    }
    const std::size_t before = ids.size();
    const std::string bytes = encode_utf8(word);
    const auto is_boundary = [&](std::size_t i) {
      return i == bytes.size() || (static_cast<unsigned char>(bytes[i]) & 0xC0) != 0x80;
    };
    for (std::size_t begin = 0; begin < bytes.size();) {
      const Pieces& pieces = begin == 0 ? word_starts : continuations;
      std::size_t end = std::min(bytes.size(), begin + longest_piece);
      auto found = pieces.end();
      for (; end > begin; --end) {
        if (!is_boundary(end)) continue;
        found = pieces.find(std::string_view(bytes).substr(begin, end - begin));
        if (found != pieces.end()) break;
      }
      if (end == begin) {  // what is left is of no piece: then the whole word is unknown
        ids.resize(before);
        ids.push_back(vocabulary.unknown);
        return;
      }
      ids.push_back(found->second);
      begin = end;
    }
  }

  /// Calls take(word) for each run of neither white space nor punctuation and each mark of punctuation.
  template <class Take>
  static void split(std::u32string_view text, const Take& take) {
    for (std::size_t i = 0; i < text.size();) {
      std::size_t length = 1;
      if (is_space(text[i])) {
        ++i;
        continue;
      }
      if (!is_punctuation(text[i]))
        while (i + length < text.size() && !is_space(text[i + length]) && !is_punctuation(text[i + length]))
          ++length;
      take(text.substr(i, length));
      i += length;
    }
  }

  WordPieceVocabulary vocabulary;
  std::vector<Token> raw_tokens;
  std::vector<CleanedToken> cleaned_tokens;
  Pieces word_starts, continuations;
  std::size_t longest_piece = 0;  // bytes
};

WordPieceTokenizer::WordPieceTokenizer(const std::filesystem::path& model_directory)
    : state_(std::make_unique<State>(read_wordpiece_vocabulary(model_directory))) {}
WordPieceTokenizer::~WordPieceTokenizer() = default;
WordPieceTokenizer::WordPieceTokenizer(WordPieceTokenizer&&) noexcept = default;

std::int32_t WordPieceTokenizer::start_token() const {
  return state_->vocabulary.start;
}
std::int32_t WordPieceTokenizer::end_token() const {
  return state_->vocabulary.end;
}
std::int32_t WordPieceTokenizer::vocabulary_size() const {
  return state_->vocabulary.size;
}
bool WordPieceTokenizer::lower_cases() const {
  return state_->vocabulary.lower_case;
}

std::vector<std::int32_t> WordPieceTokenizer::encode(std::string_view text, std::int64_t longest) const {
  require(longest >= 2, "WordPieceTokenizer::encode", "longest must be at least 2, got ", longest, ".");
  const auto most = static_cast<std::size_t>(longest) - 1;
  std::vector<std::int32_t> ids{state_->vocabulary.start};
  const auto on_token = [&](std::int32_t id) { ids.push_back(id); };
  const auto on_cleaned_piece = [&](std::u32string_view piece) {
    State::split(piece, [&](std::u32string_view word) {
      if (ids.size() < most) state_->append_word(word, ids);
    });
  };
  const auto on_raw_piece = [&](std::string_view piece) {
    if (ids.size() >= most) return;
    const std::u32string text_of_piece = cleaned(piece, state_->vocabulary);
    split_at_tokens(std::u32string_view(text_of_piece), state_->cleaned_tokens, on_cleaned_piece, on_token);
  };
  split_at_tokens(text, state_->raw_tokens, on_raw_piece, on_token);
  if (ids.size() > most) ids.resize(most);
  ids.push_back(state_->vocabulary.end);
  return ids;
}

}  // namespace ilk
