# fish completion of whyoom, written by `whyoom completion fish`.
# FILE#1, FILE#2 ..: the events of the start of a log.
function __whyoom_events
  set -l word (commandline -ct | string replace -r '^--event=' '')
  set -l file (string replace -r '#[0-9]*$' '' -- $word)
  if string match -q '*#*' -- $word; and test -f "$file"
    set -l count (head -c 64M -- $file 2>/dev/null |
      whyoom explain --format ndjson - 2>/dev/null | wc -l)
    test $count -gt 0; and printf "$file#%d\n" (seq (math "min($count, 99)"))
  end
end
complete -c whyoom -n __fish_use_subcommand -l root -d 'A copy of a host\'s files, a capture, or what was posted of it' -r -F
complete -c whyoom -n __fish_use_subcommand -l format -d 'text (default) or json' -x -a 'json text'
complete -c whyoom -n __fish_use_subcommand -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n __fish_use_subcommand -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n __fish_use_subcommand -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n __fish_use_subcommand -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n __fish_use_subcommand -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -s V -l version -d 'Print the version and exit'
complete -c whyoom -n __fish_use_subcommand -a explain -d 'Explains every OOM event in kernel logs'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -F
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l since -d 'Only events at or after this time' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l until -d 'Only events at or before this time' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l at -d 'Only the event nearest to this time' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l host -d 'Read this machine\'s own logs'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l root -d 'Read the logs of a copy of a machine, or of a capture' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l last -d 'Only the last N events' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -s f -l follow -d 'Tell of events as they come; without FILE this machine\'s'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l format -d 'text (default), json, ndjson, markdown or html' -x -a 'html json markdown ndjson text'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l cause -d 'Only events of these causes' -x -a 'balloon-or-hotplug cma-only cpuset-nodes fragmentation hugepages-reserved kernel-bug lowmem-exhausted lowmem-reserve mempolicy-nodes mglru-min-ttl min-free-too-high movable-only numa-node-full percpu-stranded spurious-pagefault sysrq watermark-raised allocating-task-killed driver-mapped kernel-unaccounted many-processes memory-exhausted no-swap page-tables shmem-tmpfs slab-leak swap-full unevictable unkillable-hog writeback-stuck zfs-arc zombie-cgroups cgroup-kernel-memory cgroup-limit cgroup-page-cache cgroup-parent-limit cgroup-shmem cgroup-swap-limit atomic-allocation-failure cgroup-ids-exhausted cgroup-pids-max cma-failure conntrack-full file-max high-order-failure hugetlb-pool max-map-count memlock-limit neighbour-table-full overcommit-limit overcommit-request pid-max pid-namespace-dead rlimit-as rlimit-nproc swiotlb-full swiotlb-request tcp-memory tcp-orphans threads-max vmalloc-exhausted deadlocked kill-spree no-victim-loop panic-on-oom silent-kill userspace-killer cgroup-throttled eviction-below-watermark hugepages-next-boot memory-near-exhaustion min-free-drift min-free-too-low no-evidence-kept sysctl-file-writable threads-near-limit'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l kind -d 'Only events of this kind: oom-kill, memcg-oom-kill and others' -x -a 'fork-rejected limit-reached memcg-oom-kill oom-kill oom-panic overcommit-refused page-allocation-failure userspace-kill'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l victim -d 'Only events that killed such a process' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l cgroup -d 'Only events of such a cgroup, unit, container or pod' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l top -d 'List so many processes of each report' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l sort -d 'By size (default), rss, swap, pgtables, adj, pid or name' -x -a 'adj name pgtables pid rss size swap'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l summary -d 'Add the events up, and tell no story'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -s v -l verbose -d 'Show the whole proof of every story'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l all -d 'The same, and what was ruled out, and why'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -s q -l quiet -d 'Print no event; the exit status tells'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l range -d 'Only events that begin in these bytes of FILE' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l publish -d 'Send them there by whyoom-publish, and print nothing' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l credentials -d 'Who this is to the receiver; for its owner alone' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l exit-zero -d 'Exit with 0 also when events were found'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l no-pager -d 'Do not page what is longer than the screen'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from explain' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a check -d 'Checks this host: memory, threads, min_free_kbytes, OOM policy'
complete -c whyoom -n '__fish_seen_subcommand_from check' -f
complete -c whyoom -n '__fish_seen_subcommand_from check' -l root -d 'A copy of a host\'s files, a capture, or what was posted of it' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from check' -l format -d 'text (default), json, markdown or html' -x -a 'html json markdown text'
complete -c whyoom -n '__fish_seen_subcommand_from check' -l all -d 'Also the proof of each risk, and what was ruled out'
complete -c whyoom -n '__fish_seen_subcommand_from check' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from check' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from check' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from check' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from check' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a whatif -d 'Tells what other settings would do here, or at a logged event'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -f
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -f -a 'vm.min_free_kbytes= vm.watermark_scale_factor= vm.watermark_boost_factor= vm.lowmem_reserve_ratio= vm.nr_hugepages= vm.panic_on_oom= memory.max= ram='
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l vendors -d 'Who recommends what for vm.min_free_kbytes, and what it costs here'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l event -d 'At an event of a log' -r -F -a '(__whyoom_events)'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l root -d 'A copy of a host\'s files, a capture, or what was posted of it' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l format -d 'text (default) or json' -x -a 'json text'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from whatif' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a fix -d 'Changes a setting safely: shown, verified, can be undone'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -f
complete -c whyoom -n '__fish_seen_subcommand_from fix' -f -a 'vm.min_free_kbytes= vm.watermark_scale_factor= vm.watermark_boost_factor= vm.lowmem_reserve_ratio= vm.percpu_pagelist_high_fraction= vm.nr_hugepages= vm.panic_on_oom= vm.oom_kill_allocating_task= vm.oom_dump_tasks= vm.max_map_count= vm.overcommit_memory= vm.overcommit_ratio= vm.overcommit_kbytes= vm.admin_reserve_kbytes= vm.user_reserve_kbytes= kernel.panic= kernel.pid_max= kernel.threads-max='
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l cause -d 'The remedy of this cause' -x -a 'balloon-or-hotplug cma-only cpuset-nodes fragmentation hugepages-reserved kernel-bug lowmem-exhausted lowmem-reserve mempolicy-nodes mglru-min-ttl min-free-too-high movable-only numa-node-full percpu-stranded spurious-pagefault sysrq watermark-raised allocating-task-killed driver-mapped kernel-unaccounted many-processes memory-exhausted no-swap page-tables shmem-tmpfs slab-leak swap-full unevictable unkillable-hog writeback-stuck zfs-arc zombie-cgroups cgroup-kernel-memory cgroup-limit cgroup-page-cache cgroup-parent-limit cgroup-shmem cgroup-swap-limit atomic-allocation-failure cgroup-ids-exhausted cgroup-pids-max cma-failure conntrack-full file-max high-order-failure hugetlb-pool max-map-count memlock-limit neighbour-table-full overcommit-limit overcommit-request pid-max pid-namespace-dead rlimit-as rlimit-nproc swiotlb-full swiotlb-request tcp-memory tcp-orphans threads-max vmalloc-exhausted deadlocked kill-spree no-victim-loop panic-on-oom silent-kill userspace-killer cgroup-throttled eviction-below-watermark hugepages-next-boot memory-near-exhaustion min-free-drift min-free-too-low no-evidence-kept sysctl-file-writable threads-near-limit'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -s n -l dry-run -d 'Show the change and touch nothing'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -s y -l yes -d 'Do not ask'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l files-only -d 'Leave the running value as it is'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l force -d 'Also when the kernel would kill at once'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l output -d 'Print the change for another tool, and do nothing' -x -a 'ansible cloud-init kubernetes sysctl.d tuned'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l list -d 'The fixes that were made here'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l resume -d 'Finish an interrupted fix'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l root -d 'A copy of a host\'s files, a capture, or what was posted of it' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l format -d 'text (default) or json' -x -a 'json text'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from fix' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a undo -d 'Takes back a fix: every byte of the files, every running value'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -f
complete -c whyoom -n '__fish_seen_subcommand_from undo' -f
complete -c whyoom -n '__fish_seen_subcommand_from undo' -s n -l dry-run -d 'Show the change and touch nothing'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -s y -l yes -d 'Do not ask'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l files-only -d 'Leave the running value as it is'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l force -d 'Also when the kernel would kill at once'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l root -d 'A disk of a system that does not run' -x
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from undo' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from undo' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a lint -d 'Judges configuration before it reaches a host'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -F
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l ram -d 'RAM of the machines that it is for' -x
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l fail-on -d 'Status 1 from here on: error, warning (default), note, or never' -x -a 'error never note warning'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l ignore -d 'Leave out what these rules find' -x
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l as -d 'Take the files for this, whatever they are called' -x -a 'shell sysctl tuned yaml'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l format -d 'text (default), json, sarif or github (annotations)' -x -a 'github json sarif text'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from lint' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a capture -d 'Writes one file with what `whyoom` reads here, logs included'
complete -c whyoom -n '__fish_seen_subcommand_from capture' -f
complete -c whyoom -n '__fish_seen_subcommand_from capture' -s o -l output -d 'Where to; - is standard output' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from capture' -l cmdline -d 'Also the arguments of processes, without what looks like a secret'
complete -c whyoom -n '__fish_seen_subcommand_from capture' -l replace-host-names -d 'host-1, host-2, ... instead of names of hosts'
complete -c whyoom -n '__fish_seen_subcommand_from capture' -l root -d 'A copy of a host\'s files, a capture, or what was posted of it' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from capture' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from capture' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a watch -d 'Records this machine, so that an OOM can be explained later'
complete -c whyoom -n '__fish_seen_subcommand_from watch' -f
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l store -d 'Where the records are; default /var/lib/whyoom/ring' -x
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l size -d 'Most that they take there; default 64' -x
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l interval -d 'Always so many milliseconds from sample to sample' -x
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l once -d 'One sample'
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l textfile -d 'Metrics for Prometheus, written anew after an event and each 5 to 15 seconds' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l publish -d 'Send events there by whyoom-publish, which reads the records' -x
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l credentials -d 'Who this is to the receiver; for its owner alone' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from watch' -f
complete -c whyoom -n '__fish_seen_subcommand_from watch' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from watch' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a summary -d 'Adds up the events of many logs and hosts, each event once'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -f
complete -c whyoom -n '__fish_seen_subcommand_from summary' -f
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l format -d 'text (default), markdown or json' -x -a 'json markdown text'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l all -d 'Every cause, host and kernel'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from summary' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a play -d 'Writes an Ansible play that fixes the hosts of a fleet'
complete -c whyoom -n '__fish_seen_subcommand_from play' -f
complete -c whyoom -n '__fish_seen_subcommand_from play' -f
complete -c whyoom -n '__fish_seen_subcommand_from play' -l cause -d 'The hosts with events of this cause (default min-free-too-high)' -x -a 'balloon-or-hotplug cma-only cpuset-nodes fragmentation hugepages-reserved kernel-bug lowmem-exhausted lowmem-reserve mempolicy-nodes mglru-min-ttl min-free-too-high movable-only numa-node-full percpu-stranded spurious-pagefault sysrq watermark-raised allocating-task-killed driver-mapped kernel-unaccounted many-processes memory-exhausted no-swap page-tables shmem-tmpfs slab-leak swap-full unevictable unkillable-hog writeback-stuck zfs-arc zombie-cgroups cgroup-kernel-memory cgroup-limit cgroup-page-cache cgroup-parent-limit cgroup-shmem cgroup-swap-limit atomic-allocation-failure cgroup-ids-exhausted cgroup-pids-max cma-failure conntrack-full file-max high-order-failure hugetlb-pool max-map-count memlock-limit neighbour-table-full overcommit-limit overcommit-request pid-max pid-namespace-dead rlimit-as rlimit-nproc swiotlb-full swiotlb-request tcp-memory tcp-orphans threads-max vmalloc-exhausted deadlocked kill-spree no-victim-loop panic-on-oom silent-kill userspace-killer cgroup-throttled eviction-below-watermark hugepages-next-boot memory-near-exhaustion min-free-drift min-free-too-low no-evidence-kept sysctl-file-writable threads-near-limit'
complete -c whyoom -n '__fish_seen_subcommand_from play' -l set -d 'Set this instead of what each host\'s own check advises' -x -a 'vm.min_free_kbytes= vm.watermark_scale_factor= vm.watermark_boost_factor= vm.lowmem_reserve_ratio= vm.percpu_pagelist_high_fraction= vm.nr_hugepages= vm.panic_on_oom= vm.oom_kill_allocating_task= vm.oom_dump_tasks= vm.max_map_count= vm.overcommit_memory= vm.overcommit_ratio= vm.overcommit_kbytes= vm.admin_reserve_kbytes= vm.user_reserve_kbytes= kernel.panic= kernel.pid_max= kernel.threads-max='
complete -c whyoom -n '__fish_seen_subcommand_from play' -l batch -d 'How many hosts at a time (default 1,10%,25%)' -x
complete -c whyoom -n '__fish_seen_subcommand_from play' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from play' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from play' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a history -d 'Shows what was recorded: memory, what happened, what grew'
complete -c whyoom -n '__fish_seen_subcommand_from history' -f
complete -c whyoom -n '__fish_seen_subcommand_from history' -l store -d 'Where the records are; default /var/lib/whyoom/ring' -x
complete -c whyoom -n '__fish_seen_subcommand_from history' -l since -d 'From then on: -2h, 05:00, "2026-11-23 07:41"' -x
complete -c whyoom -n '__fish_seen_subcommand_from history' -l until -d 'Up to then' -x
complete -c whyoom -n '__fish_seen_subcommand_from history' -l format -d 'text (default), html or json; ndjson: the OOM events, as explain has them' -x -a 'html json ndjson text'
complete -c whyoom -n '__fish_seen_subcommand_from history' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from history' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from history' -l sandbox -d 'Read files without rights: auto (default), off, require' -x -a 'auto off require'
complete -c whyoom -n '__fish_seen_subcommand_from history' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from history' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a serve -d 'Shows Prometheus what the recorder knows, by HTTP'
complete -c whyoom -n '__fish_seen_subcommand_from serve' -f
complete -c whyoom -n '__fish_seen_subcommand_from serve' -l listen -d 'Address and port; default 127.0.0.1:9753' -x
complete -c whyoom -n '__fish_seen_subcommand_from serve' -l textfile -d 'What it shows; default /run/whyoom/metrics.prom' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from serve' -l page -d 'The page at /; default: the one that is installed' -r -F
complete -c whyoom -n '__fish_seen_subcommand_from serve' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from serve' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a config -d 'Shows the settings of whyoom that are in force, and from where'
complete -c whyoom -n '__fish_seen_subcommand_from config' -f
complete -c whyoom -n '__fish_seen_subcommand_from config' -l root -d 'A copy of a host\'s files instead of this host' -x
complete -c whyoom -n '__fish_seen_subcommand_from config' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from config' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a causes -d 'Lists the causes that whyoom knows, or tells about one.'
complete -c whyoom -n '__fish_seen_subcommand_from causes' -f
complete -c whyoom -n '__fish_seen_subcommand_from causes' -f -a 'balloon-or-hotplug cma-only cpuset-nodes fragmentation hugepages-reserved kernel-bug lowmem-exhausted lowmem-reserve mempolicy-nodes mglru-min-ttl min-free-too-high movable-only numa-node-full percpu-stranded spurious-pagefault sysrq watermark-raised allocating-task-killed driver-mapped kernel-unaccounted many-processes memory-exhausted no-swap page-tables shmem-tmpfs slab-leak swap-full unevictable unkillable-hog writeback-stuck zfs-arc zombie-cgroups cgroup-kernel-memory cgroup-limit cgroup-page-cache cgroup-parent-limit cgroup-shmem cgroup-swap-limit atomic-allocation-failure cgroup-ids-exhausted cgroup-pids-max cma-failure conntrack-full file-max high-order-failure hugetlb-pool max-map-count memlock-limit neighbour-table-full overcommit-limit overcommit-request pid-max pid-namespace-dead rlimit-as rlimit-nproc swiotlb-full swiotlb-request tcp-memory tcp-orphans threads-max vmalloc-exhausted deadlocked kill-spree no-victim-loop panic-on-oom silent-kill userspace-killer cgroup-throttled eviction-below-watermark hugepages-next-boot memory-near-exhaustion min-free-drift min-free-too-low no-evidence-kept sysctl-file-writable threads-near-limit'
complete -c whyoom -n '__fish_seen_subcommand_from causes' -l format -d 'text (default) or markdown' -x -a 'markdown text'
complete -c whyoom -n '__fish_seen_subcommand_from causes' -l color -l colour -d 'auto (default), always or never' -x -a 'always auto never'
complete -c whyoom -n '__fish_seen_subcommand_from causes' -l width -d 'Width of the text, 60 to 200' -x
complete -c whyoom -n '__fish_seen_subcommand_from causes' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from causes' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a mcp -d 'Answers an assistant by the Model Context Protocol'
complete -c whyoom -n '__fish_seen_subcommand_from mcp' -f
complete -c whyoom -n '__fish_seen_subcommand_from mcp' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from mcp' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a completion -d 'Prints what completes its command lines in a shell.'
complete -c whyoom -n '__fish_seen_subcommand_from completion' -f
complete -c whyoom -n '__fish_seen_subcommand_from completion' -f -a 'bash fish zsh'
complete -c whyoom -n '__fish_seen_subcommand_from completion' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from completion' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n __fish_use_subcommand -a help -d 'Prints the help of a command.'
complete -c whyoom -n '__fish_seen_subcommand_from help' -f
complete -c whyoom -n '__fish_seen_subcommand_from help' -f -a 'explain check whatif fix undo lint capture watch summary play history serve config causes mcp completion help'
complete -c whyoom -n '__fish_seen_subcommand_from help' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from help' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n '__fish_seen_subcommand_from man' -f
complete -c whyoom -n '__fish_seen_subcommand_from man' -f -a 'explain check whatif fix undo lint capture watch summary play history serve config causes mcp completion help'
complete -c whyoom -n '__fish_seen_subcommand_from man' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from man' -s h -l help -d 'Print this help and exit'
complete -c whyoom -n '__fish_seen_subcommand_from metrics' -f
complete -c whyoom -n '__fish_seen_subcommand_from metrics' -l store -d 'The ring: what happened before' -x
complete -c whyoom -n '__fish_seen_subcommand_from metrics' -l table -d 'Print the table of all metrics'
complete -c whyoom -n '__fish_seen_subcommand_from metrics' -l lang -d 'Language of the text: en or zh; default by LC_ALL and LANG' -x -a 'en zh'
complete -c whyoom -n '__fish_seen_subcommand_from metrics' -s h -l help -d 'Print this help and exit'
