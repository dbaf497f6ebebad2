// The lines of the log that a story in a page rests on, and the links to them.
#pragma once

#include <string>

#include "base/place.h"
#include "diagnose/event.h"
#include "render/document.h"

namespace whyoom::render {

// Of the line in the page; empty: it is not quoted.
std::string quote_id(const diagnose::Event& event, Place at);
// Folded away, each with its number. Nothing where no lines were kept.
void add_quotes(Document& out, const diagnose::Event& event);

}  // namespace whyoom::render
