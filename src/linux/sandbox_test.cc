#include "linux/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

#include "linux/descriptor.h"
#include "linux/identity.h"
#include "linux/landlock.h"
#include "linux/mapped_file.h"
#include "linux/syscall_filter.h"

namespace whyoom::linux {
namespace {

constexpr int done = 42;  // a child that came to its end

struct End {
  int status = -1;  // when it ended by itself
  int signal = 0;
  std::string said;  // on standard error
};

// Runs `what` in a child; `meanwhile` gets the child's number while it runs.
End in_child(const std::function<void()>& what,
             const std::function<void(pid_t)>& meanwhile = nullptr) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    what();
    _exit(done);
  }
  ::close(ends[1]);
  if (meanwhile) {
    meanwhile(child);
  }
  End end;
  char buffer[512];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    end.said.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return end;
}

void enter(std::vector<int> inputs = {}) {
  if (!enter_sandbox(std::move(inputs), SandboxChoice::automatic)) {
    _exit(1);
  }
}

// Whether a filter can be had here at all.
bool can_filter() {
  static const bool can = in_child([] {
                            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                            _exit(filter_system_calls() == 0 ? done : 1);
                          }).status == done;
  return can;
}

// Not in a user namespace of one user, nor where root lacks CAP_SETUID.
bool can_give_up_identity() {
  static const bool can =
      in_child([] { _exit(give_up_identity() == 0 ? done : 1); }).status == done;
  return can;
}

#define NEEDS_ROOT()                                                                \
  if (geteuid() != 0 || !can_give_up_identity()) {                                  \
    GTEST_SKIP() << "only root, where it can become somebody else, has it to lose"; \
  }                                                                                 \
  static_assert(true)

#define NEEDS_FILTER()                                                             \
  if (!can_filter()) {                                                             \
    GTEST_SKIP() << "no filter of system calls in this build, or on this machine"; \
  }                                                                                \
  static_assert(true)

struct Attempt {
  const char* name;
  long number;  // of the system call that must be stopped
  std::function<void()> what;
};

std::vector<Attempt> attempts() {
  static const pid_t parent = getpid();
  static char page[4096];
  return {
      {"open", SYS_openat, [] { (void)::open("/etc/passwd", O_RDONLY); }},
      {"open what it could write", SYS_openat, [] { (void)::open("/dev/null", O_WRONLY); }},
      {"stat", SYS_newfstatat, [] { syscall(SYS_newfstatat, AT_FDCWD, "/etc", page, 0); }},
      {"unlink", SYS_unlinkat, [] { syscall(SYS_unlinkat, AT_FDCWD, "/nowhere", 0); }},
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
      {"memory that is code", SYS_mmap,
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
      {"a device", SYS_mknodat, [] { syscall(SYS_mknodat, AT_FDCWD, "/nowhere", 0, 0); }},
      {"another limit", SYS_prlimit64,
       [] { syscall(SYS_prlimit64, parent, RLIMIT_CORE, nullptr, page); }},
      {"another filter", SYS_seccomp,
       [] { syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, page); }},
      {"prctl", SYS_prctl, [] { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
  };
}

TEST(Sandbox, WhatIsNotNeededIsStoppedAndSaid) {
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

TEST(Sandbox, TheSameIsPossibleBefore) {  // so that the test above proves something
  for (const Attempt& attempt : attempts()) {
    const bool ends_otherwise = attempt.number == SYS_execve || attempt.number == SYS_tgkill ||
                                attempt.number == SYS_ptrace || attempt.number == SYS_clone;
    if (!ends_otherwise) {
      EXPECT_EQ(in_child(attempt.what).status, done) << attempt.name;
    }
  }
}

#ifdef __x86_64__
TEST(Sandbox, CallsOfOtherAbisAreNoWayAround) {
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

TEST(Sandbox, ASignalThatIsBlockedStopsItToo) {
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

TEST(Sandbox, WhatIsNeededWorks) {
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

TEST(Sandbox, AFileThatShrinksIsStillNoCrash) {
  std::string name = testing::TempDir() + "whyoom-sandbox-XXXXXX";
  const Descriptor file(mkstemp(name.data()));
  ASSERT_GE(file.get(), 0);
  unlink(name.c_str());
  constexpr std::uint64_t size = std::uint64_t{2} << 20U;
  ASSERT_EQ(ftruncate(file.get(), size), 0);
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  const End end = in_child(
      [&] {
        enter({file.get(), ends[0]});
        MappedFile mapped(file.get(), size);
        const std::string_view window = mapped.next();
        char byte = 0;
        if (read(ends[0], &byte, 1) != 1) {  // until it is shorter
          _exit(1);
        }
        _exit(window.back() == 0 && mapped.shrank() ? done : 3);
      },
      [&](pid_t /*child*/) {
        EXPECT_EQ(ftruncate(file.get(), 4096), 0);
        EXPECT_EQ(::write(ends[1], "x", 1), 1);
      });
  EXPECT_EQ(end.status, done) << end.said;
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Sandbox, AbortIsSeenAsThat) {
  EXPECT_EQ(in_child([] {
              enter();
              std::abort();
            }).signal,
            SIGABRT);
}

// What the kernel says of a child in the sandbox.
struct Seen {
  std::string status;
  std::set<int> descriptors;
  [[nodiscard]] std::string line(std::string_view name) const {
    std::istringstream lines(status);
    for (std::string text; std::getline(lines, text);) {
      if (text.starts_with(std::string(name) + ":")) {
        std::string words = text.substr(name.size() + 1);
        words.erase(0, words.find_first_not_of(" \t"));
        words.erase(words.find_last_not_of(" \t") + 1);
        return words;
      }
    }
    return "no such line";
  }
};

void look_at(const std::string& process, Seen& seen) {
  std::ifstream in(process + "/status");
  seen.status.assign(std::istreambuf_iterator<char>(in), {});
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", error)) {
    seen.descriptors.insert(std::stoi(entry.path().filename().string()));
  }
}

Seen in_sandbox() {
  Seen seen;
  int wait[2] = {-1, -1};
  int ready[2] = {-1, -1};
  EXPECT_EQ(pipe(wait), 0);
  EXPECT_EQ(pipe(ready), 0);
  const int kept = fcntl(wait[0], F_DUPFD, 50);
  const int left_open = fcntl(wait[0], F_DUPFD, 900);
  const End end = in_child(
      [&] {
        dup2(ready[1], STDOUT_FILENO);
        enter({kept});
        char byte = 0;
        (void)!::write(STDOUT_FILENO, "x", 1);
        (void)!read(kept, &byte, 1);
      },
      [&](pid_t child) {
        char byte = 0;
        EXPECT_EQ(read(ready[0], &byte, 1), 1);
        look_at("/proc/" + std::to_string(child), seen);
        EXPECT_EQ(::write(wait[1], "x", 1), 1);
      });
  EXPECT_EQ(end.status, done) << end.said;
  for (const int fd : {wait[0], wait[1], ready[0], ready[1], kept, left_open}) {
    ::close(fd);
  }
  return seen;
}

TEST(Sandbox, TheKernelSaysThatTheRightsAreGone) {
  const Seen seen = in_sandbox();
  EXPECT_EQ(seen.line("NoNewPrivs"), "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(seen.line(set), "0000000000000000") << set;
  }
  if (can_filter()) {
    EXPECT_EQ(seen.line("Seccomp"), "2");
  }
}

TEST(Sandbox, OfRootNothingIsLeft) {
  NEEDS_ROOT();
  const Seen seen = in_sandbox();
  EXPECT_EQ(seen.line("Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(seen.line("Gid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(seen.line("Groups"), "");
  EXPECT_EQ(seen.line("CapBnd"), "0000000000000000");
  EXPECT_EQ(seen.descriptors, (std::set<int>{1, 2, 50}));
}

TEST(Sandbox, LandlockAloneForbidsFiles) {
  const End end = in_child([] {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!forbid_files()) {
      _exit(77);
    }
    const bool forbidden = ::open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES &&
                           ::open("/tmp", O_TMPFILE | O_WRONLY, 0600) < 0 && errno == EACCES;
    _exit(forbidden ? done : 1);
  });
  if (end.status == 77) {
    GTEST_SKIP() << "this kernel has no Landlock, or a container forbids it";
  }
  EXPECT_EQ(end.status, done);
}

TEST(Sandbox, IdentityAloneKeepsRootsFilesShut) {
  NEEDS_ROOT();
  std::string name = testing::TempDir() + "whyoom-sandbox-XXXXXX";
  const Descriptor secret(mkstemp(name.data()));  // mode 0600
  ASSERT_GE(secret.get(), 0);
  const End end = in_child([&] {
    if (give_up_identity() != 0) {
      _exit(1);
    }
    const bool shut = ::open(name.c_str(), O_RDONLY) < 0 && errno == EACCES;
    _exit(shut && setuid(0) != 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? done : 3);
  });
  unlink(name.c_str());
  EXPECT_EQ(end.status, done);
}

// A container without CAP_SETUID: root stays root, and that is said.
TEST(Sandbox, ARootThatStaysRootIsSaid) {
  NEEDS_ROOT();
  const auto without_capabilities = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    syscall(SYS_capset, &header, none);
  };
  const End end = in_child([&] {
    without_capabilities();
    enter();
  });
  EXPECT_EQ(end.status, done);
  EXPECT_EQ(end.said,
            "whyoom: root cannot become another user here (Operation not permitted); it reads as "
            "root\n");
  EXPECT_EQ(in_child([&] {
              without_capabilities();
              _exit(enter_sandbox({}, SandboxChoice::require) ? 1 : done);
            }).status,
            done);
}

void write_to(const char* path, const std::string& text) {
  const Descriptor file(::open(path, O_WRONLY));
  (void)!::write(file.get(), text.data(), text.size());
}

// In a user namespace of one user there is nobody else to become. That is no reason to complain.
TEST(Sandbox, AUserNamespaceOfOneUserIsFine) {
  const End end = in_child([] {
    const std::string map = "0 " + std::to_string(geteuid()) + " 1";
    if (unshare(CLONE_NEWUSER) != 0) {
      _exit(77);
    }
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", map);
    if (getuid() != 0) {
      _exit(77);
    }
    enter();
  });
  if (end.status == 77) {
    GTEST_SKIP() << "no user namespaces here";
  }
  EXPECT_EQ(end.status, done);
  EXPECT_EQ(end.said, "");
}

// What some containers do: no filter can be added.
void forbid_filters() {
  constexpr auto number_at = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at),
                         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
    _exit(77);
  }
}

TEST(Sandbox, WithoutFiltersItGoesOnUnlessTheyAreRequired) {
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

TEST(Sandbox, RequiredAndThere) {
  NEEDS_FILTER();
  const End end = in_child([] { _exit(enter_sandbox({}, SandboxChoice::require) ? done : 1); });
  EXPECT_EQ(end.status, can_give_up_identity() ? done : 1);
}

TEST(Sandbox, OffIsOff) {
  EXPECT_EQ(in_child([] {
              const bool fine = enter_sandbox({}, SandboxChoice::off).has_value() &&
                                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
                                fcntl(STDIN_FILENO, F_GETFD) >= 0;
              _exit(fine ? done : 1);
            }).status,
            done);
}

}  // namespace
}  // namespace whyoom::linux
