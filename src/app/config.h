// The settings of whyoom itself (host/whyoom_conf.h): each one stands in for a flag that the
// command line does not give. Which they are is told by the flags (Flags::configured).
#pragma once

#include <memory>

#include "app/command.h"

namespace whyoom::app {

// `work` after its flags were given what the settings of this machine say.
Work with_settings(std::shared_ptr<Flags> flags, Work work);

}  // namespace whyoom::app
