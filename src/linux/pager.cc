#include "linux/pager.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "linux/file_system.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

// "" = none.
std::string wanted_pager() {
  for (const char* variable : {"WHYOOM_PAGER", "PAGER"}) {
    if (const char* set = std::getenv(variable)) {
      return std::string(set) == "cat" ? "" : set;
    }
  }
  const char* path = std::getenv("PATH");
  return path == nullptr || find_program("less", path).empty() ? "" : "less";
}

// Until one side has enough. Keeps in `kept` what went there, of the first that came.
void copy(int from, int to, std::string* kept = nullptr) {
  constexpr std::size_t most_kept = std::size_t{1} << 20U;
  std::array<char, 65536> buffer{};
  ssize_t got = 0;
  do {
    got = read(from, buffer.data(), buffer.size());
    if (got > 0 && kept != nullptr && kept->size() < most_kept) {
      kept->append(buffer.data(), static_cast<std::size_t>(got));
    }
  } while ((got > 0 && write_all(to, {buffer.data(), static_cast<std::size_t>(got)}) == 0) ||
           (got < 0 && errno == EINTR));
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void run_pager(const std::string& pager, std::string begin, int input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return copy(input, STDOUT_FILENO);
  }
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);
    dup2(ends[0], STDIN_FILENO);
    setenv("LESS", "FRX", 0);
    setenv("LESSSECURE", "1", 1);
    execl("/bin/sh", "sh", "-c", pager.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[0]);
  if (write_all(ends[1], begin) == 0) {
    copy(input, ends[1], &begin);
  }
  close(ends[1]);
  const int status = wait_for(child);
  // As a shell says that there is no such program, or that it cannot be run.
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)) {
    write_all(STDOUT_FILENO, begin);
    copy(input, STDOUT_FILENO);
  }
  close(input);  // the writer learns that nobody reads any more
}

// Prints what is shorter than the screen, or comes too slowly to be waited for; the rest goes to
// the pager.
void relay(const std::string& pager, int input, std::size_t rows) {
  constexpr int patience_ms = 1000;
  std::string held;
  std::array<char, 65536> buffer{};
  pollfd waiting{input, POLLIN, 0};
  while (static_cast<std::size_t>(std::ranges::count(held, '\n')) < rows) {
    const int ready = poll(&waiting, 1, held.empty() ? -1 : patience_ms);
    const ssize_t got = ready > 0 ? read(input, buffer.data(), buffer.size()) : 0;
    if ((ready < 0 || got < 0) && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      write_all(STDOUT_FILENO, held);
      return ready == 0 ? copy(input, STDOUT_FILENO) : void();
    }
    held.append(buffer.data(), static_cast<std::size_t>(got));
  }
  run_pager(pager, std::move(held), input);
}

// The terminal belongs to the pager until it ends.
volatile pid_t relaying = 0;
void on_interrupt(int /*signal*/) {
  close(STDOUT_FILENO);
  waitpid(relaying, nullptr, 0);
  _exit(128 + SIGINT);
}

}  // namespace

std::unique_ptr<Pager> Pager::start(Output& out) {
  const std::string pager = isatty(STDOUT_FILENO) == 1 ? wanted_pager() : std::string();
  winsize size{};
  int ends[2];
  if (pager.empty() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2 ||
      pipe2(ends, O_CLOEXEC) != 0) {
    return nullptr;
  }
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGINT, SIG_IGN);
    close(ends[1]);
    relay(pager, ends[0], size.ws_row);
    _exit(0);
  }
  close(ends[0]);
  if (child > 0) {
    dup2(ends[1], STDOUT_FILENO);
    relaying = child;
    std::signal(SIGINT, on_interrupt);
  }
  close(ends[1]);
  return child > 0 ? std::unique_ptr<Pager>(new Pager(out, child)) : nullptr;
}

Pager::~Pager() {
  out_.flush();
  close(STDOUT_FILENO);
  wait_for(child_);
}

}  // namespace whyoom::linux
