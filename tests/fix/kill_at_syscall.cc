#include "kill_at_syscall.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace whyoom::test {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

[[noreturn]] void become(const std::vector<std::string>& argv, bool traced) {
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  if (std::getenv("WHYOOM_TEST_VERBOSE") == nullptr) {
    ::dup2(null, STDERR_FILENO);
  }
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  if (traced) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
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

// Calls `at_stop` at each stop; true kills.
KillEnd trace(const std::vector<std::string>& argv,
              const std::function<bool(pid_t, std::uint64_t)>& at_stop) {
  const pid_t child = ::fork();
  if (child < 0) {
    give_up("fork");
  }
  if (child == 0) {
    become(argv, true);
  }
  if (!WIFSTOPPED(wait_for(child)) ||
      ::ptrace(PTRACE_SETOPTIONS, child, nullptr,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) != 0) {
    give_up("ptrace");
  }
  KillEnd end;
  bool begun = false;
  for (int signal = 0;;) {
    if (::ptrace(begun ? PTRACE_SYSCALL : PTRACE_CONT, child, nullptr, signal) != 0) {
      give_up("ptrace");
    }
    const int status = wait_for(child);
    signal = 0;
    if (!WIFSTOPPED(status)) {
      end.status = ended_with(status);
      return end;
    }
    if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8))) {
      // The exit of execve comes next; it belongs to the time before.
      ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
      (void)wait_for(child);
      begun = true;
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      if (at_stop(child, end.stops)) {
        ::kill(child, SIGKILL);
        end.killed = WIFSIGNALED(wait_for(child));
        return end;
      }
      ++end.stops;
    } else {
      signal = WSTOPSIG(status);
    }
  }
}

bool opens_to_write(std::uint64_t flags) {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
}

bool openat2_to_write(pid_t child, std::uint64_t address) {
  open_how how{};
  iovec here{&how, sizeof how};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address in the child
  iovec there{reinterpret_cast<void*>(address), sizeof how};
  return ::process_vm_readv(child, &here, 1, &there, 1, 0) != sizeof how ||
         opens_to_write(how.flags);
}

// What can change a file although nothing was opened to write before.
bool could_change(pid_t child, std::uint64_t number, const std::uint64_t* args) {
  static constexpr std::array changing{
      SYS_mkdirat,        SYS_mknodat,       SYS_unlinkat,  SYS_symlinkat, SYS_linkat,
      SYS_renameat2,      SYS_truncate,      SYS_fchmod,    SYS_fchmodat,  SYS_fchown,
      SYS_fchownat,       SYS_setxattr,      SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,
      SYS_lremovexattr,   SYS_fremovexattr,  SYS_utimensat, SYS_mount,     SYS_umount2,
      SYS_sethostname,    SYS_setdomainname, SYS_ioctl,     SYS_execve,    SYS_execveat,
      SYS_io_uring_setup, SYS_clone3,        SYS_clone,
#ifdef SYS_rename
      SYS_rename,         SYS_mkdir,         SYS_rmdir,     SYS_unlink,    SYS_symlink,
      SYS_link,           SYS_chmod,         SYS_chown,     SYS_lchown,    SYS_creat,
      SYS_mknod,          SYS_utime,         SYS_utimes,    SYS_renameat,  SYS_futimesat,
      SYS_fork,           SYS_vfork,
#endif
  };
  switch (number) {
    case SYS_openat:
      return opens_to_write(args[2]);
    case SYS_openat2:
      return openat2_to_write(child, args[2]);
#ifdef SYS_open
    case SYS_open:
      return opens_to_write(args[1]);
#endif
    default:
      return std::find(changing.begin(), changing.end(), static_cast<long>(number)) !=
             changing.end();
  }
}

}  // namespace

KillEnd run_and_kill(const std::vector<std::string>& argv, std::uint64_t stop) {
  return trace(argv, [stop](pid_t, std::uint64_t now) { return now == stop; });
}

FirstChange find_first_change(const std::vector<std::string>& argv) {
  FirstChange first;
  bool found = false;
  first.end = trace(argv, [&](pid_t child, std::uint64_t now) {
    __ptrace_syscall_info info{};
    if (found) {
      return false;
    }
    first.stop = now;
    const bool known = ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0;
    found = !known || (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
                       could_change(child, info.entry.nr,
                                    reinterpret_cast<const std::uint64_t*>(info.entry.args)));
    return false;
  });
  return first;
}

bool can_trace() {
  const pid_t child = ::fork();
  if (child == 0) {
    std::_Exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
  }
  return child > 0 && ended_with(wait_for(child)) == 0;
}

int run(const std::vector<std::string>& argv) {
  const pid_t child = ::fork();
  if (child < 0) {
    give_up("fork");
  }
  if (child == 0) {
    become(argv, false);
  }
  return ended_with(wait_for(child));
}

}  // namespace whyoom::test
