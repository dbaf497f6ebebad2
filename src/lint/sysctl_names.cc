// Names of sysctls (table).
#include "lint/sysctl_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"

namespace whyoom::lint {

namespace {

struct Folder {
  std::string_view name;
  bool whole = false;  // no other names are in it
  std::string_view names;
};

constexpr std::string_view vm_names =
    "admin_reserve_kbytes,allocate_pgste,anon_min_ratio,bdflush,block_dump,clean_low_ratio,"
    "clean_min_ratio,cmm_pages,cmm_timed_pages,cmm_timeout,compact_memory,"
    "compact_unevictable_allowed,compaction_proactiveness,defrag_mode,dirty_background_bytes,"
    "dirty_background_ratio,dirty_bytes,dirty_expire_centisecs,dirty_ratio,"
    "dirty_writeback_centisecs,dirtytime_expire_seconds,drop_caches,enable_soft_offline,"
    "extfrag_threshold,extra_free_kbytes,heap-stack-gap,highmem_is_dirtyable,"
    "hugepages_treat_as_movable,hugetlb_optimize_vmemmap,hugetlb_shm_group,kcompressd,"
    "laptop_mode,legacy_va_layout,lower_zone_protection,lowmem_reserve_ratio,max_map_count,"
    "max_queue_depth,memfd_noexec,memory_failure_early_kill,memory_failure_recovery,"
    "min_free_kbytes,min_slab_ratio,min_unmapped_ratio,mmap_min_addr,mmap_rnd_bits,"
    "mmap_rnd_compat_bits,movable_gigantic_pages,nr_hugepages,nr_hugepages_mempolicy,"
    "nr_overcommit_hugepages,nr_pdflush_threads,nr_trim_pages,numa_stat,numa_zonelist_order,"
    "oom_dump_tasks,oom_kill_allocating_task,overcommit_kbytes,overcommit_memory,"
    "overcommit_ratio,page-cluster,page_lock_unfairness,pagecache,pagecache_limit_ignore_dirty,"
    "pagecache_limit_mb,panic_on_oom,percpu_pagelist_fraction,percpu_pagelist_high_fraction,"
    "scan_unevictable_pages,shrink_inodes_with_pagecache,stat_interval,stat_refresh,"
    "swap_token_timeout,swappiness,unprivileged_userfaultfd,user_reserve_kbytes,vdso_enabled,"
    "vfs_cache_pressure,vfs_cache_pressure_denom,watermark_boost_factor,watermark_scale_factor,"
    "workingset_protection,zone_reclaim_mode";
constexpr std::string_view kernel_names =
    "acct,auto_msgmni,core_pattern,core_pipe_limit,core_uses_pid,dmesg_restrict,domainname,"
    "exec-shield,ftrace_enabled,hardlockup_panic,hostname,hung_task_panic,"
    "hung_task_timeout_secs,hung_task_warnings,io_uring_disabled,keys.maxbytes,keys.maxkeys,"
    "keys.root_maxbytes,keys.root_maxkeys,kptr_restrict,modprobe,modules_disabled,msgmax,msgmnb,"
    "msgmni,ngroups_max,nmi_watchdog,numa_balancing,oops_limit,overflowgid,overflowuid,panic,"
    "panic_on_io_nmi,panic_on_oops,panic_on_unrecovered_nmi,panic_on_warn,"
    "perf_event_max_sample_rate,perf_event_mlock_kb,perf_event_paranoid,pid_max,"
    "print-fatal-signals,printk,printk_delay,printk_devkmsg,printk_ratelimit,"
    "printk_ratelimit_burst,pty.max,pty.reserve,randomize_va_space,sched_autogroup_enabled,"
    "sched_child_runs_first,sched_latency_ns,sched_migration_cost_ns,sched_min_granularity_ns,"
    "sched_nr_migrate,sched_rt_period_us,sched_rt_runtime_us,sched_wakeup_granularity_ns,sem,"
    "shm_rmid_forced,shmall,shmmax,shmmni,softlockup_panic,split_lock_mitigate,sysrq,"
    "task_delayacct,threads-max,timer_migration,unprivileged_bpf_disabled,"
    "unprivileged_userns_clone,watchdog,watchdog_thresh,yama.ptrace_scope";
constexpr std::string_view fs_names =
    "aio-max-nr,dir-notify-enable,epoll.max_user_watches,file-max,inotify.max_queued_events,"
    "inotify.max_user_instances,inotify.max_user_watches,lease-break-time,leases-enable,"
    "mount-max,mqueue.msg_max,mqueue.msgsize_max,mqueue.queues_max,nr_open,overflowgid,"
    "overflowuid,pipe-max-size,pipe-user-pages-hard,pipe-user-pages-soft,protected_fifos,"
    "protected_hardlinks,protected_regular,protected_symlinks,suid_dumpable";
constexpr std::string_view net_names =
    "core.bpf_jit_enable,core.busy_poll,core.busy_read,core.default_qdisc,core.dev_weight,"
    "core.netdev_budget,core.netdev_budget_usecs,core.netdev_max_backlog,core.optmem_max,"
    "core.rmem_default,core.rmem_max,core.rps_sock_flow_entries,core.somaxconn,"
    "core.wmem_default,core.wmem_max,ipv4.icmp_echo_ignore_all,ipv4.icmp_echo_ignore_broadcasts,"
    "ipv4.icmp_ignore_bogus_error_responses,ipv4.icmp_ratelimit,ipv4.ip_default_ttl,"
    "ipv4.ip_forward,ipv4.ip_local_port_range,ipv4.ip_local_reserved_ports,"
    "ipv4.ip_nonlocal_bind,ipv4.ip_unprivileged_port_start,ipv4.ipfrag_high_thresh,"
    "ipv4.ipfrag_low_thresh,ipv4.ping_group_range,ipv4.tcp_abort_on_overflow,"
    "ipv4.tcp_adv_win_scale,ipv4.tcp_base_mss,ipv4.tcp_congestion_control,ipv4.tcp_dsack,"
    "ipv4.tcp_ecn,ipv4.tcp_fack,ipv4.tcp_fastopen,ipv4.tcp_fin_timeout,ipv4.tcp_keepalive_intvl,"
    "ipv4.tcp_keepalive_probes,ipv4.tcp_keepalive_time,ipv4.tcp_limit_output_bytes,"
    "ipv4.tcp_low_latency,ipv4.tcp_max_orphans,ipv4.tcp_max_syn_backlog,ipv4.tcp_max_tw_buckets,"
    "ipv4.tcp_mem,ipv4.tcp_moderate_rcvbuf,ipv4.tcp_mtu_probing,ipv4.tcp_no_metrics_save,"
    "ipv4.tcp_notsent_lowat,ipv4.tcp_orphan_retries,ipv4.tcp_reordering,ipv4.tcp_retries1,"
    "ipv4.tcp_retries2,ipv4.tcp_rfc1337,ipv4.tcp_rmem,ipv4.tcp_sack,"
    "ipv4.tcp_slow_start_after_idle,ipv4.tcp_syn_retries,ipv4.tcp_synack_retries,"
    "ipv4.tcp_syncookies,ipv4.tcp_timestamps,ipv4.tcp_tw_recycle,ipv4.tcp_tw_reuse,"
    "ipv4.tcp_window_scaling,ipv4.tcp_wmem,ipv4.udp_mem,ipv4.udp_rmem_min,ipv4.udp_wmem_min,"
    "netfilter.nf_conntrack_buckets,netfilter.nf_conntrack_max,"
    "netfilter.nf_conntrack_tcp_timeout_established,nf_conntrack_max,unix.max_dgram_qlen";

constexpr std::array<Folder, 4> folders{{{"vm", true, vm_names},
                                         {"kernel", false, kernel_names},
                                         {"fs", false, fs_names},
                                         {"net", false, net_names}}};

std::vector<std::string_view> names_of(const Folder& folder) {
  std::vector<std::string_view> names;
  for (std::string_view rest = folder.names; !rest.empty();) {
    names.push_back(take_part(rest, ','));
  }
  return names;
}

// A number in a name tells two keys apart that are one letter from each other.
bool same_digits(std::string_view a, std::string_view b) {
  const auto next = [](std::string_view& text) {
    const auto digit = std::ranges::find_if(text, is_digit);
    const char found = digit == text.end() ? '\0' : *digit;
    text.remove_prefix(found == '\0' ? text.size()
                                     : static_cast<std::size_t>(digit - text.begin()) + 1);
    return found;
  };
  char of_a = '\0';
  do {
    of_a = next(a);
    if (of_a != next(b)) {
      return false;
    }
  } while (of_a != '\0');
  return true;
}

// Where not all names are known, one that nobody knows may be right: it has to be very near.
std::optional<std::size_t> near_name(const Folder& folder, std::string_view name,
                                     std::span<const std::string_view> names) {
  constexpr std::size_t least_length = 6;
  const auto found = nearest(name, names);
  const bool near =
      found && same_digits(name, names[*found]) &&
      (folder.whole || (name.size() >= least_length && edit_distance(name, names[*found]) == 1));
  return near ? found : std::nullopt;
}

// The key of this name in another folder.
std::string elsewhere(const Folder& other_than, std::string_view name) {
  for (const Folder& folder : folders) {
    const auto names = names_of(folder);
    if (folder.name != other_than.name && std::ranges::find(names, name) != names.end()) {
      return std::string(folder.name) + "." + std::string(name);
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> meant_key(std::string_view key) {
  const std::size_t dot = key.find('.');
  const auto folder = std::ranges::find(folders, key.substr(0, dot), &Folder::name);
  if (dot == std::string_view::npos || folder == folders.end()) {
    return std::nullopt;
  }
  const std::string_view name = key.substr(dot + 1);
  const auto names = names_of(*folder);
  if (std::ranges::find(names, name) != names.end()) {
    return std::nullopt;
  }
  std::string meant = elsewhere(*folder, name);
  if (const auto near = near_name(*folder, name, names); near && meant.empty()) {
    meant = std::string(folder->name) + "." + std::string(names[*near]);
  }
  return meant.empty() && !folder->whole ? std::nullopt : std::optional(std::move(meant));
}

}  // namespace whyoom::lint
