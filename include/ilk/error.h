#pragma once
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ilk {

/// The one exception for bad input. For programmers `what` names the function, the rule and the value:
/// "[kmeans] n_clusters must be at most the number of images (100), got 250." For people `text` leaves the
/// function out.
class Error : public std::runtime_error {
 public:
  Error(std::string_view function, std::string_view text);
  const std::string& function() const { return function_; }
  const std::string& text() const { return text_; }

 private:
  std::string function_, text_;
};

/// Thrown where nothing is wrong with the input, and still nothing can be written: a full disk, a folder
/// without permission, a run directory in which another process is at work.
class WriteError : public Error {
 public:
  using Error::Error;
};

/// What an exception says to people: an Error's text, the `what` of any other.
std::string text_of(const std::exception& exception);

/// Thrown where a stop was asked for (Ctrl-C); what was finished so far is kept.
class Stopped : public std::runtime_error {
 public:
  Stopped() : std::runtime_error("stopped") {}
};

}  // namespace ilk
