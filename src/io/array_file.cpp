#include <ilk/array.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "core/fail.h"
#include "io/files.h"
#include "io/foreign_content.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/strings.h"
#include "io/zip.h"

namespace ilk {
namespace {

constexpr std::string_view in_array_file = "ArrayFile";

enum class Format { npy, npz, safetensors, unknown };

/// A file and the name of an array within it, empty where none was given.
struct Place {
  std::filesystem::path path;
  std::string name;
};

/// "X.npz:name"; a file whose own name has a colon goes first.
Place split(const std::string& place) {
  std::error_code error;
  const auto colon = place.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(place, error)) return {place, ""};
  return {place.substr(0, colon), place.substr(colon + 1)};
}

Format format_of(const InputFile& file) {
  std::string start(std::min<std::uint64_t>(file.size(), 9), '\0');
  file.read(0, std::as_writable_bytes(std::span(start)));
  if (start.starts_with("\x93NUMPY")) return Format::npy;
  if (start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06")) return Format::npz;
  if (file.path().extension() == ".safetensors" || (start.size() == 9 && start[8] == '{'))
    return Format::safetensors;
  return Format::unknown;
}

/// The name that is meant; throws Error that lists what there is.
std::string chosen(const std::vector<std::string>& names, const Place& place) {
  std::string list;
  constexpr std::size_t most_listed = 20;
  for (std::size_t i = 0; i < std::min(names.size(), most_listed); ++i) list += (i ? ", " : "") + names[i];
  if (names.size() > most_listed) list += ", …";
  require(!names.empty(), in_array_file, place.path, " holds no array.");
  if (place.name.empty()) {
    require(names.size() == 1, in_array_file, place.path, " holds ", names.size(), " arrays (", list,
            "); say which as ", place.path.string(), ":NAME.");
    return names.front();
  }
  require(std::find(names.begin(), names.end(), place.name) != names.end(), in_array_file, place.path,
          " has no array '", place.name, "'; it has ", list, ".");
  return place.name;
}

std::unique_ptr<internal::ByteSource> open_npz(std::shared_ptr<const InputFile> file, const Place& place) {
  constexpr std::string_view ending = ".npy";
  const auto members = internal::zip_members(*file);
  // torch.save's files are ZIP archives too.
  const bool is_torch = std::any_of(members.begin(), members.end(), [](const auto& member) {
    return member.name == "data.pkl" || member.name.ends_with("/data.pkl");
  });
  require(!is_torch, in_array_file, place.path,
          " is a PyTorch file, and those are not read; save the array with numpy.save.");
  std::vector<std::string> names;
  for (const auto& member : members)
    if (member.name.ends_with(ending))
      names.push_back(member.name.substr(0, member.name.size() - ending.size()));
  const std::string name = chosen(names, place) + std::string(ending);
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.name == name; });
  return internal::open_member(std::move(file), *found);
}

[[noreturn]] void fail_as_unknown(const InputFile& file) {
  const std::string what = foreign_content_of(file.path());
  if (!what.empty())
    fail(in_array_file, file.path(), " must be an .npy, .npz or .safetensors file; it is ", what, ".");
  fail(in_array_file, file.path(), " must be an .npy, .npz or .safetensors file",
       file.size() == 0 ? ", but is empty." : ", but does not begin as one.");
}

}  // namespace

ArrayFile::ArrayFile(const std::string& place) : place_(place) {
  const Place where = split(place);
  const auto file = std::make_shared<const InputFile>(where.path);
  switch (format_of(*file)) {
    case Format::npy:
      require(where.name.empty(), in_array_file, where.path, " is one array; there is no '", where.name,
              "' in it.");
      source_ = internal::open_part(file, 0, file->size());
      break;
    case Format::npz:
      source_ = open_npz(file, where);
      break;
    case Format::safetensors: {
      const SafetensorsFile tensors(file);
      const auto& entry = tensors.entry(chosen(tensors.names(), where));
      if (!entry.type)
        fail(in_array_file, place_,
             ": the dtype must be float16, bfloat16, float32, float64, bool or an integer, got ", entry.dtype,
             ".");
      type_ = *entry.type;
      shape_ = entry.shape;
      source_ = internal::open_part(file, entry.begin, entry.end);
      return;
    }
    case Format::unknown:
      fail_as_unknown(*file);
  }
  const internal::NpyHeader header = internal::read_npy_header(*source_, place_);
  require(!header.text, in_array_file, place_, " must hold numbers, but holds texts.");
  type_ = header.type;
  shape_ = header.shape;
  columns_first_ = header.columns_first && shape_.size() > 1;
  data_begin_ = header.data_begin;
  require(!columns_first_ || shape_.size() == 2, in_array_file, place_,
          ": an array of more than two dimensions must be in C order.");
  require(!columns_first_ || !source_->in_order_only(), in_array_file, place_,
          ": a compressed array must be in C order (numpy.ascontiguousarray), got Fortran order.");
}

ArrayFile::~ArrayFile() = default;
ArrayFile::ArrayFile(ArrayFile&&) noexcept = default;
ArrayFile& ArrayFile::operator=(ArrayFile&&) noexcept = default;

std::optional<std::vector<std::string>> read_text_array(const std::string& place) {
  const Place where = split(place);
  const auto file = std::make_shared<const InputFile>(where.path);
  const Format format = format_of(*file);
  if (format != Format::npy && format != Format::npz) return std::nullopt;
  const auto source =
      format == Format::npy ? internal::open_part(file, 0, file->size()) : open_npz(file, where);
  const internal::NpyHeader header = internal::read_npy_header(*source, place);
  if (!header.text) return std::nullopt;
  const auto& shape = header.shape;
  require(shape.size() == 1 || (shape.size() == 2 && shape[1] == 1), in_array_file, place,
          " must hold one text for each row.");
  const auto letters = static_cast<std::size_t>(header.text->letters),
             bytes_a_letter = static_cast<std::size_t>(header.text->bytes_a_letter);
  std::string bytes(letters * bytes_a_letter, '\0');
  std::vector<std::string> texts(static_cast<std::size_t>(shape[0]));
  for (std::size_t row = 0; row < texts.size(); ++row) {
    source->read(header.data_begin + row * bytes.size(), std::as_writable_bytes(std::span(bytes)));
    std::string& text = texts[row];
    if (bytes_a_letter == 1) text = bytes;
    for (std::size_t i = 0; bytes_a_letter == 4 && i < bytes.size(); i += 4) {
      std::uint32_t point = 0;
      std::memcpy(&point, bytes.data() + i, sizeof point);
      require(point < 0x110000 && (point < 0xD800 || point > 0xDFFF), in_array_file, place, ": row ", row,
              " (from 0) holds a letter that does not exist, number ", point, ".");
      append_utf8(text, static_cast<char32_t>(point));
    }
    text.resize(text.find_last_not_of('\0') + 1);
  }
  return texts;
}

bool ArrayFile::recognises(const std::string& place) {
  std::error_code error;
  const auto path = split(place).path;
  return std::filesystem::is_regular_file(path, error) && format_of(InputFile(path)) != Format::unknown;
}

std::string ArrayFile::type_name() const {
  return std::string(name_of(type_));
}

bool ArrayFile::in_order_only() const {
  return source_->in_order_only();
}

Array ArrayFile::rows(std::int64_t begin, std::int64_t end) const {
  require(!shape_.empty() && begin >= 0 && begin <= end && end <= shape_.front(), in_array_file,
          "rows must be between 0 and ", shape_.empty() ? 0 : shape_.front(), ", got ", begin, " to ", end,
          ".");
  const auto size = static_cast<std::uint64_t>(size_of(type_));
  const std::uint64_t width = std::accumulate(shape_.begin() + 1, shape_.end(), size, std::multiplies<>());
  const auto count = static_cast<std::uint64_t>(end - begin);
  std::vector<std::int64_t> shape = shape_;
  if (!columns_first_) {
    shape[0] = end - begin;
    Array found(type_, shape);
    source_->read(data_begin_ + static_cast<std::uint64_t>(begin) * width, {found.bytes(), count * width});
    return found;
  }
  // A column's elements stand together: a piece of each.
  Array found(type_, {end - begin, shape_[1]});
  std::vector<std::byte> column(count * size);
  for (std::uint64_t j = 0; j < static_cast<std::uint64_t>(shape_[1]); ++j) {
    source_->read(
        data_begin_ + (j * static_cast<std::uint64_t>(shape_[0]) + static_cast<std::uint64_t>(begin)) * size,
        column);
    for (std::uint64_t i = 0; i < count; ++i)
      std::copy_n(column.data() + i * size, size, found.bytes() + i * width + j * size);
  }
  return found;
}

}  // namespace ilk
