// A file of /proc or a cgroup that stays open and is read again and again, without allocating.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string_view>

#include "linux/descriptor.h"

namespace whyoom::linux {

class KeptFile {
 public:
  KeptFile() = default;
  KeptFile(int directory, const char* path, int flags = O_RDONLY)
      : file_(::openat(directory, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}

  // From its beginning, as much as there is room for; empty when it cannot be read (any more).
  // /proc/sys takes as much memory as it is asked for: give it little room.
  [[nodiscard]] std::string_view read(std::span<char> room) const {
    std::size_t size = 0;
    while (file_.get() >= 0 && size < room.size()) {
      const ssize_t got =
          ::pread(file_.get(), room.data() + size, room.size() - size, static_cast<off_t>(size));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        break;
      }
      size += static_cast<std::size_t>(got);
    }
    return {room.data(), size};
  }
  // One read: for what is shorter than a page.
  [[nodiscard]] std::string_view read_short(std::span<char> room) const {
    const ssize_t got = file_.get() < 0 ? -1 : ::pread(file_.get(), room.data(), room.size(), 0);
    return {room.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  [[nodiscard]] int get() const { return file_.get(); }
  [[nodiscard]] explicit operator bool() const { return file_.get() >= 0; }

 private:
  Descriptor file_;
};

// The entries of a directory, some at a time; where it stands is kept from call to call.
class EntryReader {
 public:
  // The next name; empty at the end, after which it begins again. `type` is d_type.
  std::string_view next(int directory, unsigned char* type = nullptr);
  void rewind(int directory);
  void begin() { at_ = size_ = 0; }  // of a directory that was just opened

 private:
  alignas(8) char room_[4096];
  std::size_t at_ = 0, size_ = 0;
};

}  // namespace whyoom::linux
