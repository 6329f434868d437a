#pragma once
// A run's report in a browser, with edits.
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ilk {

struct ViewOptions {
  std::int64_t port = 0;
  bool browser = true;
};

template <OptionsOf<ViewOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"port", options.port, "port of 127.0.0.1 to listen at; 0: one that is free"}.between(0, 65535));
  visit(Field{"browser", options.browser, "open the page in a browser"});
}

/// Serves the report of a finished run on 127.0.0.1 until `progress` asks for a stop: the page, what lies
/// beside it, the originals (read-only, by their number), and edits by the same code as edit_run. `ready` is
/// called once with the page's address, which holds a random token of 128 bits; nothing is answered without
/// it, to another Host than this one, or to pages of another origin. Throws Error for a folder that is no
/// finished run or where ilk was built without cpp-httplib, WriteError where the port cannot be had.
void view_run(const std::filesystem::path& run, const ViewOptions& options,
              const std::function<void(const std::string& address)>& ready, Progress& progress = silent());

}  // namespace ilk
