// Journals, by journalctl. Private to log_sources.h.
#pragma once

#include "linux/dir_files.h"
#include "linux/log_sources.h"

namespace whyoom::linux {

// This machine's.
void read_journal(const LogSink& sink, const LogLimits& limits);

// The journal files in a copy of a machine.
void read_journal_of_copy(DirFiles& files, const LogSink& sink, const LogLimits& limits);

}  // namespace whyoom::linux
