// `whyoom capture`
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int capture(const CaptureOptions& options, linux::Output& errors);

}  // namespace whyoom::app
