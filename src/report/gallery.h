#pragma once
#include <string>
#include <vector>

namespace ilk {

/// A page of pictures below headings: what a search found, or what an inspection did.
struct Gallery {
  struct Picture {
    std::string path;            ///< shown, and the picture's link
    std::string caption;         ///< shown below it
    std::string thumbnail_jpeg;  ///< bytes; empty where it could not be made
  };
  struct Section {
    std::string heading;
    std::string note;                          ///< a sentence on what these are
    std::vector<std::vector<Picture>> groups;  ///< pictures that belong together
  };
  std::string title;
  std::string subtitle;
  std::string program_version;
  std::string base_path;  ///< the folder that relative paths start in, as seen from the page's folder
  std::vector<Section> sections;
};

/// One self-contained HTML page without a script: no network, light and dark, phone and desktop, all text
/// escaped. The same gallery gives the same bytes.
std::string render_gallery(const Gallery& gallery);

}  // namespace ilk
