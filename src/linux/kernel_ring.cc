#include "linux/kernel_ring.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "base/language.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {

constexpr int action_read_all = 3;      // SYSLOG_ACTION_READ_ALL
constexpr int action_size_buffer = 10;  // SYSLOG_ACTION_SIZE_BUFFER
// A record has at most 8 KiB with its dictionary; a smaller buffer would get EINVAL.
constexpr std::size_t record_size = std::size_t{32} << 10U;
// A kernel that prints faster than it is read does not keep this from ending.
constexpr std::size_t most_bytes = std::size_t{256} << 20U;

// "6,1234,5678,-;text": 1234.
std::optional<std::uint64_t> sequence_of(std::string_view record) {
  Cursor cursor(record);
  const bool is_record = cursor.take_unsigned() && cursor.take(',');
  return is_record ? cursor.take_unsigned() : std::nullopt;
}

class KmsgReader {
 public:
  KmsgReader(int fd, const LogSink& sink) : fd_(fd), sink_(sink), buffer_(new char[record_size]) {}

  LogEnd read_all() {
    std::size_t bytes = 0;
    while (!sink_.stop() && bytes < most_bytes) {
      const ssize_t got = ::read(fd_, buffer_.get(), record_size - 1);
      if (got > 0) {
        bytes += static_cast<std::size_t>(got);
        record(static_cast<std::size_t>(got));
      } else if (got == 0 || errno == EAGAIN) {
        break;
      } else if (errno == EPIPE) {
        overwritten_ = true;  // the next read goes on behind what is gone
      } else if (errno != EINTR) {
        end_.gap = Message("{}; later messages are not known", errno_text(errno));
        end_.read = last_.has_value();
        break;
      }
    }
    return end_;
  }

 private:
  void record(std::size_t size) {
    const auto sequence = sequence_of({buffer_.get(), size});
    if (!last_ && sequence && *sequence > 0) {
      end_.gap = Message(
          "the buffer no longer has this boot's first {} messages; events in them are known only "
          "from other logs",
          *sequence);
    } else if (overwritten_ && last_ && sequence && *sequence > *last_) {
      end_.lost += *sequence - *last_ - 1;
    } else if (overwritten_) {
      ++end_.lost;
    }
    overwritten_ = false;
    last_ = sequence ? sequence : last_;
    if (buffer_[size - 1] != '\n') {
      buffer_[size++] = '\n';
    }
    sink_.data({buffer_.get(), size});
  }

  int fd_;
  const LogSink& sink_;
  std::unique_ptr<char[]> buffer_;
  std::optional<std::uint64_t> last_;
  bool overwritten_ = false;
  LogEnd end_;
};

Message no_ring(int error) {
  if (error == EPERM || error == EACCES) {
    return Message(
        "no permission (kernel.dmesg_restrict is 1, or a container): events of this boot that no "
        "other log has are not known; run as root");
  }
  return Message("{}; events of this boot that no other log has are not known", errno_text(error));
}

void read_by_call(const LogSink& sink) {
  const LogSource source{LogSource::Kind::ring, tr("kernel ring buffer"), std::nullopt};
  const int size = ::klogctl(action_size_buffer, nullptr, 0);
  // The size may be hidden although the text is not.
  constexpr int usual = 1 << 20;
  const int room = size > 0 ? size : usual;
  const auto buffer = std::make_unique<char[]>(static_cast<std::size_t>(room));
  const int got = ::klogctl(action_read_all, buffer.get(), room);
  if (got < 0) {
    tell_unread(sink, source, no_ring(errno));
  } else if (got == 0) {
    tell_unread(sink, source,
                Message("it is empty; events of this boot that no other log has are not known"));
  } else {
    sink.begin(source);
    sink.data({buffer.get(), static_cast<std::size_t>(got)});
    sink.end({});
  }
}

}  // namespace

void read_kernel_ring(const LogSink& sink, const std::string& kmsg) {
  const Descriptor file(::open(kmsg.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  // Some containers put a FIFO or /dev/null in its place.
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISCHR(status.st_mode)) {
    read_by_call(sink);
    return;
  }
  bool any = false;
  LogSink counted = sink;
  counted.data = [&](std::string_view record) {
    if (!any) {
      any = true;
      sink.begin({LogSource::Kind::ring, kmsg, std::nullopt});
    }
    sink.data(record);
  };
  const LogEnd end = KmsgReader(file.get(), counted).read_all();
  if (any) {
    sink.end(end);
  } else if (!sink.stop()) {
    read_by_call(sink);
  }
}

}  // namespace whyoom::linux
