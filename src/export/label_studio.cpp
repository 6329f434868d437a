// Label Studio's tasks with predictions (https://labelstud.io/guide/predictions) and the labelling interface
// that they are for. Images are served by Label Studio's local storage.
#include "export/common_folder.h"
#include "export/export_format_list.h"
#include "export/json_text.h"

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

std::string percent_encoded(std::string_view path) {
  constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (kept.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

std::string xml_attribute(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

ExportSummary export_label_studio(const ExportedRun& run, const ExportOptions& options, Progress&) {
  ExportSummary summary{.output = options.output};
  std::vector<std::filesystem::path> files;
  for (const auto& image : run.images) files.push_back(image.file);
  const auto common = common_folder(files);
  Json tasks = Json::array();
  for (const auto& image : run.images) {
    const Json choice{{"from_name", "cluster"},
                      {"to_name", "image"},
                      {"type", "choices"},
                      {"value", {{"choices", {image.name}}}},
                      {"score", image.score}};
    tasks.push_back(
        {{"data",
          {{"image",
            "/data/local-files/?d=" + percent_encoded(image.file.lexically_relative(common).string())},
           {"path", image.file.string()},
           {"cluster", image.cluster}}},
         {"predictions",
          {{{"model_version", "ilk"}, {"score", image.score}, {"result", Json::array({choice})}}}}});
  }
  std::string interface =
      "<View>\n  <Image name=\"image\" value=\"$image\"/>\n"
      "  <Choices name=\"cluster\" toName=\"image\" choice=\"single\">\n";
  for (const auto& name : run.names)
    if (!name.empty()) interface += "    <Choice value=\"" + xml_attribute(name) + "\"/>\n";
  interface += "  </Choices>\n</View>\n";
  write_text(options.output / "tasks.json", json_text(tasks), summary);
  write_text(options.output / "interface.xml", interface, summary);
  summary.notices.push_back(
      "Start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and "
      "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=" +
      common.string() + ", give a project the labelling interface interface.xml, and import tasks.json.");
  return summary;
}

}  // namespace

const ExportFormat label_studio_export{
    .name = "label-studio",
    .help = "tasks with clusters as predictions, and the labelling interface",
    .place = ExportFormat::Place::folder,
    .write = export_label_studio};

}  // namespace ilk
