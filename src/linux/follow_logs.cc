#include "linux/follow_logs.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <list>
#include <optional>

#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"
#include "linux/follow_frames.h"
#include "linux/journal.h"
#include "linux/log_tail.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

constexpr int look_again_ms = 200;  // at files that had nothing new
constexpr const char* kmsg = "/dev/kmsg";

// The pipe's other end was closed.
bool reader_gone(int to, int wait_ms) {
  pollfd wanted{to, 0, 0};
  return ::poll(&wanted, 1, wait_ms) > 0 && (wanted.revents & (POLLERR | POLLNVAL)) != 0;
}

// Until the reader has gone or nothing can come any more.
void copy_files(int to, std::list<LogTail>& tails) {
  for (;;) {
    bool any = false;
    bool open = false;
    for (LogTail& tail : tails) {
      any = tail.copy() || any;
      open = open || !tail.ended();
      if (tail.broken()) {
        return;
      }
    }
    if (!open || (!any && reader_gone(to, look_again_ms))) {
      return;
    }
  }
}

// Why journalctl ended, where the reader has not gone.
std::optional<std::string> copy_journal(int to, std::size_t index, bool from_start) {
  bool any = false;
  bool broken = false;
  if (!from_start) {
    broken = write_frame(to, FrameKind::caught_up, index) != 0;
  }
  const auto run = [&](bool choose_fields) {
    return run_child(
        follow_journal_command(from_start, choose_fields),
        [&](std::string_view bytes) {
          any = true;
          broken = broken || write_frame(to, FrameKind::data, index, bytes) != 0;
        },
        [&] { return broken || reader_gone(to, 0); }, forever,
        [&](std::string_view text) {
          const std::string_view line = trim(text.substr(0, text.find('\n')));
          broken = broken || write_frame(to, FrameKind::note, index,
                                         tr("journalctl says: {}", std::string(line))) != 0;
        });
  };
  ChildEnd child = run(true);
  if (!any && knows_no_fields(child)) {
    child = run(false);
  }
  if (broken || child.stopped) {
    return std::nullopt;
  }
  const std::string why = journal_gap(child, any, true).str();
  return why.empty() ? tr("journalctl ended") : why;
}

// What the second process does.
void copy_logs(int to, const std::vector<FollowedLog>& logs, bool from_start) {
  std::list<LogTail> tails;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const auto open = [&](const std::string& path, bool past) {
      tails.emplace_back(to, i, path).open_first(past);
    };
    if (logs[i].kind != FollowedLog::Kind::journal) {
      open(logs[i].kind == FollowedLog::Kind::file ? logs[i].name : kmsg, from_start);
      continue;
    }
    const auto ended = copy_journal(to, i, from_start);
    if (!ended) {
      return;
    }
    open(kmsg, false);
    write_frame(to, FrameKind::note, i, tr("{}; the ring buffer is followed from here", *ended));
  }
  copy_files(to, tails);
}

volatile std::sig_atomic_t wanted_end = 0;
void on_signal(int /*signal*/) { wanted_end = 1; }

void take_signals() {
  wanted_end = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // without SA_RESTART: poll ends
  for (const int signal : {SIGINT, SIGTERM}) {
    ::sigaction(signal, &action, nullptr);
  }
}

bool has_entries(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool any = false;
  return fd >= 0 &&
         each_entry(Descriptor(fd),
                    [&any](const dirent&) {
                      any = true;
                      return false;
                    }) == 0 &&
         any;
}

}  // namespace

FollowedLog own_kernel_log() {
  const char* path = std::getenv("PATH");
  const bool journal =
      (has_entries("/run/log/journal") || has_entries("/var/log/journal")) &&
      !find_program("journalctl", path == nullptr ? "/usr/bin:/bin" : path).empty();
  return journal ? FollowedLog{FollowedLog::Kind::journal, "journal"}
                 : FollowedLog{FollowedLog::Kind::ring, kmsg};
}

tl::expected<std::unique_ptr<FollowLogs>, std::string> FollowLogs::start(
    const std::vector<FollowedLog>& logs, bool from_start, SandboxChoice sandbox) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return tl::unexpected(tr("a pipe cannot be made: {}", errno_text(errno)));
  }
  Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  const pid_t copier = ::fork();
  if (copier < 0) {
    return tl::unexpected(tr("a process cannot be made: {}", errno_text(errno)));
  }
  if (copier == 0) {
    // Ctrl-C is for the reader; when that has ended, this does.
    std::signal(SIGINT, SIG_IGN);
    from.close();
    copy_logs(to.get(), logs, from_start);
    ::_exit(0);
  }
  to.close();
  auto follow = std::unique_ptr<FollowLogs>(new FollowLogs(std::move(from), copier));
  take_signals();
  if (const auto done = enter_sandbox({follow->from_.get()}, sandbox); !done) {
    return tl::unexpected(done.error());
  }
  return follow;
}

FollowLogs::~FollowLogs() {
  from_.close();
  while (::waitpid(copier_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool FollowLogs::next(int most_ms, const FollowSink& sink) {
  // Who reads the output may go before there is anything to write.
  std::array<pollfd, 2> wanted{{{from_.get(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}}};
  if (wanted_end != 0) {
    return false;
  }
  // A signal between the look at it and the wait is seen when the wait ends.
  if (::poll(wanted.data(), wanted.size(), most_ms) <= 0) {
    return wanted_end == 0;
  }
  if ((wanted[1].revents & (POLLERR | POLLHUP)) != 0) {
    return false;
  }
  if (wanted[0].revents == 0) {
    return true;
  }
  char bytes[65536];
  const ssize_t got = ::read(from_.get(), bytes, sizeof bytes);
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
    return false;
  }
  if (got > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(got));
    hand_on(sink);
  }
  return true;
}

void FollowLogs::hand_on(const FollowSink& sink) {
  std::size_t at = 0;
  for (FrameHead head; buffer_.size() - at >= sizeof head;) {
    std::memcpy(&head, buffer_.data() + at, sizeof head);
    if (buffer_.size() - at - sizeof head < head.size) {
      break;
    }
    const std::string_view bytes(buffer_.data() + at + sizeof head, head.size);
    at += sizeof head + head.size;
    switch (head.kind) {
      case FrameKind::data:
        sink.data(head.index, bytes);
        break;
      case FrameKind::lines_before:
        sink.lines_before(head.index, parse_number<std::uint64_t>(bytes).value_or(0));
        break;
      case FrameKind::caught_up:
        sink.caught_up(head.index);
        break;
      case FrameKind::note:
        sink.note(head.index, bytes);
        break;
      case FrameKind::end:
        sink.end(head.index, bytes);
        break;
    }
  }
  buffer_.erase(0, at);
}

}  // namespace whyoom::linux
