#include <cerrno>

#include "linux/sandbox_parts.h"

#ifndef WHYOOM_SANDBOX

namespace whyoom::linux {
int filter_system_calls(Calls) { return ENOSYS; }
}  // namespace whyoom::linux

#else

#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace whyoom::linux {
namespace {

constexpr int exit_status = 2;
// TCGETS2, what a newer C library asks instead of TCGETS; its header excludes the C library's own.
constexpr scmp_datum_t termios2 = _IOC(_IOC_READ, 'T', 0x2A, 44);

// Where there is a second one, the first takes its arguments from memory that a filter cannot see.
#ifdef SYS_mmap2
constexpr const char* map = "mmap2";
#else
constexpr const char* map = "mmap";
#endif

struct Allowed {
  const char* call;
  // Of the arguments: none, or one that decides.
  enum class Only : unsigned char { any, equal, without } only = Only::any;
  unsigned argument = 0;
  scmp_datum_t value = 0;
};
using Only = Allowed::Only;

// By name, because not every architecture has each of them.
constexpr Allowed allowed[] = {
    {"read"},
    {"lseek"},
    {"_llseek"},
    {"close"},
    {"poll"},
    {"ppoll"},
    {"ppoll_time64"},
    {"write", Only::equal, 0, STDOUT_FILENO},
    {"write", Only::equal, 0, STDERR_FILENO},
    {"writev", Only::equal, 0, STDERR_FILENO},  // the C library's last words
    // Memory, but no code.
    {map, Only::without, 2, PROT_EXEC},
    {"mprotect", Only::without, 2, PROT_EXEC},
    {"munmap"},
    {"mremap"},
    {"madvise"},
    {"brk"},
    {"futex"},
    {"futex_time64"},
    {"getrandom"},
    // The time; most machines tell it without a system call.
    {"clock_gettime"},
    {"clock_gettime64"},
    {"gettimeofday"},
    {"time"},
    // Whether the output is a terminal, and how wide.
    {"ioctl", Only::equal, 1, TCGETS},
    {"ioctl", Only::equal, 1, termios2},
    {"ioctl", Only::equal, 1, TIOCGWINSZ},
    // Signals that come.
    {"rt_sigreturn"},
    {"sigreturn"},
    {"rt_sigprocmask"},
    {"restart_syscall"},
    {"wait4"},  // until the reader has left the pager
    // abort(), with add_abort() below.
    {"getpid"},
    {"gettid"},
    {"exit"},
    {"exit_group"},
};

constexpr Allowed of_server[] = {
    {"openat", Only::without, 2, O_WRONLY | O_RDWR | O_CREAT},
    {"open", Only::without, 1, O_WRONLY | O_RDWR | O_CREAT},
    {"pread64"},
    {"fstat"},
    {"fstat64"},
    {"newfstatat"},
    {"fstatat64"},
    {"statx"},
    {"accept4"},
    {"recvfrom"},
    {"recv"},
    {"sendto"},
    {"send"},
    {"shutdown"},
    {"socketcall"},  // i386
};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

int add(const Filter& filter, const Allowed& rule, int number) {
  switch (rule.only) {
    case Only::any:
      return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0);
    case Only::equal:
      return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 1,
                              scmp_arg_cmp{rule.argument, SCMP_CMP_EQ, rule.value, 0});
    case Only::without:
      return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 1,
                              scmp_arg_cmp{rule.argument, SCMP_CMP_MASKED_EQ, rule.value, 0});
  }
  return -EINVAL;
}

// abort() sends a signal to its own thread. It can be sent to no other process.
int add_abort(const Filter& filter) {
  const auto own = static_cast<scmp_datum_t>(getpid());
  return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                          scmp_arg_cmp{0, SCMP_CMP_EQ, own, 0},
                          scmp_arg_cmp{2, SCMP_CMP_EQ, SIGABRT, 0});
}

// A call was refused. Nothing but what a signal handler may use, and what the filter lets through.
void on_refused(int /*signal*/, siginfo_t* info, void* /*context*/) {
  constexpr std::string_view before = "whyoom: stopped by its own sandbox: system call ";
  constexpr std::string_view after =
      " is not allowed. Please report it;\n`--sandbox off` goes on without the sandbox.\n";
  char text[256];
  char* end = std::copy(before.begin(), before.end(), text);
  char digits[12];
  char* digit = digits + sizeof digits;
  auto number = static_cast<unsigned>(info->si_syscall);
  do {
    *--digit = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  end = std::copy(digit, digits + sizeof digits, end);
  end = std::copy(after.begin(), after.end(), end);
  (void)!::write(STDERR_FILENO, text, static_cast<std::size_t>(end - text));
  _exit(exit_status);
}

void handle_refused_calls() {
  struct sigaction action {};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
  sigset_t refused;
  sigemptyset(&refused);
  sigaddset(&refused, SIGSYS);
  sigprocmask(SIG_UNBLOCK, &refused, nullptr);
}

}  // namespace

int filter_system_calls(Calls calls) {
  // The call is not done, and the handler says which it was. Without a handler the kernel ends
  // the process, so that nothing goes on with an answer that it does not expect.
  const Filter filter(seccomp_init(SCMP_ACT_TRAP), &seccomp_release);
  if (!filter) {
    return ENOMEM;
  }
  // Calls of another architecture (32-bit ones of a 64-bit process) have other numbers; they end
  // the process at once, by default.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);       // set already
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, 1);       // 4.14: for the audit log
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_API_SYSRAWRC, 1);  // the kernel's own errno
  // 3.17. Each of the threads must have begun: to begin takes more than the filter lets through.
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  const auto allow = [&](std::span<const Allowed> rules) {
    for (const Allowed& rule : rules) {
      const int number = seccomp_syscall_resolve_name(rule.call);
      if (error == 0 && number >= 0) {
        error = add(filter, rule, number);
      }
    }
  };
  allow(allowed);
  if (calls == Calls::server) {
    allow(of_server);
  }
  error = error == 0 ? add_abort(filter) : error;
  if (error == 0) {
    handle_refused_calls();
    error = seccomp_load(filter.get());
  }
  return -error;
}

}  // namespace whyoom::linux

#endif
