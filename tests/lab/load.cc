// The lab's load generator: one way to use memory or tasks for each line of the table at the end.
// Static, no library but libc. It is made to hurt: run it in a guest or a small cgroup only.
//
// load [-n NAME] [-a OOM_SCORE_ADJ] [-g CGROUP_DIR] [-u UID] [-p RLIMIT_NPROC] [-c COPIES] [-b]
//      WHAT [ARGUMENT...]
// -b: return when the load is complete and leave it in the background, holding what it has.
// A SIZE is 64M, 2G or 40% (of RAM). Exit status: 0 got all, 1 the kernel refused (errno is
// printed), 128+N ended by signal N when copies were made.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
int report_to = -1;  // with -b: the pipe on which the starter waits

uint64_t page_size() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

[[gnu::format(printf, 1, 2)]] void say(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  dprintf(STDOUT_FILENO, "load[%d]: %s\n", static_cast<int>(getpid()), text);
}

int refused(const char* what, uint64_t done) {
  const int why = errno;
  say("%s refused after %llu: %s", what, static_cast<unsigned long long>(done), strerror(why));
  return 1;
}

uint64_t size_of(const char* text) {
  char* end = nullptr;
  const uint64_t number = strtoull(text, &end, 10);
  struct sysinfo now {};
  switch (*end) {
    case 'K':
      return number << 10;
    case 'M':
      return number << 20;
    case 'G':
      return number << 30;
    case '%':
      sysinfo(&now);
      return uint64_t{now.totalram} * now.mem_unit / 100 * number;
    default:
      return number;
  }
}

bool write_file(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = write(file, text, strlen(text)) == static_cast<ssize_t>(strlen(text));
  close(file);
  return written;
}

// Tells the starter how it went; then nothing is left to do but to hold what was taken.
[[noreturn]] void hold(int status) {
  const char answer = static_cast<char>(status);
  (void)!write(report_to, &answer, 1);
  close(report_to);
  for (;;) pause();
}

void* map(uint64_t size, int flags, int protection = PROT_READ | PROT_WRITE) {
  return mmap(nullptr, static_cast<size_t>(size), protection, flags | MAP_ANONYMOUS, -1, 0);
}

void touch(char* at, uint64_t size, uint64_t step) {
  for (uint64_t offset = 0; offset < size; offset += step)
    *static_cast<volatile char*>(at + offset) = 1;
}

// --- loads: each gets its arguments, returns an exit status --------------------------------------

// Four MiB at a time, so that it also ends in order when the address space is small.
int touch_in_chunks(uint64_t size, int flags) {
  for (uint64_t done = 0; done < size;) {
    const uint64_t chunk = std::min(4 * kMiB, size - done);
    void* at = map(chunk, flags);
    if (at == MAP_FAILED) return refused("mmap", done);
    touch(static_cast<char*>(at), chunk, page_size());
    done += chunk;
  }
  return 0;
}

int anon(char** argument) { return touch_in_chunks(size_of(argument[0]), MAP_PRIVATE); }
int shared(char** argument) { return touch_in_chunks(size_of(argument[0]), MAP_SHARED); }

// SIZE NODE: as `numactl --membind` does.
int bound(char** argument) {
  const unsigned long nodes = 1UL << atoi(argument[1]);
  constexpr int kBind = 2;
  if (syscall(SYS_set_mempolicy, kBind, &nodes, 8 * sizeof nodes) != 0)
    return refused("set_mempolicy", 0);
  return anon(argument);
}

int locked(char** argument) {
  const uint64_t size = size_of(argument[0]);
  for (uint64_t done = 0; done < size; done += 4 * kMiB) {
    void* at = map(4 * kMiB, MAP_PRIVATE);
    if (at == MAP_FAILED || mlock(at, 4 * kMiB) != 0) return refused("mlock", done);
  }
  return 0;
}

// Address space that is never touched: what overcommit rules judge.
int reserve(char** argument) {
  const uint64_t size = size_of(argument[0]), chunk = size_of(argument[1]);
  for (uint64_t done = 0; done < size; done += chunk)
    if (map(chunk, MAP_PRIVATE) == MAP_FAILED) return refused("mmap", done);
  return 0;
}

int huge(char** argument) {
  const uint64_t size = size_of(argument[0]);
  void* at = map(size, MAP_PRIVATE | MAP_HUGETLB);
  if (at == MAP_FAILED) return refused("mmap of huge pages", 0);
  touch(static_cast<char*>(at), size, 2 * kMiB);
  return 0;
}

int fill_file(int file, uint64_t size) {
  static char block[64 << 10];
  memset(block, 'x', sizeof block);
  for (uint64_t done = 0; done < size;) {
    const ssize_t written = write(file, block, sizeof block);
    if (written <= 0) return refused("write", done);
    done += static_cast<uint64_t>(written);
  }
  return 0;
}

int fill(char** argument) {  // PATH SIZE
  const int file = open(argument[0], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  return file < 0 ? refused("open", 0) : fill_file(file, size_of(argument[1]));
}

int memfd(char** argument) {
  const int file = static_cast<int>(syscall(SYS_memfd_create, "load", 0U));
  return file < 0 ? refused("memfd_create", 0) : fill_file(file, size_of(argument[0]));
}

int system_v(char** argument) {
  const uint64_t size = size_of(argument[0]);
  const int id = shmget(IPC_PRIVATE, static_cast<size_t>(size), IPC_CREAT | 0600);
  if (id < 0) return refused("shmget", 0);
  void* at = shmat(id, nullptr, 0);
  if (at == MAP_FAILED) return refused("shmat", 0);
  touch(static_cast<char*>(at), size, page_size());
  return 0;
}

// Empty files: an inode and a dentry each, which tmpfs cannot give back.
int files(char** argument) {  // DIRECTORY COUNT
  const uint64_t count = size_of(argument[1]);
  char path[300];
  for (uint64_t made = 0; made < count; ++made) {
    snprintf(path, sizeof path, "%s/a-name-too-long-to-stand-in-the-dentry-itself-%020llu",
             argument[0], static_cast<unsigned long long>(made));
    const int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return refused("open", made);
    close(file);
  }
  return 0;
}

void allow_many_files() {
  const rlimit many{1 << 20, 1 << 20};
  setrlimit(RLIMIT_NOFILE, &many);
}

int pipes(char** argument) {  // COUNT, each filled
  allow_many_files();
  static char block[64 << 10];
  const uint64_t count = size_of(argument[0]);
  for (uint64_t made = 0; made < count; ++made) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0 || write(ends[1], block, sizeof block) < 0)
      return refused("pipe", made);
  }
  return 0;
}

int sockets(char** argument) {  // COUNT of pairs, each filled
  allow_many_files();
  static char block[96 << 10];
  const uint64_t count = size_of(argument[0]);
  for (uint64_t made = 0; made < count; ++made) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
      return refused("socketpair", made);
    (void)!write(ends[0], block, sizeof block);
  }
  return 0;
}

// SIZE of page tables: one touch in each range that a page of them covers. Reading maps the zero
// page, so hardly anything but the tables is used.
int page_tables(char** argument) {
  const uint64_t range = page_size() / 8 * page_size();
  const uint64_t count = size_of(argument[0]) / page_size();
  const uint64_t at_once = 1024;
  for (uint64_t made = 0; made < count; made += at_once) {
    void* at = map(at_once * range, MAP_PRIVATE | MAP_NORESERVE, PROT_READ);
    if (at == MAP_FAILED) return refused("mmap", made);
    madvise(at, static_cast<size_t>(at_once * range), MADV_NOHUGEPAGE);
    for (uint64_t i = 0; i < at_once; ++i)
      (void)*static_cast<volatile char*>(static_cast<char*>(at) + i * range);
  }
  return 0;
}

// SIZE is touched, then every other page is given back: the free memory is single pages.
int fragments(char** argument) {
  const uint64_t size = size_of(argument[0]);
  char* at = static_cast<char*>(map(size, MAP_PRIVATE));
  if (at == MAP_FAILED) return refused("mmap", 0);
  madvise(at, static_cast<size_t>(size), MADV_NOHUGEPAGE);
  touch(at, size, page_size());
  for (uint64_t i = 0; i < size; i += 2 * page_size())
    madvise(at + i, static_cast<size_t>(page_size()), MADV_DONTNEED);
  // What is left may not move, or compaction would fix it.
  for (uint64_t i = page_size(); i < size; i += 2 * page_size())
    if (mlock(at + i, static_cast<size_t>(page_size())) != 0) return refused("mlock", i);
  return 0;
}

// COUNT of children that sleep. When fork is refused a few are let go again: a host at its limit
// has a free place now and then, and the next command needs some.
int tasks(char** argument) {
  constexpr uint64_t kRoom = 6;
  const uint64_t count = size_of(argument[0]);
  pid_t latest[kRoom] = {};
  for (uint64_t made = 0; made < count; ++made) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
    if (child < 0) {
      const int status = refused("fork", made);
      for (const pid_t one : latest)
        if (one > 0 && kill(one, SIGKILL) == 0) waitpid(one, nullptr, 0);
      return status;
    }
    latest[made % kRoom] = child;
  }
  return 0;
}

// COUNT of pipes whose ring needs blocks of 2^ORDER pages (40 bytes a slot) that may not move.
int rings(char** argument) {
  allow_many_files();
  const uint64_t count = size_of(argument[0]), order = size_of(argument[1]);
  const uint64_t slots = ((page_size() << order) / 40 + 1) / 2;
  uint64_t power = 1;
  while (power < slots) power *= 2;
  for (uint64_t made = 0; made < count; ++made) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0 ||
        fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(power * page_size())) < 0)
      return refused("pipe", made);
  }
  return 0;
}

int maps(char** argument) {  // COUNT of mappings that cannot be merged
  const uint64_t count = size_of(argument[0]);
  for (uint64_t made = 0; made < count; ++made)
    if (map(page_size(), MAP_PRIVATE, made % 2 == 0 ? PROT_READ : PROT_NONE) == MAP_FAILED)
      return refused("mmap", made);
  return 0;
}

uint64_t kills() {
  char text[16384] = "";
  const int file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  const char* at = size > 0 ? strstr(text, "\noom_kill ") : nullptr;
  return at == nullptr ? 0 : strtoull(at + strlen("\noom_kill "), nullptr, 10);
}

// FROM TO STEP in kB: raises vm.min_free_kbytes until the kernel kills somebody, one page
// at each value. It allocates nothing else, so that the last value it says is exact. The
// kill may not help, and then the kernel panics.
int climb(char** argument) {
  const uint64_t to = size_of(argument[1]), step = size_of(argument[2]), before = kills();
  for (uint64_t value = size_of(argument[0]); value <= to; value += step) {
    char text[24];
    snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(value));
    say("at %s", text);
    if (!write_file("/proc/sys/vm/min_free_kbytes", text)) return refused("min_free_kbytes", value);
    void* at = map(page_size(), MAP_PRIVATE);
    touch(static_cast<char*>(at), page_size(), page_size());
    munmap(at, page_size());
    if (kills() == before) continue;
    write_file("/proc/sys/vm/min_free_kbytes", "16384");
    return 0;
  }
  return refused("to be killed", to);
}

struct Load {
  const char* name;
  int arguments;
  int (*run)(char** argument);
};

constexpr Load kLoads[] = {
    {"anon", 1, anon},          {"shared", 1, shared},       {"bound", 2, bound},
    {"locked", 1, locked},      {"reserve", 2, reserve},     {"huge", 1, huge},
    {"fill", 2, fill},          {"memfd", 1, memfd},         {"system-v", 1, system_v},
    {"files", 2, files},        {"pipes", 1, pipes},         {"sockets", 1, sockets},
    {"tables", 1, page_tables}, {"fragments", 1, fragments}, {"tasks", 1, tasks},
    {"climb", 3, climb},        {"rings", 2, rings},         {"maps", 1, maps},
};

struct Options {
  const char* name = "load";
  const char* adj = nullptr;
  const char* group = nullptr;
  long uid = -1;
  long processes = -1;
  int copies = 1;
  bool background = false;
};

// Before the load: who it is, and what bounds it.
int prepare(const Options& options, int copy) {
  char text[300];
  snprintf(text, sizeof text, copy < 0 ? "%s" : "%s-%d", options.name, copy);
  prctl(PR_SET_NAME, text);
  if (options.adj != nullptr && !write_file("/proc/self/oom_score_adj", options.adj))
    return refused("oom_score_adj", 0);
  if (options.group != nullptr) {
    snprintf(text, sizeof text, "%s/cgroup.procs", options.group);
    if (!write_file(text, "0")) return refused(text, 0);
  }
  if (options.processes >= 0) {
    const rlimit limit{static_cast<rlim_t>(options.processes),
                       static_cast<rlim_t>(options.processes)};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0) return refused("setrlimit", 0);
  }
  if (options.uid >= 0 && setuid(static_cast<uid_t>(options.uid)) != 0) return refused("setuid", 0);
  return 0;
}

int run_copies(const Load& load, const Options& options, char** argument) {
  if (options.copies == 1) {
    const int status = prepare(options, -1);
    return status != 0 ? status : load.run(argument);
  }
  if (const int status = prepare(options, -1); status != 0) return status;
  for (int copy = 0; copy < options.copies; ++copy)
    if (fork() == 0) {
      char name[64];
      snprintf(name, sizeof name, "%s-%d", options.name, copy);
      prctl(PR_SET_NAME, name);
      const int failed = load.run(argument);
      if (failed == 0) sleep(3);  // together, not one after the other
      _exit(failed);
    }
  write_file("/proc/self/oom_score_adj", "-1000");  // it must see all of them end
  int worst = 0;
  for (int status = 0; wait(&status) > 0;)
    worst = std::max(worst, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  return worst;
}

// The parent waits until the load is complete (0), refused (its status) or dead (128 + signal).
int in_background(const Load& load, const Options& options, char** argument) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return refused("pipe", 0);
  const pid_t child = fork();
  if (child < 0) return refused("fork", 0);
  if (child == 0) {
    close(ends[0]);
    report_to = ends[1];
    setsid();
    hold(run_copies(load, options, argument));
  }
  close(ends[1]);
  char answer = 0;
  if (read(ends[0], &answer, 1) == 1) return answer;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int option = 0; (option = getopt(argc, argv, "+n:a:g:u:p:c:b")) != -1;) {
    switch (option) {
      case 'n':
        options.name = optarg;
        break;
      case 'a':
        options.adj = optarg;
        break;
      case 'g':
        options.group = optarg;
        break;
      case 'u':
        options.uid = atol(optarg);
        break;
      case 'p':
        options.processes = atol(optarg);
        break;
      case 'c':
        options.copies = atoi(optarg);
        break;
      case 'b':
        options.background = true;
        break;
      default:
        exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  for (const Load& load : kLoads) {
    if (optind >= argc || strcmp(argv[optind], load.name) != 0) continue;
    if (argc - optind - 1 != load.arguments) break;
    char** argument = argv + optind + 1;
    return options.background ? in_background(load, options, argument)
                              : run_copies(load, options, argument);
  }
  fprintf(stderr, "usage: load [OPTIONS] WHAT [ARGUMENT...], WHAT one of:");
  for (const Load& load : kLoads) fprintf(stderr, " %s(%d)", load.name, load.arguments);
  fprintf(stderr, "\n");
  return 2;
}
