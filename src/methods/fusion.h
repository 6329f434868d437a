#pragma once
// N images, D dimensions; each image has up to three unit vectors: itself, its noun and its caption
// counterpart.
#include <ilk/matrix.h>
#include <ilk/options.h>

#include <array>
#include <vector>

namespace ilk {

enum class FusionKind { concat, sum, plain };
constexpr auto enum_names(FusionKind) {
  return std::array<std::string_view, 3>{"concat", "sum", "plain"};
}

struct FusionOptions {
  FusionKind fusion = FusionKind::concat;
  double gamma = 0.1;
  bool centre = false;
};

template <OptionsOf<FusionOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"fusion", options.fusion,
              "concat or sum of the adaptively weighted parts, or plain unweighted concatenation"});
  visit(
      Field{"gamma", options.gamma, "temperature of the adaptive weights; smaller trusts the best part more"}
          .above(0));
  visit(Field{"centre", options.centre,
              "subtract each modality's mean before cosines are taken (modality gap)"});
}

/// The means that centring subtracts, so that new images are fused as the old ones were: (D) numbers for
/// each part; empty where `centre` is off.
struct FusionModel {
  std::vector<std::vector<float>> means;
};

struct FusionResult {
  Matrix<float>
      features;  ///< (N, parts · D) for concat and plain, (N, D) for sum; float32, rows of unit length
  Matrix<float> weights;  ///< (N, parts), rows sum to 1
  FusionModel model;
};

/// CAE's adaptive fusion (docs/methods/cae.md): per image the prototype p is the mean of its parts, the
/// weights are softmax(cos(part, p) / γ), the features the weighted parts side by side (concat) or added
/// (sum). `parts`: one to three (N, D) matrices with rows of unit length; parts of other counts or
/// shapes throw Error. With `centre`, each part's mean over the collection is subtracted and the rows are
/// normalised again before anything else (a row equal to the mean stays zero and gets its share of weight, no
/// more).
/// Features that vanish all the same (equal images, a collection of one, parts that cancel) are those of the
/// parts without centring, at last the image itself, so that every row has unit length.
FusionResult fuse(const std::vector<MatrixView<const float>>& parts, const FusionOptions& options);

/// The same for new images, with the means of the collection that `model` was made from.
Matrix<float> fuse_new(const std::vector<MatrixView<const float>>& parts, const FusionOptions& options,
                       const FusionModel& model);

}  // namespace ilk
