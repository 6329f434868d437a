#include "text/wordnet_contents.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <deque>
#include <functional>
#include <numeric>

#include "core/fail.h"
#include "io/files.h"
#include "io/strings.h"
#include "text/gloss.h"

namespace ilk {
namespace {

constexpr std::string_view in_wordnet = "WordNet";

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
const std::string_view* find_spelling(const Synset& synset, std::string_view key) {
  const auto found = std::find_if(synset.lemmas.begin(), synset.lemmas.end(),
                                  [&](std::string_view lemma) { return same_key(lemma, key); });
  return found == synset.lemmas.end() ? nullptr : &*found;
}

// How many of the words differ in more than case.
std::size_t count_distinct(std::span<const std::string_view> words) {
  std::size_t count = 0;
  for (auto word = words.begin(); word != words.end(); ++word) {
    count +=
        std::none_of(words.begin(), word, [&](std::string_view before) { return same_key(before, *word); });
  }
  return count;
}

}  // namespace

/// One of the two files, line by line; what is not of the format is an Error that names the file and the
/// line.
class internal::WordNetReader {
 public:
  /// `contents` becomes the file's.
  WordNetReader(std::filesystem::path path, std::string& contents)
      : path_(std::move(path)), contents_(contents) {
    contents_ = read_file(path_);
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

  /// The next field with spaces for underscores, which the contents have then too.
  std::string_view words(std::string_view what) {
    const std::string_view found = field(what);
    const auto begin = contents_.begin() + (found.data() - contents_.data());
    std::replace(begin, begin + std::ssize(found), '_', ' ');
    return found;
  }

  /// The same in lower case.
  std::string_view key(std::string_view what) {
    const std::string_view found = field(what);
    const auto begin = contents_.begin() + (found.data() - contents_.data());
    std::transform(begin, begin + std::ssize(found), begin, [](char byte) { return key_of(byte); });
    return found;
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
  std::string& contents_;
  std::string_view rest_, line_;
  std::int64_t place_ = 0, number_ = 0;
};

namespace {

using internal::SynsetLine, internal::SynsetLists;
using Reader = internal::WordNetReader;

// "offset file type word-count (word id)… pointer-count (symbol offset type source/target)… | gloss"
Synset read_synset(Reader& reader, SynsetLine& line, SynsetLists& lists) {
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
  line.lemmas = {lists.texts.size(), static_cast<std::size_t>(words)};
  for (std::int64_t i = 0; i < words; ++i) {
    lists.texts.push_back(reader.words("a word"));
    reader.number_field("a word's id", 16);
  }
  line.hypernyms.begin = lists.hypernym_offsets.size();
  const std::int64_t pointers = reader.number_field("the count of pointers");
  for (std::int64_t i = 0; i < pointers; ++i) {
    const std::string_view symbol = reader.field("a pointer's symbol");
    const std::int64_t target = reader.number_field("a pointer's offset");
    reader.field("a pointer's type");
    reader.number_field("a pointer's source and target", 16);
    if (symbol == "@" || symbol == "@i") lists.hypernym_offsets.push_back(target);
    if (symbol == "@i") synset.is_instance = true;
  }
  line.hypernyms.count = lists.hypernym_offsets.size() - line.hypernyms.begin;
  if (const auto bar = reader.field("the gloss"); bar != "|")
    reader.bad("the gloss must follow '|', got '", bar, "'");
  const Gloss gloss = split_gloss(reader.rest_of_line(), lists.joined_definitions);
  synset.definition = gloss.definition;
  line.examples = {lists.texts.size(), gloss.examples.size()};
  lists.texts.insert(lists.texts.end(), gloss.examples.begin(), gloss.examples.end());
  return synset;
}

// A synset that cannot be reached from a root by going down, because its hypernyms go round in a circle; -1
// if there is none.
std::int64_t find_circle(const std::vector<Synset>& synsets) {
  std::vector<std::size_t> above(synsets.size()), begins(synsets.size() + 2);
  std::vector<std::int32_t> free;
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    above[i] = synsets[i].hypernyms.size();
    for (const std::int32_t hypernym : synsets[i].hypernyms) ++begins[static_cast<std::size_t>(hypernym) + 2];
    if (above[i] == 0) free.push_back(static_cast<std::int32_t>(i));
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  // Those below each, one after another: begins[i + 1] moves from where the list of i begins to its end.
  std::vector<std::int32_t> below(begins.back());
  for (std::size_t i = 0; i < synsets.size(); ++i)
    for (const std::int32_t hypernym : synsets[i].hypernyms)
      below[begins[static_cast<std::size_t>(hypernym) + 1]++] = static_cast<std::int32_t>(i);
  for (std::size_t next = 0; next < free.size(); ++next) {
    const auto i = static_cast<std::size_t>(free[next]);
    for (std::size_t at = begins[i]; at < begins[i + 1]; ++at) {
      const std::int32_t child = below[at];
      if (--above[static_cast<std::size_t>(child)] == 0) free.push_back(child);
    }
  }
  const auto held = std::find_if(above.begin(), above.end(), [](std::size_t count) { return count > 0; });
  return held == above.end() ? -1 : held - above.begin();
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

WordNet::Contents::Contents(const std::filesystem::path& directory) : data_file_(directory / "data.noun") {
  read_data(data_file_);
  read_index(directory / "index.noun");
  lines_ = {}, places_ = {}, lists.hypernym_offsets = {};
}

void WordNet::Contents::read_data(const std::filesystem::path& file) {
  Reader reader(file, data);
  const std::size_t n_lines = lines_of(data);
  synsets.reserve(n_lines);
  lines_.reserve(n_lines);
  while (reader.next_line()) synsets.push_back(read_synset(reader, lines_.emplace_back(), lists));
  if (synsets.empty()) reader.bad("the file holds no synset");
  make_places();
  hypernyms.reserve(lists.hypernym_offsets.size());
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    for (const std::int64_t offset : lines_[i].hypernyms.of(lists.hypernym_offsets)) {
      hypernyms.push_back(synset_at(offset));
      if (hypernyms.back() < 0)
        reader.bad_at(lines_[i].number, "there is no synset at the hypernym's offset ", offset);
    }
    synsets[i].lemmas = lines_[i].lemmas.of(lists.texts);
    synsets[i].examples = lines_[i].examples.of(lists.texts);
    synsets[i].hypernyms = lines_[i].hypernyms.of(hypernyms);
  }
  if (const std::int64_t synset = find_circle(synsets); synset >= 0)
    reader.bad_at(lines_[static_cast<std::size_t>(synset)].number, "the hypernyms go round in a circle");
}

constexpr std::int64_t bytes_per_place = 128;

void WordNet::Contents::make_places() {
  places_.reserve(data.size() / bytes_per_place + 1);
  for (std::int32_t i = 0; i < std::ssize(synsets); ++i)
    while (std::ssize(places_) * bytes_per_place <= synsets[static_cast<std::size_t>(i)].offset)
      places_.push_back(i);
}

// Offsets ascend, each being its line's place in the file.
std::int32_t WordNet::Contents::synset_at(std::int64_t offset) const {
  const auto place = static_cast<std::size_t>(offset / bytes_per_place);
  if (place >= places_.size()) return -1;
  auto i = static_cast<std::size_t>(places_[place]);
  while (i < synsets.size() && synsets[i].offset < offset) ++i;
  return i < synsets.size() && synsets[i].offset == offset ? static_cast<std::int32_t>(i) : -1;
}

void WordNet::Contents::read_index(const std::filesystem::path& file) {
  Reader reader(file, index);
  // Each noun is a word of a synset: less than half of them are taken.
  slots_.assign(std::bit_ceil(2 * lists.texts.size() + 2), -1);
  nouns.reserve(lines_of(index));
  while (reader.next_line()) read_noun(reader);
  if (nouns.empty()) reader.bad("the file holds no noun");
  require_all_words_known();
}

// "lemma type synset-count symbol-count symbol… sense-count tagged-count offset…"
void WordNet::Contents::read_noun(internal::WordNetReader& reader) {
  Noun noun{.key = reader.key("the lemma")};
  if (const auto type = reader.field("the type"); type != "n")
    reader.bad("the type must be n (noun), got '", type, "'");
  const std::int64_t count = reader.number_field("the count of synsets");
  if (count < 1) reader.bad("'", noun.key, "' must have at least one synset");
  const std::int64_t symbols = reader.number_field("the count of symbols");
  for (std::int64_t i = 0; i < symbols; ++i) reader.field("a pointer's symbol");
  reader.number_field("the count of senses");
  noun.n_tagged = reader.number_field("the count of tagged senses");
  std::int32_t& slot = slots_[slot_of(noun.key)];
  if (slot >= 0) reader.bad("'", noun.key, "' was there before");
  noun.synsets.begin = uses.size();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t offset = reader.number_field("a synset's offset");
    const std::int32_t target = synset_at(offset);
    if (target < 0) reader.bad("data.noun has no synset at offset ", offset);
    const std::string_view* spelling = find_spelling(synsets[static_cast<std::size_t>(target)], noun.key);
    if (!spelling) reader.bad("the synset at offset ", offset, " does not hold '", noun.key, "'");
    const auto known = noun.synsets.of(uses);
    if (std::ranges::find(known, target) != known.end()) reader.bad("offset ", offset, " is there twice");
    uses.push_back(target);
    ++noun.synsets.count;
    if (i == 0) noun.spelling = *spelling;
  }
  slot = static_cast<std::int32_t>(nouns.size());
  nouns.push_back(noun);
}

// All of the index is in the data; equal counts say that the opposite is true too.
void WordNet::Contents::require_all_words_known() const {
  std::size_t words = 0;
  for (const Synset& synset : synsets) words += count_distinct(synset.lemmas);
  if (words == uses.size()) return;
  for (std::size_t i = 0; i < synsets.size(); ++i) {
    for (const std::string_view lemma : synsets[i].lemmas) {
      const Noun* noun = find(lemma);
      const auto known = noun ? noun->synsets.of(uses) : std::span<const std::int32_t>();
      if (std::ranges::find(known, static_cast<std::int32_t>(i)) == known.end())
        fail(in_wordnet, data_file_.string(), ", line ", lines_[i].number, ": index.noun lacks '", lemma,
             "' with this synset.");
    }
  }
}

// The slot with the key, or the free one where it would be.
std::size_t WordNet::Contents::slot_of(std::string_view key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>()(key) & mask;
  while (slots_[slot] >= 0 && nouns[static_cast<std::size_t>(slots_[slot])].key != key)
    slot = (slot + 1) & mask;
  return slot;
}

const WordNet::Contents::Noun* WordNet::Contents::find(std::string_view noun) const {
  const std::int32_t found = slots_[slot_of(key_of(noun))];
  return found < 0 ? nullptr : &nouns[static_cast<std::size_t>(found)];
}

}  // namespace ilk
