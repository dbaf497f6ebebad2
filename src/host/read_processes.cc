// Every process in one pass: stat or status, oom_score_adj and oom_score. The number of threads is
// in both, so /proc/PID/task is not walked.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/language.h"
#include "base/text.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

// A process in many groups has a long list of them in its status.
constexpr std::size_t most_bytes = std::size_t{2} << 20U;

enum class Got : std::uint8_t { yes, vanished, denied };

class ProcessReader {
 public:
  explicit ProcessReader(Reader& reader) : reader_(reader), processes_(reader.host().processes) {}

  void read(std::int32_t pid) {
    Process process;
    process.pid = pid;
    switch (read_files(process)) {
      case Got::vanished:
        ++processes_.vanished;
        return;
      case Got::denied:
        ++processes_.denied;
        return;
      case Got::yes:
        processes_.denied += memory_denied_ ? 1 : 0;
        break;
    }
    processes_.all.push_back(process);
  }

 private:
  // Stat tells a kernel thread, of which nothing else counts: it has no memory and is never chosen.
  // Where status tells it too, stat is not needed besides. Which of the two is read first is a
  // guess: kernel threads come in rows.
  Got read_files(Process& process) {
    memory_denied_ = false;
    const bool all = reader_.options().for_capture;
    const bool has_stat = stat_first_ || all;
    const auto is_done = [&] { return process.kernel_thread && !all; };
    Got got = has_stat ? read_stat(process) : Got::yes;
    if (got != Got::yes || is_done()) {
      return got;
    }
    got = read_status(process);
    if (got == Got::yes && !process.ppid && !has_stat) {
      got = read_stat(process);
    }
    stat_first_ = !status_is_enough_ || process.kernel_thread;
    if (got != Got::yes || is_done()) {
      return got;
    }
    process.oom_score_adj = number(process.pid, ProcessFile::oom_score_adj);
    if (!process.kernel_thread) {
      process.oom_score = number(process.pid, ProcessFile::oom_score);
    }
    return Got::yes;
  }

  Got read_stat(Process& process) {
    const auto stat = read_file(process.pid, ProcessFile::stat);
    if (!stat) {
      return stat.error().kind == FileError::Kind::missing ? Got::vanished : Got::denied;
    }
    const std::int32_t pid = process.pid;
    if (!parse_stat(*stat, process)) {
      damaged(pid, ProcessFile::stat, *stat);
    }
    process.pid = pid;  // what stat says of itself is not needed for finding its files
    return Got::yes;
  }

  Got read_status(Process& process) {
    const auto status = read_file(process.pid, ProcessFile::status);
    if (status) {
      status_is_enough_ = status->find("\nKthread:") != std::string::npos;
      if (!parse_status(*status, process)) {
        damaged(process.pid, ProcessFile::status, *status);
      }
      return Got::yes;
    }
    if (status.error().kind != FileError::Kind::missing) {
      memory_denied_ = true;  // its name and its threads may be known, its memory is not
      return Got::yes;
    }
    return is_gone(process.pid) ? Got::vanished : Got::yes;
  }

  tl::expected<std::string, FileError> read_file(std::int32_t pid, ProcessFile file) {
    return reader_.files().read(path_of(pid, file), most_bytes);
  }

  bool is_gone(std::int32_t pid) {
    const auto stat = read_file(pid, ProcessFile::stat);
    return !stat && stat.error().kind == FileError::Kind::missing;
  }

  std::optional<std::int32_t> number(std::int32_t pid, ProcessFile file) {
    const auto text = read_file(pid, file);
    return text ? parse_number<std::int32_t>(trim(*text)) : std::nullopt;
  }

  void damaged(std::int32_t pid, ProcessFile file, std::string_view text) {
    constexpr std::size_t most_damage = 16;
    if (++damages_ > most_damage) {
      return;
    }
    Host& host = reader_.host();
    Lines lines(text, host.sources.add(path_of(pid, file)), &host.damage, Lines::End::person);
    lines.next();
    lines.damaged(tr("what the kernel writes there"), lines.line());
  }

  Reader& reader_;
  Processes& processes_;
  bool stat_first_ = true;
  bool status_is_enough_ = false;
  bool memory_denied_ = false;  // of the process that is read
  std::size_t damages_ = 0;
};

std::vector<std::int32_t> pids(Reader& reader, bool& cut) {
  std::vector<std::int32_t> result;
  const auto listing = reader.files().list("/proc");
  if (!listing) {
    reader.gap("/proc", listing.error(), Message("the processes are not known"));
    return result;
  }
  for (const Entry& entry : listing->entries) {
    const auto pid = parse_number<std::int32_t>(entry.name);
    if (pid && *pid > 0 && entry.is_directory && entry.name.front() != '0') {
      result.push_back(*pid);
    }
  }
  std::sort(result.begin(), result.end());
  cut = listing->cut || result.size() > reader.options().most_processes;
  result.resize(std::min(result.size(), reader.options().most_processes));
  return result;
}

std::vector<UserTasks> by_user(const std::vector<Process>& all) {
  std::map<std::uint32_t, UserTasks> users;
  for (const Process& process : all) {
    if (process.uid && !process.kernel_thread) {
      UserTasks& user = users[*process.uid];
      user.uid = *process.uid;
      user.threads += process.threads.value_or(1);
    }
  }
  std::vector<UserTasks> result;
  result.reserve(users.size());
  for (const auto& [uid, user] : users) {
    result.push_back(user);
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const UserTasks& a, const UserTasks& b) { return a.threads > b.threads; });
  return result;
}

// Each process has its own RLIMIT_NPROC; the lowest is the one that stops first.
void read_user_limit(Reader& reader, UserTasks& user) {
  if (user.uid == 0 && !reader.options().for_capture) {
    return;  // it does not bind root
  }
  std::vector<const Process*> own;
  for (const Process& process : reader.host().processes.all) {
    if (process.uid == user.uid && !process.kernel_thread) {
      own.push_back(&process);
    }
  }
  std::stable_sort(own.begin(), own.end(), [](const Process* a, const Process* b) {
    return a->threads.value_or(0) > b->threads.value_or(0);
  });
  own.resize(std::min(own.size(), reader.options().limits_for_a_user));
  for (const Process* process : own) {
    const auto text = reader.files().read(path_of(process->pid, ProcessFile::limits), most_bytes);
    const auto limit = text ? parse_limit(*text, limit_of_processes) : std::nullopt;
    if (limit && (!user.limit || *limit < *user.limit)) {
      user.limit = limit;
      user.limit_pid = process->pid;
    }
  }
}

void count_maps(Reader& reader) {
  constexpr std::size_t most_of_maps = std::size_t{16} << 20U;
  std::vector<const Process*> most;
  for (const Process& process : reader.host().processes.all) {
    if (!process.kernel_thread && process.state != 'Z') {
      most.push_back(&process);
    }
  }
  const std::size_t wanted = std::min(most.size(), reader.options().processes_with_maps);
  std::partial_sort(most.begin(), most.begin() + static_cast<std::ptrdiff_t>(wanted), most.end(),
                    [](const Process* a, const Process* b) {
                      return a->threads.value_or(0) > b->threads.value_or(0);
                    });
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto text =
        reader.files().read("/proc/" + std::to_string(most[i]->pid) + "/maps", most_of_maps);
    if (text) {
      reader.host().processes.maps.push_back(
          {most[i]->pid, most[i]->comm,
           static_cast<std::uint64_t>(std::count(text->begin(), text->end(), '\n'))});
    }
  }
}

// The processes with most of what a limit of their own can end.
std::vector<const Process*> most_of(const std::vector<Process>& all,
                                    std::optional<KiB> Process::*size, std::size_t wanted) {
  std::vector<const Process*> most;
  for (const Process& process : all) {
    if (!process.kernel_thread && (process.*size).value_or(KiB(0)) > KiB(0)) {
      most.push_back(&process);
    }
  }
  const std::size_t kept = std::min(most.size(), wanted);
  std::partial_sort(most.begin(), most.begin() + static_cast<std::ptrdiff_t>(kept), most.end(),
                    [size](const Process* a, const Process* b) {
                      return a->*size != b->*size ? a->*size > b->*size : a->pid < b->pid;
                    });
  most.resize(kept);
  return most;
}

void read_memory_limits(Reader& reader) {
  Processes& processes = reader.host().processes;
  const std::size_t each = reader.options().with_memory_limits / 2;
  auto asked = most_of(processes.all, &Process::locked, each);
  for (const Process* process : most_of(processes.all, &Process::size, each)) {
    if (std::find(asked.begin(), asked.end(), process) == asked.end()) {
      asked.push_back(process);
    }
  }
  for (const Process* process : asked) {
    const auto text = reader.files().read(path_of(process->pid, ProcessFile::limits), most_bytes);
    if (!text) {
      continue;
    }
    ProcessLimits limits{
        process->pid, process->comm, process->uid, process->size, process->locked, {}, {}};
    limits.address_space = parse_limit(*text, limit_of_address_space);
    limits.locked_memory = parse_limit(*text, limit_of_locked_memory);
    processes.limits.push_back(limits);
  }
}

void note_what_is_hidden(Reader& reader) {
  const Host& host = reader.host();
  const Processes& processes = host.processes;
  if (processes.cut) {
    reader.gap(FileError::Kind::too_big, "/proc",
               Message("only the first {} processes were read", processes.all.size()),
               Message("what the others use is not known"));
  }
  if (processes.denied > 0) {
    const bool one = processes.denied == 1;
    reader.gap(FileError::Kind::denied, "/proc",
               one ? Message("no access to 1 process (needs root)")
                   : Message("no access to {} processes (needs root)", processes.denied),
               one ? Message("what it uses is not known") : Message("what they use is not known"));
  }
  std::uint64_t seen = processes.vanished;
  for (const Process& process : processes.all) {
    seen += process.threads.value_or(1);
  }
  // Tasks come and go between the two readings.
  constexpr std::uint64_t usual_change = 32;
  if (!processes.cut && host.tasks && host.tasks->value > seen + seen / 10 + usual_change) {
    reader.gap(FileError::Kind::denied, "/proc",
               Message("{} of {} tasks cannot be seen from here (a container, or /proc is mounted "
                       "with hidepid)",
                       host.tasks->value - seen, host.tasks->value),
               Message("who they are is not known"));
  }
}

}  // namespace

void read_processes(Reader& reader) {
  Processes& processes = reader.host().processes;
  const auto found = pids(reader, processes.cut);
  processes.all.reserve(found.size());
  ProcessReader one(reader);
  for (const std::int32_t pid : found) {
    one.read(pid);
  }
  if (found.empty() && reader.files().list("/proc", 1)) {
    reader.gap(FileError::Kind::missing, "/proc", Message("/proc has no processes"),
               Message("which processes use the memory is not known"));
    return;
  }
  processes.users = by_user(processes.all);
  const std::size_t with_limits =
      std::min(processes.users.size(), reader.options().users_with_limits);
  for (std::size_t i = 0; i < with_limits; ++i) {
    read_user_limit(reader, processes.users[i]);
  }
  count_maps(reader);
  read_memory_limits(reader);
  read_pid_namespaces(reader);
  note_what_is_hidden(reader);
}

}  // namespace whyoom::host
