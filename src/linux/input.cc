#include "linux/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/language.h"
#include "linux/archive.h"
#include "linux/clock.h"
#include "linux/decompress.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"
#include "linux/mapped_file.h"
#include "linux/now_reading.h"

namespace whyoom::linux {
namespace {

// The kernel copies a quarter faster into one of this size than into one of 256 KiB.
constexpr std::size_t buffer_size = std::size_t{1} << 20U;
// The kernel copies several times slower to an address that is not aligned to a cache line.
constexpr std::size_t buffer_alignment = 4096;
// Who writes and who reads take turns less often than with the 64 KiB that a pipe has.
constexpr int pipe_size = 256 * 1024;
// Files of sysfs say a page and hold less; a log that is shorter than it was lost lines.
constexpr std::uint64_t largest_page = 65536;
constexpr int quiet_ms = 1000;
// To make a thread and to hand over what it found takes as long as to read some 100 KiB.
constexpr std::uint64_t worth_threads = std::uint64_t{512} * 1024;
// From here on it is asked for what need not be read.
constexpr std::uint64_t worth_mapping = std::uint64_t{8} << 20U;
constexpr std::size_t most_threads = 8;  // each has its buffers, and the window of a decoder

using Source = Input::Source;

tl::expected<Source, std::string> look_at(int fd, bool from_start) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    return tl::unexpected(errno_text(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    return tl::unexpected(
        tr("it is a directory; name the files in it, or give it to --root when it is a copy of a "
           "host"));
  }
  if (is_endless(status)) {
    return tl::unexpected(endless_text());
  }
  // Advice only, here and below: reading works without it.
#ifdef F_SETPIPE_SZ
  if (S_ISFIFO(status.st_mode)) {
    (void)fcntl(fd, F_SETPIPE_SZ, pipe_size);
  }
#endif
  const bool regular = S_ISREG(status.st_mode);
  if (regular) {
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return Source{fd, from_start, regular, regular ? static_cast<std::uint64_t>(status.st_size) : 0};
}

// A FIFO that nobody writes to yet is waited for when it is its turn to be read, not here: who
// writes to it may first have to write to another one.
Descriptor open_without_waiting(const char* path) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
  Descriptor file(open(path, flags | O_NONBLOCK));
  if (file.get() < 0 && errno == EAGAIN) {  // another host's or program's lease on a file
    return Descriptor(open(path, flags));
  }
  if (file.get() >= 0) {
    (void)fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
  }
  return file;
}

// All files of the command line are open at once.
void allow_open_files(std::size_t count) {
  constexpr std::size_t others = 32;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count + others) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Puts the bytes through a decoder when the first of them ask for it.
class Stream {
 public:
  Stream(const InputSink& sink, const std::string& path)
      : sink_(sink),
        path_(path),
        looking_(sink.refuse_archives && !sink.from),
        decided_(sink.from.has_value()) {}

  // False: no more input is wanted.
  bool feed(std::string_view bytes) {
    if (decided_) {
      return pass(bytes);
    }
    start_.append(bytes);
    const auto compression = compression_of(start_);
    return !compression || decide(*compression);
  }

  void quiet() {
    if (!decided_ && !start_.empty()) {
      decide(Compression::none);
    }
    release();
    if (sink_.quiet) {
      sink_.quiet();
    }
  }

  // The bytes of the file are those of the log.
  [[nodiscard]] bool plain() const { return decided_ && !decoder_ && !looking_; }

  void note_loss(std::string what) { damage_ = std::move(what); }

  std::string finish() {
    if (!decided_ && !start_.empty()) {
      decide(Compression::none);
    }
    if (decoder_ && damage_.empty() && !stopped()) {
      note(decoder_->finish([this](std::string_view bytes) { return give(bytes); }));
    }
    release();
    return damage_;
  }

 private:
  [[nodiscard]] bool stopped() const { return sink_.stop && sink_.stop(); }
  bool give(std::string_view bytes) {
    if (!looking_) {
      sink_.data(bytes);
      return !stopped();
    }
    held_.append(bytes);
    const auto archive = archive_of(held_);
    if (archive.value_or(Archive::none) != Archive::none) {
      damage_ = how_to_read(*archive, path_);
      held_.clear();
      return false;
    }
    return !archive || release();
  }

  // What was held to see whether it is an archive.
  bool release() {
    looking_ = false;
    const std::string held = std::exchange(held_, {});
    if (!held.empty()) {
      sink_.data(held);
    }
    return !stopped();
  }

  bool decide(Compression compression) {
    decided_ = true;
    decoder_ = make_decoder(compression);
    const std::string start = std::exchange(start_, {});
    return pass(start);
  }

  bool pass(std::string_view bytes) {
    if (!decoder_) {
      return looking_ ? give(bytes) : (sink_.data(bytes), true);
    }
    note(decoder_->feed(bytes, [this](std::string_view part) { return give(part); }));
    return damage_.empty();
  }

  void note(const Decoder::Result& result) {
    if (!result) {
      damage_ = result.error();
    }
  }

  const InputSink& sink_;
  const std::string& path_;
  bool looking_;      // for an archive
  std::string held_;  // as long as it looks
  std::string start_;
  bool decided_;
  std::unique_ptr<Decoder> decoder_;
  std::string damage_;
};

// Moves to the start of the file: the sandbox has no pread().
bool is_compressed(int fd) {
  std::array<char, 8> start{};
  (void)lseek(fd, 0, SEEK_SET);
  const ssize_t got = read(fd, start.data(), start.size());
  const std::string_view bytes(start.data(), static_cast<std::size_t>(std::max(got, ssize_t{0})));
  return compression_of(bytes).value_or(Compression::none) != Compression::none;
}

// Waits for data. False when none came within the time.
bool wait_for_data(int fd, int timeout_ms) {
  pollfd wanted{fd, POLLIN, 0};
  for (;;) {
    const int ready = poll(&wanted, 1, timeout_ms);
    if (ready >= 0) {
      return ready > 0;
    }
    if (errno != EINTR) {
      return true;  // read() tells what is wrong
    }
  }
}

// Shows the next bytes where the kernel has them. False: they are to be read.
bool pass_over(MappedFile& mapped, int fd, std::uint64_t& have, const InputSink& sink) {
  const std::size_t passed = mapped.look(have, sink.pass_over);
  have += passed;
  return passed > 0 && lseek(fd, static_cast<off_t>(have), SEEK_SET) >= 0;
}

// What it takes is told to the one that could spare it.
ssize_t read_next(int fd, char* buffer, MappedFile* mapped) {
  if (mapped == nullptr) {
    return read(fd, buffer, buffer_size);
  }
  const auto before = clock_now(CLOCK_THREAD_CPUTIME_ID);
  const ssize_t got = read(fd, buffer, buffer_size);
  if (got > 0) {
    mapped->read_took(static_cast<std::size_t>(got), clock_now(CLOCK_THREAD_CPUTIME_ID) - before);
  }
  return got;
}

tl::expected<std::string, std::string> read_source(const Source& source, const InputSink& sink,
                                                   const std::string& path) {
  const int fd = source.fd;
  const bool again = source.regular && source.from_start;
  if (sink.from && (!again || is_compressed(fd))) {
    return tl::unexpected(tr("of a pipe or a compressed file no part can be read: read all of it"));
  }
  if (again) {
    (void)lseek(fd, static_cast<off_t>(sink.from.value_or(0)), SEEK_SET);
  }
  const std::unique_ptr<char, decltype(&std::free)> buffer(
      static_cast<char*>(std::aligned_alloc(buffer_alignment, buffer_size)), &std::free);
  Stream stream(sink, path);
  std::optional<MappedFile> mapped;
  if (again && sink.pass_over && source.size >= worth_mapping) {
    mapped.emplace(fd, source.size);
  }
  bool told_quiet = true;
  std::uint64_t have = sink.from.value_or(0);
  while (!(sink.stop && sink.stop())) {
    MappedFile* const plain = mapped && stream.plain() ? &*mapped : nullptr;
    if (plain != nullptr && pass_over(*plain, fd, have, sink)) {
      continue;
    }
    if (!source.regular && !wait_for_data(fd, told_quiet ? -1 : quiet_ms)) {
      stream.quiet();
      told_quiet = true;
      continue;
    }
    const ssize_t got = read_next(fd, buffer.get(), plain);
    // EPIPE comes from /dev/kmsg: records were overwritten before they were read.
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EPIPE)) {
      continue;
    }
    if (got < 0) {
      const int error = errno;
      (void)stream.finish();
      return tl::unexpected(errno_text(error));
    }
    if (got == 0) {
      if (mapped) {  // the rest of the last page of a shorter file was shown as zeros
        have = std::min(have, static_cast<std::uint64_t>(lseek(fd, 0, SEEK_END)));
      }
      if (again && have < source.size && source.size > largest_page) {
        stream.note_loss(tr("the file became shorter while it was read"));
      }
      break;
    }
    have += static_cast<std::uint64_t>(got);
    told_quiet = false;
    if (!stream.feed({buffer.get(), static_cast<std::size_t>(got)})) {
      break;
    }
  }
  return stream.finish();
}

}  // namespace

Input::Input(const std::string& path) : path_(path) {
  const bool named = path != "-";
  if (named) {
    owned_ = open_without_waiting(path.c_str());
    if (owned_.get() < 0) {
      error_ = errno == EMFILE ? tr("more files than may be open at once here; name fewer of them")
                               : errno_text(errno);
      return;
    }
  }
  if (auto source = look_at(named ? owned_.get() : STDIN_FILENO, named)) {
    source_ = *source;
  } else {
    error_ = std::move(source.error());
    owned_.close();
  }
}

std::uint64_t Input::position() const {
  const off_t at = source_.regular ? lseek(source_.fd, 0, SEEK_CUR) : 0;
  return at > 0 ? static_cast<std::uint64_t>(at) : 0;
}

tl::expected<std::string, std::string> Input::read(const InputSink& sink) const {
  now_reading(path_);
  if (!error_.empty()) {
    return tl::unexpected(error_);
  }
  return read_source(source_, sink, path_);
}

tl::expected<std::vector<Input>, std::string> open_inputs(const std::vector<std::string>& paths,
                                                          SandboxChoice sandbox, Workers* workers) {
  allow_open_files(paths.size());
  MappedFile::prepare();
  std::vector<Input> inputs;
  std::vector<int> kept;
  inputs.reserve(paths.size());
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) {
    const Source& source = inputs.emplace_back(Input(path)).source_;
    kept.push_back(source.fd);
    files += source.regular ? 1 : 0;
    bytes += source.size;
  }
  const auto start = [&] {
    if (workers != nullptr && bytes >= worth_threads) {
      workers->start(std::min({files, most_threads, Workers::processors()}));
    }
  };
  if (const auto done = enter_sandbox(std::move(kept), sandbox, start); !done) {
    return tl::unexpected(done.error());
  }
  return inputs;
}

tl::expected<std::string, std::string> read_open_file(int fd, const InputSink& sink) {
  const auto source = look_at(fd, true);
  if (!source) {
    return tl::unexpected(source.error());
  }
  return read_source(*source, sink, {});
}

}  // namespace whyoom::linux
