#include <ilk/wordnet.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <unordered_set>

#include "core/fail.h"
#include "io/files.h"
#include "io/strings.h"
#include "text/gloss.h"

namespace ilk {
namespace {

constexpr std::string_view in_wordnet = "WordNet";

std::string with_spaces(std::string_view lemma) {
  std::string words(lemma);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

char key_of(char byte) {
  return byte == '_' ? ' ' : byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

// A noun's key in the dictionary: lower case, spaces.
std::string key_of(std::string_view noun) {
  std::string key(noun);
  for (char& byte : key) byte = key_of(byte);
  return key;
}

bool same_key(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return key_of(x) == key_of(y); });
}

// The synset's first word with the key, or none.
const std::string* find_spelling(const Synset& synset, std::string_view key) {
  const auto found = std::find_if(synset.lemmas.begin(), synset.lemmas.end(),
                                  [&](const std::string& lemma) { return same_key(lemma, key); });
  return found == synset.lemmas.end() ? nullptr : &*found;
}

// How many of the words differ in more than case.
std::size_t count_distinct(const std::vector<std::string>& words) {
  std::size_t count = 0;
  for (auto word = words.begin(); word != words.end(); ++word) {
    count +=
        std::none_of(words.begin(), word, [&](const std::string& before) { return same_key(before, *word); });
  }
  return count;
}

/// One of the two files, line by line; what is not of the format is an Error that names the file and the
/// line.
class Reader {
 public:
  explicit Reader(std::filesystem::path path) : path_(std::move(path)), contents_(read_file(path_)) {
    rest_ = contents_;
    require(!contents_.empty(), in_wordnet, path_.string(), " is empty.");
  }

  /// The next line that is not of the licence (those begin with two spaces); false at the end.
  bool next_line() {
    while (!rest_.empty()) {
      ++number_;
      place_ = static_cast<std::int64_t>(contents_.size() - rest_.size());
      const std::size_t end = rest_.find('\n');
      if (end == std::string_view::npos) bad("the file ends in the middle of the line");
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!line_.starts_with("  ")) return true;
    }
    return false;
  }

  std::int64_t place() const { return place_; }  // byte offset of the line in the file
  std::int64_t number() const { return number_; }

  /// The next field, up to a space.
  std::string_view field(std::string_view what) {
    std::size_t begin = 0;
    while (begin < line_.size() && line_[begin] == ' ') ++begin;
    if (begin == line_.size()) bad("the line ends where ", what, " should be");
    line_.remove_prefix(begin);
    const std::string_view found = line_.substr(0, line_.find(' '));
    line_.remove_prefix(found.size());
    return found;
  }

  std::int64_t number_field(std::string_view what, int base = 10) {
    const std::string_view digits = field(what);
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0) {
      bad(what, " must be a number, got '", digits, "'");
    }
    return value;
  }

  std::string_view rest_of_line() const { return line_; }

  template <class... Parts>
  [[noreturn]] void bad(const Parts&... parts) const {
    bad_at(number_, parts...);
  }
  template <class... Parts>
  [[noreturn]] void bad_at(std::int64_t line, const Parts&... parts) const {
    fail(in_wordnet, path_.string(), ", line ", line, ": ", parts..., ".");
  }

 private:
  std::filesystem::path path_;
  std::string contents_;
  std::string_view rest_, line_;
  std::int64_t place_ = 0, number_ = 0;
};

// What a synset's line says besides what Synset holds.
struct SynsetLine {
  std::int64_t number = 0;
  std::vector<std::int64_t> hypernym_offsets;
};

// "offset file type word-count (word id)… pointer-count (symbol offset type source/target)… | gloss"
Synset read_synset(Reader& reader, SynsetLine& line) {
  line.number = reader.number();
  Synset synset;
  synset.offset = reader.number_field("the synset's offset");
  if (synset.offset != reader.place()) {
    reader.bad("the synset's offset must be its place in the file (", reader.place(), "), got ",
               synset.offset);
  }
  reader.number_field("the lexicographer file's number");
  if (const auto type = reader.field("the type"); type != "n")
    reader.bad("the type must be n (noun), got '", type, "'");
  const std::int64_t words = reader.number_field("the count of words", 16);
  if (words < 1) reader.bad("a synset must have at least one word");
  for (std::int64_t i = 0; i < words; ++i) {
    synset.lemmas.push_back(with_spaces(reader.field("a word")));
    reader.number_field("a word's id", 16);
  }
  const std::int64_t pointers = reader.number_field("the count of pointers");
  for (std::int64_t i = 0; i < pointers; ++i) {
    const std::string_view symbol = reader.field("a pointer's symbol");
    const std::int64_t target = reader.number_field("a pointer's offset");
    reader.field("a pointer's type");
    reader.number_field("a pointer's source and target", 16);
    if (symbol == "@" || symbol == "@i") line.hypernym_offsets.push_back(target);
    if (symbol == "@i") synset.is_instance = true;
  }
  if (const auto bar = reader.field("the gloss"); bar != "|")
    reader.bad("the gloss must follow '|', got '", bar, "'");
  Gloss gloss = split_gloss(reader.rest_of_line());
  synset.definition = std::move(gloss.definition);
  synset.examples = std::move(gloss.examples);
  return synset;
}

// A synset that cannot be reached from a root by going down, because its hypernyms go round in a circle; -1
// if there is none.
std::int64_t find_circle(const std::vector<Synset>& synsets) {
  std::vector<std::vector<std::int32_t>> below(synsets.size());
  std::vector<std::size_t> above(synsets.size());
  std::vector<std::int32_t> free;
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    above[i] = synsets[i].hypernyms.size();
    for (const std::int32_t hypernym : synsets[i].hypernyms) {
      below[static_cast<std::size_t>(hypernym)].push_back(static_cast<std::int32_t>(i));
    }
    if (above[i] == 0) free.push_back(static_cast<std::int32_t>(i));
  }
  for (std::size_t next = 0; next < free.size(); ++next) {
    for (const std::int32_t child : below[static_cast<std::size_t>(free[next])]) {
      if (--above[static_cast<std::size_t>(child)] == 0) free.push_back(child);
    }
  }
  const auto held = std::find_if(above.begin(), above.end(), [](std::size_t count) { return count > 0; });
  return held == above.end() ? -1 : held - above.begin();
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

}  // namespace

WordNet::WordNet(const std::filesystem::path& directory) {
  Reader data(directory / "data.noun");
  std::vector<SynsetLine> lines;
  while (data.next_line()) synsets_.push_back(read_synset(data, lines.emplace_back()));
  if (synsets_.empty()) data.bad("the file holds no synset");

  // They ascend, each being its line's place. Apart from the synsets they stay in the processor's cache.
  std::vector<std::int64_t> offsets;
  offsets.reserve(synsets_.size());
  for (const Synset& synset : synsets_) offsets.push_back(synset.offset);
  const auto synset_at = [&](std::int64_t offset) -> std::int32_t {
    const auto found = std::lower_bound(offsets.begin(), offsets.end(), offset);
    return found == offsets.end() || *found != offset ? -1
                                                      : static_cast<std::int32_t>(found - offsets.begin());
  };
  for (std::size_t i = 0; i < synsets_.size(); ++i) {
    for (const std::int64_t offset : lines[i].hypernym_offsets) {
      const std::int32_t target = synset_at(offset);
      if (target < 0) data.bad_at(lines[i].number, "there is no synset at the hypernym's offset ", offset);
      synsets_[i].hypernyms.push_back(target);
    }
  }
  if (const std::int64_t synset = find_circle(synsets_); synset >= 0) {
    data.bad_at(lines[static_cast<std::size_t>(synset)].number, "the hypernyms go round in a circle");
  }

  // "lemma type synset-count symbol-count symbol… sense-count tagged-count offset…"
  Reader index(directory / "index.noun");
  senses_.reserve(synsets_.size() * 2);
  std::size_t uses = 0;  // of a noun by a synset
  while (index.next_line()) {
    const std::string_view lemma = index.field("the lemma");
    if (const auto type = index.field("the type"); type != "n")
      index.bad("the type must be n (noun), got '", type, "'");
    const std::int64_t count = index.number_field("the count of synsets");
    if (count < 1) index.bad("'", lemma, "' must have at least one synset");
    const std::int64_t symbols = index.number_field("the count of symbols");
    for (std::int64_t i = 0; i < symbols; ++i) index.field("a pointer's symbol");
    index.number_field("the count of senses");
    const std::int64_t n_tagged = index.number_field("the count of tagged senses");
    const auto [entry, is_new] = senses_.try_emplace(key_of(lemma));
    entry->second.n_tagged = n_tagged;
    auto& synsets = entry->second.synsets;
    if (!is_new) index.bad("'", lemma, "' was there before");
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t offset = index.number_field("a synset's offset");
      const std::int32_t target = synset_at(offset);
      if (target < 0) index.bad("data.noun has no synset at offset ", offset);
      const std::string* spelling = find_spelling(synsets_[static_cast<std::size_t>(target)], entry->first);
      if (!spelling) index.bad("the synset at offset ", offset, " does not hold '", lemma, "'");
      if (std::find(synsets.begin(), synsets.end(), target) != synsets.end()) {
        index.bad("offset ", offset, " is there twice");
      }
      synsets.push_back(target);
      if (i == 0) nouns_.push_back(*spelling);
    }
    uses += synsets.size();
  }
  if (nouns_.empty()) index.bad("the file holds no noun");
  // All of the index is in the data; equal counts say that the opposite is true too.
  std::size_t words = 0;
  for (const Synset& synset : synsets_) words += count_distinct(synset.lemmas);
  if (words == uses) return;
  for (std::size_t i = 0; i < synsets_.size(); ++i) {
    for (const std::string& lemma : synsets_[i].lemmas) {
      const std::vector<std::int32_t>& known = senses(lemma);
      if (std::find(known.begin(), known.end(), static_cast<std::int32_t>(i)) == known.end()) {
        data.bad_at(lines[i].number, "index.noun lacks '", lemma, "' with this synset");
      }
    }
  }
}

std::optional<std::filesystem::path> WordNet::find() {
  std::vector<std::filesystem::path> candidates;
  if (const char* directory = environment("WNSEARCHDIR")) candidates.emplace_back(directory);
  if (const char* home = environment("WNHOME")) candidates.push_back(std::filesystem::path(home) / "dict");
  for (const char* directory :
       {"/usr/share/wordnet", "/usr/share/wordnet/dict", "/usr/share/wordnet-3.0/dict",
        "/usr/local/WordNet-3.0/dict", "/usr/local/share/wordnet", "/opt/homebrew/opt/wordnet/dict",
        "/usr/local/opt/wordnet/dict"}) {
    candidates.emplace_back(directory);
  }
  for (const std::filesystem::path& directory : candidates) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(directory / "data.noun", ignored)) return directory;
  }
  return std::nullopt;
}

const std::vector<std::int32_t>& WordNet::senses(std::string_view noun) const {
  static const std::vector<std::int32_t> none;
  const auto found = senses_.find(key_of(noun));
  return found == senses_.end() ? none : found->second.synsets;
}

bool WordNet::is_familiar(std::string_view noun, std::int32_t synset) const {
  const auto found = senses_.find(key_of(noun));
  if (found == senses_.end()) return false;
  const auto& [synsets, n_tagged] = found->second;
  return std::find(synsets.begin(), synsets.end(), synset) - synsets.begin() <
         std::min(n_tagged, std::ssize(synsets));
}

std::vector<std::int32_t> WordNet::hypernym_path(std::int32_t synset) const {
  std::vector<std::int32_t> path;
  while (!synsets_.at(static_cast<std::size_t>(synset)).hypernyms.empty()) {
    synset = synsets_[static_cast<std::size_t>(synset)].hypernyms.front();
    path.push_back(synset);
  }
  return path;
}

std::vector<std::pair<std::int32_t, int>> WordNet::ancestors(std::int32_t synset) const {
  std::vector<std::pair<std::int32_t, int>> found = {{synset, 0}};
  std::unordered_set<std::int32_t> seen = {synset};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const auto [at, steps] = found[next];
    for (const std::int32_t hypernym : synsets_.at(static_cast<std::size_t>(at)).hypernyms) {
      if (seen.insert(hypernym).second) found.emplace_back(hypernym, steps + 1);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<std::string> WordNet::sentences() const {
  std::vector<std::string> sentences;
  std::unordered_set<std::string_view> seen;
  const auto add = [&](const std::string& sentence) {
    if (!sentence.empty() && seen.insert(sentence).second) sentences.push_back(sentence);
  };
  for (const Synset& synset : synsets_) {
    add(synset.definition);
    for (const std::string& example : synset.examples) add(example);
  }
  return sentences;
}

}  // namespace ilk
