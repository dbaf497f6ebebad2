// The settings of whyoom itself (host/whyoom_conf.h): each one stands in for a flag that the
// command line does not give. Which they are is told by the flags (Flags::configured).
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "app/command.h"
#include "host/whyoom_conf.h"

namespace whyoom::app {

// Of the host below `root`, with all keys known. The error is a sentence, with file and line.
tl::expected<host::Conf, std::string> read_settings(const std::string& root,
                                                    const std::vector<CommandInfo>& table);

// `work` after its flags were given what the settings of this machine say.
Work with_settings(std::shared_ptr<Flags> flags, Work work);

}  // namespace whyoom::app
