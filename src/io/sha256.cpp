#include "io/sha256.h"
#include "core/fail.h"

// The direct interface: where libcrypto is linked in (a wheel), the other brings 3 MB of it along.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "io/files.h"

namespace ilk {

struct Sha256::State {
  SHA256_CTX context;
  State() { SHA256_Init(&context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

Sha256& Sha256::update(std::string_view bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
  return *this;
}

std::string Sha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &state_->context);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  return Sha256().update(bytes).hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  require(stream.is_open(), "sha256_file", "cannot open ", path, ": ", std::strerror(errno), ".");
  Sha256 digest;
  std::vector<char> piece(1 << 20);
  while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())) || stream.gcount() > 0)
    digest.update({piece.data(), static_cast<std::size_t>(stream.gcount())});
  require(!stream.bad(), "sha256_file", "cannot read ", path, ": ", std::strerror(errno), ".");
  return digest.hex();
}

std::string sha256_of(const InputFile& file) {
  Sha256 digest;
  std::vector<char> piece(1 << 20);
  for (std::uint64_t offset = 0; offset < file.size(); offset += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece.size(), file.size() - offset));
    file.read(offset, std::as_writable_bytes(std::span(piece)));
    digest.update({piece.data(), piece.size()});
  }
  return digest.hex();
}

}  // namespace ilk
