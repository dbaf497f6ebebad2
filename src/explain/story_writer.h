// Text, Markdown and HTML: a spree is one story. On a screen a story is told in brief, and more
// than a few of them are added up first.
#pragma once

#include <memory>

#include "explain/writer.h"

namespace whyoom::explain {

std::unique_ptr<Writer> make_story_writer(const Telling& telling, Sink sink);

}  // namespace whyoom::explain
