#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ilk::html {

/// Markup as the page's author wrote it. Only literals convert, so that text from outside cannot get in
/// unescaped.
class Markup {
 public:
  consteval Markup(const char* literal) : view_(literal) {}
  std::string_view view() const { return view_; }

 private:
  std::string_view view_;
};

/// Text from outside, made safe for the page by one of the functions below.
class SafeText {
 public:
  const std::string& view() const { return text_; }

 private:
  explicit SafeText(std::string text) : text_(std::move(text)) {}
  std::string text_;

  friend SafeText text(std::string_view);
  friend SafeText file_link(std::string_view, std::string_view);
  friend SafeText base64(std::string_view);
  friend SafeText data_block(std::string_view);
  friend SafeText decimal(double, int);
  friend SafeText count(std::int64_t);
  friend SafeText percent(double);
};

/// A page that grows at its end.
class Page {
 public:
  Page& operator<<(Markup markup) {
    page_ += markup.view();
    return *this;
  }
  Page& operator<<(const SafeText& text) {
    page_ += text.view();
    return *this;
  }
  void reserve(std::size_t bytes) { page_.reserve(bytes); }
  std::string take() { return std::move(page_); }

 private:
  std::string page_;
};

/// `bytes` as UTF-8 for an element or a quoted attribute: markup is escaped; bytes that are not UTF-8 and
/// control characters (tab and line ends apart) become U+FFFD.
SafeText text(std::string_view bytes);

/// A link to a file for a quoted attribute, every byte kept; relative paths start in `base`. It can name
/// neither a scheme nor a host.
SafeText file_link(std::string_view base, std::string_view path);

SafeText base64(std::string_view bytes);

/// JSON for a block of data: "<" is escaped, so that nothing in it ends the block.
SafeText data_block(std::string_view json);

/// `value` with `digits` behind the point, "–" where it is not finite; rounds half to even on the binary
/// value.
SafeText decimal(double value, int digits);

/// "1 234 567", the spaces narrow and not breaking.
SafeText count(std::int64_t value);

/// A share in [0, 1] as "12.3%"; what is not quite none or all says so: "<0.1%", ">99.9%".
SafeText percent(double share);

}  // namespace ilk::html
