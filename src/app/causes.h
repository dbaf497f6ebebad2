// `whyoom causes [ID]`: the catalogue.
#pragma once

#include "app/cli.h"
#include "linux/output.h"

namespace whyoom::app {

int causes(const CausesOptions& options, linux::Output& out, linux::Output& errors);

}  // namespace whyoom::app
