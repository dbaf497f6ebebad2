// A document in Markdown, as CommonMark, GitHub and GitLab read it.
#pragma once

#include <string>
#include <string_view>

#include "render/document.h"

namespace whyoom::render {

// `text` as it looks, and no more: no markup, no HTML, no end of a table's cell. What a forge would
// turn into a link, a mention, a reference or a picture stands as code: there nothing is looked
// for, while an escaped "@" or "#" is a mention or a reference all the same.
std::string markdown_text(std::string_view text);

std::string to_markdown(const Document& document);

}  // namespace whyoom::render
