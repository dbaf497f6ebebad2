#include "linux/run_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} << 10U;
constexpr std::size_t most_complaint = 4096;
constexpr int stop_check_ms = 200;

struct Pipe {
  Descriptor read, write;
  int error = 0;
};

Pipe make_pipe() {
  int ends[2] = {-1, -1};
  Pipe pipe;
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    pipe.error = errno;
  }
  pipe.read = Descriptor(ends[0]);
  pipe.write = Descriptor(ends[1]);
  return pipe;
}

// The actions and attributes of posix_spawn, which have to be given back.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int start(pid_t& child, const std::vector<std::string>& argv, int in, int out, int complaints) {
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);  // ignored here, and that would be inherited
    sigaddset(&defaults, SIGXFSZ);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
    if (in < 0) {
      ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
    }
    ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, complaints, STDERR_FILENO);
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const std::string& word : argv) {
      words.push_back(const_cast<char*>(word.c_str()));  // posix_spawn does not write to them
    }
    words.push_back(nullptr);
    // What it says is compared, and nothing else of the environment is to change what it does.
    const char* path = std::getenv("PATH");
    std::string path_variable = std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path);
    std::string locale = "LC_ALL=C.UTF-8";
    const std::array<char*, 3> environment{path_variable.data(), locale.data(), nullptr};
    const std::string& name = argv.front();
    const std::string file = name.find('/') != std::string::npos
                                 ? name
                                 : find_program(name, std::string_view(path_variable).substr(5));
    return file.empty() ? ENOENT
                        : ::posix_spawn(&child, file.c_str(), &actions_, &attributes_, words.data(),
                                        environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// One read; false at the end of the stream.
bool read_some(const Descriptor& from, char* buffer,
               const std::function<void(std::string_view)>& data) {
  const ssize_t got = ::read(from.get(), buffer, buffer_size);
  if (got > 0) {
    data({buffer, static_cast<std::size_t>(got)});
    return true;
  }
  return got < 0 && (errno == EINTR || errno == EAGAIN);
}

void read_both(Descriptor& out, Descriptor& complaints, ChildEnd& end,
               const std::function<void(std::string_view)>& data, const std::function<bool()>& stop,
               int most_silent_ms, const std::function<void(std::string_view)>& complained) {
  const auto buffer = std::make_unique<char[]>(buffer_size);
  const auto complain = [&](std::string_view text) {
    if (complained) {
      complained(text);
    }
    const std::size_t room = most_complaint - std::min(most_complaint, end.complaint.size());
    end.complaint.append(text.substr(0, room));
  };
  int silent_ms = 0;
  while (out.get() >= 0 || complaints.get() >= 0) {
    if (stop()) {
      end.stopped = true;
      return;
    }
    // poll passes over a descriptor of -1.
    std::array<pollfd, 2> wanted{{{out.get(), POLLIN, 0}, {complaints.get(), POLLIN, 0}}};
    const int ready = ::poll(wanted.data(), wanted.size(), stop_check_ms);
    if (ready < 0 && errno != EINTR) {
      return;
    }
    if (ready <= 0) {
      silent_ms += ready == 0 && most_silent_ms != forever ? stop_check_ms : 0;
      if (most_silent_ms != forever && silent_ms >= most_silent_ms) {
        end.silent = true;
        return;
      }
      continue;
    }
    silent_ms = 0;
    if (wanted[0].revents != 0 && !read_some(out, buffer.get(), data)) {
      out.close();
    }
    if (wanted[1].revents != 0 && !read_some(complaints, buffer.get(), complain)) {
      complaints.close();
    }
  }
}

// Its exit status; ended by force when it is still there after the time.
int wait_for(pid_t child, int patience_ms) {
  constexpr int step_ms = 10;
  int status = 0;
  for (int waited = 0;; waited += step_ms) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) {
      return status;
    }
    if (waited >= patience_ms) {
      break;
    }
    ::poll(nullptr, 0, step_ms);
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

bool is_program(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(file.c_str(), X_OK) == 0;
}

std::string find_program(const std::string& name, std::string_view path) {
  while (!path.empty()) {
    const std::string_view directory = take_part(path, ':');
    if (directory.starts_with('/')) {
      std::string file = std::string(directory) + "/" + name;
      if (is_program(file)) {
        return file;
      }
    }
  }
  return {};
}

void set_oom_score(std::string_view value) {
  const Descriptor score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score.get() >= 0) {
    (void)!::write(score.get(), value.data(), value.size());
  }
}

Descriptor memory_file(std::string_view text) {
  Descriptor file(::memfd_create("log", MFD_CLOEXEC));
  if (file.get() < 0 || write_all(file.get(), text) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return {};
  }
  return file;
}

ChildEnd run_child(const std::vector<std::string>& argv,
                   const std::function<void(std::string_view)>& data,
                   const std::function<bool()>& stop, int most_silent_ms,
                   const std::function<void(std::string_view)>& complained, int input) {
  ChildEnd end;
  Pipe out = make_pipe();
  Pipe complaints = make_pipe();
  end.start_error = std::max(out.error, complaints.error);
  if (end.start_error != 0) {
    return end;
  }
  pid_t child = -1;
  SpawnPlan plan;
  end.start_error = plan.start(child, argv, input, out.write.get(), complaints.write.get());
  out.write.close();
  complaints.write.close();
  if (end.start_error != 0) {
    return end;
  }
  read_both(out.read, complaints.read, end, data, stop, most_silent_ms, complained);
  const bool unread = out.read.get() >= 0 || complaints.read.get() >= 0;
  constexpr int to_end_ms = 1000;
  const int patience_ms = most_silent_ms == forever ? to_end_ms : most_silent_ms;
  const int status = wait_for(child, unread ? 0 : patience_ms);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return end;
}

}  // namespace whyoom::linux
