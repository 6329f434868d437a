#pragma once
// What happens to a text before byte pairs are merged: it is cleaned and cut into words, code point by code
// point. The parts that BERT's tokenizer needs too stand alone.
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Decodes UTF-8; each longest beginning of a character that does not go on as one becomes U+FFFD
/// (Unicode 3.9).
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

/// Unicode's White_Space, which is what \s means to the reference's regular expressions.
bool is_space(char32_t c);
/// NFD.
void decompose(std::u32string& text);
/// Each code point's full lower case, without regard to its neighbours (no final sigma).
void make_lower_case(std::u32string& text);

/// NFC, then each code point's full lower case, without regard to its neighbours (no final sigma).
/// White space stays as it is: all of it only separates words.
std::u32string clean_text(std::string_view text);

/// The matches of the reference's pattern, from left to right, at each place the first alternative that fits:
/// 's 't 're 've 'm 'll 'd, letters, one number, or a run of what is neither letter nor number nor white
/// space.
std::vector<std::u32string_view> split_words(std::u32string_view text);

}  // namespace ilk
