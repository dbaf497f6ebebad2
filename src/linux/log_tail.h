// One file that grows, under its name. Private to follow_logs.h.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "linux/descriptor.h"
#include "linux/follow_frames.h"

namespace whyoom::linux {

class LogTail {
 public:
  // Everything that it says goes to `to` as frames of `index`.
  LogTail(int to, std::size_t index, std::string path) : to_(to), index_(index), path_(path) {}

  // Opens it, if it is there. Without `from_start` what it holds is counted and passed over.
  void open_first(bool from_start);
  // Copies what is new. True: there was something.
  bool copy();

  [[nodiscard]] bool ended() const { return ended_; }
  // The reader has gone.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  bool open();
  bool read_some();
  void look_at_name();
  void look_at_size();
  void pass_over();
  void say(FrameKind kind, std::string_view text = {});
  void say_lines(std::uint64_t lines) { say(FrameKind::lines_before, std::to_string(lines)); }

  int to_;
  std::size_t index_;
  std::string path_;
  Descriptor file_;
  bool regular_ = false;   // else a device or a pipe
  bool has_past_ = false;  // what it holds can be told from what is new
  bool first_ = true;      // it was never open
  bool missing_told_ = false, ended_ = false, broken_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::string buffer_ = std::string(65536, '\0');
};

}  // namespace whyoom::linux
