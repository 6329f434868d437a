// The safetensors format: 8 bytes of header length (little endian), a JSON header
// {"name": {"dtype": …, "shape": […], "data_offsets": [begin, end]}, …, "__metadata__": {"key": "text", …}},
// then the arrays' bytes one after another, at offsets counted from the end of the header.
#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "core/fail.h"
#include "io/array_size.h"
#include "io/foreign_content.h"
#include "io/json_file.h"
#include "io/strings.h"

namespace ilk {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "safetensors are little-endian, and are copied as they are");

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t longest_header = 100'000'000;  // as the reference implementation
constexpr std::size_t most_dimensions = 64;
constexpr const char* metadata_key = "__metadata__";

struct Type {
  std::string_view name;
  ElementType type;
};
constexpr std::array<Type, 13> types{{{"F64", ElementType::f64},
                                      {"F32", ElementType::f32},
                                      {"F16", ElementType::f16},
                                      {"BF16", ElementType::bf16},
                                      {"I64", ElementType::i64},
                                      {"I32", ElementType::i32},
                                      {"I16", ElementType::i16},
                                      {"I8", ElementType::i8},
                                      {"U64", ElementType::u64},
                                      {"U32", ElementType::u32},
                                      {"U16", ElementType::u16},
                                      {"U8", ElementType::u8},
                                      {"BOOL", ElementType::boolean}}};

std::optional<ElementType> type_of(std::string_view name) {
  for (const Type& type : types)
    if (type.name == name) return type.type;
  return std::nullopt;
}

std::string_view dtype_of(ElementType wanted) {
  for (const Type& type : types)
    if (type.type == wanted) return type.name;
  return {};
}

/// Parses the header; refuses what JSON libraries let pass: a key given twice, and nesting that no header
/// has.
json parse_header(std::string_view text, const std::filesystem::path& path) {
  constexpr std::string_view function = "SafetensorsFile";
  constexpr int deepest = 3;  // header, entry, its shape
  std::array<std::set<std::string>, deepest + 1> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      require(depth < deepest, function, path, ": the header is nested too deeply.");
      keys[static_cast<std::size_t>(depth) + 1].clear();
    } else if (event == Event::key) {
      const bool is_new = keys[static_cast<std::size_t>(depth)].insert(value.get<std::string>()).second;
      require(is_new, function, path, ": the header has the key '", value.get<std::string>(), "' twice.");
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    fail(function, path, ": the header is not JSON: ", json_fault(error), ".");
  }
}

/// "begins with the text '{"error": …'", so that a user sees what was saved in the place of weights.
std::string beginning_of(const InputFile& file) {
  std::string head(std::min<std::uint64_t>(file.size(), 80), '\0');
  file.read(0, std::as_writable_bytes(std::span(head)));
  // A letter may be cut at the end.
  for (int i = 0; i < 3 && !is_utf8(head); ++i) head.pop_back();
  const std::string text = head.find('\0') == std::string::npos ? on_one_line(head, head.size()) : "";
  return text.empty() ? "does not begin as one" : "begins with the text '" + text + "'";
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : SafetensorsFile(std::make_shared<InputFile>(path)) {}

SafetensorsFile::SafetensorsFile(std::shared_ptr<const InputFile> file)
    : path_(file->path()), file_(std::move(file)) {
  const auto check = [&](bool rule_holds, const auto&... rule) {
    require(rule_holds, "SafetensorsFile", path_, ": ", rule..., ".");
  };
  const std::uint64_t size = file_->size();
  if (const std::string what = foreign_content_of(path_); !what.empty())
    fail("SafetensorsFile", path_, " must be a safetensors file; it is ", what, ".");
  check(size >= length_bytes, "a file has at least 8 bytes, got ", size);
  std::uint64_t length = 0;
  file_->read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > longest_header) {
    char next = 0;
    if (size > length_bytes) file_->read(length_bytes, std::as_writable_bytes(std::span(&next, 1)));
    // What is no such file at all has a number too, of its first eight bytes.
    check(next == '{', "it must be a safetensors file, but ", beginning_of(*file_));
    check(false, "the header must be at most ", longest_header, " bytes long, got ", length);
  }
  check(length <= size - length_bytes, "the header of ", length, " bytes ends beyond the file of ", size,
        " bytes");
  std::string text(length, '\0');
  file_->read(length_bytes, std::as_writable_bytes(std::span(text)));
  check(text.starts_with('{'), "the header must begin with '{'");
  check(text.find('\0') == std::string::npos,
        "the header must not hold zero bytes");  // an end to some parsers
  const json header = parse_header(text, path_);
  const std::uint64_t data_begin = length_bytes + length, data_size = size - data_begin;

  for (const auto& [name, value] : header.items()) {
    check(value.is_object(), "'", name, "' must be an object");
    if (name == metadata_key) {
      for (const auto& [key, entry] : value.items()) {
        check(entry.is_string(), "the metadata '", key, "' must be a string");
        metadata_[key] = entry.get<std::string>();
      }
      continue;
    }
    check(value.size() == 3 && value.contains("dtype") && value.contains("shape") &&
              value.contains("data_offsets"),
          "'", name, "' must have dtype, shape and data_offsets, and nothing else");
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    check(dtype.is_string(), "the dtype of '", name, "' must be a string");
    Entry entry{.dtype = dtype.get<std::string>()};
    entry.type = type_of(entry.dtype);
    check(shape.is_array() && shape.size() <= most_dimensions, "the shape of '", name,
          "' must be a list of at most ", most_dimensions, " lengths");
    for (const json& dimension : shape) {
      check(dimension.is_number_unsigned() &&
                dimension.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX),
            "the shape of '", name, "' must be whole numbers, got ", dimension.dump());
      entry.shape.push_back(dimension.get<std::int64_t>());
    }
    check(offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
              offsets[1].is_number_unsigned(),
          "the data_offsets of '", name, "' must be two whole numbers");
    const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
    check(begin <= end && end <= data_size, "'", name, "' lies at ", begin, "–", end, ", outside the ",
          data_size, " bytes of data");
    // What a number of an unknown type takes is not known; that no count of them overflows is asked of all.
    const auto needed = internal::bytes_of(entry.shape, entry.type ? size_of(*entry.type) : 1);
    check(needed.has_value(), "the shape of '", name, "' is too large");
    check(!entry.type || *needed == end - begin, "'", name, "' has ", end - begin,
          " bytes, but its shape and dtype need ", *needed);
    entry.begin = data_begin + begin;
    entry.end = data_begin + end;
    entries_.emplace(name, std::move(entry));
  }

  std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, const std::string*>> places;
  for (const auto& [name, entry] : entries_) places.push_back({{entry.begin, entry.end}, &name});
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::uint64_t covered = data_begin;
  for (const auto& [place, name] : places) {
    check(place.first >= covered, "'", *name, "' overlaps the tensor before it");
    check(place.first <= covered, "there is a gap before '", *name, "'");
    covered = place.second;
  }
  check(covered == size, "the tensors end ", size - covered, " bytes before the file does");
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return entries_.contains(name);
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail("SafetensorsFile", path_, " has no tensor '", name, "'.");
  return found->second;
}

Array SafetensorsFile::get(const std::string& name) const {
  const Entry& its = entry(name);
  if (!its.type)
    fail("SafetensorsFile::get", path_, ": the dtype of '", name, "' is not supported: ", its.dtype, ".");
  Array array(*its.type, its.shape);
  const std::span<std::byte> bytes(array.bytes(), its.end - its.begin);
  file_->read(its.begin, bytes);
  if (its.type == ElementType::boolean) {
    const bool valid =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte <= std::byte{1}; });
    require(valid, "SafetensorsFile::get", path_, ": the booleans of '", name, "' must be 0 or 1.");
  }
  return array;
}

std::unique_ptr<AtomicFile> begin_safetensors(const std::filesystem::path& path,
                                              const NamedArrayViews& arrays,
                                              const std::map<std::string, std::string>& metadata) {
  constexpr std::string_view function = "write_safetensors";
  std::set<std::string> names;
  for (const auto& [name, array] : arrays) {
    require(name != metadata_key, function, path, ": no tensor may be called ", metadata_key, ".");
    require(names.insert(name).second, function, path, ": there are two tensors called '", name, "'.");
    require(array.bytes != nullptr || array.count() == 0, function, path, ": '", name, "' has no numbers.");
  }
  // Readers map the file and look at elements in place, so each must lie at a multiple of its size.
  std::vector<const NamedArrayViews::value_type*> ordered;
  for (const auto& named : arrays) ordered.push_back(&named);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.type) > size_of(b->second.type);
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::int64_t offset = 0;
  for (const auto* named : ordered) {
    const ArrayView& array = named->second;
    const std::int64_t end = offset + array.size_bytes();
    header[named->first] = {
        {"dtype", dtype_of(array.type)}, {"shape", array.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    fail(function, path, ": names and metadata must be UTF-8.");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  require(text.size() <= longest_header, function, path, ": names and metadata take ", text.size(),
          " bytes, more than the format's ", longest_header, ".");

  auto file = std::make_unique<AtomicFile>(path);
  const std::uint64_t length = text.size();
  file->write({reinterpret_cast<const char*>(&length), length_bytes});
  file->write(text);
  for (const auto* named : ordered) {
    const ArrayView& array = named->second;
    if (array.count() > 0)
      file->write({reinterpret_cast<const char*>(array.bytes), static_cast<std::size_t>(array.size_bytes())});
  }
  file->sync();
  return file;
}

void write_safetensors(const std::filesystem::path& path, const NamedArrayViews& arrays,
                       const std::map<std::string, std::string>& metadata) {
  begin_safetensors(path, arrays, metadata)->commit();
}

}  // namespace ilk
