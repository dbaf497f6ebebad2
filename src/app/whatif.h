// `whyoom whatif`
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int what_if(const WhatIfOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
