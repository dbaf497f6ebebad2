// Many stories on one screen: a row a cause, the most frequent first, and when they came.
#pragma once

#include "diagnose/tally.h"
#include "render/render.h"

namespace whyoom::render {

Document tally_document(const diagnose::Tally& tally, Detail detail);

// "Nov 23 07:41:32", "2026-11-23 07:41:32", "[12.3]": a time where there is little room.
std::string short_time(const report::Time& time);

}  // namespace whyoom::render
