#include "text/corpus.h"

#include <algorithm>
#include <unordered_set>

#include "core/fail.h"
#include "io/sha256.h"
#include "io/strings.h"
#include "text/captions.h"

namespace ilk {
namespace {

// Calls take(line, number) for each line that is neither empty nor a comment.
template <class Take>
void for_each_entry(std::string_view text, const Take& take) {
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trimmed(take_line(text));
    if (!line.empty() && line[0] != '#') take(line, number);
  }
}

Corpus corpus_of(std::string_view function, const std::filesystem::path& path,
                 std::vector<std::string> texts) {
  require(!texts.empty(), function, path.string(), " holds no text.");
  return make_corpus(path.string(), std::move(texts));
}

/// "fish, dog, castle"
std::vector<std::string> listed_nouns(std::string_view list) {
  require(list.find(',') != std::string_view::npos, "read_nouns", "there is no file '", list,
          "'; nouns are a file, one noun a line, or a list such as fish,dog,castle.");
  std::vector<std::string> nouns;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    nouns.emplace_back(trimmed(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return nouns;
}

}  // namespace

Corpus make_corpus(std::string source, std::vector<std::string> texts) {
  Corpus corpus{.source = std::move(source)};
  std::unordered_set<std::string> seen;
  Sha256 digest;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    require(is_utf8(texts[i]), "make_corpus", "the texts of ", corpus.source,
            " must be UTF-8; the one numbered ", i, " (from 0) is not.");
    std::string text = single_spaced(texts[i]);
    if (text.empty()) continue;
    const std::int64_t row = corpus.given++;
    if (!seen.insert(text).second) continue;
    digest.update(text).update("\n");
    corpus.rows.push_back(row);
    corpus.texts.push_back(std::move(text));
  }
  require(!corpus.texts.empty(), "make_corpus", corpus.source, " holds no text.");
  corpus.sha256 = digest.hex();
  return corpus;
}

Corpus read_nouns(const std::filesystem::path& path) {
  constexpr std::string_view function = "read_nouns";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return make_corpus(path.string(), listed_nouns(path.string()));
  std::vector<std::string> nouns, notes;
  bool any_note = false;
  for_each_entry(read_checked_text(function, path), [&](std::string_view line, std::int64_t) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    if (trimmed(line.substr(0, tab)).empty()) return;
    nouns.emplace_back(line.substr(0, tab));
    notes.emplace_back(trimmed(line.substr(std::min(tab + 1, line.size()))));
    any_note = any_note || !notes.back().empty();
  });
  Corpus corpus = corpus_of(function, path, std::move(nouns));
  if (any_note)
    for (const std::int64_t row : corpus.rows)
      corpus.notes.push_back(std::move(notes[static_cast<std::size_t>(row)]));
  return corpus;
}

Corpus read_captions(const std::filesystem::path& path) {
  constexpr std::string_view function = "read_captions";
  return corpus_of(function, path, parse_captions(function, path, read_checked_text(function, path)));
}

const std::vector<std::string>& default_templates() {
  static const std::vector<std::string> templates = {
      "itap of a {}.",
      "a bad photo of the {}.",
      "a origami {}.",
      "a photo of the large {}.",
      "a {} in a video game.",
      "art of the {}.",
      "a photo of the small {}.",
  };
  return templates;
}

std::vector<std::string> read_templates(const std::filesystem::path& path) {
  constexpr std::string_view function = "read_templates";
  std::vector<std::string> templates;
  for_each_entry(read_checked_text(function, path), [&](std::string_view line, std::int64_t number) {
    const std::size_t place = line.find("{}");
    require(place != std::string_view::npos && line.find("{}", place + 2) == std::string_view::npos, function,
            path.string(), ", line ", number, ": a template must hold {} once, got '", line, "'.");
    templates.emplace_back(line);
  });
  require(!templates.empty(), function, path.string(), " holds no template.");
  return templates;
}

std::string fill_template(std::string_view prompt_template, std::string_view noun) {
  const std::size_t place = prompt_template.find("{}");
  require(place != std::string_view::npos, "fill_template", "a template must hold {}, got '", prompt_template,
          "'.");
  std::string filled(prompt_template);
  return filled.replace(place, 2, noun);
}

}  // namespace ilk
