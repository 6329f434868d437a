#pragma once
// Keywords in XMP (ISO 16684-1), as photo managers read them.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// What a sidecar is to say, each without repeats.
struct XmpKeywords {
  std::vector<std::string> subjects;     ///< dc:subject: "parrot"
  std::vector<std::string> hierarchies;  ///< lr:hierarchicalSubject: "ilk|parrot"
  std::vector<std::string> tags;         ///< digiKam:TagsList: "ilk/parrot"
  bool operator==(const XmpKeywords&) const = default;
};

/// The sidecar with these keywords in the place of those that ilk added before; all else that it holds stays.
/// Keywords that somebody else put there are not added twice, and never removed. What ilk added stands in the
/// sidecar too (ilk:subject, …), so that it can be taken back.
///
/// `sidecar` is the file's text; empty: there is none yet. Returns the new text, or nothing where no file is
/// needed any more: no keywords are wanted, and ilk made the file. The text comes back as it is where it says
/// all of that already. Throws Error for a sidecar that is not XMP, and where ilk was built without Exempi.
std::optional<std::string> with_keywords(std::string_view sidecar, const XmpKeywords& keywords);

}  // namespace ilk
