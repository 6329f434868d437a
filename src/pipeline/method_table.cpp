#include <algorithm>

#include "core/fail.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

std::vector<const Method*>& table() {
#define ILK_ADDRESS_OF_METHOD(name) &name##_method,
  static std::vector<const Method*> all{ILK_METHODS(ILK_ADDRESS_OF_METHOD)};
#undef ILK_ADDRESS_OF_METHOD
  return all;
}

/// "a, b or c".
std::string listed(const std::vector<const Method*>& methods) {
  std::string text;
  for (const Method* method : methods)
    text += (text.empty() ? "" : method == methods.back() ? " or " : ", ") + std::string(method->name);
  return text;
}

bool texts_are_given(const RunOptions& options) {
  return !options.text_features.empty() ||
         (!options.captions.empty() && options.missing_captions == MissingCaptions::refuse);
}

}  // namespace

const std::vector<const Method*>& methods() {
  return table();
}

const Method& find_method(std::string_view name, std::string_view function, std::string_view what) {
  for (const Method* method : table())
    if (method->name == name) return *method;
  fail(function, what, " must be ", listed(table()), ", got '", name, "'.");
}

void add_method(const Method& method) {
  const auto same = [&](const Method* other) { return other->name == method.name; };
  require(std::none_of(table().begin(), table().end(), same), "add_method",
          "there must be one method of each name, got '", method.name, "' again.");
  table().push_back(&method);
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Method* method : table()) names.emplace_back(method->name);
  return names;
}

std::string method_help() {
  std::string text;
  for (const Method* method : table())
    text += (text.empty() ? "" : "; ") + std::string(method->name) + ": " + std::string(method->summary);
  return text;
}

std::string methods_with_given_texts() {
  std::vector<const Method*> found;
  for (const Method* method : table())
    if (method->needs.image_texts == ImageTexts::given) found.push_back(method);
  return listed(found);
}

bool retrieves_nouns(const Method& method, const RunOptions& options) {
  const ImageTexts texts = method.needs.image_texts;
  return method.needs.retrieved_nouns || texts == ImageTexts::retrieved ||
         (texts == ImageTexts::given && !texts_are_given(options));
}

}  // namespace ilk
