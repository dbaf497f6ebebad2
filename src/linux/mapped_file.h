// A regular file, read through windows of memory map: no copy, and never more resident than one
// window. A file that another program truncates meanwhile (log rotation does) is no crash: the
// missing pages read as zeros and shrank() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace whyoom::linux {

class MappedFile {
 public:
  // The descriptor stays the caller's.
  MappedFile(int fd, std::uint64_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // The next window; empty at the end, or when the file cannot be mapped (offset() then says where
  // to go on with read()). Valid until the next call.
  std::string_view next();

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] bool shrank() const;

 private:
  void unmap();

  int fd_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  void* window_ = nullptr;
  std::size_t window_size_ = 0;
};

}  // namespace whyoom::linux
