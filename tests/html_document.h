#pragma once
// The report as a browser would see it: a strict reader of HTML.
#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// An element as a browser would see it, entities decoded.
struct Element {
  std::string tag;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< with that of the elements within
  std::size_t parent = 0;

  std::string attribute(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? "" : found->second;
  }
};

/// A strict reader: every tag closed in order, every attribute quoted, no stray "<" or "&"; anything else
/// throws.
class Document {
 public:
  explicit Document(const std::string& page) : page_(page) {
    elements_.push_back({"(document)"});
    const std::string doctype = "<!DOCTYPE html>";
    if (!page.starts_with(doctype)) wrong("no doctype");
    at_ = doctype.size();
    std::vector<std::size_t> open{0};
    while (at_ < page_.size()) {
      if (page_[at_] != '<') {
        const std::size_t end = std::min(page_.find('<', at_), page_.size());
        const std::string text = decode(page_.substr(at_, end - at_));
        for (const std::size_t each : open) elements_[each].text += text;
        at_ = end;
      } else if (page_.compare(at_, 2, "</") == 0) {
        const std::size_t end = page_.find('>', at_);
        const std::string tag = page_.substr(at_ + 2, end - at_ - 2);
        if (elements_[open.back()].tag != tag)
          wrong("</" + tag + "> closes <" + elements_[open.back()].tag + ">");
        open.pop_back();
        at_ = end + 1;
      } else {
        read_start_tag(open);
      }
    }
    if (open.size() != 1) wrong("<" + elements_[open.back()].tag + "> is not closed");
  }

  const std::vector<Element>& elements() const { return elements_; }
  std::vector<const Element*> all(const std::string& tag, const std::string& name = "",
                                  const std::string& value = "") const {
    std::vector<const Element*> found;
    for (const auto& element : elements_) {
      if (element.tag == tag && (name.empty() || element.attribute(name) == value)) found.push_back(&element);
    }
    return found;
  }
  const Element& only(const std::string& tag, const std::string& name = "",
                      const std::string& value = "") const {
    const auto found = all(tag, name, value);
    if (found.size() != 1)
      throw std::runtime_error(std::to_string(found.size()) + " of " + tag + " " + value);
    return *found[0];
  }
  const Element& parent(const Element& element) const { return elements_[element.parent]; }
  bool is_within(const Element& element, const Element& ancestor) const {
    for (const Element* each = &element; each != elements_.data(); each = &parent(*each)) {
      if (each == &ancestor) return true;
    }
    return false;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    throw std::runtime_error(what + " at: " + page_.substr(at_, 80));
  }
  std::string decode(const std::string& text) const {
    static const std::map<std::string, std::string> entities{
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"#39", "'"}};
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '>' || text[i] == '<') wrong("a bare bracket");
      if (text[i] != '&') {
        decoded += text[i];
        continue;
      }
      const std::size_t end = text.find(';', i);
      const auto entity = entities.find(text.substr(i + 1, end - i - 1));
      if (entity == entities.end()) wrong("a bare &");
      decoded += entity->second;
      i = end;
    }
    return decoded;
  }
  void expect(char character) {
    if (at_ >= page_.size() || page_[at_] != character) wrong(std::string("expected ") + character);
    ++at_;
  }
  std::string word() {
    const std::size_t end =
        page_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789", at_);
    if (end == at_) wrong("expected a word");
    const std::string found = page_.substr(at_, end - at_);
    at_ = end;
    return found;
  }
  void read_start_tag(std::vector<std::size_t>& open) {
    static const std::set<std::string> without_end{"meta", "link", "img", "input"};
    expect('<');
    Element element{word()};
    element.parent = open.back();
    while (at_ < page_.size() && page_[at_] == ' ') {
      ++at_;
      const std::string name = word();
      std::string value;
      if (page_[at_] == '=') {
        ++at_;
        expect('"');
        const std::size_t end = page_.find('"', at_);
        value = decode(page_.substr(at_, end - at_));
        at_ = end + 1;
      }
      if (!element.attributes.emplace(name, value).second) wrong("attribute " + name + " twice");
    }
    expect('>');
    if (element.tag == "style" || element.tag == "script") {
      const std::size_t end = page_.find("</" + element.tag + ">", at_);
      element.text = page_.substr(at_, end - at_);
      at_ = end + element.tag.size() + 3;
    } else if (!without_end.contains(element.tag)) {
      open.push_back(elements_.size());
    }
    elements_.push_back(std::move(element));
  }

  const std::string& page_;
  std::size_t at_ = 0;
  std::vector<Element> elements_;
};
