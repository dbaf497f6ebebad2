#include "linux/recorder/metrics_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "linux/file_system.h"
#include "linux/run_child.h"

namespace whyoom::linux {
namespace {

constexpr std::uint64_t start_again_after_ms = 10'000;
constexpr std::size_t most_text = std::size_t{1} << 20U;
constexpr int pipe_bytes = 1 << 20;
constexpr std::size_t most_pending = std::size_t{32} << 10U;  // more than the largest record

}  // namespace

MetricsFile::MetricsFile(const std::string& file, const std::string& store)
    : path_(file),
      directory_(file.find('/') == std::string::npos ? "." : directory_of(file)),
      name_(last_part(file)),
      // node_exporter takes what ends in .prom.
      temporary_("." + name_ + ".new"),
      command_{"whyoom", "metrics", "--store", store} {
  for (std::string& word : command_) {
    arguments_.push_back(word.data());
  }
  arguments_.push_back(nullptr);
  if (is_wanted()) {
    pending_.reserve(most_pending);
  }
}

MetricsFile::~MetricsFile() { end_child(); }

bool MetricsFile::start(std::uint64_t now_ms) {
  if (path_.empty() || child_ > 0 ||
      (started_once_ && now_ms - started_ms_ < start_again_after_ms)) {
    return false;
  }
  started_once_ = true;
  started_ms_ = now_ms;
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  const bool made = ::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0;
  Descriptor in_read(in[0]), out_write(out[1]);
  records_ = Descriptor(in[1]);
  texts_ = Descriptor(out[0]);
  child_ = made ? ::fork() : -1;
  if (child_ == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // It is the first to go when memory is short, long before the recorder.
    set_oom_score("500");
    ::dup2(in_read.get(), STDIN_FILENO);
    ::dup2(out_write.get(), STDOUT_FILENO);
    ::execv("/proc/self/exe", arguments_.data());
    ::_exit(127);
  }
  if (child_ < 0) {
    child_ = 0;
    failed("the process that counts events could not be started", errno);
    records_.close();
    texts_.close();
    return false;
  }
  (void)::fcntl(records_.get(), F_SETPIPE_SZ, pipe_bytes);
  (void)::fcntl(records_.get(), F_SETFL, O_NONBLOCK);
  (void)::fcntl(texts_.get(), F_SETFL, O_NONBLOCK);
  return true;
}

bool MetricsFile::put(std::string_view record) {
  if (records_.get() < 0) {
    return true;
  }
  if (pending_.size() + record.size() > most_pending && !flush()) {
    return false;
  }
  pending_ += record;
  return true;
}

bool MetricsFile::flush() {
  if (records_.get() < 0) {
    return true;
  }
  const ssize_t got = ::write(records_.get(), pending_.data(), pending_.size());
  if (got < 0 && errno == EPIPE) {
    end_child();
    return true;
  }
  const bool whole = got == static_cast<ssize_t>(pending_.size());
  pending_.clear();
  return whole;
}

void MetricsFile::end_child() {
  records_.close();
  pending_.clear();
  texts_.close();
  file_.close();
  open_directory_.close();
  written_ = 0;
  skipping_ = false;
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = 0;
    news_ = true;
    trouble_.clear();
    trouble_ << "the process that counts events ended; it is started again";
  }
}

void MetricsFile::failed(std::string_view what, int error) {
  if (error_ == error) {
    return;
  }
  error_ = error;
  news_ = true;
  trouble_.clear();
  trouble_ << what << ": " << std::string_view(std::strerror(error));
}

void MetricsFile::write(std::string_view part) {
  if (written_ == 0 && file_.get() < 0 && !skipping_) {
    // By name each time: it can be a directory that is made again at any moment. Others may write
    // to it, so the file is a new one, whatever stands there under its name.
    open_directory_ = Descriptor(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    (void)::unlinkat(open_directory_.get(), temporary_.c_str(), 0);
    file_ = Descriptor(::openat(open_directory_.get(), temporary_.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (file_.get() < 0) {
      failed("the file of metrics cannot be written", errno);
      skipping_ = true;
    }
  }
  if (skipping_) {
    return;
  }
  written_ += part.size();
  const ssize_t got = written_ > most_text ? -1 : ::write(file_.get(), part.data(), part.size());
  if (got != static_cast<ssize_t>(part.size())) {
    failed("the file of metrics cannot be written", written_ > most_text ? EFBIG
                                                    : got < 0            ? errno
                                                                         : ENOSPC);
    skipping_ = true;
  }
}

void MetricsFile::end_text() {
  any_text_ = true;
  if (!skipping_ && file_.get() >= 0) {
    if (::fchmod(file_.get(), 0644) != 0 || ::renameat(open_directory_.get(), temporary_.c_str(),
                                                       open_directory_.get(), name_.c_str()) != 0) {
      failed("the file of metrics cannot be written", errno);
    } else {
      error_ = 0;
    }
  } else if (open_directory_.get() >= 0) {
    (void)::unlinkat(open_directory_.get(), temporary_.c_str(), 0);
  }
  file_.close();
  open_directory_.close();
  written_ = 0;
  skipping_ = false;
}

void MetricsFile::read() {
  std::array<char, 4096> room;
  while (texts_.get() >= 0) {
    const ssize_t got = ::read(texts_.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0) {
      end_child();
      return;
    }
    std::string_view rest(room.data(), static_cast<std::size_t>(got));
    while (!rest.empty()) {
      const std::size_t end = rest.find('\0');
      if (const std::string_view part = rest.substr(0, end); !part.empty()) {
        write(part);
      }
      if (end == std::string_view::npos) {
        break;
      }
      end_text();
      rest.remove_prefix(end + 1);
    }
  }
}

void MetricsFile::wait_for_text() {
  while (texts_.get() >= 0 && !any_text_) {
    pollfd wanted{texts_.get(), POLLIN, 0};
    (void)::poll(&wanted, 1, -1);
    read();
  }
}

std::string_view MetricsFile::trouble() {
  return std::exchange(news_, false) ? trouble_.view() : std::string_view();
}

}  // namespace whyoom::linux
