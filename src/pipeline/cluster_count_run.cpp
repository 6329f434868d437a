// Choosing the number of clusters in a run, and showing the evidence.

#include <algorithm>
#include <array>

#include "core/fail.h"
#include "core/text.h"
#include "pipeline/run_directory.h"
#include "pipeline/svg.h"

namespace ilk {
namespace {

constexpr int width = 640, height = 320, left = 46, bottom = 44, top = 58, right = 20;

struct Curve {
  const char* name;
  const char* colour;
  double ClusterCountEvidence::*value;
};
constexpr std::array curves = {Curve{"score", "#00696f", &ClusterCountEvidence::score},
                               Curve{"silhouette", "#b3541e", &ClusterCountEvidence::silhouette},
                               Curve{"agreement", "#5a5aa8", &ClusterCountEvidence::agreement}};

}  // namespace

const ClusterCount& asked_clusters(const RunOptions& options) {
  if (!options.n_clusters) fail("run", "Say how many clusters to make: -k 12, or -k auto.");
  return *options.n_clusters;
}

void require_enough_images(const ClusterCount& asked, std::int64_t n_images, const std::string& what) {
  if (const auto number = asked.number()) {
    require(*number <= n_images, "run", "-k must be at most the number of ", what, " (", n_images, "), got ",
            *number, ".");
    return;
  }
  require(asked.smallest() >= 2, "run", "a range for -k must begin at 2 or more, got ", asked.text(), ".");
  // The choice compares at least two numbers, none of half the images or more.
  const std::int64_t fewest = 2 * (asked.smallest() + 1) + 1;
  require(n_images >= fewest, "run", "-k ", asked.text(), " needs at least ", fewest, " ", what, ", got ",
          n_images, ". Say how many clusters to make, such as -k ", std::max<std::int64_t>(1, n_images / 2),
          ".");
}

void decide_cluster_count(RunRecord& record, RecordingProgress& progress) {
  const ClusterCount& asked = asked_clusters(record.options);
  require_enough_images(asked, record.images.embeddings.rows(), "usable images");
  if (const auto number = asked.number()) {
    record.n_clusters = *number;
    return;
  }
  auto choice = choose_cluster_count(
      record.images.embeddings,
      {.smallest = asked.smallest(), .largest = asked.largest(), .seed = record.options.seed}, progress);
  record.n_clusters = choice.n_clusters;
  if (!choice.clear)
    progress.say("How many clusters: " + choice.verdict + "; made " + std::to_string(choice.n_clusters) +
                 ". The report shows the evidence.");
  record.summary.cluster_count = std::move(choice);
}

std::string cluster_count_basis(const ClusterCountChoice& count) {
  const std::string all = std::to_string(count.n_points) + " images";
  return "From the embeddings of " +
         (count.sampled == count.n_points
              ? "all " + all
              : std::to_string(count.sampled) + " images drawn at random from " + all) +
         "." +
         (count.finer ? " For more detail try -k " + std::to_string(*count.finer) +
                            ", whose clusters are nearly as separate."
                      : "");
}

std::vector<ClusterCountEvidence> best_evidence(const ClusterCountChoice& count) {
  auto best = count.evidence;
  std::stable_sort(best.begin(), best.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  best.resize(std::min<std::size_t>(best.size(), 8));
  return best;
}

std::string cluster_count_table(const ClusterCountChoice& count) {
  std::string text =
      formatted("\nHow many clusters: %s (%.0f %% of the votes)\n%s\n%8s  %10s  %9s  %9s  %5s  %6s\n",
                count.verdict.c_str(), 100 * count.confidence, cluster_count_basis(count).c_str(), "clusters",
                "silhouette", "agreement", "objective", "score", "votes");
  for (const auto& one : best_evidence(count))
    text +=
        formatted("%8lld  %10.3f  %9.3f  %9.4f  %5.2f  %4.0f %%\n", static_cast<long long>(one.n_clusters),
                  one.silhouette, one.agreement, one.objective, one.score, 100 * one.votes);
  return text +
         "score: silhouette, agreement of halves of the images, and the bend of the objective, joined;\n"
         "votes: share of the halves for which the number is best\n";
}

std::string cluster_count_picture(const ClusterCountChoice& count) {
  require(count.evidence.size() >= 2, "cluster_count_picture",
          "there must be evidence for at least two numbers, got ", count.evidence.size(), ".");
  const auto first = static_cast<double>(count.evidence.front().n_clusters),
             last = static_cast<double>(count.evidence.back().n_clusters);
  double lowest = 0;
  for (const auto& one : count.evidence) lowest = std::min({lowest, one.silhouette, one.agreement});
  const auto x = [&](std::int64_t k) {
    return left + (static_cast<double>(k) - first) / (last - first) * (width - left - right);
  };
  const auto y = [&](double value) { return top + (1 - value) / (1 - lowest) * (height - top - bottom); };
  std::string svg = svg_begin(width, height);
  svg += formatted("<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n", left, count.verdict.c_str());
  for (const double value : {0.0, 0.5, 1.0})
    svg += formatted(
        "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e0e0e0\"/><text x=\"%d\" y=\"%.1f\" "
        "text-anchor=\"end\">%.1f</text>\n",
        left, width - right, y(value), y(value), left - 6, y(value) + 4, value);
  svg += formatted(
      "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#191919\" stroke-dasharray=\"4 3\"/>\n",
      x(count.n_clusters), x(count.n_clusters), top, height - bottom);
  int legend = left;
  for (const Curve& curve : curves) {
    svg += formatted("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", curve.colour);
    for (const auto& one : count.evidence)
      svg += formatted("%.1f,%.1f ", x(one.n_clusters), y(one.*curve.value));
    svg +=
        formatted("\"/>\n<text x=\"%d\" y=\"42\" fill=\"%s\">%s</text>\n", legend, curve.colour, curve.name);
    legend += 90;
  }
  const std::size_t step = (count.evidence.size() + 12) / 13;
  for (std::size_t i = 0; i < count.evidence.size(); i += step)
    svg += formatted("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%lld</text>\n",
                     x(count.evidence[i].n_clusters), height - bottom + 18,
                     static_cast<long long>(count.evidence[i].n_clusters));
  return svg + formatted("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">clusters</text>\n</svg>\n",
                         width / 2, height - 8);
}

}  // namespace ilk
