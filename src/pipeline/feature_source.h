#pragma once
// N images, P words of a kind, D dimensions.

#include <memory>
#include <optional>
#include <string>

#include "pipeline/embed_images.h"
#include "pipeline/run_context.h"
#include "pipeline/vocabulary.h"
#include "text/labels.h"

namespace ilk {

/// Where a run's features come from. What follows (words chosen and aligned, clusters, names, files) does not
/// know. Made before the run directory is touched, so that whatever can be told to be wrong without much work
/// is an Error by then; after that `images`, `words` and `image_texts` are called once each, in this order.
/// It lives as long as features of words may be asked for.
class FeatureSource {
 public:
  virtual ~FeatureSource() = default;
  /// What is to be clustered; fills in the summary's facts about it.
  virtual EmbeddedImages images() = 0;
  /// Labels that came with the images, for scoring; to be asked for after `images`.
  virtual std::optional<Labels> labels() const { return std::nullopt; }
  /// The bytes of one of the N images, for its picture in the report.
  virtual ImageFile read(const std::string& path, std::int64_t /*image*/) const {
    return read_image_file(path);
  }
  /// Whether images' names are paths of files of their own.
  virtual bool names_are_files() const { return true; }
  /// The words on offer, with features in the same space.
  virtual Vocabulary words() = 0;
  /// Features (P, D) of words, written in these templates, rows of unit length; empty where no model is there
  /// to read them.
  virtual Matrix<float> encode_words(const Corpus& /*words*/, const std::vector<std::string>& /*templates*/) {
    return {};
  }
  /// Features (N, D′) of a text for each image, rows of unit length, or of zeros for an image whose text is
  /// to be retrieved; empty where no such texts are given.
  virtual Matrix<float> image_texts() { return {}; }
};

/// Image files, seen by an encoder that reads the words too.
std::unique_ptr<FeatureSource> images_and_encoder(RunContext& run);
/// Features that somebody else made, in files.
std::unique_ptr<FeatureSource> feature_files(RunContext& run);

}  // namespace ilk
