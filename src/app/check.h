// `whyoom check`
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int check(const CheckOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
