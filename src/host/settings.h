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

  // vm.*
  Number min_free_kbytes, watermark_scale_factor, watermark_boost_factor, extra_free_kbytes;
  Maybe<std::vector<std::int64_t>> lowmem_reserve_ratio;
  Number percpu_pagelist_high_fraction, percpu_pagelist_fraction;
  Number overcommit_memory, overcommit_ratio, overcommit_kbytes;
  Number panic_on_oom, oom_kill_allocating_task, oom_dump_tasks;
  Number swappiness, vfs_cache_pressure, max_map_count;
  Number nr_hugepages, nr_overcommit_hugepages;
  Number admin_reserve_kbytes, user_reserve_kbytes;
  Number dirty_ratio, dirty_background_ratio, dirty_bytes, dirty_background_bytes;
  Number zone_reclaim_mode, min_unmapped_ratio, min_slab_ratio;
  Number extfrag_threshold, compaction_proactiveness, defrag_mode;
  // kernel.*
  Number pid_max, threads_max, panic, panic_on_oops, sysrq;
  Maybe<std::vector<std::int64_t>> printk;  // console, default, least and boot-time level
  // fs.*
  Number file_max, pipe_user_pages_hard, pipe_user_pages_soft;
};

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
