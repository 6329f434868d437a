#include <cstdio>
#include <memory>

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "pipeline/edit_run.h"

namespace ilk::cli {
namespace {

int print_changes(const EditSummary& summary) {
  for (const auto& change : summary.changes) std::printf("%s.\n", printable(change).c_str());
  std::printf("%lld %s cluster. The run's own command makes report.html anew; `ilk view` shows it already.\n",
              static_cast<long long>(summary.moved), summary.moved == 1 ? "image changed" : "images changed");
  return done;
}

/// The subcommands of `ilk edit RUN`.
class EditCommand {
 public:
  EditCommand(CLI::App& app, Action& action) : action_(action) {
    edit_ = app.add_subcommand("edit", "Correct a run's clusters by hand");
    edit_->add_option("run", *run_, "The folder that `ilk cluster` left")->required()->type_name("RUN");
    edit_->require_subcommand(1);
    edit_->footer(
        "Examples:\n"
        "  ilk edit run/ rename 3 \"Aunt Uta\"\n"
        "  ilk edit run/ merge owl eagle\n"
        "  ilk edit run/ move new PHOTOS/a.jpg PHOTOS/b.jpg --name harbour\n"
        "  ilk edit run/ lock harbour\n\n"
        "A cluster is named by its number, or by its name where only one has it. Edits are kept in "
        "RUN/edits.jsonl,\n"
        "done again where `ilk cluster` makes the run again, and known to `ilk assign` and `ilk export`.");
  }

  void add_all() {
    using Kind = EditRequest::Kind;
    add("rename", "Give a cluster another name", Kind::rename, [](CLI::App& app, EditRequest& request) {
      add_cluster(app, request);
      app.add_option("name", request.names, "Its new name")->required()->expected(1)->type_name("NAME");
    });
    add("merge", "Put clusters into another one", Kind::merge, [](CLI::App& app, EditRequest& request) {
      add_cluster(app, request);
      app.add_option("others", request.clusters, "Those that go into it")->required()->type_name("CLUSTER");
    });
    add("split", "Split a cluster by how its images look", Kind::split,
        [](CLI::App& app, EditRequest& request) {
          add_cluster(app, request);
          app.add_option("--into", request.parts, "Into how many parts")->capture_default_str();
          app.add_option("--name", request.names, "Names of the parts, largest first (else NAME, NAME 2, …)")
              ->type_name("NAME");
        });
    add("move", "Put images into another cluster, or a new one", Kind::move,
        [](CLI::App& app, EditRequest& request) {
          app.add_option("cluster", request.cluster, "Where they go: a cluster, or new")
              ->required()
              ->type_name("CLUSTER|new");
          app.add_option("images", request.images, "Paths as in assignments.csv")->type_name("PATH");
          app.add_option_function<std::string>(
                 "--images-from",
                 [&request](const std::string& place) {
                   for (auto& path : listed_inputs({.files_from = place}, "edit", "--images-from"))
                     request.images.push_back(std::move(path));
                 },
                 "File with one path a line, or separated by NUL; - for standard input")
              ->type_name("FILE");
          app.add_option("--name", request.names, "Name of the new cluster")->expected(1)->type_name("NAME");
        });
    add("lock", "Keep a cluster's name, number and images whatever a later run finds", Kind::lock,
        add_cluster);
    add("unlock", "Let later runs change a locked cluster again", Kind::unlock, add_cluster);
    edit_->add_subcommand("undo", "Take the last edit back")->callback([run = run_, &action = action_] {
      action = [run] { return print_changes(undo_edit(*run)); };
    });
    edit_->add_subcommand("list", "Show the edits so far")->callback([run = run_, &action = action_] {
      action = [run] {
        for (const auto& sentence : list_edits(*run)) std::printf("%s\n", printable(sentence).c_str());
        return done;
      };
    });
  }

 private:
  static void add_cluster(CLI::App& app, EditRequest& request) {
    app.add_option("cluster", request.cluster, "The cluster, by number or name")
        ->required()
        ->type_name("CLUSTER");
  }

  template <class AddArguments>
  void add(const char* name, const char* help, EditRequest::Kind kind, AddArguments&& add_arguments) {
    auto request = std::make_shared<EditRequest>();
    request->kind = kind;
    auto* subcommand = edit_->add_subcommand(name, help);
    add_arguments(*subcommand, *request);
    subcommand->callback([run = run_, request, &action = action_] {
      action = [run, request] { return print_changes(edit_run(*run, *request)); };
    });
  }

  CLI::App* edit_;
  Action& action_;
  std::shared_ptr<std::string> run_ = std::make_shared<std::string>();
};

}  // namespace

void add_edit_command(CLI::App& app, Action& action) {
  EditCommand(app, action).add_all();
}

}  // namespace ilk::cli
