// A run directory of somebody else's: what eval, compare, edit, assign and export read of it.
#include <ilk/error.h>
#include <ilk/evaluate.h>

#include "../../fuzz_target.h"
#include "io/safetensors.h"
#include "pipeline/assignable_run.h"
#include "pipeline/bench_records.h"
#include "pipeline/edit_run.h"
#include "pipeline/edited_run.h"
#include "pipeline/export_run.h"
#include "pipeline/run_files.h"

namespace {

namespace fs = std::filesystem;

/// Four images.
void write_features(const fs::path& folder) {
  ilk::Matrix<float> x(4, 2);
  for (std::int64_t i = 0; i < 4; ++i) x[i][i % 2] = 1;
  ilk::write_safetensors(folder / "features.safetensors", {{"embeddings", x}, {"features", x}},
                         {{"options", "{}"}, {"model_fingerprint", "?"}});
}

template <class Work>
void attempt(Work&& work) {
  try {
    work();
  } catch (const ilk::Error&) {
  }
}

}  // namespace

/// manifest.json, assignments.csv, clusters.json, edits.jsonl; the method's own are the same as the edited
/// ones.
ILK_FUZZ(run_directory) {
  const auto parts = fuzz_parts(bytes, 4);
  const fs::path run = fuzz_file("run/manifest.json", parts[0]).parent_path();
  for (const char* folder : {"run/", "run/unedited/"}) {
    fuzz_file(folder + std::string("assignments.csv"), parts[1]);
    fuzz_file(folder + std::string("clusters.json"), parts[2]);
  }
  fuzz_file("run/edits.jsonl", parts[3]);
  if (!fs::exists(run / "features.safetensors")) write_features(run);
  attempt([&] { ilk::to_json(ilk::evaluate(run)); });
  attempt([&] { ilk::to_json(ilk::compare({run.string(), run.string()})); });
  attempt([&] { ilk::list_edits(run); });
  attempt([&] { ilk::AssignableRun finished(run); });
  attempt([&] {
    ilk::Matrix<float> x(2, 2);
    ilk::Assignment assignment{.labels = {0, 1}, .second_labels = {1, -1}};
    std::vector<std::string> names;
    ilk::follow_edits(run, {"a.png", "b.png"}, x, assignment, names);
    for (const auto label : assignment.labels) names.at(static_cast<std::size_t>(label));
  });
  attempt([&] { ilk::export_run(run, {.to = "csv", .output = run / "export.csv"}); });
  attempt(
      [&] { ilk::edit_run(run, {.kind = ilk::EditRequest::Kind::rename, .cluster = "0", .names = {"x"}}); });
  attempt([&] { ilk::undo_edit(run); });
}

/// A record of a bench's run.
ILK_FUZZ(bench_record) {
  const fs::path file = fuzz_file("bench/runs/kmeans-0.json", bytes);
  const ilk::BenchRecords records(file.parent_path());
  const auto key = ilk::read_json_file(file);
  ilk::identity_of(key);
  records.all();
}
