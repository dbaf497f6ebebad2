// Journals, by journalctl. Private to log_sources.h.
#pragma once

#include <string>
#include <vector>

#include "base/message.h"
#include "linux/dir_files.h"
#include "linux/log_sources.h"
#include "linux/run_child.h"

namespace whyoom::linux {

// This machine's.
void read_journal(const LogSink& sink, const LogLimits& limits);

// The journal files in a copy of a machine.
void read_journal_of_copy(DirFiles& files, const LogSink& sink, const LogLimits& limits);

// Its kernel messages from now on, or also those that it holds.
std::vector<std::string> follow_journal_command(bool from_start, bool choose_fields);
// What is not known because of how journalctl ended; empty = nothing.
Message journal_gap(const ChildEnd& child, bool any_data, bool this_machine);
// It is too old for the fields to be chosen.
bool knows_no_fields(const ChildEnd& child);

}  // namespace whyoom::linux
