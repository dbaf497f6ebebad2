// One process, in a record small enough for a hundred thousand of them, and the parsers of the
// files under /proc/PID that fill it. Source: fs/proc/array.c do_task_stat(), proc_pid_status();
// fs/proc/task_mmu.c task_mem(); fs/proc/base.c proc_pid_limits(); 2.6.32 to 6.19.
// A number of a process has no Place of its own: path_of() names its file.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace whyoom::host {

inline constexpr std::uint32_t no_cgroup = UINT32_MAX;

// A short text in place, for records of which there are many: a process name has at most 15 bytes.
class SmallText {
 public:
  SmallText() = default;
  // What is longer is cut.
  explicit SmallText(std::string_view text)
      : size_(static_cast<std::uint8_t>(std::min(text.size(), text_.size()))) {
    std::copy_n(text.begin(), size_, text_.begin());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
  friend bool operator==(const SmallText& a, const SmallText& b) { return a.view() == b.view(); }

 private:
  std::array<char, 15> text_{};
  std::uint8_t size_ = 0;
};

struct Process {
  std::int32_t pid = 0;
  std::optional<std::int32_t> ppid;
  SmallText comm;    // any bytes: a process chooses its own name
  char state = '?';  // R, S, D, Z, T, ...
  bool kernel_thread = false;
  // Of a kernel thread nothing below but its threads is read, unless for a capture.
  std::optional<std::uint32_t> uid;                   // the real one
  std::optional<std::uint32_t> threads;               // a zombie without its leader has 0 or 1
  std::optional<KiB> rss, rss_anon, rss_shmem, swap;  // rss_* since 4.5
  std::optional<KiB> page_tables;  // VmPTE, with VmPMD where that is counted apart (4.0 to 4.14)
  std::optional<KiB> locked;
  std::optional<KiB> size;  // of the address space
  std::optional<std::int32_t> oom_score_adj;
  std::optional<std::int32_t> oom_score;  // 0 to 2000; 0 to 1000 before 5.9
  // With the pids controller; in Processes::cgroup_paths. Read where a limit on tasks is near.
  std::uint32_t pids_cgroup = no_cgroup;
};

enum class ProcessFile : std::uint8_t { stat, status, limits, cgroup, oom_score, oom_score_adj };
std::string path_of(std::int32_t pid, ProcessFile file);  // "/proc/1/status"

// Each sets what its file says and leaves the rest. False: the text is not such a file.
bool parse_stat(std::string_view text, Process& process);
bool parse_status(std::string_view text, Process& process);

// /proc/PID/cgroup: the path in the hierarchy with the pids controller, else in the unified one.
// The view points into the text.
std::optional<std::string_view> pids_cgroup(std::string_view text);

// Of /proc/PID/limits.
inline constexpr std::string_view limit_of_processes = "Max processes ";  // RLIMIT_NPROC
inline constexpr std::string_view limit_of_locked_memory = "Max locked memory ";
inline constexpr std::string_view limit_of_address_space = "Max address space ";
// The soft limit; nothing: there is none, or it cannot be read.
std::optional<std::uint64_t> parse_limit(std::string_view text, std::string_view name);

}  // namespace whyoom::host
