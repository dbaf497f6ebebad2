#include "linux/sandbox.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "base/language.h"
#include "linux/file_system.h"
#include "linux/output.h"
#include "linux/sandbox_parts.h"

namespace whyoom::linux {
namespace {

// Without TZ the C library looks at /etc/localtime each time that it is asked, to see whether it
// changed. With it, it looks once.
void read_time_zone() {
  constexpr int keep = 0;
  (void)setenv("TZ", ":/etc/localtime", keep);
  tzset();
}

void close_range(unsigned first, unsigned last) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) {
    return;
  }
#endif
  // Before 5.9: as many as a process has unless it asked for more.
  constexpr unsigned usual = 1024;
  for (unsigned fd = first; fd <= std::min(last, usual); ++fd) {
    ::close(static_cast<int>(fd));
  }
}

// What the caller of the program left open is nothing to this process.
void close_all_but(std::vector<int> kept) {
  kept.insert(kept.end(), {STDOUT_FILENO, STDERR_FILENO});
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int fd : kept) {
    if (fd < 0) {
      continue;
    }
    const auto number = static_cast<unsigned>(fd);
    if (number > next) {
      close_range(next, number - 1);
    }
    next = number + 1;
  }
  close_range(next, ~0U);
}

#ifdef WHYOOM_SANDBOX
constexpr bool built_in = true;
#else
constexpr bool built_in = false;
#endif

std::string missing(int identity, int filter) {
  if (identity != 0) {
    return tr("root cannot become another user here ({})", errno_text(identity));
  }
  if (filter != 0) {
    return tr("system calls cannot be filtered here ({})", errno_text(filter));
  }
  return {};
}

}  // namespace

tl::expected<void, std::string> enter_sandbox(std::vector<int> inputs, SandboxChoice choice,
                                              const std::function<void()>& start) {
  if (choice == SandboxChoice::off || !built_in) {
    if (start) {
      start();
    }
  }
  if (choice == SandboxChoice::off) {
    return {};
  }
  if (!built_in) {
    return choice == SandboxChoice::require
               ? tl::unexpected(tr("--sandbox require: this build has no sandbox"))
               : tl::expected<void, std::string>();
  }
  read_time_zone();
  close_all_but(std::move(inputs));
  const int identity = give_up_identity();
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  (void)forbid_files();
  if (start) {
    start();
  }
  const int filter = filter_system_calls();
  const std::string gap = missing(identity, filter);
  if (!gap.empty() && choice == SandboxChoice::require) {
    return tl::unexpected(tr("--sandbox require: {}", gap));
  }
  // A filter that a kernel or a container does not give is no reason to leave the user without an
  // answer, nor to tell; nor is a user namespace of one user, where root is that user.
  if (identity == EPERM) {
    Output(STDERR_FILENO).write(tr("whyoom: {}; it reads as root\n", gap));
  }
  return {};
}

void become_server(std::vector<int> files) {
  read_time_zone();
  close_all_but(std::move(files));
  (void)give_up_identity();
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  (void)filter_system_calls(Calls::server);
}

}  // namespace whyoom::linux
