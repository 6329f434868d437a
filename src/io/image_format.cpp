#include "io/image_format.h"

#include <ilk/image.h>

#include <algorithm>
#include <cctype>

#include "io/foreign_content.h"
#include "io/tiff_head.h"

namespace ilk {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  ImageFormat format;
  std::string_view name;
};

constexpr auto none = ImageFormat::none;
constexpr auto unsupported = ImageFormat::unsupported;
constexpr std::string_view camera_raw = "camera raw";

// The first that fits wins. What is not an image is listed only so that the reason can say what it is.
constexpr Signature signatures[] = {
    {0, "\xff\xd8\xff"sv, ImageFormat::jpeg, "JPEG"},
    {0, "\x89PNG\r\n\x1a\n"sv, ImageFormat::png, "PNG"},
    {0, "GIF87a"sv, ImageFormat::gif, "GIF"},
    {0, "GIF89a"sv, ImageFormat::gif, "GIF"},
    {8, "CR\2\0"sv, ImageFormat::camera_raw, camera_raw},  // Canon's CR2, which is a TIFF too
    {0, "IIRO"sv, ImageFormat::camera_raw, camera_raw},
    {0, "IIRS"sv, ImageFormat::camera_raw, camera_raw},
    {0, "MMOR"sv, ImageFormat::camera_raw, camera_raw},
    {0, "IIU\0"sv, ImageFormat::camera_raw, camera_raw},
    {0, "FUJIFILMCCD-RAW"sv, ImageFormat::camera_raw, camera_raw},
    {0, "II*\0"sv, ImageFormat::tiff, "TIFF"},
    {0, "MM\0*"sv, ImageFormat::tiff, "TIFF"},
    {0, "II+\0"sv, ImageFormat::tiff, "TIFF"},
    {0, "MM\0+"sv, ImageFormat::tiff, "TIFF"},
    {0, "\xff\x0a"sv, ImageFormat::jpeg_xl, "JPEG XL"},
    {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, ImageFormat::jpeg_xl, "JPEG XL"},
    {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, unsupported, "JPEG 2000"},
    {0, "\xff\x4f\xff\x51"sv, unsupported, "JPEG 2000"},
    {0, "8BPS"sv, unsupported, "Photoshop document"},
    {0, "\0\0\1\0"sv, unsupported, "Windows icon"},
    {0, "icns"sv, unsupported, "Apple icon"},
    {0, "\x76\x2f\x31\x01"sv, unsupported, "OpenEXR"},
    {0, "#?RADIANCE"sv, unsupported, "Radiance HDR"},
    {0, "gimp xcf"sv, unsupported, "GIMP project"},
    {0, "DDS |"sv, unsupported, "DirectDraw surface"},
    {0, "SIMPLE  ="sv, unsupported, "FITS"},
    {0, "\x8aMNG"sv, unsupported, "MNG"},
    {0, "FOVb"sv, unsupported, camera_raw},
    {0, "\0MRM"sv, unsupported, camera_raw},
    {6, "HEAPCCDR"sv, unsupported, camera_raw},
    {0, "%PDF-"sv, none, "PDF document"},
    {0, "%!PS"sv, none, "PostScript document"},
    {0, "PK\3\4"sv, none, "ZIP archive or office document"},
    {0, "PK\5\6"sv, none, "ZIP archive"},
    {0, "\x1f\x8b"sv, none, "gzip archive"},
    {0, "BZh"sv, none, "bzip2 archive"},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     none, "xz archive"},
    {0, "\x28\xb5\x2f\xfd"sv, none, "zstd archive"},
    {0, "7z\xbc\xaf\x27\x1c"sv, none, "7-Zip archive"},
    {0, "Rar!\x1a\7"sv, none, "RAR archive"},
    {257, "ustar"sv, none, "tar archive"},
    {0,
     "\x7f"
     "ELF"sv,
     none, "program"},
    {0, "SQLite format 3\0"sv, none, "SQLite database"},
    {0, "\x1a\x45\xdf\xa3"sv, none, "Matroska or WebM film"},
    {0, "OggS"sv, none, "Ogg sound or film"},
    {0, "ID3"sv, none, "MP3 sound"},
    {0, "fLaC"sv, none, "FLAC sound"},
    {0, "\0\0\1\xba"sv, none, "MPEG film"},
    {0, "RIFF"sv, none, "RIFF sound or film"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, none, "office document"},
    {0, "\x93NUMPY"sv, none, "NumPy array"},
};

bool has_at(std::string_view bytes, std::size_t offset, std::string_view piece) {
  return bytes.size() >= offset + piece.size() && bytes.substr(offset, piece.size()) == piece;
}

std::string_view first_brand(std::string_view bytes, std::initializer_list<std::string_view> wanted) {
  // ISO base media: a box "ftyp" of the major brand, a version and the compatible brands, four bytes each.
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  for (std::size_t at = 8; at + 4 <= std::min(size, bytes.size()); at += at == 8 ? 8 : 4)
    if (std::find(wanted.begin(), wanted.end(), bytes.substr(at, 4)) != wanted.end())
      return bytes.substr(at, 4);
  return {};
}

Content recognise_media_container(std::string_view bytes) {
  if (!first_brand(bytes, {"avif", "avis"}).empty()) return {ImageFormat::heif, "AVIF"};
  if (!first_brand(bytes, {"heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1"})
           .empty())
    return {ImageFormat::heif, "HEIC"};
  if (!first_brand(bytes, {"crx "}).empty()) return {ImageFormat::camera_raw, std::string(camera_raw)};
  return {none, "film or sound (MP4 family)"};
}

bool is_text(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](unsigned char c) {
    return c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b);
  });
}

Content recognise_text(std::string_view bytes) {
  std::string lower(bytes.substr(0, 1024));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto has = [&](std::string_view piece) { return lower.find(piece) != std::string::npos; };
  if (has("version https://git-lfs.")) return {none, foreign_content(bytes)};
  if (has("<svg")) return {none, "SVG drawing"};
  if (has("<!doctype html") || has("<html")) return {none, "HTML page"};
  if (has("<?xml")) return {none, "XML document"};
  if (has("/* xpm */") || (has("#define") && has("_width"))) return {unsupported, "X bitmap"};
  return {none, "text"};
}

}  // namespace

Content recognise_content(std::string_view bytes) {
  bytes = bytes.substr(0, content_prefix);
  if (has_at(bytes, 0, "RIFF") && has_at(bytes, 8, "WEBP")) return {ImageFormat::webp, "WebP"};
  if (has_at(bytes, 4, "ftyp") && bytes.size() >= 12) return recognise_media_container(bytes);
  for (const auto& [offset, piece, format, name] : signatures) {
    if (!has_at(bytes, offset, piece)) continue;
    if (format == ImageFormat::tiff && read_tiff_head(bytes).camera_raw)
      return {ImageFormat::camera_raw, std::string(camera_raw)};
    return {format, std::string(name)};
  }
  // "BM" alone begins many a text; the four reserved bytes after the size are zero in a bitmap.
  if (has_at(bytes, 0, "BM") && has_at(bytes, 6, "\0\0\0\0"sv))
    return {ImageFormat::bitmap, "Windows bitmap (BMP)"};
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
      std::isspace(static_cast<unsigned char>(bytes[2])))
    return {ImageFormat::pixmap, "portable pixmap (PPM family)"};
  if (bytes.find_first_not_of('\0') == std::string_view::npos) return {none, "nothing but zero bytes"};
  if (bytes.size() >= 4 && is_text(bytes)) return recognise_text(bytes);
  return {none, "data of no format known here"};
}

void throw_camera_raw() {
  throw ImageError("unsupported format", "Camera raw without a readable preview; export it as JPEG or TIFF");
}

void require_image(const Content& content) {
  if (content.format == ImageFormat::none) throw ImageError("not an image", "the content is " + content.name);
  if (content.format == unsupported && content.name == camera_raw) throw_camera_raw();
  if (content.format == unsupported)
    throw ImageError("unsupported format", content.name + " is not decoded; convert it to PNG, JPEG or WebP");
}

}  // namespace ilk
