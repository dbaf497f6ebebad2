// The running values under /proc/sys that bear on memory and on the number of tasks.
// Signed, because some are (kernel.panic); a value that this kernel does not have is empty.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"

namespace whyoom::host {

struct Settings {
  using Number = Maybe<std::int64_t>;

  Number min_free_kbytes, watermark_scale_factor;
  Maybe<std::vector<std::int64_t>> lowmem_reserve_ratio;
  Number overcommit_memory, panic_on_oom, oom_kill_allocating_task, max_map_count;
  Number pid_max, threads_max, panic;
  Number conntrack_count, conntrack_max, arp_gc_thresh3;
  Maybe<std::vector<std::int64_t>> tcp_mem;  // pages: low, pressure, the most
  Maybe<std::vector<std::int64_t>> file_nr;  // open files, 0, the most
  Maybe<std::vector<std::int64_t>> printk;   // console, default, least and boot-time level
};

// What has neither `number` nor `numbers` is read for a capture alone.
struct SettingFile {
  std::string_view key;  // "vm.min_free_kbytes"
  Settings::Number Settings::*number = nullptr;
  Maybe<std::vector<std::int64_t>> Settings::*numbers = nullptr;
  bool always = false;  // every kernel that we know has it
};
std::span<const SettingFile> setting_files();

// "vm.min_free_kbytes" -> "/proc/sys/vm/min_free_kbytes"
std::string setting_path(std::string_view key);

}  // namespace whyoom::host
