#include "linux/recorder/wakeups.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <span>
#include <string_view>

namespace whyoom::linux {

Wakeups::Wakeups()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), pressure_(AT_FDCWD, "/proc/pressure/memory", O_RDWR) {
  ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, no child could be waited for
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    sigaddset(&signals, signal);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_ = Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  watch(signals_.get(), EPOLLIN, Source::signal);
  // Any task stalled for 200 ms in two seconds: without CAP_SYS_RESOURCE the kernel takes no other
  // time.
  constexpr std::string_view trigger("some 200000 2000000\0", 20);
  if (pressure_ && ::write(pressure_.get(), trigger.data(), trigger.size()) >= 0) {
    watch(pressure_.get(), EPOLLPRI, Source::pressure);
  } else {
    pressure_ = KeptFile();
  }
}

void Wakeups::watch(int fd, std::uint32_t events, Source source) const {
  epoll_event event{};
  event.events = events;
  event.data.u32 = static_cast<std::uint32_t>(source);
  if (fd >= 0) {
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void Wakeups::forget(int fd) const { (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Wakeups::watch_messages(int fd) {
  messages_ = fd;
  watch(fd, EPOLLIN, Source::message);
}

void Wakeups::watch_texts(int fd) { watch(fd, EPOLLIN, Source::text); }

Wakeups::Reasons Wakeups::wait(std::uint64_t most_ms) {
  std::array<epoll_event, 4> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::min<std::uint64_t>(most_ms, INT_MAX)));
  Reasons reasons;
  for (const epoll_event& event :
       std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
    switch (static_cast<Source>(event.data.u32)) {
      case Source::signal:
        reasons.signal = true;
        break;
      case Source::message:
        reasons.message = (event.events & EPOLLIN) != 0;
        if (!reasons.message) {
          forget(messages_);
        }
        break;
      case Source::text:  // or its end
        reasons.text = true;
        break;
      case Source::pressure:
        reasons.pressure = (event.events & EPOLLERR) == 0;
        if (!reasons.pressure) {
          forget(pressure_.get());
        }
        break;
    }
  }
  return reasons;
}

int Wakeups::take_signal() const {
  signalfd_siginfo info{};
  int last = 0;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    last = info.ssi_signo == SIGCHLD ? last : static_cast<int>(info.ssi_signo);
  }
  return last;
}

}  // namespace whyoom::linux
