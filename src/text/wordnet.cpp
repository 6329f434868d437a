#include <ilk/wordnet.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_set>

#include "text/wordnet_contents.h"

namespace ilk {
namespace {

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

}  // namespace

WordNet::WordNet(const std::filesystem::path& directory) : contents_(std::make_shared<Contents>(directory)) {}

const std::vector<Synset>& WordNet::synsets() const {
  return contents_->synsets;
}

std::vector<std::string> WordNet::nouns() const {
  std::vector<std::string> spellings;
  spellings.reserve(contents_->nouns.size());
  for (const auto& noun : contents_->nouns) spellings.emplace_back(noun.spelling);
  return spellings;
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

std::span<const std::int32_t> WordNet::senses(std::string_view noun) const {
  const Contents::Noun* found = contents_->find(noun);
  return found ? found->synsets.of(contents_->uses) : std::span<const std::int32_t>();
}

bool WordNet::is_familiar(std::string_view noun, std::int32_t synset) const {
  const Contents::Noun* found = contents_->find(noun);
  if (!found) return false;
  const auto synsets = found->synsets.of(contents_->uses);
  return std::ranges::find(synsets, synset) - synsets.begin() <
         std::min(found->n_tagged, std::ssize(synsets));
}

std::vector<std::int32_t> WordNet::hypernym_path(std::int32_t synset) const {
  std::vector<std::int32_t> path;
  while (!synsets().at(static_cast<std::size_t>(synset)).hypernyms.empty()) {
    synset = synsets()[static_cast<std::size_t>(synset)].hypernyms.front();
    path.push_back(synset);
  }
  return path;
}

std::vector<std::pair<std::int32_t, int>> WordNet::ancestors(std::int32_t synset) const {
  std::vector<std::pair<std::int32_t, int>> found = {{synset, 0}};
  std::unordered_set<std::int32_t> seen = {synset};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const auto [at, steps] = found[next];
    for (const std::int32_t hypernym : synsets().at(static_cast<std::size_t>(at)).hypernyms) {
      if (seen.insert(hypernym).second) found.emplace_back(hypernym, steps + 1);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<std::string> WordNet::sentences() const {
  std::vector<std::string> sentences;
  std::unordered_set<std::string_view> seen;
  const auto add = [&](std::string_view sentence) {
    if (!sentence.empty() && seen.insert(sentence).second) sentences.emplace_back(sentence);
  };
  for (const Synset& synset : synsets()) {
    add(synset.definition);
    for (const std::string_view example : synset.examples) add(example);
  }
  return sentences;
}

}  // namespace ilk
