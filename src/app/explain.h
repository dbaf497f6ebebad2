// `whyoom explain`: logs in, explained events out.
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int explain(const ExplainOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
