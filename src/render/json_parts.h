// Parts that several JSON documents share.
#pragma once

#include "memory/whatif.h"
#include "render/json_value.h"

namespace whyoom::render {

// What a change of settings does: "out_of_reach", "within_reach", "request", "on_failure".
Json change_json(const memory::WhatIf& what_if);

}  // namespace whyoom::render
