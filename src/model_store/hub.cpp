#include "model_store/hub.h"
#include "core/fail.h"

// The direct interface, as in sha256.cpp.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>
#include <nlohmann/json.hpp>

#include "io/download.h"
#include "io/files.h"
#include "io/foreign_content.h"
#include "io/json_file.h"

namespace ilk::model_store {
namespace {

constexpr std::int64_t most_listing_bytes = 16 << 20;
constexpr std::int64_t most_git_bytes = 256 << 20;  // the hub keeps larger files elsewhere, with a SHA-256

std::string percent_encoded(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
        byte == '-' || byte == '.' || byte == '_' || byte == '~')
      encoded += letter;
    else
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

std::string git_id_of(const std::string& contents) {
  const std::string head = "blob " + std::to_string(contents.size()) + '\0';
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, head.data(), head.size());
  SHA1_Update(&context, contents.data(), contents.size());
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1_Final(digest.data(), &context);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool is_hexadecimal(const std::string& text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::map<std::string, HubFile> Hub::files(const std::string& revision, const std::string& folder) const {
  const std::string url = options_.endpoint + "/api/models/" + repository_ + "/tree/" +
                          percent_encoded(revision) + (folder.empty() ? "" : "/" + folder) +
                          "?recursive=false";
  const std::string text = download_text(
      {.url = url, .token = options_.token, .first_pause_seconds = options_.first_pause_seconds},
      most_listing_bytes, progress_);
  std::map<std::string, HubFile> files;
  try {
    const auto listing = nlohmann::json::parse(text);
    require(listing.is_array(), "get_model", url, ": expected a list of files, got ", listing.type_name(),
            ".");
    for (const auto& entry : listing) {
      if (entry.at("type") != "file") continue;
      HubFile file{.size = entry.at("size").get<std::int64_t>()};
      require(file.size >= 0, "get_model", url, ": a file of ", file.size, " bytes.");
      if (const auto large = entry.find("lfs"); large != entry.end() && large->is_object()) {
        file.sha256 = large->at("oid").get<std::string>();
        file.size = large->at("size").get<std::int64_t>();
        require(is_hexadecimal(file.sha256, 64), "get_model", url, ": not a SHA-256: '", file.sha256, "'.");
      } else if (const std::string id = entry.value("oid", ""); is_hexadecimal(id, 40)) {
        file.git_id = id;
      }
      files.emplace(entry.at("path").get<std::string>(), file);
    }
  } catch (const nlohmann::json::exception& error) {
    const std::string foreign = foreign_content(text);
    fail("get_model", url, ": not a list of files",
         foreign.empty() ? ": " + json_fault(error) : ", but " + foreign, ".");
  }
  return files;
}

std::string Hub::conversion() const {
  // The hub's converter opens a pull request with this title on repositories without safetensors.
  const std::string url = options_.endpoint + "/api/models/" + repository_ + "/discussions?p=0";
  try {
    const auto answer =
        nlohmann::json::parse(download_text({.url = url,
                                             .token = options_.token,
                                             .attempts = 2,
                                             .first_pause_seconds = options_.first_pause_seconds},
                                            most_listing_bytes, progress_));
    for (const auto& discussion : answer.at("discussions")) {
      const auto author = discussion.find("author");
      if (discussion.value("isPullRequest", false) && discussion.value("status", "") == "open" &&
          discussion.value("title", "") == "Adding `safetensors` variant of this model" &&
          author != discussion.end() && author->is_object() && author->value("name", "") == "SFconvertbot")
        return "refs/pr/" + std::to_string(discussion.at("num").get<std::int64_t>());
    }
  } catch (const Error&) {
    // A mirror need not have this; the caller says what is missing.
  } catch (const nlohmann::json::exception&) {
  }
  return "";
}

void Hub::fetch(const std::string& revision, const std::string& name, const HubFile& file,
                const std::filesystem::path& directory, Progress& progress) const {
  const auto path = directory / name;
  const auto is_right = [&] {
    return file.git_id.empty() || file.size > most_git_bytes || git_id_of(read_file(path)) == file.git_id;
  };
  std::error_code ignored;
  // Where the hub gives no hash, what an earlier run left cannot be told from another version.
  const bool unknown = file.sha256.empty() && file.git_id.empty();
  if (std::filesystem::exists(path, ignored) && (unknown || !is_right()))
    std::filesystem::remove(path, ignored);
  const std::string url =
      options_.endpoint + "/" + repository_ + "/resolve/" + percent_encoded(revision) + "/" + name;
  download({.url = url,
            .destination = path,
            .size = file.size,
            .sha256 = file.sha256,
            .token = options_.token,
            .first_pause_seconds = options_.first_pause_seconds},
           progress);
  if (is_right()) return;
  const std::string got = git_id_of(read_file(path));
  std::filesystem::remove(path, ignored);
  fail("get_model", url, ": expected git id ", file.git_id, ", got ", got, ".");
}

}  // namespace ilk::model_store
