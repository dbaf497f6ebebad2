// The recorder's ring, read and with the kernel's reports in it explained.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "diagnose/event.h"
#include "linux/recorder/ring.h"
#include "linux/sandbox.h"
#include "memory/recorded.h"
#include "record/history.h"

namespace whyoom::app {

using EventTaker = std::function<void(std::unique_ptr<diagnose::Event>)>;

// The segments are opened, then the process gives up its rights as `sandbox` says, then they are
// read. Of `options` the period counts. The events come one after the other, in order, and none of
// them is kept: a ring can hold many thousands. The error is a whole sentence.
tl::expected<record::History, std::string> read_ring(const std::string& store,
                                                     record::HistoryOptions options,
                                                     linux::SandboxChoice sandbox,
                                                     const EventTaker& take);

// What the machine's own ring knows of the events, one for each; those that cannot be in it are not
// looked for.
std::vector<std::optional<memory::Recorded>> recall(
    const std::vector<const report::Report*>& events);

// What it says of the boot before this one, when that had no orderly end; empty: nothing.
std::string last_boot_words(const std::string& running_boot);

}  // namespace whyoom::app
