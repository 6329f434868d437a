#pragma once
#include <openssl/evp.h>

#include <cstdio>
#include <string>

/// Git's name for a file's contents (git hash-object).
inline std::string git_id(const std::string& contents) {
  const std::string blob = "blob " + std::to_string(contents.size()) + '\0' + contents;
  unsigned char digest[20];
  unsigned length = 0;
  EVP_Digest(blob.data(), blob.size(), digest, &length, EVP_sha1(), nullptr);
  std::string text;
  for (const unsigned char byte : digest) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}
