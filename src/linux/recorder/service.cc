#include "linux/recorder/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

constexpr std::uint64_t longest_hook_ms = 60'000;

}  // namespace

ServiceManager::ServiceManager() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const std::size_t size = name == nullptr ? 0 : std::strlen(name);
  if (size < 2 || size >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, size);
  if (name[0] == '@') {
    address.sun_path[0] = '\0';
  }
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  if (socket.get() >= 0 &&
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0) {
    socket_ = std::move(socket);
  }
  const char* watchdog = std::getenv("WATCHDOG_USEC");
  const auto after_us = parse_number<std::uint64_t>(watchdog == nullptr ? "" : watchdog);
  if (is_there() && after_us && *after_us > 0) {
    alive_every_ms_ = *after_us / 2000 + 1;
  }
}

void ServiceManager::send(std::string_view text) const {
  if (socket_.get() >= 0) {
    (void)::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
}

Hook::Hook(std::vector<std::string> command) : command_(std::move(command)) {
  for (std::string& argument : command_) {
    arguments_.push_back(argument.data());
  }
  arguments_.resize(arguments_.size() + 3, nullptr);
}

bool Hook::call(std::string_view kind, std::string_view text, std::uint64_t now_ms) {
  if (command_.empty()) {
    return true;
  }
  if (count_ == waiting_.size()) {
    return false;
  }
  Waiting& waiting = waiting_[count_++];
  waiting.kind.clear();
  waiting.text.clear();
  waiting.kind << kind;
  // An argument ends at its first NUL.
  waiting.text << text.substr(0, std::min<std::size_t>(text.find('\0'), 600));
  waiting.kind << std::string_view("\0", 1);
  waiting.text << std::string_view("\0", 1);
  start(now_ms);
  return true;
}

void Hook::start(std::uint64_t now_ms) {
  if (child_ > 0 || count_ == 0) {
    return;
  }
  Waiting now = waiting_[0];
  std::move(waiting_.begin() + 1, waiting_.begin() + static_cast<std::ptrdiff_t>(count_),
            waiting_.begin());
  --count_;
  arguments_[command_.size()] = const_cast<char*>(now.kind.view().data());
  arguments_[command_.size() + 1] = const_cast<char*>(now.text.view().data());
  child_ = ::fork();
  if (child_ == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGXFSZ, SIG_DFL);
    set_oom_score("0");
    ::execv(arguments_[0], arguments_.data());
    ::_exit(127);
  }
  if (child_ < 0) {
    trouble_ << "the hook could not be started: " << std::string_view(::strerror(errno));
    child_ = 0;
  }
  started_ms_ = now_ms;
}

std::string_view Hook::tend(std::uint64_t now_ms) {
  trouble_.clear();
  int status = 0;
  const pid_t ended = child_ > 0 ? ::waitpid(child_, &status, WNOHANG) : 0;
  if (ended < 0) {
    child_ = 0;  // somebody else took its end: the number can be another's by now
  } else if (ended > 0) {
    child_ = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      trouble_ << "the hook " << command_[0] << " ended with "
               << (WIFEXITED(status) ? "status " : "signal ")
               << static_cast<std::uint64_t>(WIFEXITED(status) ? WEXITSTATUS(status)
                                                               : WTERMSIG(status));
    }
  } else if (child_ > 0 && now_ms - started_ms_ > longest_hook_ms) {
    ::kill(child_, SIGKILL);
    trouble_ << "the hook " << command_[0] << " took longer than a minute and was ended";
    started_ms_ = now_ms;
  }
  start(now_ms);
  return trouble_.view();
}

}  // namespace whyoom::linux
