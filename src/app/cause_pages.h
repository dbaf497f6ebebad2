// The pages about the causes, as they stand in src/diagnose/causes. The program has them
// compressed: cmake/Causes.cmake.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::app {

extern const std::basic_string_view<unsigned char> packed_cause_pages;

// The page of a cause, Markdown, in the language of the process where it is translated. Empty:
// there is no such cause.
std::string cause_page(std::string_view id);

// A sentence for an id that no cause has, with the one that was probably meant.
std::string no_cause(std::string_view id);

}  // namespace whyoom::app
