#include "linux/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>

namespace whyoom::linux {
namespace {

// A multiple of every page size, so that each window starts on a page.
constexpr std::uint64_t most_mapped = std::uint64_t{8} << 20;

// What the signal handler needs to know of the one window that is being read.
std::atomic<std::uintptr_t> window_begin{0};
std::atomic<std::uintptr_t> window_end{0};
std::atomic<bool> window_shrank{false};

// A page behind the end of the file was touched: put zeros there and go on.
void on_bus_error(int number, siginfo_t* info, void* /*context*/) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const std::uintptr_t end = window_end.load();
  if (address < window_begin.load() || address >= end) {
    signal(number, SIG_DFL);  // not ours: the access happens again and ends the program
    return;
  }
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t from = address / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is all that a signal brings.
  void* const at = reinterpret_cast<void*>(from);
  const void* mapped =
      mmap(at, end - from, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    signal(number, SIG_DFL);
    return;
  }
  window_shrank.store(true);
}

void handle_bus_errors() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

MappedFile::MappedFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {
  window_shrank.store(false);
  handle_bus_errors();
}

MappedFile::~MappedFile() { unmap(); }

void MappedFile::unmap() {
  if (window_ != nullptr) {
    window_begin.store(0);
    window_end.store(0);
    munmap(window_, window_size_);
    window_ = nullptr;
  }
}

std::string_view MappedFile::next() {
  unmap();
  if (offset_ >= size_ || shrank()) {
    return {};
  }
  const auto length = static_cast<std::size_t>(std::min(size_ - offset_, most_mapped));
  void* const window =
      mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd_, static_cast<off_t>(offset_));
  if (window == MAP_FAILED) {
    return {};
  }
  (void)madvise(window, length, MADV_SEQUENTIAL);
  window_ = window;
  window_size_ = length;
  const auto begin = reinterpret_cast<std::uintptr_t>(window);
  window_begin.store(begin);
  window_end.store(begin + length);
  offset_ += length;
  return {static_cast<const char*>(window), length};
}

bool MappedFile::shrank() const { return window_shrank.load(); }

}  // namespace whyoom::linux
