// What the process that copies logs says to the one that reads them, over a pipe. Private to
// follow_logs.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "linux/file_system.h"

namespace whyoom::linux {

enum class FrameKind : std::uint32_t { data, lines_before, caught_up, note, end };

struct FrameHead {
  FrameKind kind = FrameKind::data;
  std::uint32_t index = 0;  // of the log
  std::uint32_t size = 0;   // bytes that follow
};

// 0 or errno: EPIPE when nobody reads any more.
inline int write_frame(int fd, FrameKind kind, std::size_t index, std::string_view bytes = {}) {
  const FrameHead head{kind, static_cast<std::uint32_t>(index),
                       static_cast<std::uint32_t>(bytes.size())};
  std::string frame(sizeof head, '\0');
  std::memcpy(frame.data(), &head, sizeof head);
  frame += bytes;
  return write_all(fd, frame);
}

}  // namespace whyoom::linux
