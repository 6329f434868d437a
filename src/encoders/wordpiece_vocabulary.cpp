#include "encoders/wordpiece_vocabulary.h"

#include <algorithm>
#include <optional>

#include "core/fail.h"
#include "encoders/config_reader.h"
#include "io/foreign_content.h"
#include "io/strings.h"

namespace ilk {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view in_wordpiece_tokenizer = "WordPieceTokenizer";

/// The object's object of this name, empty where there is none.
json part_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::int32_t read_id(const json& value, const fs::path& path, const std::string& token) {
  require(value.is_number_unsigned() && value.get<std::uint64_t>() < INT32_MAX, in_wordpiece_tokenizer, path,
          ": the id of '", token, "' must be a whole number below 2^31, got ", value.dump(), ".");
  return value.get<std::int32_t>();
}

void read_added_token(WordPieceVocabulary& vocabulary, const json& token, const fs::path& path) {
  const bool is_whole = token.is_object() && token.contains("id") && token.contains("content") &&
                        token["content"].is_string() && !token["content"].get<std::string>().empty();
  require(is_whole, in_wordpiece_tokenizer, path, ": each of added_tokens must have an id and its content.");
  const auto content = token["content"].get<std::string>();
  const ConfigReader reader(token, "added_tokens.", path, in_wordpiece_tokenizer);
  // White space beside a token is dropped anyway, so lstrip and rstrip ask for nothing.
  reader.require_value("single_word", false);
  bool in_cleaned_text = false;
  reader.read("normalized", in_cleaned_text);
  const std::int32_t id = read_id(token["id"], path, content);
  vocabulary.ids.insert_or_assign(content, id);
  vocabulary.added.push_back({content, id, in_cleaned_text});
}

void require_type(const ConfigReader& reader, const char* wanted) {
  const json* type = reader.find("type");
  reader.check(type && *type == wanted, "type", type ? *type : json(), std::string("must be ") + wanted);
}

/// tokenizer.json of the tokenizers library. Returns the name of the unknown token.
std::string read_tokenizer_json(WordPieceVocabulary& vocabulary, const fs::path& path) {
  const json file = read_json_object(path, in_wordpiece_tokenizer);
  const json model = part_of(file, "model"), normaliser = part_of(file, "normalizer"),
             splitter = part_of(file, "pre_tokenizer");
  const ConfigReader model_reader(model, "model.", path, in_wordpiece_tokenizer),
      normaliser_reader(normaliser, "normalizer.", path, in_wordpiece_tokenizer),
      splitter_reader(splitter, "pre_tokenizer.", path, in_wordpiece_tokenizer);
  model_reader.require_value("type", "WordPiece");
  require_type(normaliser_reader, "BertNormalizer");
  require_type(splitter_reader, "BertPreTokenizer");
  model_reader.read("continuing_subword_prefix", vocabulary.continuation);
  model_reader.read("max_input_chars_per_word", vocabulary.longest_word);
  normaliser_reader.read("clean_text", vocabulary.clean);
  normaliser_reader.read("handle_chinese_chars", vocabulary.separate_ideographs);
  normaliser_reader.read("lowercase", vocabulary.lower_case);
  vocabulary.strip_accents = vocabulary.lower_case;
  normaliser_reader.read("strip_accents", vocabulary.strip_accents);
  const json tokens = part_of(model, "vocab");
  require(!tokens.empty(), in_wordpiece_tokenizer, path, ": model.vocab must map tokens to ids.");
  for (const auto& [token, id] : tokens.items()) vocabulary.ids.emplace(token, read_id(id, path, token));
  if (const auto added = file.find("added_tokens"); added != file.end())
    for (const json& token : *added) read_added_token(vocabulary, token, path);
  std::string unknown = "[UNK]";
  model_reader.read("unk_token", unknown);
  return unknown;
}

/// vocab.txt: a token a line, its id the line's number from 0.
void read_lines(WordPieceVocabulary& vocabulary, const fs::path& path) {
  const std::string contents = read_file_of(path, "a list of tokens", in_wordpiece_tokenizer);
  std::string_view rest = contents;
  for (std::int32_t id = 0; !rest.empty(); ++id) {
    require(id < INT32_MAX, in_wordpiece_tokenizer, path, " has too many lines.");
    vocabulary.ids.insert_or_assign(std::string(take_line(rest)), id);
  }
}

/// A token's text, which is given as such or as an object with its content.
void read_token_name(const ConfigReader& reader, const char* key, std::string& name) {
  const json* found = reader.find(key);
  if (found && found->is_object() && found->contains("content") && (*found)["content"].is_string())
    name = (*found)["content"].get<std::string>();
  else
    reader.read(key, name);
}

}  // namespace

WordPieceVocabulary read_wordpiece_vocabulary(const fs::path& directory) {
  WordPieceVocabulary vocabulary;
  const fs::path whole = directory / "tokenizer.json", lines = directory / "vocab.txt";
  const bool is_whole = fs::exists(whole);
  const fs::path& path = is_whole ? whole : lines;
  require(fs::exists(path), in_wordpiece_tokenizer, directory, " must hold tokenizer.json or vocab.txt.");
  std::string unknown = "[UNK]";
  if (is_whole)
    unknown = read_tokenizer_json(vocabulary, path);
  else
    read_lines(vocabulary, path);

  const bool is_mpnet = !vocabulary.ids.contains("[CLS]") && vocabulary.ids.contains("<s>");
  std::string start = is_mpnet ? "<s>" : "[CLS]", end = is_mpnet ? "</s>" : "[SEP]",
              padding = is_mpnet ? "<pad>" : "[PAD]", mask = is_mpnet ? "<mask>" : "[MASK]";
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    const fs::path config_path = directory / name;
    if (!fs::exists(config_path)) continue;
    const json config = read_json_object(config_path, in_wordpiece_tokenizer);
    const ConfigReader reader(config, "", config_path, in_wordpiece_tokenizer);
    read_token_name(reader, "cls_token", start);
    read_token_name(reader, "sep_token", end);
    read_token_name(reader, "pad_token", padding);
    read_token_name(reader, "mask_token", mask);
    if (!is_whole) read_token_name(reader, "unk_token", unknown);
    reader.read("do_lower_case", vocabulary.lower_case);
    if (reader.find("do_lower_case")) vocabulary.strip_accents = vocabulary.lower_case;
    reader.read("strip_accents", vocabulary.strip_accents);
    reader.read("tokenize_chinese_chars", vocabulary.separate_ideographs);
  }
  for (const auto& [name, id] : {std::pair{&start, &vocabulary.start}, std::pair{&end, &vocabulary.end},
                                 std::pair{&unknown, &vocabulary.unknown}}) {
    const auto found = vocabulary.ids.find(*name);
    require(found != vocabulary.ids.end(), in_wordpiece_tokenizer, path, " lacks the token ", *name, ".");
    *id = found->second;
  }
  if (!is_whole) {
    for (const std::string& name : {padding, unknown, start, end, mask})
      if (const auto found = vocabulary.ids.find(name); found != vocabulary.ids.end())
        vocabulary.added.push_back({name, found->second, false});
  }
  for (const auto& [token, id] : vocabulary.ids) vocabulary.size = std::max(vocabulary.size, id + 1);
  return vocabulary;
}

}  // namespace ilk
