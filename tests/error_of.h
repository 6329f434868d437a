#pragma once
#include <ilk/error.h>

#include <string>

/// The text of the ilk::Error that body() throws; empty where it throws none.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}
