#pragma once
// What a run left in its directory, as `ilk assign` needs it.
#include <ilk/run.h>
#include <ilk/transport.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"

namespace ilk {

/// The function of all errors of placing images.
inline constexpr std::string_view in_assign = "assign";

/// Opens features.safetensors and clusters.json of a run directory, of this version or an older one.
class AssignableRun {
 public:
  /// Throws Error where the folder holds no finished run.
  explicit AssignableRun(const std::filesystem::path& folder);

  const RunOptions& options() const { return options_; }
  const std::vector<std::string>& cluster_names() const { return cluster_names_; }
  /// D, of the embeddings.
  std::int64_t width() const { return file_.entry("embeddings").shape.at(1); }
  std::string model_fingerprint() const { return fact("model_fingerprint"); }
  /// What the run's images were encoded in; runs of before there was a choice do not say.
  Precision precision() const;
  /// As arithmetic_of the encoder says it.
  std::string arithmetic() const;

  /// What the run's method kept (Clustering::arrays), and the words that were aligned.
  bool contains(const std::string& name) const { return file_.contains(name); }
  Array array(const std::string& name) const { return file_.get(name); }
  Matrix<float> matrix(const std::string& name) const { return array(name).to_matrix(); }
  /// The plan onto the aligned words of a kind, "noun" or "caption".
  RowPlan plan(const std::string& kind) const;

 private:
  std::string fact(const std::string& name) const;

  SafetensorsFile file_;
  RunOptions options_;
  std::vector<std::string> cluster_names_;
};

}  // namespace ilk
