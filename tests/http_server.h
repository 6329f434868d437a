#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A small HTTP/1.1 server on 127.0.0.1 for tests, scripted per path. One connection a request.
class HttpServer {
 public:
  struct Request {
    std::string method;
    std::string path;  ///< with the query
    std::string body;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string header(const std::string& name) const {
      const auto found = headers.find(name);
      return found == headers.end() ? "" : found->second;
    }
  };

  struct Reply {
    std::string body;
    int status = 200;
    std::map<std::string, std::string> headers = {};
    bool ranges = true;        ///< whether a Range is honoured, with If-Range against the ETag header
    long cut_after = -1;       ///< bytes of the body after which the connection is closed
    long stall_after = -1;     ///< bytes of the body after which nothing more comes
    bool chunked = false;      ///< no Content-Length, "chunked"
    bool until_close = false;  ///< no Content-Length, the body ends with the connection
    long piece = 1 << 16;      ///< bytes sent at a time
    double pause_seconds = 0;  ///< after each piece
    double delay_seconds = 0;  ///< before the answer begins
  };

  HttpServer() {
    ::setenv("no_proxy", "127.0.0.1,localhost", 1);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_connections(); });
  }
  ~HttpServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& connection : connections_) connection.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }

  /// The answers to requests for `path` in order; the last goes on.
  void serve(const std::string& path, std::vector<Reply> replies) {
    serve(path, [replies, next = std::size_t{0}](const Request&) mutable {
      const Reply& reply = replies[next];
      if (next + 1 < replies.size()) ++next;
      return reply;
    });
  }
  void serve(const std::string& path, std::function<Reply(const Request&)> handler) {
    const std::lock_guard guard(mutex_);
    handlers_[path] = std::move(handler);
  }

  /// The most requests that were being answered at a time.
  int most_at_once() const {
    const std::lock_guard guard(mutex_);
    return most_at_once_;
  }

  /// All requests so far, or those for one path.
  std::vector<Request> requests(const std::string& path = "") const {
    const std::lock_guard guard(mutex_);
    std::vector<Request> chosen;
    for (const Request& request : requests_)
      if (path.empty() || request.path == path) chosen.push_back(request);
    return chosen;
  }

 private:
  void accept_connections() {
    while (!stopping_) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0)
        connections_.emplace_back([this, connection] {
          answer(connection);
          ::close(connection);
        });
    }
  }

  /// False where the other side has gone or the server stops.
  bool wait(int connection, double seconds) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!stopping_ && std::chrono::steady_clock::now() < end) {
      pollfd gone{connection, POLLRDHUP, 0};
      if (::poll(&gone, 1, 5) > 0) return false;
    }
    return !stopping_;
  }

  static bool send_all(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  void answer(int connection) {
    std::string text;
    if (!receive(connection, text, [&] { return text.find("\r\n\r\n") != std::string::npos; })) return;
    Request request = parse(text);
    const std::size_t head = text.find("\r\n\r\n") + 4;
    const std::string length = request.header("content-length");
    const std::size_t whole = head + (length.empty() ? 0 : std::stoul(length));
    if (!receive(connection, text, [&] { return text.size() >= whole; })) return;
    request.body = text.substr(head);
    Reply reply{.body = "no such path", .status = 404};
    {
      const std::lock_guard guard(mutex_);
      requests_.push_back(request);
      most_at_once_ = std::max(most_at_once_, ++at_once_);
      if (const auto handler = handlers_.find(request.path); handler != handlers_.end())
        reply = handler->second(request);
    }
    if (reply.delay_seconds <= 0 || wait(connection, reply.delay_seconds))
      send_reply(connection, request, reply);
    const std::lock_guard guard(mutex_);
    --at_once_;
  }

  /// Reads on until `is_whole`; false where that will not be.
  template <class IsWhole>
  bool receive(int connection, std::string& text, const IsWhole& is_whole) const {
    char piece[4096];
    while (!is_whole()) {
      pollfd ready{connection, POLLIN, 0};
      if (::poll(&ready, 1, 20) == 0) {
        if (stopping_) return false;
        continue;
      }
      const ssize_t count = ::recv(connection, piece, sizeof piece, 0);
      if (count <= 0) return false;
      text.append(piece, static_cast<std::size_t>(count));
    }
    return true;
  }

  static Request parse(const std::string& text) {
    Request request;
    const auto first = text.find(' ');
    request.method = text.substr(0, first);
    request.path = text.substr(first + 1, text.find(' ', first + 1) - first - 1);
    for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;) {
      const auto end = text.find("\r\n", at);
      const auto colon = text.find(':', at);
      std::string name = text.substr(at, colon - at);
      for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
      request.headers[name] = text.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return request;
  }

  void send_reply(int connection, const Request& request, const Reply& reply) const {
    std::string body = reply.body;
    int status = reply.status;
    std::string head;
    const std::string range = request.header("range"), if_range = request.header("if-range");
    const auto etag = reply.headers.find("ETag");
    const bool unchanged = if_range.empty() || (etag != reply.headers.end() && etag->second == if_range);
    if (status == 200 && reply.ranges && range.starts_with("bytes=") && unchanged) {
      const std::size_t begin = std::stoul(range.substr(6));
      const std::string total = std::to_string(body.size());
      if (begin >= body.size()) {
        status = 416;
        head += "Content-Range: bytes */" + total + "\r\n";
        body.clear();
      } else {
        status = 206;
        head += "Content-Range: bytes " + std::to_string(begin) + "-" + std::to_string(body.size() - 1) +
                "/" + total + "\r\n";
        body.erase(0, begin);
      }
    }
    for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
    if (reply.chunked)
      head += "Transfer-Encoding: chunked\r\n";
    else if (!reply.until_close)
      head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (!send_all(connection,
                  "HTTP/1.1 " + std::to_string(status) + " Test\r\n" + head + "Connection: close\r\n\r\n"))
      return;
    std::size_t end = body.size();
    for (const long limit : {reply.cut_after, reply.stall_after})
      if (limit >= 0) end = std::min(end, static_cast<std::size_t>(limit));
    for (std::size_t at = 0; at < end; at += static_cast<std::size_t>(reply.piece)) {
      const std::string piece = body.substr(at, std::min(static_cast<std::size_t>(reply.piece), end - at));
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      if (!send_all(connection, reply.chunked ? size + piece + "\r\n" : piece)) return;
      if (reply.pause_seconds > 0 && !wait(connection, reply.pause_seconds)) return;
    }
    if (reply.stall_after >= 0) wait(connection, 60);
    if (reply.chunked && reply.cut_after < 0) send_all(connection, "0\r\n\r\n");
    ::shutdown(connection, SHUT_RDWR);
  }

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::vector<std::thread> connections_;  // of the acceptor's thread until it has ended
  mutable std::mutex mutex_;
  std::map<std::string, std::function<Reply(const Request&)>> handlers_;
  std::vector<Request> requests_;
  int at_once_ = 0, most_at_once_ = 0;
};
