// An open file that is closed in time.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace whyoom::linux {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }  // -1: none
  int release() { return std::exchange(fd_, -1); }
  // Leaves errno as it is.
  void close() {
    if (fd_ >= 0) {
      const int kept = errno;
      ::close(std::exchange(fd_, -1));
      errno = kept;
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace whyoom::linux
