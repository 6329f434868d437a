#include "fault_sweep.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <thread>

#include "../temporary_directory.h"
#include "fault_run.h"
#include "io/files.h"

namespace fs = std::filesystem;

namespace {

const char* name_of(Fault fault) {
  constexpr const char* names[] = {"once", "full", "kill", "power"};
  return names[static_cast<int>(fault)];
}

/// With times and links, as `cp -a`.
void copy_folder(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target);
    } else if (entry.is_directory()) {
      fs::create_directory(target);
    } else {
      fs::copy_file(entry.path(), target);
      fs::last_write_time(target, entry.last_write_time());
    }
  }
}

/// Both texts around the first byte that differs.
std::string shown_difference(const std::string& a, const std::string& b) {
  const auto differs = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto at = static_cast<std::size_t>(differs.first - a.begin()), begin = at < 60 ? 0 : at - 60;
  return "from byte " + std::to_string(at) + " of " + std::to_string(a.size()) + ": «" +
         a.substr(begin, 120) + "» and «" + b.substr(std::min(begin, b.size()), 120) + "» of " +
         std::to_string(b.size());
}

/// Contents by path below the folder; of symbolic links where they lead.
using Snapshot = std::map<std::string, std::string>;

class Sweep {
 public:
  explicit Sweep(const Scenario& scenario) : scenario_(scenario), before_(root_.path() / "before") {
    std::vector<std::string> expressions{
        "\"seconds\": ?\\{[^}]*\\}", "\"[a-z_]*(seconds|mebibytes)\": ?[0-9.e+-]+",
        "\"modified_ns\": ?[0-9]+", "<dd dir=\"auto\">[0-9.]+ (s|min|h|MiB|GiB)( [0-9]+ (s|min))?</dd>"};
    expressions.insert(expressions.end(), scenario.varies.begin(), scenario.varies.end());
    for (const auto& expression : expressions)
      varies_.emplace_back(std::regex(expression), expression.starts_with('"'));
  }

  SweepCounts go() {
    fs::create_directories(before_);
    scenario_.prepare(before_);
    const fs::path folder = new_folder();
    const FaultRun run = start(folder, 0, "none");
    EXPECT_EQ(run.status, 0) << scenario_.name << ": " << run.err;
    EXPECT_FALSE(run.calls.empty()) << scenario_.name;
    EXPECT_EQ(replaced_too_early(run.calls), "") << scenario_.name;
    if (run.status != 0) return {};
    old_ = snapshot(before_);
    new_ = snapshot(folder);
    for (const auto& [path, contents] : old_)
      EXPECT_TRUE(rule_of(path) != Rule::grows || new_[path].starts_with(contents)) << path;
    calls_ = run.calls.back().number;
    for (const auto& call : run.calls) calls_ = std::max(calls_, call.number);
    sweep_all();
    return {static_cast<std::int64_t>(calls_), static_cast<std::int64_t>(tries_.size())};
  }

 private:
  struct Try {
    Fault fault;
    std::uint64_t at;
  };

  fs::path new_folder() {
    const fs::path folder = root_.path() / std::to_string(next_folder_++) / "work";
    copy_folder(before_, folder);
    return folder;
  }

  FaultRun start(const fs::path& folder, std::uint64_t at, const std::string& how) const {
    std::vector<std::string> environment;
    for (const auto& variable : scenario_.environment)
      environment.push_back(std::regex_replace(variable, std::regex("FOLDER"), folder.string()));
    return run_with_fault(folder, folder.parent_path() / "beside", scenario_.command, environment, at, how);
  }

  std::string comparable(std::string contents, const fs::path& folder) const {
    for (const std::string& place : {folder.string(), before_.string()})
      for (std::size_t at = 0; (at = contents.find(place, at)) != std::string::npos;)
        contents.replace(at, place.size(), "FOLDER");
    if (contents.size() > (1 << 20)) return contents;
    // What was JSON stays JSON.
    for (const auto& [expression, is_json] : varies_)
      contents = std::regex_replace(contents, expression, is_json ? "\"~\": 0" : "");
    return contents;
  }

  Snapshot snapshot(const fs::path& folder) const {
    Snapshot files;
    const auto take = [&](const fs::path& path) {
      const std::string name = fs::relative(path, folder).string();
      const auto status = fs::symlink_status(path);
      if (fs::is_symlink(status))
        files[name] = "-> " + comparable(fs::read_symlink(path).string(), folder);
      else if (fs::is_regular_file(status))
        files[name] = comparable(ilk::read_file(path), folder);
    };
    for (const auto& result : scenario_.results) {
      const fs::path path = folder / result;
      if (!fs::is_directory(path)) {
        take(path);
        continue;
      }
      for (const auto& entry : fs::recursive_directory_iterator(path)) take(entry.path());
    }
    return files;
  }

  Rule rule_of(const std::string& path) const {
    for (const auto& [beginning, rule] : scenario_.rules)
      if (path.starts_with(beginning)) return rule;
    return Rule::old_or_new;
  }

  static bool is_unfinished(const std::string& path) {
    return std::regex_search(path, std::regex("\\.tmp-[0-9-]+$|\\.lock$"));
  }

  static bool is_whole(const std::string& path, const std::string& contents) {
    if (path.ends_with(".json")) return nlohmann::json::accept(contents);
    if (path.ends_with(".html")) return contents.ends_with("</html>\n");
    return !contents.empty();
  }

  /// What is wrong with the files that the command left; empty: nothing.
  std::string damage(const Snapshot& now) const {
    const auto at = [](const Snapshot& files, const std::string& path) {
      const auto found = files.find(path);
      return found == files.end() ? std::string() : found->second;
    };
    std::set<std::string> paths;
    for (const Snapshot* files : {&old_, &new_, &now})
      for (const auto& [path, contents] : *files) paths.insert(path);
    for (const auto& path : paths) {
      const bool was = old_.contains(path), is = now.contains(path);
      const Rule rule = rule_of(path);
      if (is_unfinished(path) || rule == Rule::any) continue;
      if (!is) {
        if (was && new_.contains(path)) return path + " was there before and is lost";
        continue;
      }
      const std::string contents = at(now, path);
      if (was && contents == at(old_, path)) continue;
      if (new_.contains(path) && contents == at(new_, path)) continue;
      if (rule == Rule::whole && is_whole(path, contents)) continue;
      if (rule == Rule::grows && contents.starts_with(at(old_, path)) && at(new_, path).starts_with(contents))
        continue;
      return path + " is neither what it was nor what it is to be, " +
             shown_difference(contents, at(new_, path));
    }
    return "";
  }

  std::string difference(const Snapshot& now) const {
    for (const auto& [path, contents] : new_) {
      if (rule_of(path) == Rule::any || is_unfinished(path)) continue;
      if (!now.contains(path)) return path + " is missing";
      if (now.at(path) != contents) return path + " differs " + shown_difference(now.at(path), contents);
    }
    for (const auto& [path, contents] : now)
      if (!new_.contains(path) && rule_of(path) != Rule::any && !path.ends_with(".lock"))
        return path + " is left over";
    return "";
  }

  void expect(bool holds, const Try& one, const std::string& what) {
    if (holds) return;
    const std::lock_guard guard(mutex_);
    ADD_FAILURE() << scenario_.name << ", " << name_of(one.fault) << " at call " << one.at << " of " << calls_
                  << ": " << what;
  }

  void attempt(const Try& one) {
    const fs::path folder = new_folder();
    const bool killed = one.fault == Fault::kill || one.fault == Fault::power;
    const FaultRun run = start(folder, one.at, killed ? "kill" : name_of(one.fault));
    if (one.fault == Fault::power) lose_unsynced(folder, run);
    const Snapshot now = snapshot(folder);
    if (run.status == 0) {
      const std::string problem = difference(now);
      expect(problem.empty(), one, "exit status 0, but " + problem);
    } else if (killed) {
      expect(run.status == -SIGKILL, one, "status " + std::to_string(run.status) + ": " + run.err);
    } else {
      const std::string reason = std::strerror(one.fault == Fault::full ? ENOSPC : EIO);
      expect(run.status == 1, one, "status " + std::to_string(run.status) + ": " + run.err);
      const std::string said = run.out + run.err;  // a bench tells of failed runs in its table
      expect(said.find(reason) != std::string::npos, one, "no reason in: " + said);
      const auto message = said.find("ilk: ");
      expect(message != std::string::npos && said.find_first_of("/\"", message) != std::string::npos, one,
             "no file is named in: " + said);
    }
    const std::string problem = damage(now);
    expect(problem.empty(), one, problem + "; it said: " + run.err);
    if (scenario_.not_twice && difference(now).empty()) {
      fs::remove_all(folder.parent_path());
      return;
    }
    const FaultRun again = start(folder, 0, "none");
    expect(again.status == 0, one,
           "the command again: status " + std::to_string(again.status) + ": " + again.err);
    const std::string left = difference(snapshot(folder));
    expect(left.empty(), one, "after the command again " + left);
    fs::remove_all(folder.parent_path());
  }

  void choose() {
    const bool all = std::getenv("ILK_FAULTS") && std::string(std::getenv("ILK_FAULTS")) == "all";
    for (const Fault fault : all_faults) {
      // A run that ended well can lose power too.
      const std::uint64_t last = calls_ + (fault == Fault::power ? 1 : 0);
      const std::uint64_t step = all ? 1 : std::max<std::uint64_t>(1, last / 4);
      for (std::uint64_t at = 1; at <= last; ++at)
        if (at + 1 > last || at % step == static_cast<std::uint64_t>(fault) % step)
          tries_.push_back({fault, at});
    }
  }

  void sweep_all() {
    choose();
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i; (i = next++) < tries_.size();) attempt(tries_[i]);
    };
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < std::max(2u, std::thread::hardware_concurrency()); ++i)
      workers.emplace_back(work);
    for (auto& worker : workers) worker.join();
  }

  const Scenario& scenario_;
  TemporaryDirectory root_;
  fs::path before_;
  std::vector<std::pair<std::regex, bool>> varies_;
  std::atomic<int> next_folder_ = 0;
  Snapshot old_, new_;
  std::uint64_t calls_ = 0;
  std::vector<Try> tries_;
  std::mutex mutex_;
};

}  // namespace

SweepCounts sweep(const Scenario& scenario) {
  const SweepCounts counts = Sweep(scenario).go();
  std::printf("%s: %lld calls, %lld faults\n", scenario.name.c_str(), static_cast<long long>(counts.calls),
              static_cast<long long>(counts.faults));
  return counts;
}

void run_undisturbed(const fs::path& folder, const std::vector<std::string>& arguments,
                     const std::vector<std::string>& environment) {
  const TemporaryDirectory beside;
  const FaultRun run = run_with_fault(folder, beside.path(), arguments, environment, 0, "none");
  if (run.status != 0) throw std::runtime_error("the command before failed: " + run.err);
}
