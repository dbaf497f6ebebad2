// A document as part of a page in HTML: one file that needs no network and no other file, and says
// all that it says without its script, for a screen of any width, light or dark, and for paper.
// Every text is printable() and escaped here, so that nothing in a log becomes markup.
#pragma once

#include <string>
#include <string_view>

#include "render/document.h"

namespace whyoom::render {

// Up to and with <main>. The title is text.
std::string html_head(std::string_view title);
std::string html_tail();

// What stands in the page, wrapped in an element of this class: "story", "summary". A summary is
// shown first, wherever it stands, so that a page can be written while the events come.
std::string to_html(const Document& document, std::string_view class_name);

// What a colour of a picture means, and those of a curve of memory.
std::string key_html(std::string_view class_name, std::string_view text);
std::string memory_keys();

// Text between tags and in attributes with double quotes.
std::string html_text(std::string_view text);

}  // namespace whyoom::render
