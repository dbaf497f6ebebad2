// `whyoom` alone: the whole procedure on this host.
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int overview(const OverviewOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
