#include "linux/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "linux/clock.h"

namespace whyoom::linux {
namespace {

// The page cache has pieces of up to this size, and one fault maps a whole one where address and
// offset agree up to it.
constexpr std::uint64_t largest_piece = std::uint64_t{2} << 20U;
// What is mapped counts as memory of this process; there may be eight threads that read.
constexpr std::uint64_t window_size = 2 * largest_piece;
// So far goes a decision.
constexpr std::uint64_t decided_for = std::uint64_t{64} << 20U;

// What this thread looks at just now, and the first of its pages that went away.
struct Looked {
  const char* begin = nullptr;
  const char* end = nullptr;
  const char* volatile lost = nullptr;
};
thread_local constinit Looked looked{};

class Looking {
 public:
  Looking(const char* begin, const char* end) { looked = {begin, end, nullptr}; }
  ~Looking() { looked = {}; }
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;
};

// Nothing but what a signal handler may use, and what the sandbox allows.
void on_bus_error(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  char* const at = static_cast<char*>(info->si_addr);
  if (at < looked.begin || at >= looked.end) {
    std::abort();  // no page of ours
  }
  const auto page = static_cast<std::uintptr_t>(getpagesize());
  char* const from = at - reinterpret_cast<std::uintptr_t>(at) % page;
  const auto size = static_cast<std::size_t>(looked.end - from);
  if (mmap(from, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    std::abort();
  }
  const char* const before = looked.lost;
  looked.lost = before == nullptr ? from : std::min<const char*>(before, from);
  errno = error;
}

// Maps what is not mapped yet.
void touch(const char* begin, const char* end) {
  for (const char* at = begin; at < end; at += getpagesize()) {
    (void)*static_cast<const volatile char*>(at);
  }
}

}  // namespace

void MappedFile::prepare() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

MappedFile::MappedFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {
  void* const memory = mmap(nullptr, window_size + largest_piece, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) {
    reserved_ = static_cast<char*>(memory);
    window_ = reserved_ + largest_piece - reinterpret_cast<std::uintptr_t>(memory) % largest_piece;
  }
}

MappedFile::~MappedFile() {
  if (reserved_ != nullptr) {
    (void)munmap(reserved_, window_size + largest_piece);
  }
}

bool MappedFile::map(std::uint64_t offset) {
  begin_ = offset - offset % largest_piece;
  end_ = std::min(begin_ + window_size, size_);
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (reserved_ == nullptr || mmap(window_, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd_,
                                   static_cast<off_t>(begin_)) == MAP_FAILED) {
    size_ = 0;  // it is not tried again
    return false;
  }
  (void)madvise(window_, size, MADV_SEQUENTIAL);
  return true;
}

void MappedFile::read_took(std::size_t bytes, std::chrono::nanoseconds time) {
  read_ns_ = static_cast<double>(time.count()) / static_cast<double>(bytes);
}

std::size_t MappedFile::look(std::uint64_t offset,
                             const std::function<std::size_t(std::string_view)>& look) {
  const bool undecided = offset >= decided_up_to_;
  if (offset >= size_ || (undecided ? read_ns_ == 0 : !pays_)) {
    return 0;
  }
  const bool mapped = offset >= begin_ && offset < end_;
  if ((undecided || !mapped) && !map(offset)) {
    return 0;
  }
  const char* const at = window_ + (offset - begin_);
  const auto size = static_cast<std::size_t>(end_ - offset);
  const Looking looking(window_, at + size);
  if (undecided) {
    const auto before = clock_now(CLOCK_THREAD_CPUTIME_ID);
    touch(at, at + size);
    const auto took = static_cast<double>((clock_now(CLOCK_THREAD_CPUTIME_ID) - before).count());
    pays_ = took < read_ns_ * static_cast<double>(size);
    decided_up_to_ = offset + decided_for;
    read_ns_ = 0;
  }
  const std::size_t done = pays_ ? look({at, size}) : 0;
  if (const char* const lost = looked.lost; lost != nullptr) {
    size_ = 0;
    return std::min(done, static_cast<std::size_t>(std::max<std::ptrdiff_t>(lost - at, 0)));
  }
  return done;
}

}  // namespace whyoom::linux
