#include "report/page_data.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/base64.h"

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Numbers of `Bytes` bytes each, the lowest first, as base64.
template <std::size_t Bytes, class Number>
std::string packed(std::int64_t count, Number&& number) {
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(count) * Bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::uint64_t>(number(i));
    for (std::size_t b = 0; b < Bytes; ++b) bytes += static_cast<char>(value >> (8 * b) & 255);
  }
  return ilk::base64(bytes);
}

template <std::size_t Bytes>
std::string packed(const std::vector<std::int64_t>& values) {
  return packed<Bytes>(std::ssize(values),
                       [&](std::int64_t i) { return values[static_cast<std::size_t>(i)]; });
}

constexpr double steps = 65535;

/// Both axes have one scale; the longer one goes from 0 to 65535.
std::string packed_map(const Matrix<float>& map) {
  double low[2] = {0, 0}, widest = 0;
  for (std::int64_t c = 0; c < 2; ++c) {
    double least = INFINITY, most = -INFINITY;
    for (std::int64_t i = 0; i < map.rows(); ++i) {
      least = std::min(least, static_cast<double>(map[i][c]));
      most = std::max(most, static_cast<double>(map[i][c]));
    }
    low[c] = least;
    widest = std::max(widest, most - least);
  }
  const double scale = widest > 0 ? steps / widest : 0;
  return packed<2>(2 * map.rows(), [&](std::int64_t i) {
    return std::lround((static_cast<double>(map[i / 2][i % 2]) - low[i % 2]) * scale);
  });
}

Json clusters_json(const std::vector<Report::Cluster>& given) {
  Json clusters = Json::array();
  for (const auto& cluster : given) {
    Json one = {{"name", cluster.name}};
    if (cluster.locked) one["locked"] = true;
    if (cluster.merged_into >= 0) one["merged_into"] = cluster.merged_into;
    clusters.push_back(std::move(one));
  }
  return clusters;
}

std::string call(const char* kind, std::int64_t number, const std::string& json) {
  return "ilk_take(\"" + std::string(kind) + "\"," + std::to_string(number) + "," + json + ");\n";
}

}  // namespace

namespace html {

std::string index_json(const Report& report) {
  const Report::Images& images = *report.images;
  Json index = {{"images", images.clusters.size()},
                {"paths", images.digest},
                {"run", report.run},
                {"base", report.base_path},
                {"files", report.paths_are_files},
                {"beside", images.beside},
                {"pictures", images.pictures},
                {"pictures_per_file", pictures_per_file},
                {"names_per_file", names_per_file},
                {"clusters", clusters_json(report.clusters)},
                {"cluster_of", packed<4>(images.clusters)},
                {"score_of", packed<2>(std::ssize(images.scores), [&](std::int64_t i) {
                   const double score = static_cast<double>(images.scores[static_cast<std::size_t>(i)]);
                   return std::lround((std::clamp(score, -1.0, 1.0) + 1) / 2 * steps);
                 })}};
  if (images.beside) index["place_of"] = packed<4>(images.places);
  if (!images.map.empty()) index["map"] = packed_map(images.map);
  if (!images.classes.empty()) {
    index["classes"] = images.classes;
    index["class_of"] = packed<4>(std::ssize(images.labels), [&](std::int64_t i) {
      return images.labels[static_cast<std::size_t>(i)] + 1;
    });
  }
  return dump(index);
}

void write_data_block(Page& page, Markup id, const std::string& json) {
  page << "<script type=\"application/json\" id=\"" << id << "\">" << data_block(json) << "</script>\n";
}

}  // namespace html

std::string report_index_file(const Report& report) {
  return call("index", 0, html::index_json(report));
}

std::string report_pictures_file(std::int64_t number, const std::vector<Report::Picture>& pictures) {
  std::string json = "[";
  for (const auto& picture : pictures) {
    if (json.size() > 1) json += ",\n";
    json += "[" + dump(picture.path) + "," + dump(picture.words) + ",\"" +
            ilk::base64(picture.thumbnail_jpeg) + "\"]";
  }
  return call("pictures", number, json + "]");
}

std::string report_names_file(std::int64_t number,
                              const std::vector<std::pair<std::string, std::string>>& names) {
  std::string lines;
  for (const auto& [path, words] : names) {
    if (!lines.empty()) lines += '\n';
    for (const char letter : path + "\t" + words) lines += letter == '\n' ? ' ' : letter;
  }
  return call("names", number, dump(lines));
}

std::string report_state(const std::vector<std::int64_t>& cluster_of,
                         const std::vector<Report::Cluster>& clusters,
                         const std::vector<std::string>& changes) {
  return dump(
      {{"clusters", clusters_json(clusters)}, {"cluster_of", packed<4>(cluster_of)}, {"changes", changes}});
}

std::string report_findings_file(std::int64_t images, const std::string& digest,
                                 const std::vector<ReportFinding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) list.push_back({{"name", finding.name}, {"groups", finding.groups}});
  return call("inspection", 0, dump({{"images", images}, {"paths", digest}, {"findings", list}}));
}

}  // namespace ilk
