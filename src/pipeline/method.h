#pragma once
// What a run knows of a method of clustering. Each method is a file of src/pipeline/method_entries, which
// says all that is said here, and a line of method_list.h. N images, D dimensions, K clusters.
#include <ilk/run.h>

#include <string_view>
#include <vector>

#include "pipeline/clustering.h"
#include "pipeline/memory_plan.h"
#include "pipeline/method_texts.h"

namespace ilk {

class AssignableRun;

/// Counterparts of the images among nouns and captions that are aligned to them.
enum class AlignedWords {
  none,      ///< not used; words give names alone
  optional,  ///< used where there are words
  required
};

/// A text for each image.
enum class ImageTexts {
  none,
  retrieved,  ///< counterparts among retrieved nouns
  given       ///< those that the user gives; retrieved where there are none
};

/// What a method clusters with besides X.
struct MethodNeeds {
  AlignedWords aligned_words = AlignedWords::none;
  bool retrieved_nouns = false;  ///< nouns that are retrieved for the method, as TAC does
  ImageTexts image_texts = ImageTexts::none;
};

/// What a method is given to cluster.
struct MethodInput {
  MatrixView<const float> embeddings;  ///< X (N, D), rows of unit length
  MethodTexts texts;                   ///< what the method needs
  std::int64_t n_clusters;             ///< K, at most N
  const RunOptions& options;
  Progress& progress;
};

struct Method {
  std::string_view name;     ///< as `--method` takes it
  std::string_view summary;  ///< what it clusters by, in a few words, for the help
  MethodNeeds needs;
  /// What its stages hold beside X, the aligned words and k-means of X, which every run plans for. Empty
  /// where they hold nothing else.
  std::vector<StageMemory> (*memory)(const RunSize& size, const RunOptions& options);
  Clustering (*cluster)(MethodInput input);
  /// Where images (n, D) belong among the clusters of a run that this method made.
  Assignment (*place)(const AssignableRun& run, MatrixView<const float> images);
};

/// All methods, in the order in which help lists them.
const std::vector<const Method*>& methods();

/// Throws Error that lists the methods where none has this name. `function` and `what` are named in it.
const Method& find_method(std::string_view name, std::string_view function = "--method",
                          std::string_view what = "--method");

/// Adds a method of another program to those of this library, for all runs that begin afterwards. Not to be
/// called while a run is at work. Throws Error where there is one of its name.
void add_method(const Method& method);

/// The names of the methods that learn from the user's own texts, as an error tells them: "sac".
std::string methods_with_given_texts();

/// Whether nouns are to be retrieved for this run.
bool retrieves_nouns(const Method& method, const RunOptions& options);

}  // namespace ilk
