#include "publish/ring_reader.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/text.h"

namespace whyoom::publish {
namespace {

// Beside this program, else in the absolute directories of PATH.
std::string find_whyoom() {
  std::array<char, PATH_MAX> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  const char* of_user = std::getenv("PATH");
  std::string_view rest = of_user != nullptr ? of_user : "/usr/local/bin:/usr/bin";
  while (true) {
    std::string file = path + "/whyoom";
    if (path.starts_with('/') && ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
    if (rest.empty()) {
      return {};
    }
    path = take_part(rest, ':');
  }
}

// What it complained of is told in the last line.
void run_once(const std::array<const char*, 6>& command, int events) {
  int complaints[2] = {-1, -1};
  if (::pipe2(complaints, O_CLOEXEC) != 0) {
    ::_exit(1);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(events, STDOUT_FILENO);
    ::dup2(complaints[1], STDERR_FILENO);
    ::execv(command[0], const_cast<char* const*>(command.data()));
    ::_exit(127);
  }
  ::close(complaints[1]);
  std::string end(1, RingReader::end_mark);
  std::array<char, 4096> room{};
  ssize_t got = 0;
  while ((got = ::read(complaints[0], room.data(), room.size())) > 0 ||
         (got < 0 && errno == EINTR)) {
    if (end.size() < 1000 && got > 0) {
      end.append(room.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(complaints[0]);
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const bool done = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) <= 1;
  if (!done && end.size() == 1) {
    end += std::string(command[0]) + " could not read the ring";
  }
  end.resize(std::min<std::size_t>(done ? 1 : end.size(), 1000));
  for (char& c : end) {
    c = c == '\n' ? ' ' : c;
  }
  end += '\n';
  (void)!::write(events, end.data(), end.size());
}

[[noreturn]] void serve(const std::array<const char*, 6>& command, int asks, int events) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::prctl(PR_SET_DUMPABLE, 0);
  char ask = 0;
  while (::read(asks, &ask, 1) == 1) {
    run_once(command, events);
  }
  ::_exit(0);
}

}  // namespace

tl::expected<RingReader, std::string> RingReader::start(const std::string& ring) {
  const std::string program = find_whyoom();
  if (program.empty()) {
    return tl::unexpected(
        std::string("no program whyoom beside this one or in PATH: it reads the ring"));
  }
  std::array<const char*, 6> command = {program.c_str(), "history", "--format", "ndjson"};
  const std::string store = "--store=" + ring;
  if (!ring.empty()) {
    command[4] = store.c_str();
  }
  int asks[2] = {-1, -1}, events[2] = {-1, -1};
  const bool made = ::pipe2(asks, O_CLOEXEC) == 0 && ::pipe2(events, O_CLOEXEC) == 0;
  const pid_t child = made ? ::fork() : -1;
  if (child < 0) {
    return tl::unexpected(std::string("no process to read the ring: ") + std::strerror(errno));
  }
  if (child == 0) {
    ::close(asks[1]);
    ::close(events[0]);
    serve(command, asks[0], events[1]);
  }
  ::close(asks[0]);
  ::close(events[1]);
  return RingReader(asks[1], events[0], child);
}

RingReader::~RingReader() {
  if (child_ > 0) {
    ::close(asks_);
    ::close(events_);
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

bool RingReader::ask() const { return ::write(asks_, "?", 1) == 1; }

void drop_capabilities() {
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, 2> none{};
  (void)::syscall(SYS_capset, &header, none.data());
}

}  // namespace whyoom::publish
