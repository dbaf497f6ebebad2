#include "kill_at_syscall.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace whyoom::test {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

// What can change a file, or anything else, although nothing was opened to write before.
constexpr std::array changing{
    SYS_mkdirat,      SYS_mknodat,       SYS_unlinkat,  SYS_symlinkat,      SYS_linkat,
    SYS_renameat2,    SYS_truncate,      SYS_fchmod,    SYS_fchmodat,       SYS_fchown,
    SYS_fchownat,     SYS_setxattr,      SYS_lsetxattr, SYS_fsetxattr,      SYS_removexattr,
    SYS_lremovexattr, SYS_fremovexattr,  SYS_utimensat, SYS_mount,          SYS_umount2,
    SYS_sethostname,  SYS_setdomainname, SYS_ioctl,     SYS_io_uring_setup, SYS_clone3,
    SYS_clone,
#ifdef SYS_rename
    SYS_rename,       SYS_mkdir,         SYS_rmdir,     SYS_unlink,         SYS_symlink,
    SYS_link,         SYS_chmod,         SYS_chown,     SYS_lchown,         SYS_creat,
    SYS_mknod,        SYS_utime,         SYS_utimes,    SYS_renameat,       SYS_futimesat,
    SYS_fork,         SYS_vfork,
#endif
};
// What changes a file that was opened to write.
constexpr std::array writing{SYS_write,          SYS_pwrite64, SYS_writev,    SYS_pwritev,
                             SYS_ftruncate,      SYS_fsync,    SYS_fdatasync, SYS_fallocate,
                             SYS_fcntl,          SYS_sendfile, SYS_splice,    SYS_sync_file_range,
                             SYS_copy_file_range};
constexpr std::uint32_t write_flags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
// What the filter says of a call that may be a changing one; of others at which it stops it says 0.
constexpr std::uint32_t may_change = 1;

// The child stops at each call that may be a changing one; the rest runs at full speed, unless all
// entries are wanted.
void stop_at_changing_calls(Calls calls) {
  constexpr auto number_at = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  // The lower half of an argument, on a little-endian machine.
  constexpr auto argument_at = [](std::size_t index) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * 8);
  };
  constexpr std::uint32_t stop = SECCOMP_RET_TRACE | may_change;
  const std::uint32_t otherwise = calls == Calls::entries ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;
  std::vector<sock_filter> filter;
  const auto add = [&filter](int code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    filter.push_back({static_cast<std::uint16_t>(code), yes, no, value});
  };
  const auto open_call = [&](std::uint32_t number, std::size_t argument) {
    add(BPF_LD | BPF_W | BPF_ABS, number_at, 0, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4);
    add(BPF_LD | BPF_W | BPF_ABS, argument_at(argument), 0, 0);
    add(BPF_JMP | BPF_JSET | BPF_K, write_flags, 0, 1);
    add(BPF_RET | BPF_K, stop, 0, 0);
    add(BPF_RET | BPF_K, otherwise, 0, 0);
  };
  open_call(SYS_openat, 2);
#ifdef SYS_open
  open_call(SYS_open, 1);
#endif
  add(BPF_LD | BPF_W | BPF_ABS, number_at, 0, 0);
  const auto stop_at = [&](long number) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
    add(BPF_RET | BPF_K, stop, 0, 0);
  };
  std::for_each(changing.begin(), changing.end(), stop_at);
  stop_at(SYS_openat2);
  if (calls == Calls::changing) {
    std::for_each(writing.begin(), writing.end(), stop_at);
  }
  add(BPF_RET | BPF_K, otherwise, 0, 0);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::_Exit(126);
  }
}

[[noreturn]] void become(const std::vector<std::string>& argv, std::optional<Calls> traced,
                         const std::string& errors_to) {
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  if (!errors_to.empty()) {
    ::dup2(::open(errors_to.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
  } else if (std::getenv("WHYOOM_TEST_VERBOSE") == nullptr) {
    ::dup2(null, STDERR_FILENO);
  }
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  if (traced) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    stop_at_changing_calls(*traced);
  }
  ::execv(words[0], words.data());
  std::_Exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, __WALL) < 0) {
    if (errno != EINTR) {
      give_up("waitpid");
    }
  }
  return status;
}

int ended_with(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool openat2_to_write(pid_t child, std::uint64_t address) {
  open_how how{};
  iovec here{&how, sizeof how};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address in the child
  iovec there{reinterpret_cast<void*>(address), sizeof how};
  return ::process_vm_readv(child, &here, 1, &there, 1, 0) != sizeof how ||
         (how.flags & write_flags) != 0;
}

// Of the calls at which the filter stops.
bool could_change(pid_t child) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0 ||
      info.op != PTRACE_SYSCALL_INFO_SECCOMP) {
    return true;
  }
  const auto& call = info.seccomp;
  if (call.ret_data != may_change) {
    return false;
  }
  if (call.nr == SYS_openat2) {
    return openat2_to_write(child, call.args[2]);
  }
  if (call.nr == SYS_fcntl) {
    // The flag of a descriptor ends with the process: each directory that is read has it set.
    return call.args[1] != F_GETFD && call.args[1] != F_SETFD && call.args[1] != F_GETFL;
  }
  return call.nr != SYS_ioctl ||
         (call.args[1] != TCGETS && call.args[1] != TIOCGWINSZ && call.args[1] != FS_IOC_GETFLAGS);
}

pid_t start_traced(const std::vector<std::string>& argv, Calls calls,
                   const std::string& errors_to) {
  const pid_t child = ::fork();
  if (child < 0) {
    give_up("fork");
  }
  if (child == 0) {
    become(argv, calls, errors_to);
  }
  if (!WIFSTOPPED(wait_for(child)) ||
      ::ptrace(PTRACE_SETOPTIONS, child, nullptr,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC |
                   PTRACE_O_TRACESECCOMP) != 0) {
    give_up("ptrace");
  }
  return child;
}

// Two processes that take turns: on one processor neither waits for the other to wake up.
void stay_on_one_processor() {
  static bool done = false;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(std::max(::sched_getcpu(), 0), &one);
  done = done || ::sched_setaffinity(0, sizeof one, &one) == 0;
}

}  // namespace

namespace {

Stop stop_of(pid_t child, std::uint64_t index) {
  Stop stop;
  stop.index = index;
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) {
    return stop;
  }
  if (info.op == PTRACE_SYSCALL_INFO_SECCOMP || info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    const bool filtered = info.op == PTRACE_SYSCALL_INFO_SECCOMP;
    stop.entry = true;
    stop.number = filtered ? info.seccomp.nr : info.entry.nr;
    const auto* arguments = filtered ? info.seccomp.args : info.entry.args;
    std::copy(arguments, arguments + 6, stop.arguments);
  }
  return stop;
}

void change_call(pid_t child, const Disturbance& disturbance) {
#ifdef __x86_64__
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, child, nullptr, &registers) != 0) {
    give_up("ptrace");
  }
  if (disturbance.kind == Disturbance::Kind::fail) {
    registers.orig_rax = ~0ULL;  // no call
    registers.rax = static_cast<unsigned long long>(-static_cast<long long>(disturbance.error));
  } else {
    registers.rdx = std::max(registers.rdx / 2, 1ULL);
  }
  if (::ptrace(PTRACE_SETREGS, child, nullptr, &registers) != 0) {
    give_up("ptrace");
  }
#else
  (void)child;
  (void)disturbance;
  give_up("cannot let a call fail here");
#endif
}

}  // namespace

KillEnd run_and_kill(const std::vector<std::string>& argv, std::uint64_t stop, Calls calls) {
  return run_disturbed(argv, calls, {}, [stop](const Stop& at) {
    return Disturbance{at.index == stop ? Disturbance::Kind::kill : Disturbance::Kind::none};
  });
}

KillEnd run_disturbed(const std::vector<std::string>& argv, Calls calls,
                      const std::string& errors_to,
                      const std::function<Disturbance(const Stop&)>& disturb) {
  stay_on_one_processor();
  const pid_t child = start_traced(argv, calls, errors_to);
  KillEnd end;
  bool executed = false;
  bool begun = false;    // something could have changed
  bool at_next = false;  // the next entry or exit is a stop
  for (int signal = 0;;) {
    if (::ptrace(at_next ? PTRACE_SYSCALL : PTRACE_CONT, child, nullptr, signal) != 0) {
      give_up("ptrace");
    }
    const int status = wait_for(child);
    signal = 0;
    if (!WIFSTOPPED(status)) {
      end.status = ended_with(status);
      return end;
    }
    const int event = status >> 16;
    bool at_call = status >> 8 == (SIGTRAP | 0x80);
    if (at_call) {
      at_next = calls == Calls::all;
    } else if (event == PTRACE_EVENT_EXEC) {
      executed = true;
    } else if (event == PTRACE_EVENT_SECCOMP) {
      // After the stop at the entry of the same call, if there was one.
      at_call = executed && !at_next && ((begun && calls == Calls::entries) || could_change(child));
      begun = begun || at_call;
      at_next = calls != Calls::entries && (at_next || at_call);
    } else {
      signal = WSTOPSIG(status);
    }
    if (!at_call) {
      continue;
    }
    const Disturbance disturbance = disturb(stop_of(child, end.stops++));
    if (disturbance.kind == Disturbance::Kind::kill) {
      ::kill(child, SIGKILL);
      end.killed = WIFSIGNALED(wait_for(child));
      return end;
    }
    if (disturbance.kind != Disturbance::Kind::none) {
      change_call(child, disturbance);
    }
  }
}

bool is_write(const Stop& stop) {
  return stop.entry && (stop.number == SYS_write || stop.number == SYS_pwrite64) &&
         stop.arguments[0] != STDERR_FILENO && stop.arguments[2] > 1;
}

bool is_file_call(const Stop& stop) {
  constexpr std::array calls{
      SYS_openat,     SYS_openat2,      SYS_read,       SYS_pread64,    SYS_pwrite64,
      SYS_fsync,      SYS_fdatasync,    SYS_ftruncate,  SYS_fallocate,  SYS_renameat2,
      SYS_unlinkat,   SYS_linkat,       SYS_mkdirat,    SYS_fchmod,     SYS_fchmodat,
      SYS_fchown,     SYS_fsetxattr,    SYS_fgetxattr,  SYS_flistxattr, SYS_statx,
      SYS_getdents64, SYS_fcntl,        SYS_ioctl,      SYS_faccessat,  SYS_faccessat2,
      SYS_fstatfs,    SYS_fremovexattr, SYS_newfstatat, SYS_fstat,      SYS_readlinkat,
#ifdef SYS_rename
      SYS_open,       SYS_rename,       SYS_renameat,   SYS_mkdir,      SYS_unlink,
      SYS_rmdir,      SYS_stat,         SYS_lstat,      SYS_access,     SYS_link,
#endif
  };
  const bool writes = stop.number == SYS_write && stop.arguments[0] != STDERR_FILENO;
  return stop.entry &&
         (writes || std::ranges::find(calls, static_cast<long>(stop.number)) != calls.end());
}

bool can_fail_calls() {
#ifdef __x86_64__
  return true;
#else
  return false;
#endif
}

bool can_trace() {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool traced = ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0;
    stop_at_changing_calls(Calls::all);
    std::_Exit(traced ? 0 : 1);
  }
  return child > 0 && ended_with(wait_for(child)) == 0;
}

int run(const std::vector<std::string>& argv, const std::string& errors_to) {
  const pid_t child = ::fork();
  if (child < 0) {
    give_up("fork");
  }
  if (child == 0) {
    become(argv, std::nullopt, errors_to);
  }
  return ended_with(wait_for(child));
}

}  // namespace whyoom::test
