// A message that outlives its line, for what comes after it and belongs to it.
#pragma once

#include <array>
#include <string>

#include "logtext/line.h"

namespace whyoom::logtext {

struct KeptLine {
  Line line;  // its views are of `owned_`
  bool valid = false;

  void keep(const Line& from) {
    line = from;
    const std::array<std::string_view*, 7> views{&line.text, &line.wall, &line.host, &line.caller,
                                                 &line.tag,  &line.boot, &line.unit};
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (views[i]->empty()) {
        continue;  // most are
      }
      owned_[i].assign(*views[i]);
      *views[i] = owned_[i];
    }
    valid = true;
  }

  void set_text(std::string_view text) {
    owned_[0].assign(text);
    line.text = owned_[0];
  }

 private:
  std::array<std::string, 7> owned_;
};

}  // namespace whyoom::logtext
