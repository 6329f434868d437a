#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ilk {

class InputFile;

/// SHA-256 (FIPS 180-4) of what is fed to it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256& update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits; call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
/// Of a file's bytes, read in pieces; throws Error naming the path.
std::string sha256_file(const std::filesystem::path& path);
std::string sha256_of(const InputFile& file);

}  // namespace ilk
