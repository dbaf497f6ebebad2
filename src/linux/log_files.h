// Logs that lie in files: syslog's, pstore's, kdump's. Private to log_sources.h.
#pragma once

#include "linux/dir_files.h"
#include "linux/log_sources.h"

namespace whyoom::linux {

class LogFiles {
 public:
  LogFiles(DirFiles& files, const LogSink& sink, const LogLimits& limits)
      : files_(files), sink_(sink), limits_(limits) {}

  // Of /var/log and /var/crash the newest first; what others can write comes last, so that it takes
  // no room from the rest.
  void read_syslog();
  void read_pstore();
  void read_crashes();

 private:
  struct Found {
    std::string path;
    std::int64_t modified_us = 0;
    bool doubted = false;  // others can write it
  };
  // The files of a directory whose names the filter takes. A directory that may not be listed is a
  // gap; one that is not there is none.
  std::vector<std::string> names_in(const std::string& directory, bool (*wanted)(std::string_view),
                                    LogSource::Kind kind, bool directories = false);
  void read_files(std::vector<std::string> paths, LogSource::Kind kind);
  void read_parts(const std::string& directory, int depth);
  // Hands a file's text on; the gap, if any.
  Message pour(const Guarded& file);
  void read_one(const std::string& path, LogSource::Kind kind);
  void unread(LogSource::Kind kind, const std::string& name, const host::FileError& error);

  DirFiles& files_;
  const LogSink& sink_;
  const LogLimits& limits_;
  std::uint64_t bytes_ = 0;
  std::size_t read_ = 0;
};

}  // namespace whyoom::linux
