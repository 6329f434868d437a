#include "export/xmp_packet.h"
#include "core/fail.h"

#if ILK_WITH_EXEMPI
#include <algorithm>
#include <memory>
#include <mutex>

#include "export/exempi_library.h"

namespace ilk {
namespace {

constexpr const char* dublin_core = "http://purl.org/dc/elements/1.1/";
constexpr const char* lightroom = "http://ns.adobe.com/lightroom/1.0/";
constexpr const char* digikam = "http://www.digikam.org/ns/1.0/";
constexpr const char* own = "urn:ilk:export:1.0/";

/// A list of keywords: where programs look for it, and where ilk notes which of them it added.
struct List {
  const char* schema;
  const char* name;
  std::uint32_t form;
  const char* own_name;
  std::vector<std::string> XmpKeywords::*keywords;
};
constexpr List lists[] = {
    {dublin_core, "subject", XMP_PROP_ARRAY_IS_UNORDERED, "subject", &XmpKeywords::subjects},
    {lightroom, "hierarchicalSubject", XMP_PROP_ARRAY_IS_UNORDERED, "hierarchicalSubject",
     &XmpKeywords::hierarchies},
    {digikam, "TagsList", XMP_PROP_ARRAY_IS_ORDERED, "TagsList", &XmpKeywords::tags},
};
constexpr const char* made_by_ilk = "madeSidecar";

struct FreePacket {
  void operator()(_Xmp* packet) const { exempi().free(packet); }
};
struct FreeString {
  void operator()(_XmpString* text) const { exempi().string_free(text); }
};

/// One sidecar's contents.
class Packet {
 public:
  Packet() : packet_(exempi().new_empty()), buffer_(exempi().string_new()) {}

  bool parse(std::string_view text) { return exempi().parse(packet_.get(), text.data(), text.size()); }

  std::vector<std::string> items(const char* schema, const char* name) const {
    std::vector<std::string> found;
    for (std::int32_t i = 1; exempi().get_array_item(packet_.get(), schema, name, i, buffer_.get(), nullptr);
         ++i)
      found.emplace_back(exempi().string_cstr(buffer_.get()));
    return found;
  }
  void append(const char* schema, const char* name, std::uint32_t form, const std::string& value) {
    check(exempi().append_array_item(packet_.get(), schema, name, form, value.c_str(), 0));
  }
  void remove_item(const char* schema, const char* name, std::size_t index) {
    const std::string path = std::string(name) + "[" + std::to_string(index + 1) + "]";
    check(exempi().delete_property(packet_.get(), schema, path.c_str()));
  }
  void remove(const char* schema, const char* name) {
    if (has(schema, name)) check(exempi().delete_property(packet_.get(), schema, name));
  }
  bool has(const char* schema, const char* name) const {
    return exempi().has_property(packet_.get(), schema, name);
  }
  void set(const char* schema, const char* name, const char* value) {
    check(exempi().set_property(packet_.get(), schema, name, value, 0));
  }
  std::string text() const {
    check(exempi().serialize(packet_.get(), buffer_.get(), XMP_SERIAL_OMITPACKETWRAPPER, 0));
    return exempi().string_cstr(buffer_.get());
  }

 private:
  static void check(bool well) {
    if (!well) fail("export", "Exempi cannot write XMP (its error ", exempi().get_error(), ").");
  }
  std::unique_ptr<_Xmp, FreePacket> packet_;
  std::unique_ptr<_XmpString, FreeString> buffer_;
};

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Whether the packet says what is wanted, with nothing of ilk's besides.
bool says(const Packet& packet, const XmpKeywords& keywords) {
  return std::all_of(std::begin(lists), std::end(lists), [&](const List& list) {
    const auto& wanted = keywords.*list.keywords;
    const auto there = packet.items(list.schema, list.name), added = packet.items(own, list.own_name);
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const auto& word) { return contains(there, word); }) &&
           std::all_of(added.begin(), added.end(), [&](const auto& word) { return contains(wanted, word); });
  });
}

void take_back(Packet& packet, const List& list) {
  const auto added = packet.items(own, list.own_name);
  auto there = packet.items(list.schema, list.name);
  for (const auto& word : added) {
    const auto found = std::find(there.begin(), there.end(), word);
    if (found == there.end()) continue;  // somebody removed it
    packet.remove_item(list.schema, list.name, static_cast<std::size_t>(found - there.begin()));
    there.erase(found);
  }
  if (there.empty()) packet.remove(list.schema, list.name);
  packet.remove(own, list.own_name);
}

void add(Packet& packet, const List& list, const std::vector<std::string>& wanted) {
  const auto there = packet.items(list.schema, list.name);
  for (const auto& word : wanted) {
    if (contains(there, word)) continue;
    packet.append(list.schema, list.name, list.form, word);
    packet.append(own, list.own_name, XMP_PROP_ARRAY_IS_UNORDERED, word);
  }
}

}  // namespace

std::optional<std::string> with_keywords(std::string_view sidecar, const XmpKeywords& keywords) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  for (const auto& [schema, prefix] : {std::pair(lightroom, "lr"), {digikam, "digiKam"}, {own, "ilk"}})
    exempi().register_namespace(schema, prefix, nullptr);
  Packet packet;
  const bool made_now = sidecar.empty(), wanted = keywords != XmpKeywords{};
  if (made_now && !wanted) return std::nullopt;
  // What is not XMP at all is not given to Exempi, which would complain on standard error.
  const bool is_xmp = sidecar.find("rdf:RDF") != std::string_view::npos;
  require(made_now || (is_xmp && packet.parse(sidecar)), "export", "it is not XMP that can be read.");
  const bool made_before = !made_now && packet.has(own, made_by_ilk);
  if (!made_now && wanted && says(packet, keywords)) return std::string(sidecar);
  const bool has_own = std::any_of(std::begin(lists), std::end(lists),
                                   [&](const List& list) { return packet.has(own, list.own_name); });
  if (!wanted && !has_own && !made_before) return std::string(sidecar);

  for (const List& list : lists) take_back(packet, list);
  if (!wanted) {
    packet.remove(own, made_by_ilk);
    if (made_before && packet.text() == Packet().text()) return std::nullopt;
  } else {
    for (const List& list : lists) add(packet, list, keywords.*list.keywords);
    if (made_now) packet.set(own, made_by_ilk, "True");
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + packet.text();
}

}  // namespace ilk

#else

namespace ilk {

std::optional<std::string> with_keywords(std::string_view, const XmpKeywords&) {
  fail("export", "this ilk was built without Exempi, which writes XMP; build it with -DILK_WITH_EXEMPI=ON.");
}

}  // namespace ilk

#endif
