// How text on standard output looks: what the command line asks for, and what the terminal can
// show.
#pragma once

#include <unistd.h>

#include "linux/terminal.h"
#include "render/layout.h"

namespace whyoom::app {

// `options` of any command that has a width and a colour.
template <class Options>
render::TextStyle text_style(const Options& options, bool all = false) {
  const linux::Terminal terminal = linux::probe_terminal(STDOUT_FILENO);
  return {linux::width(terminal, options.width), linux::colour(terminal, options.colour), all};
}

}  // namespace whyoom::app
