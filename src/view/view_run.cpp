#include "view/view_run.h"

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/files.h"

#if ILK_WITH_HTTPLIB
#include <httplib.h>
#include <sys/random.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "view/run_site.h"
#endif

namespace ilk {

#if ILK_WITH_HTTPLIB
namespace {

constexpr std::size_t longest_edit = std::size_t{64} << 20;

std::string random_token() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) fail_to_write(in_view, "getrandom");
  constexpr char digits[] = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) token += {digits[byte >> 4], digits[byte & 15]};
  return token;
}

/// In a time that does not tell where texts differ.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

std::string json_error(const std::string& text) {
  return nlohmann::json{{"error", text}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The site on a port.
class Server {
 public:
  explicit Server(const std::filesystem::path& run) : site_(run), token_(random_token()) {
    server_.set_payload_max_length(longest_edit);
    // Threads that wait for a browser's next request must not keep others waiting.
    server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
    server_.set_keep_alive_timeout(2);
    // As the library has them they let another process listen at the same port.
    server_.set_socket_options([](socket_t socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return check(request, response);
    });
    server_.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr& fault) {
          try {
            std::rethrow_exception(fault);
          } catch (const std::exception& error) {
            response.status = dynamic_cast<const Error*>(&error) ? 400 : 500;
            response.set_content(json_error(text_of(error)), "application/json");
          }
        });
    add_answers();
  }

  /// Returns the address.
  std::string bind(std::int64_t wanted) {
    const int port =
        wanted == 0
            ? server_.bind_to_any_port("127.0.0.1")
            : (server_.bind_to_port("127.0.0.1", static_cast<int>(wanted)) ? static_cast<int>(wanted) : -1);
    if (port < 0) {
      if (errno == 0) errno = EADDRINUSE;
      fail_to_write(in_view, "port " + std::to_string(wanted) + " of 127.0.0.1");
    }
    hosts_ = {"127.0.0.1:" + std::to_string(port), "localhost:" + std::to_string(port)};
    return "http://" + hosts_.front() + "/" + token_ + "/";
  }

  void serve(Progress& progress) {
    std::atomic<bool> ended = false;
    std::thread listening([&] {
      server_.listen_after_bind();
      ended = true;
    });
    // The library forgets a stop that comes before it listens.
    while (!ended && !(progress.stop_requested() && server_.is_running()))
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server_.stop();
    listening.join();
  }

 private:
  using Handled = httplib::Server::HandlerResponse;

  /// Only requests of the page itself pass: another site that a browser has open knows neither the token nor
  /// a Host that is this one, even where its name leads here.
  Handled check(const httplib::Request& request, httplib::Response& response) const {
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("X-Frame-Options", "DENY");
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_header("Cross-Origin-Resource-Policy", "same-origin");
    const std::string host = request.get_header_value("Host"), origin = request.get_header_value("Origin");
    const std::string from = request.get_header_value("Sec-Fetch-Site");
    const bool known_host = std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end();
    const bool foreign = (!origin.empty() && origin != "http://" + host) ||
                         !(from.empty() || from == "same-origin" || from == "none");
    const std::string_view path = request.path;
    const bool knows_token = path.size() >= token_.size() + 2 && path.front() == '/' &&
                             same(path.substr(1, token_.size()), token_) && path[token_.size() + 1] == '/';
    if (known_host && !foreign && knows_token && request.get_header_value_count("Host") == 1)
      return Handled::Unhandled;
    response.status = 403;
    response.set_content("Forbidden.\n", "text/plain");
    return Handled::Handled;
  }

  static void answer(httplib::Response& response, std::optional<RunSite::Answer> answer) {
    if (answer) {
      response.set_content(answer->body, answer->type);
    } else {
      response.status = 404;
      response.set_content("Not there.\n", "text/plain");
    }
  }

  void add_answers() {
    const std::string begin = "/" + token_ + "/";
    server_.Get(begin, [this](const auto&, auto& response) {
      // The page has a policy of its own; this one holds where somebody else made it.
      response.set_header(
          "Content-Security-Policy",
          "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
          "script-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'");
      answer(response, site_.page());
    });
    server_.Get(begin + "report/index\\.js",
                [this](const auto&, auto& response) { answer(response, site_.data("index", 0)); });
    server_.Get(begin + "inspect/inspect\\.js",
                [this](const auto&, auto& response) { answer(response, site_.data("inspection", 0)); });
    server_.Get(
        begin + "report/(pictures|names)/([0-9]{6,9})\\.js", [this](const auto& request, auto& response) {
          answer(response, site_.data(request.matches[1].str(), std::stoll(request.matches[2].str())));
        });
    server_.Get(begin + "original/([0-9]{1,12})", [this](const auto& request, auto& response) {
      response.set_header("Content-Security-Policy", "default-src 'none'; sandbox");
      answer(response, site_.original(std::stoll(request.matches[1].str())));
    });
    server_.Get(begin + "state", [this](const auto&, auto& response) { answer(response, site_.state()); });
    server_.Post(begin + "edit", [this](const auto& request, auto& response) {
      // A page of another site cannot send this type without asking first, and is never told yes.
      require(request.get_header_value("Content-Type").starts_with("application/json"), in_view,
              "an edit must be application/json.");
      answer(response, site_.edit(request.body));
    });
  }

  RunSite site_;
  std::string token_;
  std::vector<std::string> hosts_;
  httplib::Server server_;
};

}  // namespace

void view_run(const std::filesystem::path& run, const ViewOptions& options,
              const std::function<void(const std::string& address)>& ready, Progress& progress) {
  check_ranges(options, in_view);
  Server server(run);
  ready(server.bind(options.port));
  server.serve(progress);
}

#else

void view_run(const std::filesystem::path&, const ViewOptions&,
              const std::function<void(const std::string&)>&, Progress&) {
  fail("view",
       "this ilk was built without cpp-httplib, which `ilk view` serves the page with; report.html opens "
       "from disk too.");
}

#endif

}  // namespace ilk
