#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/files.h"

namespace ilk::internal {

/// A value of a pickle; which fields mean something depends on the kind.
struct PickleValue {
  enum class Kind { none, boolean, integer, text, list, tuple, dict, global, object };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  std::string text;                        ///< of a short text, or a global's "module name"
  std::uint64_t offset = 0, size = 0;      ///< where a text's bytes lie in the file
  std::vector<const PickleValue*> items;   ///< of a list or tuple; of a dict key, value, key, value, …
  const PickleValue* arguments = nullptr;  ///< that an object was made with; `text` is its global
  const PickleValue* state = nullptr;      ///< that an object was given
  /// The value of a dict's key; null where there is none.
  const PickleValue* find(std::string_view key) const;
};

/// Reads the pickles of CIFAR's Python version, and no others: protocols 2 and 3, numbers, texts, lists,
/// tuples, dicts, and NumPy's arrays and dtypes, which are described and never made. Nothing is imported,
/// called or run; a pickle that names anything else is an Error, and so is one that is damaged. Long texts
/// (an array's bytes) stay in the file.
class Pickle {
 public:
  explicit Pickle(std::shared_ptr<const InputFile> file);
  const PickleValue& root() const { return *root_; }

  /// A matrix of unsigned bytes.
  struct Bytes {
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  ///< in the file, row by row
  };
  /// `value` as such an array; throws Error naming `what` where it is something else.
  Bytes array(const PickleValue* value, std::string_view what) const;
  std::vector<std::int64_t> integers(const PickleValue* value, std::string_view what) const;
  std::vector<std::string> texts(const PickleValue* value, std::string_view what) const;

 private:
  friend class PickleReader;
  std::shared_ptr<const InputFile> file_;
  std::deque<PickleValue> values_;  // they point at each other and never move
  const PickleValue* root_ = nullptr;
};

}  // namespace ilk::internal
