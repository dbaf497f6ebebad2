// A large file, looked at where the kernel has its pages: no copy of them is made.
//
// What is looked at may change at any moment, because others may write to the file or cut it. So it
// is only searched; what shall be parsed is read. Pages that went away with the end of the file, or
// that the disk does not give, raise SIGBUS: the handler puts empty pages in their place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace whyoom::linux {

class MappedFile {
 public:
  // The handler of SIGBUS. To be called before system calls are filtered, once or more.
  static void prepare();

  // The descriptor stays the caller's.
  MappedFile(int fd, std::uint64_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Shows `look` some MiB from `offset` on; it says how many of the first of them need not be read.
  // The result is the same, but for pages that went away. 0: read what comes next, because the rest
  // of the window is needed, or because reading is cheaper or not tried yet. What a mapped page
  // costs depends on the pieces that the page cache is made of, and on the machine: a tenth of its
  // copy where one fault maps 2 MiB, as much where it maps 16 pages, and more on some virtual
  // machines. So both are timed now and then, and the cheaper one is taken for a while.
  std::size_t look(std::uint64_t offset, const std::function<std::size_t(std::string_view)>& look);
  // What it took to read so much, in time of the processor.
  void read_took(std::size_t bytes, std::chrono::nanoseconds time);

 private:
  bool map(std::uint64_t offset);

  int fd_;
  std::uint64_t size_;
  char* reserved_ = nullptr;
  char* window_ = nullptr;   // in what is reserved
  std::uint64_t begin_ = 0;  // of the window in the file,
  std::uint64_t end_ = 0;    // and where it ends
  double read_ns_ = 0;       // for a byte; 0: not timed since it was decided
  bool pays_ = false;
  std::uint64_t decided_up_to_ = 0;  // an offset
};

}  // namespace whyoom::linux
