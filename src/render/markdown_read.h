// The documents of the causes, for a terminal.
#pragma once

#include <string_view>

#include "render/document.h"

namespace whyoom::render {

// As much of Markdown as the documents of this project use: headings, paragraphs, lists, tables,
// code, links, emphasis. Anything else stays as it is written.
Document read_markdown(std::string_view text);

}  // namespace whyoom::render
