#include "host/settings.h"

#include <algorithm>

namespace whyoom::host {
namespace {

constexpr SettingFile files[] = {
    {"vm.min_free_kbytes", &Settings::min_free_kbytes, nullptr, true},
    {"vm.watermark_scale_factor", &Settings::watermark_scale_factor},
    {"vm.watermark_boost_factor"},
    {"vm.extra_free_kbytes"},
    {"vm.lowmem_reserve_ratio", nullptr, &Settings::lowmem_reserve_ratio, true},
    {"vm.percpu_pagelist_high_fraction"},
    {"vm.percpu_pagelist_fraction"},
    {"vm.overcommit_memory", &Settings::overcommit_memory, nullptr, true},
    {"vm.overcommit_ratio", nullptr, nullptr, true},
    {"vm.overcommit_kbytes"},
    {"vm.panic_on_oom", &Settings::panic_on_oom, nullptr, true},
    {"vm.oom_kill_allocating_task", &Settings::oom_kill_allocating_task, nullptr, true},
    {"vm.oom_dump_tasks"},
    {"vm.swappiness"},
    {"vm.vfs_cache_pressure"},
    {"vm.max_map_count", &Settings::max_map_count, nullptr, true},
    {"vm.nr_hugepages"},
    {"vm.nr_overcommit_hugepages"},
    {"vm.admin_reserve_kbytes"},
    {"vm.user_reserve_kbytes"},
    {"vm.dirty_ratio"},
    {"vm.dirty_background_ratio"},
    {"vm.dirty_bytes"},
    {"vm.dirty_background_bytes"},
    {"vm.zone_reclaim_mode"},
    {"vm.min_unmapped_ratio"},
    {"vm.min_slab_ratio"},
    {"vm.extfrag_threshold"},
    {"vm.compaction_proactiveness"},
    {"vm.defrag_mode"},
    {"kernel.pid_max", &Settings::pid_max, nullptr, true},
    {"kernel.threads-max", &Settings::threads_max, nullptr, true},
    {"kernel.panic", &Settings::panic, nullptr, true},
    {"kernel.panic_on_oops"},
    {"kernel.sysrq"},
    {"kernel.printk", nullptr, &Settings::printk},
    {"fs.file-max"},
    {"fs.file-nr", nullptr, &Settings::file_nr},
    {"net.ipv4.tcp_mem", nullptr, &Settings::tcp_mem},
    {"net.netfilter.nf_conntrack_count", &Settings::conntrack_count},
    {"net.netfilter.nf_conntrack_max", &Settings::conntrack_max},
    {"net.ipv4.neigh.default.gc_thresh3", &Settings::arp_gc_thresh3},
    {"net.ipv6.neigh.default.gc_thresh3"},
    {"fs.pipe-user-pages-hard"},
    {"fs.pipe-user-pages-soft"},
};

}  // namespace

std::span<const SettingFile> setting_files() { return files; }

std::string setting_path(std::string_view key) {
  std::string path = "/proc/sys/";
  path += key;
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

}  // namespace whyoom::host
