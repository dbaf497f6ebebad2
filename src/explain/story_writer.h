// Text and Markdown: a spree is one story. On a screen a story is told in brief, and more than a
// few of them are added up first.
#pragma once

#include <memory>

#include "app/writer.h"

namespace whyoom::app {

std::unique_ptr<Writer> make_story_writer(const Telling& telling, linux::Output& out);

}  // namespace whyoom::app
