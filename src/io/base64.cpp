#include "io/base64.h"

#include <openssl/evp.h>

#include <cstddef>

namespace ilk {

std::string base64(std::string_view bytes) {
  // OpenSSL counts in int, and writes a NUL behind each part. Parts of whole groups of three follow each
  // other without padding.
  constexpr std::size_t at_once = std::size_t{3} << 20;
  std::string encoded((bytes.size() + 2) / 3 * 4 + 1, '\0');
  for (std::size_t start = 0; start < bytes.size(); start += at_once) {
    const std::string_view part = bytes.substr(start, at_once);
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data() + start / 3 * 4),
                    reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
  }
  encoded.pop_back();
  return encoded;
}

}  // namespace ilk
