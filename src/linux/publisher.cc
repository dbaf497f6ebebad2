#include "linux/publisher.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/language.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

constexpr unsigned most_pause_s = 60;

// Beside this program, else in PATH.
std::string find_publisher() {
  std::array<char, PATH_MAX> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  std::string beside = std::string(directory_of(path)) + "/whyoom-publish";
  if (path.starts_with('/') && is_program(beside)) {
    return beside;
  }
  const char* of_user = std::getenv("PATH");
  return of_user == nullptr ? std::string() : find_program("whyoom-publish", of_user);
}

tl::expected<std::vector<std::string>, std::string> command_to(const PublishTo& to) {
  std::vector<std::string> command = {find_publisher()};
  if (command.front().empty()) {
    return tl::unexpected(
        std::string(tr("--publish needs the program whyoom-publish, beside this one or in PATH; "
                       "the package whyoom-publish has it")));
  }
  if (!to.credentials.empty()) {
    command.push_back("--credentials=" + to.credentials);
  }
  command.emplace_back("--");
  command.push_back(to.url);
  return command;
}

[[noreturn]] void run(const std::vector<std::string>& command) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) {
    words.push_back(const_cast<char*>(word.c_str()));  // execv does not write to them
  }
  words.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_DFL);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

volatile sig_atomic_t ended = 0;
volatile pid_t publishing = 0;
void on_end(int /*signal*/) {
  ended = 1;
  if (publishing > 0) {
    ::kill(publishing, SIGTERM);
  }
}

// Until the recorder is gone.
[[noreturn]] void supervise(const std::vector<std::string>& command) {
  struct sigaction action {};
  action.sa_handler = on_end;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ::sigaction(signal, &action, nullptr);
  }
  // It is the first to go when memory is short, long before the recorder.
  set_oom_score("500");
  for (unsigned pause_s = 1; ended == 0; pause_s = std::min(pause_s * 2, most_pause_s)) {
    const pid_t child = ::fork();
    if (child == 0) {
      (void)::prctl(PR_SET_PDEATHSIG, SIGTERM);
      run(command);
    }
    publishing = child;
    while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    publishing = 0;
    if (ended == 0) {
      (void)::sleep(pause_s);
    }
  }
  ::_exit(0);
}

}  // namespace

tl::expected<std::unique_ptr<Publisher>, std::string> Publisher::start(Output& out,
                                                                       const PublishTo& to) {
  const auto command = command_to(to);
  if (!command) {
    return tl::unexpected(command.error());
  }
  int ends[2] = {-1, -1};
  const pid_t child = ::pipe2(ends, O_CLOEXEC) == 0 ? ::fork() : -1;
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    run(*command);
  }
  if (child < 0) {
    return tl::unexpected(std::string(std::strerror(errno)));
  }
  ::close(ends[0]);
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[1]);
  return std::unique_ptr<Publisher>(new Publisher(out, child));
}

bool Publisher::finish() {
  if (child_ <= 0) {
    return true;
  }
  out_.flush();
  ::close(STDOUT_FILENO);
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

tl::expected<void, std::string> publish_ring(const PublishTo& to, const std::string& ring) {
  auto command = command_to(to);
  if (!command) {
    return tl::unexpected(command.error());
  }
  const std::string store = ring.substr(0, ring.find_last_not_of('/') + 1);
  command->insert(command->begin() + 1, {"--from-ring=" + store, "--state=" + store + ".publish"});
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
      ::_exit(0);
    }
    supervise(*command);
  }
  if (child < 0) {
    return tl::unexpected(std::string(std::strerror(errno)));
  }
  return {};
}

}  // namespace whyoom::linux
