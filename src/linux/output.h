// Standard output, written in large pieces. A reader that goes away (`| head`) is no error.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace whyoom::linux {

class Output {
 public:
  // Messages: lines of text, in which names and answers of others do no harm to a terminal.
  enum class Kind : std::uint8_t { as_it_is, messages };

  explicit Output(int fd, Kind kind = Kind::as_it_is) : fd_(fd), kind_(kind) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Messages become printable() but for their line ends.
  void write(std::string_view text);
  // What a renderer made, with its colours and tabs.
  void write_rendered(std::string_view text);
  void flush();

  // Called once, before the next text is taken.
  void before_next(std::function<void()> call) { before_next_ = std::move(call); }

  // Nothing more can be written.
  [[nodiscard]] bool closed() const { return closed_; }
  // Why, when it was not just the reader going away; empty otherwise.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  int fd_;
  Kind kind_;
  std::string buffer_;
  std::function<void()> before_next_;
  bool closed_ = false;
  std::string error_;
};

// Gives the descriptors 0 to 2 that are closed something that can be neither read nor written, so
// that no file which is opened later gets the number of standard output. False: it cannot be had.
bool hold_standard_descriptors();

// Writing to a closed pipe then fails instead of ending the process without its exit status.
void ignore_signals_of_writing();

}  // namespace whyoom::linux
