// N images.
#include <ilk/csv.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/image_captions.h>
#include <ilk/image_list.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "strings.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view function = "read_image_captions";
constexpr std::array<std::string_view, 6> path_names{"path", "file_name",  "filename",
                                                     "file", "image_path", "image"};
constexpr std::array<std::string_view, 4> text_names{"caption", "text", "description", "captions"};

/// What a source says of one path.
struct Entry {
  std::string path, text;
};

struct Source {
  fs::path path;
  bool is_folder = false;
  std::vector<Entry> entries;
  std::vector<std::string> problems;

  template <class... Parts>
  void problem(std::size_t line, const Parts&... parts) {
    std::ostringstream text;
    text << path.string() << ", line " << line << ": ";
    (text << ... << parts) << ".";
    problems.push_back(text.str());
  }

  void add(std::size_t line, std::string entry_path, std::string_view text) {
    if (!is_utf8(text)) return problem(line, "the text must be UTF-8");
    if (entry_path.empty()) return problem(line, "the path is empty");
    entries.push_back({std::move(entry_path), single_spaced(text)});
  }
};

// JSON cannot hold other bytes than UTF-8; a path with some is written with U+FFFD in their place.
std::string as_json_has_it(const std::string& path) {
  return json::parse(json(path).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

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

struct Table {
  char separator = ',';
  std::size_t path = 0, text = 1;  // columns
  bool is_named = false;           // the first row names them
  std::vector<CsvRow> rows;
};

std::optional<Table> find_table(const Source& source, std::string_view contents, char separator) {
  Table table{.separator = separator};
  try {
    table.rows = parse_csv_rows(contents, separator);
  } catch (const Error& error) {
    fail(function, source.path, ": ", error.what());
  }
  if (table.rows.empty()) return std::nullopt;
  const std::vector<std::string>& first = table.rows.front().fields;
  const auto place_of = [&](const auto& names) {
    const auto is_named = [&](const std::string& field) {
      return std::find(names.begin(), names.end(), lower_case(trimmed(field))) != names.end();
    };
    return static_cast<std::size_t>(std::find_if(first.begin(), first.end(), is_named) - first.begin());
  };
  const std::size_t path = place_of(path_names), text = place_of(text_names);
  if (path < first.size() && text < first.size()) {
    table.path = path, table.text = text, table.is_named = true;
    return table;
  }
  return first.size() == 2 ? std::optional(std::move(table)) : std::nullopt;
}

void read_table(Source& source, std::string_view contents) {
  std::optional<Table> table;
  // Tabs first: a text between tabs may well hold one comma.
  for (const char separator : {'\t', ','}) {
    const bool may_be = contents.find(separator) != std::string_view::npos;
    if (!table && may_be) table = find_table(source, contents, separator);
  }
  std::string_view rest = contents;
  require(
      table.has_value() && contents[0] != '[', function, source.path,
      " must hold JSON lines, a table whose first row names a column of paths (path, file_name, …) and one "
      "of texts (caption, text, …), or one of two columns; its first line is '",
      take_line(rest).substr(0, 100), "'.");
  const std::size_t count = table->rows.front().fields.size();
  for (std::size_t i = table->is_named ? 1 : 0; i < table->rows.size(); ++i) {
    auto& [line, row] = table->rows[i];
    if (row.size() == 1 && trimmed(row[0]).empty()) continue;
    if (row.size() == count)
      source.add(line, std::move(row[table->path]), row[table->text]);
    else
      source.problem(line, "must have ", count, " columns, got ", row.size(), " (a text that holds '",
                     table->separator, "' must be in quotation marks)");
  }
}

void read_file_of_texts(Source& source) {
  const std::string contents = read_file(source.path);
  require(contents.find('\0') == std::string::npos, function, source.path,
          " must be a text, but holds a zero byte.");
  std::string_view text = contents;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  require(start != std::string_view::npos, function, source.path, " must hold texts, but is empty.");
  if (text[start] == '{')
    read_json_lines(source, text);
  else
    read_table(source, text);
}

void read_folder_of_texts(Source& source) {
  for (const std::string& name : list_images({source.path.string()}).paths) {
    const fs::path path = name;
    if (lower_case(path.extension().string()) != ".txt") continue;
    try {
      const std::string contents = read_file(path);
      const std::string_view text = contents;
      if (is_utf8(text) && text.find('\0') == std::string_view::npos)
        source.entries.push_back({(path.parent_path() / path.stem()).string(),
                                  single_spaced(text.substr(text.starts_with("\xEF\xBB\xBF") ? 3 : 0))});
      else
        source.problems.push_back(name + " must be UTF-8 text.");
    } catch (const Error& error) {
      source.problems.emplace_back(error.what());
    }
  }
  require(!source.entries.empty() || !source.problems.empty(), function, "the folder ", source.path,
          " must hold .txt files with the images' names, but holds no .txt at all.");
}

/// Paths with their folders free of links and dots, so that two ways to write one are equal.
class RealPaths {
 public:
  std::string operator()(const fs::path& path) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    auto [known, is_new] = folders_.try_emplace(folder.string());
    if (is_new) {
      std::error_code error;
      known->second = fs::weakly_canonical(fs::absolute(folder, error), error);
      if (error) known->second = folder.lexically_normal();
    }
    return (known->second / path.filename()).string();
  }

 private:
  std::unordered_map<std::string, fs::path> folders_;
};

using Places = std::vector<std::size_t>;  // of images
using Index = std::unordered_map<std::string, Places>;

/// Finds the images that a path of the source means, and keeps the text that counts for each.
class Matcher {
 public:
  Matcher(const Source& source, const std::vector<std::string>& images)
      : source_(source), chosen_(images.size()) {
    for (std::size_t i = 0; i < images.size(); ++i) {
      const fs::path image = images[i];
      add(image, i, by_path_, by_name_);
      if (source.is_folder) add(image.parent_path() / image.stem(), i, by_stem_path_, by_stem_);
      if (!is_utf8(images[i])) add(as_json_has_it(images[i]), i, by_path_, by_name_);
    }
  }

  void match(ImageCaptions& result) {
    std::unordered_map<std::string, std::unordered_set<std::string>> strangers;  // paths by their names
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < source_.entries.size(); ++i) {
      if (choose_by_path(i)) continue;
      left.push_back(i);
      const fs::path path = source_.entries[i].path;
      strangers[path.filename().string()].insert(path.string());
    }
    std::unordered_set<std::string> unknown;
    for (const std::size_t i : left) {
      const std::string& path = source_.entries[i].path;
      const std::string name = fs::path(path).filename().string();
      if (strangers[name].size() == 1 &&
          (choose_by_name(i, by_name_, name) || choose_by_name(i, by_stem_, name)))
        continue;
      if (unknown.empty()) result.first_unknown = path;
      unknown.insert(path);
    }
    result.unknown = static_cast<std::int64_t>(unknown.size());
    result.repeated = repeated_;
    result.first_repeated = first_repeated_;
  }

  /// The text of an image; null where it has none.
  const std::string* text_of(std::size_t image) const {
    const auto& chosen = chosen_[image];
    return chosen ? &source_.entries[chosen->entry].text : nullptr;
  }

 private:
  // How well a path fits, the best last.
  enum class Fit { name, stem, path };
  struct Choice {
    std::size_t entry;
    Fit fit;
  };

  void add(const fs::path& image, std::size_t i, Index& paths, Index& names) {
    paths[real_(image)].push_back(i);
    names[image.filename().string()].push_back(i);
  }

  bool choose_by_path(std::size_t entry) {
    const fs::path path = source_.entries[entry].path;
    std::vector<std::string> ways{real_(path)};
    if (!source_.is_folder) ways.push_back(real_(source_.path.parent_path() / path));
    for (const std::string& way : ways) {
      if (choose(entry, by_path_, way, Fit::path)) return true;
      if (choose(entry, by_stem_path_, way, Fit::stem)) return true;
    }
    return false;
  }

  bool choose_by_name(std::size_t entry, const Index& index, const std::string& name) {
    const auto found = index.find(name);
    return found != index.end() && found->second.size() == 1 && choose(entry, index, name, Fit::name);
  }

  bool choose(std::size_t entry, const Index& index, const std::string& key, Fit fit) {
    const auto found = index.find(key);
    if (found == index.end()) return false;
    if (source_.entries[entry].text.empty()) return true;
    for (const std::size_t image : found->second) {
      auto& chosen = chosen_[image];
      if (chosen && ++repeated_ == 1) first_repeated_ = source_.entries[entry].path;
      if (!chosen || fit >= chosen->fit) chosen = Choice{entry, fit};
    }
    return true;
  }

  const Source& source_;
  RealPaths real_;
  Index by_path_, by_name_, by_stem_path_, by_stem_;
  std::vector<std::optional<Choice>> chosen_;
  std::int64_t repeated_ = 0;
  std::string first_repeated_;
};

[[noreturn]] void fail_without_a_text(const Source& source, const std::vector<std::string>& images) {
  if (source.entries.empty() && !source.problems.empty())
    fail(function, "no line of ", source.path, " could be used; the first: ", source.problems.front());
  fail(function, source.path, " must hold a text for at least one of the images; its first path is '",
       source.entries.empty() ? "" : source.entries.front().path, "', the first image '", images.front(),
       "'.");
}

}  // namespace

ImageCaptions read_image_captions(const fs::path& path, const std::vector<std::string>& images) {
  require(!images.empty(), function, "there must be at least one image, got none.");
  Source source{.path = path};
  std::error_code error;
  source.is_folder = fs::is_directory(path, error);
  if (source.is_folder)
    read_folder_of_texts(source);
  else
    read_file_of_texts(source);

  ImageCaptions result;
  Matcher matcher(source, images);
  matcher.match(result);
  std::vector<std::string> texts;
  std::unordered_map<std::string_view, std::int64_t> place;
  std::vector<std::int64_t> of_image;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::string* text = matcher.text_of(i);
    if (!text) {
      if (++result.missing == 1) result.first_missing = images[i];
      of_image.push_back(-1);
      continue;
    }
    const auto [known, is_new] = place.try_emplace(*text, static_cast<std::int64_t>(texts.size()));
    if (is_new) texts.push_back(*text);
    of_image.push_back(known->second);
  }
  if (texts.empty()) fail_without_a_text(source, images);
  result.corpus = make_corpus(path.string(), std::move(texts));
  result.of_image = torch::tensor(of_image, torch::kInt64);
  result.problems = std::move(source.problems);
  return result;
}

}  // namespace ilk
