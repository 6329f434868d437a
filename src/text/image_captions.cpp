// N images.
#include "text/image_captions.h"

#include <ilk/image_list.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/fail.h"
#include "core/text.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/path_table.h"
#include "io/strings.h"
#include "io/text_file.h"
#include "text/image_matcher.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view in_read_image_captions = "read_image_captions";
constexpr std::array<std::string_view, 6> path_names{"path", "file_name",  "filename",
                                                     "file", "image_path", "image"};
constexpr std::array<std::string_view, 4> text_names{"caption", "text", "description", "captions"};
const std::set<std::string> text_columns(text_names.begin(), text_names.end());

struct Source {
  fs::path path;
  bool is_folder = false;
  std::vector<ImageText> entries;
  std::vector<std::string> problems;

  template <class... Parts>
  void problem(std::size_t line, const Parts&... parts) {
    problems.push_back(concatenate(path.string(), ", line ", line, ": ", parts..., "."));
  }

  void add(std::size_t line, std::string entry_path, std::string_view text) {
    if (!is_utf8(text)) return problem(line, "the text must be UTF-8");
    if (entry_path.empty()) return problem(line, "the path is empty");
    entries.push_back({std::move(entry_path), single_spaced(text)});
  }
};

void read_json_lines(Source& source, std::string_view contents) {
  for (std::size_t number = 1; !contents.empty(); ++number) {
    const bool is_cut = contents.find('\n') == std::string_view::npos;
    const std::string_view line = trimmed(take_line(contents));
    if (line.empty()) continue;
    const json object = json::parse(line, nullptr, false);
    if (object.is_discarded()) {
      source.problem(number, is_cut ? "is not whole" : "is not JSON");
      continue;
    }
    const auto find = [&](const auto& names) -> const json* {
      for (const std::string_view name : names)
        if (const auto found = object.find(name); found != object.end()) return &*found;
      return nullptr;
    };
    const json *path = object.is_object() ? find(path_names) : nullptr,
               *text = object.is_object() ? find(text_names) : nullptr;
    const bool is_list =
        text && text->is_array() &&
        std::all_of(text->begin(), text->end(), [](const json& part) { return part.is_string(); });
    if (!path || !path->is_string() || !text || !(text->is_string() || is_list)) {
      source.problem(number, "must be an object with a path and a text (\"path\" and \"caption\")");
      continue;
    }
    std::string whole = text->is_string() ? text->get<std::string>() : "";
    if (is_list)
      for (const json& part : *text) whole += part.get<std::string>() + " ";
    source.add(number, path->get<std::string>(), whole);
  }
}

void read_table(Source& source, std::string_view contents, const std::vector<std::string>& images) {
  std::unordered_set<std::string> names;
  for (const std::string& image : images) names.insert(fs::path(image).filename().string());
  const auto is_known = [&](const std::string& path) {
    return names.contains(fs::path(path).filename().string());
  };
  std::string_view rest = contents;
  const std::string first(take_line(rest).substr(0, 100));
  const auto table = contents[0] == '[' ? std::nullopt
                                        : read_path_table(contents, source.path.string(),
                                                          in_read_image_captions, text_columns, is_known);
  if (!table)
    fail(
        in_read_image_captions, source.path,
        " must hold JSON lines, a table whose first row names a column of paths (path, file_name, …) and one "
        "of texts (caption, text, …), or one of two columns; its first line is '",
        first, "'.");
  auto irregular = table->irregular.begin();
  const auto tell_before = [&](std::size_t line_of_row) {
    for (; irregular != table->irregular.end() && irregular->line < line_of_row; ++irregular)
      source.problem(irregular->line, "must have ", table->columns, " columns, got ", irregular->fields,
                     " (a text that holds ", separator_name(table->separator),
                     " must be in quotation marks)");
  };
  for (const auto& [line, path, text] : table->rows) {
    tell_before(line);
    source.add(line, path, text);
  }
  tell_before(std::numeric_limits<std::size_t>::max());
}

void read_file_of_texts(Source& source, const std::vector<std::string>& images) {
  const std::string contents = read_text_file(source.path, in_read_image_captions);
  const std::string_view text = contents;
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  require(start != std::string_view::npos, in_read_image_captions, source.path,
          " must hold texts, but is empty.");
  if (text[start] == '{')
    read_json_lines(source, text);
  else
    read_table(source, text, images);
}

void read_folder_of_texts(Source& source) {
  for (const std::string& name : list_images({source.path.string()}).paths) {
    const fs::path path = name;
    if (lower_case(path.extension().string()) != ".txt") continue;
    try {
      const std::string text = read_text_file(path, in_read_image_captions);
      if (is_utf8(text))
        source.entries.push_back({(path.parent_path() / path.stem()).string(), single_spaced(text)});
      else
        source.problems.push_back(name + " must be UTF-8 text.");
    } catch (const Error& error) {
      source.problems.emplace_back(error.text());
    }
  }
  require(!source.entries.empty() || !source.problems.empty(), in_read_image_captions, "the folder ",
          source.path, " must hold .txt files with the images' names, but holds no .txt at all.");
}

[[noreturn]] void fail_without_a_text(const Source& source, const std::vector<std::string>& images) {
  if (source.entries.empty() && !source.problems.empty())
    fail(in_read_image_captions, "no line of ", source.path,
         " could be used; the first: ", source.problems.front());
  if (!source.entries.empty() && std::all_of(source.entries.begin(), source.entries.end(),
                                             [](const ImageText& entry) { return entry.text.empty(); }))
    fail(in_read_image_captions, source.path, " must hold a text for at least one image, but all are blank.");
  fail(in_read_image_captions, source.path,
       " must hold a text for at least one of the images; its first path is '",
       source.entries.empty() ? "" : source.entries.front().path, "', the first image '", images.front(),
       "'.");
}

}  // namespace

ImageCaptions read_image_captions(const fs::path& path, const std::vector<std::string>& images) {
  require(!images.empty(), in_read_image_captions, "there must be at least one image, got none.");
  Source source{.path = path};
  std::error_code error;
  source.is_folder = fs::is_directory(path, error);
  if (source.is_folder)
    read_folder_of_texts(source);
  else
    read_file_of_texts(source, images);

  ImageCaptions result;
  const fs::path folder = source.is_folder ? fs::path() : path.parent_path();
  ImageMatcher matcher(images, source.is_folder);
  const ImageMatch match = matcher.match(source.entries, folder);
  result.unknown = match.unknown, result.first_unknown = match.first_unknown;
  result.repeated = match.repeated, result.first_repeated = match.first_repeated;
  std::vector<std::string> texts;
  std::unordered_map<std::string_view, std::int64_t> place;
  result.of_image.reserve(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (match.entry_of_image[i] < 0) {
      if (++result.missing == 1) result.first_missing = images[i];
      result.of_image.push_back(-1);
      continue;
    }
    const std::string& text = source.entries[static_cast<std::size_t>(match.entry_of_image[i])].text;
    const auto [known, is_new] = place.try_emplace(text, static_cast<std::int64_t>(texts.size()));
    if (is_new) texts.push_back(text);
    result.of_image.push_back(known->second);
  }
  if (texts.empty()) fail_without_a_text(source, images);
  result.corpus = make_corpus(path.string(), std::move(texts));
  result.problems = std::move(source.problems);
  return result;
}

}  // namespace ilk
