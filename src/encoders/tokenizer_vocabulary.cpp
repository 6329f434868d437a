#include "encoders/tokenizer_vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/fail.h"
#include "io/foreign_content.h"
#include "io/json_file.h"

namespace ilk {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view in_clip_tokenizer = "ClipTokenizer";
constexpr const char* start_text = "<|startoftext|>";
constexpr const char* end_text = "<|endoftext|>";

std::int32_t read_id(const json& value, const fs::path& path, std::string_view token) {
  require(value.is_number_unsigned() && value.get<std::uint64_t>() < INT32_MAX, in_clip_tokenizer, path,
          ": the id of '", token, "' must be a whole number below 2^31, got ", value.dump(), ".");
  return value.get<std::int32_t>();
}

void read_tokens(TokenizerVocabulary& vocabulary, const json& tokens, const fs::path& path) {
  require(tokens.is_object() && !tokens.empty(), in_clip_tokenizer, path,
          ": the vocabulary must map tokens to ids.");
  for (const auto& [token, id] : tokens.items()) vocabulary.ids.emplace(token, read_id(id, path, token));
}

/// Adds a merge of the next rank; of a pair given twice the first counts.
void add_merge(TokenizerVocabulary& vocabulary, const std::string& left, const std::string& right,
               const fs::path& path) {
  const auto id = [&](const std::string& token) {
    const auto found = vocabulary.ids.find(token);
    require(found != vocabulary.ids.end(), in_clip_tokenizer, path, ": the merge '", left, " ", right,
            "' needs the token '", token, "', which the vocabulary lacks.");
    return found->second;
  };
  const auto rank = static_cast<std::int32_t>(vocabulary.merges.size());
  const std::int32_t left_id = id(left), right_id = id(right), merged_id = id(left + right);
  vocabulary.merges.try_emplace(TokenizerVocabulary::pair(left_id, right_id), rank, merged_id);
}

void add_merge(TokenizerVocabulary& vocabulary, const std::string& line, const fs::path& path) {
  const std::size_t space = line.find(' ');
  require(space != std::string::npos && space > 0 && space + 1 < line.size() &&
              line.find(' ', space + 1) == std::string::npos,
          in_clip_tokenizer, path, ": a merge is two tokens with a space between them, got '", line, "'.");
  add_merge(vocabulary, line.substr(0, space), line.substr(space + 1), path);
}

/// tokenizer.json of the tokenizers library.
void read_tokenizer_json(TokenizerVocabulary& vocabulary, const fs::path& path) {
  const json file = read_json_file(path, in_clip_tokenizer);
  require(file.is_object() && file.contains("model") && file["model"].is_object(), in_clip_tokenizer, path,
          " must hold a model.");
  const json& model = file["model"];
  const auto text = [](const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  // Older files leave the type out.
  require(!model.contains("type") || text(model, "type") == "BPE", in_clip_tokenizer, path,
          ": the model must be of the type BPE, got '", text(model, "type"), "'.");
  require(text(model, "end_of_word_suffix") == "</w>" && text(model, "continuing_subword_prefix").empty(),
          in_clip_tokenizer, path, ": this is not CLIP's tokenizer: words must end in </w>, got '",
          text(model, "end_of_word_suffix"), "'.");
  require(model.contains("vocab") && model.contains("merges") && model["merges"].is_array(),
          in_clip_tokenizer, path, ": the model must hold vocab and merges.");
  read_tokens(vocabulary, model["vocab"], path);
  for (const json& merge : model["merges"]) {
    const bool is_pair =
        merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    require(is_pair || merge.is_string(), in_clip_tokenizer, path, ": a merge must be a string or two, got ",
            merge.dump(), ".");
    if (is_pair)
      add_merge(vocabulary, merge[0].get<std::string>(), merge[1].get<std::string>(), path);
    else
      add_merge(vocabulary, merge.get<std::string>(), path);
  }
  if (const std::string unknown = text(model, "unk_token"); vocabulary.ids.contains(unknown))
    vocabulary.unknown = vocabulary.ids.at(unknown);

  for (const json& token : file.value("added_tokens", json::array())) {
    require(token.is_object() && token.contains("id") && !text(token, "content").empty(), in_clip_tokenizer,
            path, ": an added token must have an id and its content.");
    const std::string content = text(token, "content");
    for (const char* key : {"lstrip", "rstrip", "single_word"})
      require(!token.contains(key) || token[key] == false, in_clip_tokenizer, path, ": the added token '",
              content, "' asks for ", key, ", which is not supported.");
    const std::int32_t id = read_id(token["id"], path, content);
    vocabulary.ids.insert_or_assign(content, id);
    vocabulary.added.push_back({content, id, token.contains("normalized") && token["normalized"] == true});
  }
}

/// vocab.json and merges.txt, the older pair of files.
void read_vocabulary_and_merges(TokenizerVocabulary& vocabulary, const fs::path& vocabulary_path,
                                const fs::path& merges_path) {
  read_tokens(vocabulary, read_json_file(vocabulary_path, in_clip_tokenizer), vocabulary_path);
  const std::string merges = read_file_of(merges_path, "a list of merges", in_clip_tokenizer);
  for (std::size_t begin = 0; begin < merges.size();) {
    const std::size_t end = std::min(merges.find('\n', begin), merges.size());
    std::string line = merges.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    const bool is_version = begin == 0 && line.starts_with("#version");
    if (!line.empty() && !is_version) add_merge(vocabulary, line, merges_path);
    begin = end + 1;
  }
  // As the reference sets up these two: it finds them in any case, the end token also before cleaning.
  const auto found_start = vocabulary.ids.find(start_text), found_end = vocabulary.ids.find(end_text);
  if (found_start == vocabulary.ids.end() || found_end == vocabulary.ids.end()) return;
  vocabulary.added = {{start_text, found_start->second, true},
                      {end_text, found_end->second, false},
                      {end_text, found_end->second, true}};
  vocabulary.unknown = found_end->second;
}

}  // namespace

TokenizerVocabulary read_tokenizer_vocabulary(const fs::path& directory) {
  TokenizerVocabulary vocabulary;
  fs::path path = directory / "tokenizer.json";
  if (fs::exists(path)) {
    read_tokenizer_json(vocabulary, path);
  } else {
    path = directory / "vocab.json";
    require(fs::exists(path) && fs::exists(directory / "merges.txt"), in_clip_tokenizer, directory,
            " must hold tokenizer.json, or vocab.json and merges.txt.");
    read_vocabulary_and_merges(vocabulary, path, directory / "merges.txt");
  }
  for (const auto& [text, id] :
       {std::pair{start_text, &vocabulary.start}, std::pair{end_text, &vocabulary.end}}) {
    const auto found = vocabulary.ids.find(text);
    require(found != vocabulary.ids.end(), in_clip_tokenizer, path, " lacks the token ", text, ".");
    *id = found->second;
  }
  for (const auto& [token, id] : vocabulary.ids) vocabulary.size = std::max(vocabulary.size, id + 1);
  return vocabulary;
}

}  // namespace ilk
