// A mail as it travels, from an archive's "raw" link or an mbox (RFC 2045, 6.7): "=3D" is "=", and
// a line that ends with "=" goes on in the next. Nothing in the text of a log says that it was
// written so. What tells it are words of the kernel with "=3D" in the place of "=", longer than the
// name that a process can take, or a line of zones that is cut with "=" where mailers cut, and
// whose next line begins nothing; and it is over with the first "=" that is no such code.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/place.h"

namespace whyoom::logtext {

class QuotedPrintable {
 public:
  // `raw` is as it stands: no mail was begun.
  [[nodiscard]] bool passes(std::string_view raw) const;

  // Gives the lines that are whole to `sink(text, number)`: none, this one, or the one before it
  // too.
  template <class Sink>
  void line(std::string_view raw, LineNumber number, const Sink& sink) {
    if (holds() && begins_line(raw)) {
      end(sink);  // the "=" before it was its own
    }
    const Text text = decode(raw);
    if (!text.coded) {
      end(sink);
      sink(raw, number);
      return;
    }
    number_ = held_.empty() ? number : number_;
    held_ += decoded_;
    if (text.goes_on && held_.size() < max_held) {
      return;
    }
    give(sink);
  }
  // Gives what is held of a line whose rest did not come.
  template <class Sink>
  void end(const Sink& sink) {
    if (holds()) {
      held_ += on_ ? "" : "=";
      give(sink);
    }
  }
  [[nodiscard]] bool holds() const { return !held_.empty(); }

 private:
  static constexpr std::size_t max_held = 16384;

  struct Text {
    bool coded = false;    // it is in `decoded_`
    bool goes_on = false;  // behind its end
  };
  Text decode(std::string_view raw);
  static bool begins_line(std::string_view raw);
  template <class Sink>
  void give(const Sink& sink) {
    const std::string whole = std::exchange(held_, {});  // the sink may come back here
    sink(std::string_view(whole), number_);
  }

  bool on_ = false;
  std::string decoded_, held_;
  LineNumber number_ = 0;  // of the first line of `held_`
};

}  // namespace whyoom::logtext
