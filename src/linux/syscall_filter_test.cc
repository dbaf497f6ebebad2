#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "linux/descriptor.h"
#include "linux/sandbox_for_test.h"
#include "linux/sandbox_parts.h"

namespace whyoom::linux {
namespace {

using namespace test;

class SyscallFilter : public Sandbox {};

struct Attempt {
  const char* name;
  long number;  // of the system call that must be stopped
  std::function<void()> what;
};

#ifdef SYS_mmap2
constexpr long map_call = SYS_mmap2;
#else
constexpr long map_call = SYS_mmap;
#endif

std::vector<Attempt> attempts() {
  static const pid_t parent = getpid();
  static char page[4096];
  return {
      {"open", SYS_openat, [] { (void)::open("/etc/passwd", O_RDONLY); }},
      {"open what it could write", SYS_openat, [] { (void)::open("/dev/null", O_WRONLY); }},
#ifdef SYS_newfstatat
      {"stat", SYS_newfstatat, [] { syscall(SYS_newfstatat, AT_FDCWD, "/etc", page, 0); }},
#endif
      {"unlink", SYS_unlinkat, [] { syscall(SYS_unlinkat, AT_FDCWD, "/no/such/place", 0); }},
      {"socket", SYS_socket, [] { (void)socket(AF_INET, SOCK_STREAM, 0); }},
      {"socket of the host", SYS_socket, [] { (void)socket(AF_UNIX, SOCK_STREAM, 0); }},
      {"exec", SYS_execve, [] { execl("/bin/true", "true", nullptr); }},
      {"exec of a descriptor", SYS_execveat,
       [] { syscall(SYS_execveat, 0, "", nullptr, nullptr, AT_EMPTY_PATH); }},
      {"fork", SYS_clone, [] { syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }},
      {"clone3", 435, [] { syscall(435, page, 88); }},
      {"ptrace", SYS_ptrace, [] { ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }},
      {"read another's memory", SYS_process_vm_readv,
       [] { syscall(SYS_process_vm_readv, parent, page, 0, page, 0, 0); }},
      {"kill", SYS_kill, [] { kill(parent, 0); }},
      {"signal another's thread", SYS_tgkill, [] { syscall(SYS_tgkill, parent, parent, SIGABRT); }},
      {"another signal", SYS_tgkill, [] { syscall(SYS_tgkill, getpid(), gettid(), SIGTERM); }},
      {"memory that is code", map_call,
       [] { mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
      {"data to code", SYS_mprotect, [] { mprotect(page, 4096, PROT_READ | PROT_EXEC); }},
      {"data to code, with a key", SYS_pkey_mprotect,
       [] { syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1); }},
      {"write to an input", SYS_write, [] { (void)!::write(7, "x", 1); }},
      {"write to standard input", SYS_write, [] { (void)!::write(STDIN_FILENO, "x", 1); }},
      {"cut the output", SYS_ftruncate, [] { (void)!ftruncate(STDOUT_FILENO, 0); }},
      {"type into the terminal", SYS_ioctl, [] { ioctl(STDIN_FILENO, TIOCSTI, "x"); }},
      {"another handler of SIGSYS", SYS_rt_sigaction, [] { std::signal(SIGSYS, SIG_IGN); }},
      {"become root", SYS_setuid, [] { (void)!setuid(0); }},
      {"a namespace", SYS_unshare, [] { unshare(CLONE_NEWUSER); }},
      {"io_uring", SYS_io_uring_setup, [] { syscall(SYS_io_uring_setup, 1, page); }},
      {"bpf", SYS_bpf, [] { syscall(SYS_bpf, 0, page, 4096); }},
      {"a file of memory", SYS_memfd_create, [] { syscall(SYS_memfd_create, "x", 0); }},
      {"a device", SYS_mknodat, [] { syscall(SYS_mknodat, AT_FDCWD, "/no/such/place", 0, 0); }},
      {"another limit", SYS_prlimit64,
       [] { syscall(SYS_prlimit64, parent, RLIMIT_CORE, nullptr, page); }},
      {"another filter", SYS_seccomp,
       [] { syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, page); }},
      {"prctl", SYS_prctl, [] { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
  };
}

TEST_F(SyscallFilter, WhatIsNotNeededIsStoppedAndSaid) {
  NEEDS_FILTER();
  for (const Attempt& attempt : attempts()) {
    const End end = in_child([&attempt] {
      enter();
      attempt.what();
    });
    EXPECT_EQ(end.status, 2) << attempt.name;
    EXPECT_EQ(end.signal, 0) << attempt.name;
    EXPECT_EQ(end.said, "whyoom: stopped by its own sandbox: system call " +
                            std::to_string(attempt.number) +
                            " is not allowed. Please report it;\n"
                            "`--sandbox off` goes on without the sandbox.\n")
        << attempt.name;
  }
}

TEST_F(SyscallFilter, TheSameIsPossibleBefore) {  // so that the test above proves something
  for (const Attempt& attempt : attempts()) {
    const bool ends_otherwise = attempt.number == SYS_execve || attempt.number == SYS_tgkill ||
                                attempt.number == SYS_ptrace || attempt.number == SYS_clone;
    if (!ends_otherwise) {
      EXPECT_EQ(in_child(attempt.what).status, done) << attempt.name;
    }
  }
}

#ifdef __x86_64__
TEST_F(SyscallFilter, CallsOfOtherAbisAreNoWayAround) {
  NEEDS_FILTER();
  constexpr long x32 = 0x40000000;
  EXPECT_EQ(in_child([] {
              enter();
              syscall(x32 | SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
            }).signal,
            SIGSYS);
  const End end = in_child([] {
    enter();
    int result = 5;  // open
    asm volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
  });
  // A kernel without 32-bit calls has no such interrupt.
  EXPECT_TRUE(end.signal == SIGSYS || end.signal == SIGSEGV) << end.signal << " " << end.status;
}
#endif

TEST_F(SyscallFilter, ASignalThatIsBlockedStopsItToo) {
  NEEDS_FILTER();
  const End end = in_child([] {
    enter();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    (void)socket(AF_INET, SOCK_STREAM, 0);
  });
  EXPECT_EQ(end.signal, SIGSYS);
}

bool memory_works() {
  std::string text;
  for (int i = 0; i < 10; ++i) {  // brk, mmap, mremap, munmap, madvise
    text.append(std::size_t{1} << 20U, 'x');
    const std::vector<char> other(std::size_t{300} << 10U);
  }
  return text.back() == 'x';
}

bool exceptions_work() {
  try {
    throw std::runtime_error("thrown");
  } catch (const std::exception& error) {
    return std::string(error.what()) == "thrown";
  }
}

bool times_work() {
  std::time_t now = std::time(nullptr);
  std::tm broken{};
  return localtime_r(&now, &broken) != nullptr && std::mktime(&broken) == now;
}

TEST_F(SyscallFilter, WhatIsNeededWorks) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "abc", 3), 3);
  for (const char* zone : {"", "Europe/Berlin"}) {
    const End end = in_child([&] {
      if (*zone == 0) {
        unsetenv("TZ");
      } else {
        setenv("TZ", zone, 1);
      }
      enter({ends[0]});
      char c = 0;
      const bool fine = read(ends[0], &c, 1) == 1 && ::write(STDERR_FILENO, &c, 1) == 1 &&
                        memory_works() && exceptions_work() && times_work();
      (void)isatty(STDOUT_FILENO);
      (void)times_work();
      _exit(fine ? done : 1);
    });
    EXPECT_EQ(end.status, done) << end.said;
    EXPECT_EQ(end.said, *zone == 0 ? "a" : "b");
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(SyscallFilter, AbortIsSeenAsThat) {
  EXPECT_EQ(in_child([] {
              enter();
              std::abort();
            }).signal,
            SIGABRT);
}

// What some containers do: no filter can be added, neither by the one call nor by the other.
void forbid_filters() {
  constexpr auto number_at = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  constexpr auto first_argument_at = static_cast<std::uint32_t>(offsetof(seccomp_data, args));
  sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
                         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument_at),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
    _exit(77);
  }
}

TEST_F(SyscallFilter, WithoutFiltersItGoesOnUnlessTheyAreRequired) {
  const End end = in_child([] {
    forbid_filters();
    enter();
    (void)getppid();
  });
  if (end.status == 77) {
    GTEST_SKIP() << "no filter of system calls on this machine";
  }
  EXPECT_EQ(end.status, done);
  EXPECT_EQ(end.said, "");
  if (!can_give_up_identity()) {
    return;  // then `require` says so first
  }
  EXPECT_EQ(in_child([] {
              forbid_filters();
              const auto entered = enter_sandbox({}, SandboxChoice::require);
              _exit(!entered && entered.error().find("cannot be filtered") != std::string::npos
                        ? done
                        : 1);
            }).status,
            done);
}

}  // namespace
}  // namespace whyoom::linux
