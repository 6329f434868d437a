#include "io/tiff_head.h"

#include <ilk/image.h>

#include <algorithm>
#include <string>

#include "io/image_format.h"

namespace ilk {
namespace {

constexpr std::uint64_t most_entries = 4096, most_values = 64;
// Colour filter array, linear raw.
constexpr std::uint16_t raw_photometrics[] = {32803, 34892};
enum Tag : std::uint16_t {
  subfile_type_tag = 254,
  bits_tag = 258,
  photometric_tag = 262,
  make_tag = 271,
  samples_tag = 277,
  sub_directories_tag = 330,
  extra_samples_tag = 338,
  format_tag = 339,
  dng_version_tag = 50706
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes), big_endian_(bytes.starts_with("MM")) {
    is_big_tiff_ = number(2, 2) == 43;
  }

  bool is_big_tiff() const { return is_big_tiff_; }
  bool has(std::uint64_t at, std::uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  /// The number in `count` bytes; 0 outside of the file.
  std::uint64_t number(std::uint64_t at, int count) const {
    if (!has(at, static_cast<std::uint64_t>(count))) return 0;
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      const int from = big_endian_ ? i : count - 1 - i;
      value = value << 8 | static_cast<unsigned char>(bytes_[at + static_cast<std::uint64_t>(from)]);
    }
    return value;
  }

  /// The values of an entry of shorts or longs, or as many as are asked for at most.
  std::vector<std::uint64_t> values(std::uint64_t entry) const {
    const int width = is_big_tiff_ ? 8 : 4;
    const std::uint64_t type = number(entry + 2, 2), count = number(entry + 4, width);
    const int size = type == 1 || type == 7    ? 1
                     : type == 3               ? 2
                     : type == 4 || type == 13 ? 4
                     : type >= 16              ? 8
                                               : 0;
    if (size == 0 || count > most_values) return {};
    std::uint64_t at = entry + 4 + static_cast<std::uint64_t>(width);
    if (count * static_cast<std::uint64_t>(size) > static_cast<std::uint64_t>(width)) at = number(at, width);
    std::vector<std::uint64_t> values;
    for (std::uint64_t i = 0; i < count && has(at, static_cast<std::uint64_t>(size)); ++i, at += size)
      values.push_back(number(at, size));
    return values;
  }

 private:
  std::string_view bytes_;
  bool big_endian_, is_big_tiff_;
};

/// Calls `visit` with the tag and the place of each entry.
template <class Visit>
void visit_entries(const Reader& file, std::uint64_t directory, Visit&& visit) {
  const std::uint64_t counted = file.is_big_tiff() ? 8 : 2, size = file.is_big_tiff() ? 20 : 12;
  const std::uint64_t count = file.number(directory, static_cast<int>(counted));
  for (std::uint64_t i = 0; i < std::min(count, most_entries); ++i) {
    const std::uint64_t entry = directory + counted + i * size;
    if (!file.has(entry, size)) return;
    visit(static_cast<std::uint16_t>(file.number(entry, 2)), entry);
  }
}

bool is_raw_photometric(std::uint64_t value) {
  return std::find(std::begin(raw_photometrics), std::end(raw_photometrics), value) !=
         std::end(raw_photometrics);
}

}  // namespace

TiffHead read_tiff_head(std::string_view bytes) {
  const Reader file(bytes);
  TiffHead head;
  bool has_maker = false, is_reduced = false;
  std::vector<std::uint64_t> below;
  const std::uint64_t first = file.is_big_tiff() ? file.number(8, 8) : file.number(4, 4);
  visit_entries(file, first, [&](std::uint16_t tag, std::uint64_t entry) {
    const auto values = file.values(entry);
    if (tag == make_tag) has_maker = true;
    if (tag == dng_version_tag) head.camera_raw = true;
    if (tag == sub_directories_tag) below = values;
    if (values.empty()) return;
    if (tag == subfile_type_tag) is_reduced = (values.front() & 1) != 0;
    if (tag == photometric_tag) head.photometric = static_cast<std::uint16_t>(values.front());
    if (tag == bits_tag) head.bits = static_cast<std::uint16_t>(values.front());
    if (tag == format_tag) head.format = static_cast<std::uint16_t>(values.front());
    if (tag == samples_tag) head.samples = static_cast<std::uint16_t>(values.front());
    if (tag == extra_samples_tag) head.extra_samples.assign(values.begin(), values.end());
  });
  if (bytes.size() >= 10 && bytes.substr(8, 2) == "CR") head.camera_raw = true;
  if (head.photometric && is_raw_photometric(*head.photometric)) head.camera_raw = true;
  // A camera's small picture comes first, the sensor's numbers below it.
  if (is_reduced && has_maker && !below.empty()) head.camera_raw = true;
  for (const std::uint64_t directory : below)
    visit_entries(file, directory, [&](std::uint16_t tag, std::uint64_t entry) {
      const auto values = file.values(entry);
      if (!values.empty() && has_maker && tag == photometric_tag && is_raw_photometric(values.front()))
        head.camera_raw = true;
    });
  return head;
}

void require_known_samples(const TiffHead& head) {
  const auto refuse = [](const std::string& what) {
    throw ImageError("unsupported format", "TIFF: " + what + "; save it as RGB with 8 or 16 bits");
  };
  if (head.bits > 32 || (head.format == 3 && head.bits != 32))
    refuse((head.format == 3 ? "floating point of " : "samples of ") + std::to_string(head.bits) +
           " bits is not read");
  if (!head.photometric) return;
  if (is_raw_photometric(*head.photometric)) throw_camera_raw();
  if (*head.photometric == 9) refuse("ICC L*a*b* is not read");
  if (*head.photometric == 10) refuse("ITU L*a*b* is not read");
  if (*head.photometric == TiffHead::cielab && head.samples > 3)
    refuse("CIELAB with more than three samples is not read");
}

int TiffHead::colours() const {
  const int rest = std::max(samples - static_cast<int>(extra_samples.size()), 1);
  if (!photometric) return rest;
  switch (*photometric) {
    case 0:  // grey
    case 1:
    case 3:  // palette
    case 4:  // mask
      return 1;
    case 5:  // inks
      return extra_samples.empty() ? std::min<int>(samples, 4) : rest;
    default:
      return 3;
  }
}

std::optional<int> TiffHead::alpha() const {
  for (std::size_t i = 0; i < extra_samples.size(); ++i)
    if (extra_samples[i] == premultiplied || extra_samples[i] == straight)
      return samples - static_cast<int>(extra_samples.size()) + static_cast<int>(i);
  return std::nullopt;
}

}  // namespace ilk
