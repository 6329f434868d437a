// The NumPy array format: "\x93NUMPY", version (2 bytes), length of the header (2 bytes, 4 from version 2 on,
// little endian), a Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } as text,
// then the elements.
#include "io/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <string_view>

#include "core/fail.h"
#include "io/array_size.h"

namespace ilk::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they are");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t longest_header = 1 << 20;
constexpr std::int64_t longest_text = 1 << 20;  // letters

struct NamedType {
  std::string_view name;
  ElementType type;
};
constexpr std::array<NamedType, 12> types{{{"<f8", ElementType::f64},
                                           {"<f4", ElementType::f32},
                                           {"<f2", ElementType::f16},
                                           {"<i8", ElementType::i64},
                                           {"<i4", ElementType::i32},
                                           {"<i2", ElementType::i16},
                                           {"|i1", ElementType::i8},
                                           {"<u8", ElementType::u64},
                                           {"<u4", ElementType::u32},
                                           {"<u2", ElementType::u16},
                                           {"|u1", ElementType::u8},
                                           {"|b1", ElementType::boolean}}};

/// Reads the few kinds of Python literal that a header is made of, from left to right.
class Literals {
 public:
  Literals(std::string_view text, const std::string& place) : rest_(text), place_(place) {}

  template <class... Rule>
  [[noreturn]] void bad(const Rule&... rule) const {
    fail("read_npy", place_, ": the header ", rule..., ".");
  }

  /// Whether the next sign is this one, which is then read.
  bool take(char sign) {
    skip_space();
    if (!rest_.starts_with(sign)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char sign) {
    if (!take(sign)) bad("must have '", sign, "' before '", rest_.substr(0, 20), "'");
  }

  std::string_view string() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) bad("opens a quote that is never closed");
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    bad("must say True or False for fortran_order, got '", rest_.substr(0, 20), "'");
  }

  std::vector<std::int64_t> shape() {
    std::vector<std::int64_t> lengths;
    expect('(');
    while (!take(')')) {
      skip_space();
      std::int64_t length = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
      if (error != std::errc() || length < 0)
        bad("must give the shape in whole numbers, got '", rest_.substr(0, 20), "'");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      take('L');  // as Python 2 wrote them
      lengths.push_back(length);
      if (take(',')) continue;
      expect(')');
      break;
    }
    return lengths;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
  const std::string& place_;
};

ElementType type_of(std::string_view name, const std::string& place) {
  for (const NamedType& type : types)
    if (type.name == name) return type.type;
  const std::string_view why = name.starts_with('>') ? " (big-endian)"
                               : name.starts_with("|O")
                                   ? " (Python objects; for texts save array.astype(str))"
                                   : "";
  fail("read_npy", place, ": the dtype must be float16, float32, float64, bool, an integer or a text, got '",
       name, "'", why, ".");
}

/// '<U12' or '|S5'.
std::optional<NpyText> text_of(std::string_view name) {
  const bool is_wide = name.starts_with("<U");
  if (!is_wide && !name.starts_with("|S")) return std::nullopt;
  NpyText text{.bytes_a_letter = is_wide ? 4 : 1};
  const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), text.letters);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number && text.letters >= 0 && text.letters <= longest_text ? std::optional(text) : std::nullopt;
}

NpyHeader parse_dictionary(std::string_view text, const std::string& place) {
  Literals literals(text, place);
  std::optional<ElementType> type;
  std::optional<NpyText> texts;
  std::optional<bool> columns_first;
  std::optional<std::vector<std::int64_t>> shape;
  literals.expect('{');
  while (!literals.take('}')) {
    const auto key = literals.string();
    literals.expect(':');
    if (key == "descr") {
      if (literals.take('[')) literals.bad("describes records with fields; there must be plain numbers");
      const auto name = literals.string();
      texts = text_of(name);
      type = texts ? ElementType::u8 : type_of(name, place);
    } else if (key == "fortran_order") {
      columns_first = literals.boolean();
    } else if (key == "shape") {
      shape = literals.shape();
    } else {
      literals.bad("must have descr, fortran_order and shape alone, got '", key, "'");
    }
    if (literals.take(',')) continue;
    literals.expect('}');
    break;
  }
  if (!type || !columns_first || !shape) literals.bad("must have descr, fortran_order and shape");
  return {*type, texts, *shape, *columns_first};
}

}  // namespace

NpyHeader read_npy_header(ByteSource& source, const std::string& place) {
  const auto check = [&](bool rule_holds, const auto&... rule) {
    require(rule_holds, "read_npy", place, ": ", rule..., ".");
  };
  const auto bytes = [&](std::uint64_t offset, std::uint64_t count) {
    check(source.size() >= offset && source.size() - offset >= count, "the file ends within its header (",
          source.size(), " bytes)");
    std::string text(count, '\0');
    source.read(offset, std::as_writable_bytes(std::span(text)));
    return text;
  };
  const std::string start = bytes(0, magic.size() + 2);
  check(start.starts_with(magic), "a NumPy array must begin with \\x93NUMPY");
  const int version = static_cast<unsigned char>(start[magic.size()]);
  check(version >= 1 && version <= 3, "the format's version must be 1, 2 or 3, got ", version);
  const std::uint64_t width = version == 1 ? 2 : 4;
  std::uint64_t length = 0;
  const std::string digits = bytes(start.size(), width);
  for (std::uint64_t i = 0; i < width; ++i)
    length |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
  check(length <= longest_header, "the header must be at most ", longest_header, " bytes long, got ", length);
  NpyHeader header = parse_dictionary(bytes(start.size() + width, length), place);
  header.data_begin = start.size() + width + length;
  const std::int64_t size =
      header.text ? header.text->letters * header.text->bytes_a_letter : size_of(header.type);
  const auto needed = bytes_of(header.shape, static_cast<std::uint64_t>(size));
  check(needed.has_value(), "the shape is too large");
  const std::uint64_t found = source.size() - header.data_begin;
  check(*needed == found, "shape and dtype need ", *needed, " bytes, but there are ", found);
  return header;
}

}  // namespace ilk::internal
