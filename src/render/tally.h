// Many stories on one screen: a row a cause, the most frequent first, and when they came.
#pragma once

#include "diagnose/tally.h"
#include "render/render.h"

namespace whyoom::render {

Document tally_document(const diagnose::Tally& tally, Detail detail);

}  // namespace whyoom::render
