#include "text/gloss.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "io/strings.h"

namespace ilk {
namespace {

struct Piece {
  bool quoted = false;
  std::string_view text;  // without the quotation marks
};

bool is_word_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte));
}

// Cuts at quotation marks. A few glosses miss one: a mark that opens where one is open ends that one first,
// one that closes where none is open is passed over, and the last may be ended by the end of the text.
std::vector<Piece> cut_at_quotes(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  bool quoted = false;
  const auto cut = [&](std::size_t end, bool next_is_quoted) {
    pieces.push_back({quoted, text.substr(begin, end - begin)});
    begin = end + 1;
    quoted = next_is_quoted;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    const bool after_space = i == 0 || text[i - 1] == ' ';
    const bool before_word = i + 1 < text.size() && is_word_byte(text[i + 1]);
    const bool closes_only = !after_space && is_word_byte(text[i - 1]) && !before_word;
    // Inside a quotation a mark before a word opens the next one, whether or not this one was closed.
    cut(i, quoted ? before_word : !closes_only);
  }
  pieces.push_back({quoted, text.substr(std::min(begin, text.size()))});
  return pieces;
}

// Whether a clause may begin after this text.
bool ends_clause(std::string_view before) {
  before = trimmed(before);
  return before.empty() || std::string_view(";:,.").find(before.back()) != std::string_view::npos;
}

bool is_conjunction(std::string_view text) {
  text = trimmed(text);
  return text == "or" || text == "and";
}

std::string_view without_end(std::string_view text, std::string_view unwanted) {
  return text.substr(0, text.find_last_not_of(unwanted) + 1);
}

// How much of the text after a quoted part belongs to it (the source, a conjunction before another quoted
// part), or nothing where the clause goes on, so that the quoted part is no example.
std::optional<std::size_t> end_of_example(std::string_view after, bool another_follows) {
  const std::string_view rest = trimmed(after);
  if (rest.empty() || rest[0] == ';' || rest[0] == ':' || rest[0] == ',') return 0;
  if (rest[0] == '-' || rest[0] == '(') return std::min(after.find(';'), after.size());
  if (another_follows && is_conjunction(rest)) return after.size();
  return std::nullopt;
}

}  // namespace

Gloss split_gloss(std::string_view text, std::deque<std::string>& joined) {
  Gloss gloss;
  if (text.find('"') == std::string_view::npos) {
    gloss.definition = trimmed(text, " ;,:");
    return gloss;
  }
  const std::vector<Piece> pieces = cut_at_quotes(trimmed(text));
  std::string definition, part;  // of the definition, up to the next example
  const auto end_part = [&] {
    const std::string_view clean = trimmed(part, " ;,:");
    if (!clean.empty()) definition.append(definition.empty() ? "" : "; ").append(clean);
    part.clear();
  };
  int depth = 0;  // of parentheses
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].quoted) {
      for (const char byte : pieces[i].text) depth += byte == '(' ? 1 : byte == ')' ? -1 : 0;
      part.append(pieces[i].text);
      continue;
    }
    const bool has_next = i + 1 < pieces.size() && !pieces[i + 1].quoted;
    const std::string_view after = has_next ? pieces[i + 1].text : std::string_view();
    const auto end = end_of_example(after, i + 2 < pieces.size());
    if (depth <= 0 && ends_clause(part) && end) {
      end_part();
      const std::string_view example = without_end(trimmed(pieces[i].text), " ;:");
      if (!example.empty()) gloss.examples.push_back(example);
      if (has_next) {
        part.assign(after.substr(*end));
        ++i;
        for (const char byte : part) depth += byte == '(' ? 1 : byte == ')' ? -1 : 0;
      }
    } else {
      part.append("\"").append(pieces[i].text).append("\"");
    }
  }
  end_part();
  gloss.definition = joined.emplace_back(std::move(definition));
  return gloss;
}

}  // namespace ilk
