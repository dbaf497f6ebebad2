// Only for tests: the host that a post shows.
#pragma once

#include <string_view>

#include "host/posted_files.h"

namespace whyoom::host::test {

// Without anything where the text shows no file.
inline Host posted(std::string_view text) {
  const auto [files, names, left_out, shell] = posted_files(text);
  return files ? read_host(*files, {.posted = names, .left_out = left_out, .shell = shell})
               : Host();
}

}  // namespace whyoom::host::test
