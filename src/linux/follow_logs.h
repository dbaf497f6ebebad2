// Logs as they grow: files under the names that they have (a rotated one is followed to the new
// one, one that was cut short is read from its start), pipes, standard input, or this machine's
// kernel messages (the journal where there is one, else the ring buffer).
//
// A second process with the caller's rights does nothing but copy bytes; this one gives up its
// rights (sandbox.h) and makes sense of them. The copier ends when this process does.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/descriptor.h"
#include "linux/sandbox.h"

namespace whyoom::linux {

struct FollowedLog {
  enum class Kind : std::uint8_t { file, journal, ring };
  Kind kind = Kind::file;
  std::string name;  // a path; "-" = standard input
};

// `index` is that of the log.
struct FollowSink {
  std::function<void(std::size_t index, std::string_view bytes)> data;
  // So many lines stand before what comes next: at the start, and 0 in a new file of that name.
  std::function<void(std::size_t index, std::uint64_t lines)> lines_before;
  // What comes from now on is new.
  std::function<void(std::size_t index)> caught_up;
  // A sentence: the file is not there, was cut short ..
  std::function<void(std::size_t index, std::string_view text)> note;
  // Nothing more comes of this one; why, empty for the end of standard input.
  std::function<void(std::size_t index, std::string_view why)> end;
};

// This machine's: the journal where it keeps one, else the ring buffer.
FollowedLog own_kernel_log();

class FollowLogs {
 public:
  // `from_start`: also what the logs hold already. SIGINT and SIGTERM then end next() instead of
  // the process; a second one ends the process. The error is a sentence.
  static tl::expected<std::unique_ptr<FollowLogs>, std::string> start(
      const std::vector<FollowedLog>& logs, bool from_start, SandboxChoice sandbox);
  ~FollowLogs();
  FollowLogs(const FollowLogs&) = delete;
  FollowLogs& operator=(const FollowLogs&) = delete;

  // Waits at most so long, and hands on what has come. False: no more will come, or a signal
  // or the end of who reads standard output said that no more is wanted.
  bool next(int most_ms, const FollowSink& sink);

 private:
  FollowLogs(Descriptor from, pid_t copier) : from_(std::move(from)), copier_(copier) {}
  void hand_on(const FollowSink& sink);

  Descriptor from_;
  pid_t copier_;
  std::string buffer_;
};

}  // namespace whyoom::linux
