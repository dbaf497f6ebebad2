#include "linux/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "linux/decompress.h"

namespace whyoom::linux {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} * 1024;
constexpr int quiet_ms = 1000;

std::string error_text(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  Descriptor(int fd, bool owned) : fd_(fd), owned_(owned) {}
  ~Descriptor() {
    if (owned_ && fd_ >= 0) {
      close(fd_);
    }
  }
  Descriptor(Descriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), owned_(other.owned_) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
  bool owned_;
};

struct Source {
  Descriptor descriptor;
  bool can_be_quiet = false;  // not a regular file
};

tl::expected<Source, std::string> open_source(const std::string& path) {
  const bool standard = path == "-";
  Descriptor descriptor(
      standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY), !standard);
  if (descriptor.get() < 0) {
    return tl::unexpected(error_text(errno));
  }
  struct stat status {};
  if (fstat(descriptor.get(), &status) != 0) {
    return tl::unexpected(error_text(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    return tl::unexpected(error_text(EISDIR));
  }
  const bool regular = S_ISREG(status.st_mode);
  if (regular) {
    // Advice only: reading works without it.
    (void)posix_fadvise(descriptor.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return Source{std::move(descriptor), !regular};
}

// Puts the bytes through a decoder when the first of them ask for it.
class Stream {
 public:
  explicit Stream(const InputSink& sink) : sink_(sink) {}

  // False: no more input is wanted.
  bool feed(std::string_view bytes) {
    if (decided_) {
      return pass(bytes);
    }
    start_.append(bytes);
    const Magic magic = magic_of(start_);
    return magic.needs_more || decide(magic);
  }

  void quiet() {
    if (!decided_ && !start_.empty()) {
      decide({});
    }
    if (sink_.quiet) {
      sink_.quiet();
    }
  }

  InputResult finish() {
    if (!decided_ && !start_.empty()) {
      decide({});
    }
    if (decoder_ && damage_.empty()) {
      note(decoder_->finish(sink_.data));
    }
    return {damage_};
  }

 private:
  bool decide(Magic magic) {
    decided_ = true;
    decoder_ = make_decoder(magic.compression);
    const std::string start = std::exchange(start_, {});
    return pass(start);
  }

  bool pass(std::string_view bytes) {
    if (!decoder_) {
      sink_.data(bytes);
      return true;
    }
    note(decoder_->feed(bytes, sink_.data));
    return damage_.empty();
  }

  void note(const Decoder::Result& result) {
    if (!result) {
      damage_ = result.error();
    }
  }

  const InputSink& sink_;
  std::string start_;
  bool decided_ = false;
  std::unique_ptr<Decoder> decoder_;
  std::string damage_;
};

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

}  // namespace

tl::expected<InputResult, std::string> read_input(const std::string& path, const InputSink& sink) {
  auto source = open_source(path);
  if (!source) {
    return tl::unexpected(source.error());
  }
  const int fd = source->descriptor.get();
  const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
  Stream stream(sink);
  bool told_quiet = true;
  while (!(sink.stop && sink.stop())) {
    if (source->can_be_quiet && !wait_for_data(fd, told_quiet ? -1 : quiet_ms)) {
      stream.quiet();
      told_quiet = true;
      continue;
    }
    const ssize_t got = read(fd, buffer.get(), buffer_size);
    // EPIPE comes from /dev/kmsg: records were overwritten before they were read.
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EPIPE)) {
      continue;
    }
    if (got < 0) {
      const int error = errno;
      (void)stream.finish();
      return tl::unexpected(error_text(error));
    }
    if (got == 0) {
      break;
    }
    told_quiet = false;
    if (!stream.feed({buffer.get(), static_cast<std::size_t>(got)})) {
      break;
    }
  }
  return stream.finish();
}

}  // namespace whyoom::linux
