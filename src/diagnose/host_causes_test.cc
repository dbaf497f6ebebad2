// What single causes say of a host with the few files that they look at, on both sides of each
// border. Whole hosts are the cases beside the causes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "diagnose/case_file.h"
#include "host/tree_for_test.h"

namespace whyoom::diagnose {
namespace {

// "risk: the summary"; with the titles of the remedies, each behind " | ". "-": no finding.
std::string said_of(const HostCheck& check, std::string_view cause) {
  const auto found = std::ranges::find(check.findings, cause, &Finding::cause);
  if (found == check.findings.end()) {
    return "-";
  }
  std::string text = std::string(name(found->role)) + ": " + found->summary.str();
  for (const Remedy& remedy : found->remedies) {
    text += " | " + remedy.title.str();
    text += remedy.setting ? " " + remedy.setting->key + "=" + std::to_string(remedy.setting->value)
                           : std::string();
  }
  return text;
}

std::string said_of(const std::string& host, std::string_view cause) {
  return said_of(*cases::check_host(host), cause);
}

std::string number_file(const char* path, std::int64_t value) {
  return std::string("== ") + path + "\n" + std::to_string(value) + "\n";
}

// 80 % is near, 95 % is full.
TEST(HostCauses, TablesOfTheKernel) {
  const auto files = [](const std::string& text) {
    return said_of("== /proc/sys/fs/file-nr\n" + text + "\n", "file-max");
  };
  EXPECT_EQ(files("79999 0 100000"), "ruled-out: open files: 79,999 of 100,000 (80 %)");
  EXPECT_EQ(files("80000 0 100000"),
            "risk: 80,000 of 100,000 (80 %) files that fs.file-max allows are open; beyond it "
            "open() and socket() fail with ENFILE. | Raise the limit, if so many are wanted "
            "fs.file-max=200000");
  EXPECT_EQ(files("95000 0 100000").substr(0, 30), "root: 95,000 of 100,000 (95 %)");
  EXPECT_EQ(files("80000 0"), "-");
  EXPECT_EQ(files("80000 0 0"), "-");
  EXPECT_EQ(files("-1 0 100"), "-");
  // A limit that has no double.
  EXPECT_EQ(files("9200000000000000000 0 9223372036854775807").find(" | "), std::string::npos);

  const auto connections = [](std::int64_t used, std::int64_t most) {
    return said_of(number_file("/proc/sys/net/netfilter/nf_conntrack_count", used) +
                       number_file("/proc/sys/net/netfilter/nf_conntrack_max", most),
                   "conntrack-full");
  };
  EXPECT_EQ(connections(60000, 65536),
            "risk: 60,000 of 65,536 (92 %) connections that net.netfilter.nf_conntrack_max allows "
            "are tracked; beyond it the kernel drops the packets of new ones. | Raise the limit, "
            "if so many are wanted net.netfilter.nf_conntrack_max=131072");
  EXPECT_EQ(connections(1, 0), "-");
  EXPECT_EQ(connections(-1, 9), "-");
  EXPECT_EQ(connections(INT64_MAX, INT64_MAX).find(" | "), std::string::npos) << "twice that";

  const auto neighbours = [](const char* entries, std::int64_t most) {
    return said_of(number_file("/proc/sys/net/ipv4/neigh/default/gc_thresh3", most) +
                       "== /proc/net/stat/arp_cache\nentries  allocs\n" + entries + "  00000001\n",
                   "neighbour-table-full");
  };
  EXPECT_EQ(neighbours("00000370", 1024),
            "risk: The table of IPv4 neighbours has 880 of 1,024 (86 %) entries that "
            "net.ipv4.neigh.default.gc_thresh3 allows; beyond it new ones fail with ENOBUFS. | "
            "Raise the limit, if so many are wanted net.ipv4.neigh.default.gc_thresh3=4096");
  EXPECT_EQ(neighbours("00000370", 0), "-");

  const auto sockets = [](int pages, const std::string& limits) {
    return said_of("== /proc/net/sockstat\nTCP: inuse 640 orphan 2 tw 31 alloc 655 mem " +
                       std::to_string(pages) + "\n== /proc/sys/net/ipv4/tcp_mem\n" + limits + "\n",
                   "tcp-memory");
  };
  EXPECT_EQ(sockets(19000, "11451\t15268\t22902").substr(0, 62),
            "risk: TCP sockets hold 19,000 of 22,902 (83 %) pages that net.");
  EXPECT_EQ(sockets(1, "11451\t15268\t0"), "-");
  EXPECT_EQ(sockets(1, "11451\t15268"), "-");
}

TEST(HostCauses, NumbersForCgroups) {
  const auto cgroups = [](int living, int dying) {
    return cases::check_host(
        "== /proc/self/mountinfo\n29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        "== /proc/meminfo\nMemTotal: 1000000 kB\nPercpu: 30000 kB\n"
        "== /sys/fs/cgroup/cgroup.controllers\nmemory pids\n== /sys/fs/cgroup/cgroup.stat\n"
        "nr_descendants " +
        std::to_string(living) + "\nnr_dying_descendants " + std::to_string(dying) + "\n");
  };
  EXPECT_EQ(said_of(*cgroups(412, 54000), "cgroup-ids-exhausted").substr(0, 50),
            "risk: 54,412 of 65,535 (83 %) numbers for cgroups ");
  EXPECT_EQ(said_of(*cgroups(412, 1000), "cgroup-ids-exhausted").substr(0, 11), "ruled-out: ");
  EXPECT_EQ(said_of(*cgroups(412, 1000), "zombie-cgroups"),
            "ruled-out: 1,000 cgroups are removed and not gone, 412 exist");
  EXPECT_EQ(said_of(*cgroups(1001, 1001), "zombie-cgroups").substr(0, 11), "ruled-out: ");
  EXPECT_EQ(said_of(*cgroups(412, 1001), "zombie-cgroups").substr(0, 60),
            "risk: 1,001 cgroups are removed but not gone, beside 412 tha");
  const auto many = cgroups(412, 1001);
  const auto zombies = std::ranges::find(many->findings, "zombie-cgroups", &Finding::cause);
  EXPECT_EQ(zombies->proof.back().value, 30000.0 * 1024);
}

// 1965360 kB of RAM; beside 24 MiB of huge pages 438784 kB are in use.
TEST(HostCauses, HugePagesOfTheNextBoot) {
  const auto boot = [](const std::string& words, const std::string& more = "Hugetlb: 24576 kB\n",
                       const std::string& files = "") {
    return said_of("== /proc/cmdline\nro " + words +
                       "\n== /proc/meminfo\nMemTotal: 1965360 kB\nMemAvailable: 1502000 kB\n"
                       "Hugepagesize: 2048 kB\n" +
                       more + files,
                   "hugepages-next-boot");
  };
  const std::string of_200_mib =
      "ruled-out: the next boot sets 200 MiB aside for huge pages; 1.68 GiB is left and 428 MiB "
      "used";
  for (const char* words :
       {"hugepages=100", "hugepagesz=2M hugepages=100", "hugepagesz=2048k hugepages=100",
        "hugepagesz=2097152 hugepages=100", "hugepages=0:40,1:60", "hugepagesz=0 hugepages=100",
        "hugepagesz=x hugepages=100", "hugepages=50 hugepagesz=1M hugepages=100"}) {
    EXPECT_EQ(boot(words), of_200_mib) << words;
  }
  EXPECT_EQ(boot("hugepages=100", "HugePages_Total: 12\n"), of_200_mib);
  EXPECT_EQ(boot("hugepages=100", "").substr(0, 60), of_200_mib.substr(0, 60));
  for (const char* words : {"", "hugepages=", "hugepages=x", "hugepages=1;2", "hugepages=0:"}) {
    EXPECT_EQ(boot(words).substr(0, 40), "ruled-out: the next boot sets 0 bytes as") << words;
  }
  EXPECT_EQ(boot("hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=238"),
            "risk: The next boot sets 1.46 GiB aside for huge pages and leaves 419 MiB of 1.87 "
            "GiB; what runs now uses 428 MiB. It may come up without room for a login. | Lower "
            "hugepages= on the kernel command line before the next boot");
  // A file of sysctl replaces the number of pages of the default size, and of no other.
  const std::string file = "== /etc/sysctl.conf\nvm.nr_hugepages = ";
  EXPECT_EQ(boot("hugepages=900", "", file + "100\n").substr(0, 60), of_200_mib.substr(0, 60));
  EXPECT_EQ(boot("hugepagesz=1G hugepages=1", "", file + "238\n").substr(0, 44),
            "risk: The next boot sets 1.46 GiB aside for ");
}

std::string tasks_of(int pid, const std::string& name, int uid, int threads,
                     const std::string& nproc) {
  const std::string id = std::to_string(pid);
  const std::string user = std::to_string(uid);
  const std::string folder = "== /proc/" + id + "/";
  return folder + "stat\n" + id + " (" + name + ") S 1 1 1 0 -1 4194304 1 1 1 1 1 1 1 1 20 0 " +
         std::to_string(threads) + " 0 1 1 1 1 1\n" + folder + "status\nName:\t" + name +
         "\nState:\tS (sleeping)\nPid:\t" + id + "\nUid:\t" + user + "\t" + user + "\t" + user +
         "\t" + user + "\nThreads:\t" + std::to_string(threads) + "\n" + folder + "limits\n" +
         "Limit                     Soft Limit           Hard Limit           Units     \n"
         "Max processes             " +
         nproc + "                  " + nproc + "                  processes \n";
}

TEST(HostCauses, TheLineThatLimitsAUser) {
  const std::string app = tasks_of(7, "app", 1000, 99, "100");
  const std::string start =
      "root: uid 1000 has 99 of 100 tasks (99 %) that RLIMIT_NPROC (ulimit -u) allows: fork "
      "and new threads of this user fail with EAGAIN (\"Resource temporarily unavailable\"); "
      "others can fork. Memory has no part in it. app has 99 threads in 1 process. | Find what "
      "makes so many tasks | Raise the limit";
  const std::string anywhere =
      ": nproc in /etc/security/limits.d for logins, LimitNPROC= in the unit of a service";
  const std::string line_2 =
      " in line 2 of /etc/security/limits.conf (it counts from the next login on)";
  const auto of = [&](const std::string& more) { return said_of(app + more, "rlimit-nproc"); };
  EXPECT_EQ(of(""), start + anywhere);
  // Without /etc/passwd: a line with just this number, unless it is root's.
  const std::string limits = "== /etc/security/limits.conf\n# nproc\n";
  EXPECT_EQ(of(limits + "* soft nproc 100\n"), start + line_2);
  EXPECT_EQ(of(limits + "root soft nproc 100\n"), start + anywhere);
  EXPECT_EQ(of(limits + "* soft nproc 99\n"), start + anywhere);
  // With it: the line that is this user's.
  const std::string passwd = "== /etc/passwd\napp:x:1000:1000::/:/bin/sh\n";
  EXPECT_EQ(of(passwd + limits + "app soft nproc 100\n"), start + line_2);
  EXPECT_EQ(of(passwd + limits + "web soft nproc 100\n"), start + anywhere);
  EXPECT_EQ(of(passwd + limits + "app soft nproc 4096\n"), start + anywhere);
  EXPECT_EQ(said_of(tasks_of(7, "app", 1000, 79, "100"), "rlimit-nproc").substr(0, 10),
            "ruled-out:");
  EXPECT_EQ(said_of(tasks_of(7, "app", 0, 99, "100"), "rlimit-nproc"), "-");
}

TEST(HostCauses, TheLimitThatComesNext) {
  const auto of = [](std::int64_t threads_max) {
    return said_of("== /proc/loadavg\n0.1 0.1 0.1 1/990 99\n" +
                       number_file("/proc/sys/kernel/pid_max", 1000) +
                       number_file("/proc/sys/kernel/threads-max", threads_max),
                   "pid-max");
  };
  EXPECT_NE(of(1999).find("are wanted; kernel.threads-max is 1,999 and comes next "
                          "kernel.pid_max=4194304"),
            std::string::npos)
      << of(1999);
  EXPECT_NE(of(2000).find("are wanted kernel.pid_max=4194304"), std::string::npos) << of(2000);
}

TEST(HostCauses, EachLimitOnTasksThatIsNear) {
  const auto of = [](std::int64_t pid_max, std::int64_t threads_max) {
    const std::string all = said_of("== /proc/loadavg\n0.1 0.1 0.1 1/900 99\n" +
                                        number_file("/proc/sys/kernel/pid_max", pid_max) +
                                        number_file("/proc/sys/kernel/threads-max", threads_max),
                                    "threads-near-limit");
    return all.substr(0, all.find(". When"));
  };
  EXPECT_EQ(of(1000, 1125),
            "risk: kernel.pid_max: 900 of 1,000 tasks (90 %); kernel.threads-max: "
            "900 of 1,125 tasks (80 %)");
  EXPECT_EQ(of(1000, 1126), "risk: kernel.pid_max: 900 of 1,000 tasks (90 %)");
  EXPECT_EQ(of(2000, 1800),
            "ruled-out: no limit on tasks is between 80 % and 95 % full; the "
            "fullest is kernel.threads-max, 900 of 1,800 tasks (50 %)");
}

TEST(HostCauses, WhatAPanicLeadsTo) {
  const auto of = [](std::int64_t mode, const std::string& panic) {
    return said_of(number_file("/proc/sys/vm/panic_on_oom", mode) + panic, "panic-on-oom");
  };
  const char* panic = "/proc/sys/kernel/panic";
  const std::string short_of =
      ": when the whole machine is short of memory the kernel panics "
      "instead of killing a process.";
  const std::string fix =
      " | Let the kernel kill one process instead of the machine vm.panic_on_oom=0";
  EXPECT_EQ(of(0, ""), "ruled-out: vm.panic_on_oom is 0: the kernel kills a process and runs on");
  EXPECT_EQ(of(-1, ""), "-");
  EXPECT_EQ(of(1, ""), "risk: vm.panic_on_oom is 1" + short_of + fix);
  EXPECT_EQ(of(1, number_file(panic, 0)),
            "risk: vm.panic_on_oom is 1" + short_of +
                " kernel.panic is 0, so the machine then hangs until somebody resets it." + fix +
                " | If the panic is wanted, let the machine restart after it kernel.panic=10");
  EXPECT_EQ(of(1, number_file(panic, -1)),
            "risk: vm.panic_on_oom is 1" + short_of +
                " kernel.panic is -1, so the machine then restarts at once." + fix);
  EXPECT_EQ(of(2, number_file(panic, 30)),
            "risk: vm.panic_on_oom is 2: on every OOM, also at a cgroup's limit the kernel panics "
            "instead of killing a process. kernel.panic is 30, so the machine then restarts after "
            "30 s." +
                fix);
}

TEST(HostCauses, MemoryThatIsNearlyUsedUp) {
  const auto of = [](int available, int swap, int swap_free) {
    return said_of("== /proc/meminfo\nMemTotal: 1000000 kB\nMemFree: 10000 kB\nMemAvailable: " +
                       std::to_string(available) + " kB\nSwapTotal: " + std::to_string(swap) +
                       " kB\nSwapFree: " + std::to_string(swap_free) + " kB\n",
                   "memory-near-exhaustion");
  };
  EXPECT_EQ(of(50000, 0, 0), "ruled-out: 48.8 MiB (5 % of RAM) are available");
  EXPECT_EQ(of(49999, 0, 0).substr(0, 96),
            "risk: Only 48.8 MiB (5 % of RAM) are available, and there is no swap left: the next "
            "OOM is near.");
  EXPECT_EQ(of(20000, 1000, 100),
            "ruled-out: 19.5 MiB are available, but 100 KiB of swap are free");
  EXPECT_EQ(of(20000, 1000, 99).substr(0, 14), "risk: Only 19.");
}

TEST(HostCauses, AMinFreeThatWasPostedAloneHasABound) {
  const auto of = [](std::int64_t value) {
    return said_of("== /proc/meminfo\nMemTotal: 3879936 kB\n" +
                       number_file("/proc/sys/vm/min_free_kbytes", value),
                   "min-free-too-high");
  };
  EXPECT_NE(of(1024000).find("own choice here is up to 193996 kB. |"), std::string::npos);
  EXPECT_EQ(of(193996), "-");
}

TEST(HostCauses, ABalloonThatMeminfoDoesNotTell) {
  const auto of = [](const std::string& more) {
    return said_of("== /proc/meminfo\nMemTotal: 1048576 kB\n" + more, "balloon-or-hotplug");
  };
  EXPECT_EQ(of(""), "-");
  EXPECT_EQ(of("== /proc/vmstat\nnr_balloon_pages 262144\n").substr(0, 70),
            "risk: The balloon driver holds 1 GiB (50 % of RAM and balloon) for the");
  EXPECT_EQ(of("Balloon: 10240 kB\n").substr(0, 10), "ruled-out:");
}

TEST(HostCauses, TheCacheOfZfs) {
  const auto of = [](const std::string& meminfo) {
    return said_of(
        "== /proc/spl/kstat/zfs/arcstats\nname type data\nc_min 4 134217728\nsize 4 "
        "536870912\n" +
            meminfo,
        "zfs-arc");
  };
  const std::string ram = "== /proc/meminfo\nMemTotal: 1048576 kB\n";
  EXPECT_EQ(of(ram + "MemAvailable: 10240 kB\n").substr(0, 97),
            "risk: ZFS holds 512 MiB of RAM (50 %) in its cache (ARC), which no counter of "
            "/proc/meminfo has, ");
  EXPECT_NE(of(ram + "MemAvailable: 10240 kB\n").find("It gives back up to 384 MiB"),
            std::string::npos);
  // A large cache is no fault while there is memory.
  EXPECT_EQ(of(ram + "MemAvailable: 524288 kB\n"),
            "ruled-out: the cache of ZFS (ARC): 512 MiB (50 % of RAM)");
  EXPECT_EQ(of(ram), "-");
  EXPECT_EQ(of("== /proc/meminfo\nMemAvailable: 10240 kB\n"), "-");
  EXPECT_EQ(said_of(ram + "MemAvailable: 10240 kB\n", "zfs-arc"), "-");
}

TEST(HostCauses, ContiguousMemory) {
  const auto of = [](std::int64_t failed) {
    return said_of(
        "== /proc/vmstat\ncma_alloc_success 5\ncma_alloc_fail " + std::to_string(failed) + "\n",
        "cma-failure");
  };
  EXPECT_EQ(of(0), "ruled-out: no request for contiguous memory (CMA) failed since the boot");
  EXPECT_EQ(of(1234),
            "consequence: 1,234 requests for contiguous memory (CMA) failed since the boot; that "
            "is pages of a driver, not of processes. | See who asked");
}

const std::string cgroup2 =
    "== /proc/self/mountinfo\n29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    "== /sys/fs/cgroup/cgroup.controllers\nmemory pids\n";

std::string pids(const std::string& path, int used, int most, int refused = 0) {
  const std::string folder = "== /sys/fs/cgroup" + path;
  return folder + "/pids.current\n" + std::to_string(used) + "\n" + folder + "/pids.max\n" +
         std::to_string(most) + "\n" + folder + "/pids.events\nmax " + std::to_string(refused) +
         "\n";
}

std::string full_group(const std::string& name, int used, int most, const std::string& more = "") {
  return "root: The cgroup " + name + " has " + std::to_string(used) + " of " +
         std::to_string(most) + " tasks" + more +
         " that pids.max allows: fork and new threads in it fail with EAGAIN (\"Resource "
         "temporarily unavailable\"). Memory has no part in it.";
}

TEST(HostCauses, FullCgroupsOfEachKind) {
  const auto of = [](const std::string& files) {
    return said_of(cgroup2 + files, "cgroup-pids-max");
  };
  EXPECT_EQ(of(pids("/jail", 94, 100)), "-");  // near: threads-near-limit tells
  EXPECT_EQ(of(pids("/jail", 95, 100)),
            full_group("/jail", 95, 100, " (95 %)") +
                " | Raise pids.max of /jail, or find what makes so many tasks");
  // A limit of one is full by one task; a refused fork tells that it was too little.
  EXPECT_EQ(of(pids("/jail", 1, 1)),
            "ruled-out: the fullest pids.max is that of /jail: 1 of 1 tasks (100 %), and no fork "
            "was refused");
  EXPECT_EQ(of(pids("/jail", 1, 1, 3)),
            full_group("/jail", 1, 1, " (100 %)") +
                " | Raise pids.max of /jail, or find what makes so many tasks");
  EXPECT_EQ(of(pids("/jail", 10, 100, 1)),
            "risk: The kernel has refused 1 fork in the cgroup /jail because of pids.max, there or "
            "above. Now it has 10 of 100 tasks (10 %). | Raise pids.max of /jail, or find what "
            "makes so many tasks");
  const std::string pod = "/kubepods.slice/kubepods-pod8f0c1e9a_4b5d_4c6e_8f70_123456789abc.slice";
  EXPECT_NE(of(pids(pod, 100, 100)).find(" | Raise podPidsLimit in the kubelet's configuration"),
            std::string::npos);
  EXPECT_NE(of(pids("/docker/" + std::string(64, 'a'), 100, 100))
                .find(" | Raise the container's limit (--pids-limit)"),
            std::string::npos);
  const std::string unit = of(pids("/system.slice/web.service", 100, 100));
  EXPECT_NE(unit.find(" | Raise TasksMax of web.service, or find what makes so many tasks"),
            std::string::npos)
      << unit;
  // What systemd sets for all units.
  const std::string conf = "== /etc/systemd/system.conf\n[Manager]\nDefaultTasksMax=";
  const std::string set = " | It is set in line 2 of /etc/systemd/system.conf";
  EXPECT_EQ(of(pids("/system.slice/web.service", 100, 100) + conf + "100\n"), unit + set);
  EXPECT_EQ(of(pids("/system.slice/web.service", 100, 100) + conf + "10%\n"), unit + set);
  EXPECT_EQ(of(pids("/system.slice/web.service", 100, 100) + conf + "200\n"), unit);
}

TEST(HostCauses, ThreeFullCgroupsAreTold) {
  std::string groups = cgroup2;
  for (const char* path : {"/a", "/b", "/c", "/d"}) {
    groups += pids(path, 100, 100);
  }
  const auto check = cases::check_host(groups);
  EXPECT_EQ(std::ranges::count(check->findings, "cgroup-pids-max", &Finding::cause), 3);
}

TEST(HostCauses, CgroupsAtTheirMemoryHigh) {
  const auto of = [](const std::string& path, int current, int events, const char* full) {
    const std::string folder = "== /sys/fs/cgroup" + path;
    const auto check = cases::check_host(
        cgroup2 + folder + "/memory.current\n" + std::to_string(current) + "\n" + folder +
        "/memory.high\n104857600\n" + folder + "/memory.max\nmax\n" + folder +
        "/memory.events\nhigh " + std::to_string(events) + "\n" + folder +
        "/memory.pressure\nsome avg10=1.00 avg60=50.00 avg300=1.00 total=1\nfull avg10=1.00 "
        "avg60=" +
        full + " avg300=1.00 total=1\n");
    const auto found = std::ranges::find(check->findings, "cgroup-throttled", &Finding::cause);
    if (found == check->findings.end()) {
      return std::string("-");
    }
    return std::string(name(found->role)) +
           (found->remedies.empty() ? "" : ": " + found->remedies[0].commands[0].text());
  };
  EXPECT_EQ(of("/a.service", 104000000, 5, "40.00"),
            "root: systemctl show -p MemoryHigh -- a.service");
  EXPECT_EQ(of("/jail", 104000000, 5, "40.00"), "root: cat /sys/fs/cgroup/jail/memory.stat");
  EXPECT_EQ(of("/jail", 104000000, 0, "40.00"), "ruled-out");
  EXPECT_EQ(of("/jail", 104000000, 5, "0.10"), "ruled-out");
  EXPECT_EQ(of("/jail", 10400000, 5, "40.00"), "ruled-out");
  EXPECT_EQ(of("/jail", 99614720, 1, "10.00").substr(0, 4), "root");
  EXPECT_EQ(of("/jail", 99614719, 1, "10.00"), "ruled-out");
}

// The host of the documents: DMA32 keeps 121874 pages as min and 182810 as high, DMA 1920 and 2880
// with a reserve of 952: 487 MiB, and 729 MiB.
class HostOfTheDocuments : public testing::Test {
 protected:
  std::string said(std::string_view cause) {
    return said_of(*check(host::read_facts(files_)), cause);
  }
  host::MemoryFiles files_ = host::test::example_host();
};

TEST_F(HostOfTheDocuments, WhereTheKubeletEvicts) {
  const auto evicts = [this](const std::string& lines) {
    files_.add("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n" + lines);
    return said("eviction-below-watermark");
  };
  EXPECT_EQ(said("eviction-below-watermark"), "-");
  EXPECT_EQ(evicts(""),
            "risk: The kubelet evicts pods below 100 MiB available (100Mi, the kubelet's default), "
            "but the kernel keeps 487 MiB free from ordinary requests (min and reserve of all "
            "zones): it kills before the kubelet sees a shortage. | Set evictionHard "
            "memory.available to 830Mi or more");
  EXPECT_EQ(evicts("evictionHard:\n  memory.available: 600Mi\n"),
            "risk: The kubelet evicts pods below 600 MiB available (600Mi), and the kernel "
            "reclaims until 729 MiB are free (high marks and reserves) and kills at 487 MiB: the "
            "kubelet has little room to act first. | Set evictionHard memory.available to 830Mi or "
            "more");
  // 990352 kB: 60 % are 580 MiB, 80 % are 774 MiB.
  EXPECT_EQ(evicts("evictionHard:\n  memory.available: 60%\n").substr(0, 55),
            "risk: The kubelet evicts pods below 580 MiB available (");
  EXPECT_EQ(evicts("evictionHard:\n  memory.available: 80%\n"),
            "ruled-out: the kubelet evicts below 774 MiB, the kernel reclaims until 729 MiB are "
            "free");
  // The soft one acts first where it is the higher.
  EXPECT_EQ(evicts("evictionHard:\n  memory.available: 600Mi\nevictionSoft:\n  "
                   "memory.available: 800Mi\n")
                .substr(0, 43),
            "ruled-out: the kubelet evicts below 800 MiB");
  EXPECT_EQ(evicts("evictionHard:\n  memory.available: 800Mi\nevictionSoft:\n  "
                   "memory.available: 600Mi\n")
                .substr(0, 43),
            "ruled-out: the kubelet evicts below 800 MiB");
}

TEST_F(HostOfTheDocuments, WhoSetsMinFree) {
  const auto title = [this] {
    const std::string all = said("min-free-too-high");
    return all.substr(std::min(all.find(" | "), all.size()));
  };
  EXPECT_EQ(title(),
            " | Give the memory back for good (/etc/sysctl.d/zz-database.conf:3 sets it to 495176) "
            "vm.min_free_kbytes=45056");
  files_.remove("/etc/sysctl.d/zz-database.conf");
  files_.remove("/etc/sysctl.d/99-sysctl.conf");
  // The boot does not read it, `sysctl --system` does.
  EXPECT_EQ(title(),
            " | Give the memory back for good (/etc/sysctl.conf:5 sets it to 495176) "
            "vm.min_free_kbytes=45056");
  files_.remove("/etc/sysctl.conf");
  EXPECT_EQ(title(),
            " | Give the memory back, and find the program that sets it: no file does "
            "vm.min_free_kbytes=45056");
  files_.add("/etc/rc.local", "sysctl -w vm.min_free_kbytes=495176\n");
  EXPECT_EQ(title(),
            " | Give the memory back, and change /etc/rc.local:1, where rc.local sets it "
            "vm.min_free_kbytes=45056");
}

TEST_F(HostOfTheDocuments, WhatTheNextBootMakesOfMinFree) {
  const auto line = [this](const std::string& value) {
    files_.add("/etc/sysctl.d/zz-database.conf", "vm.min_free_kbytes = " + value + "\n");
    return said("min-free-drift");
  };
  EXPECT_EQ(line("495176"),
            "ruled-out: vm.min_free_kbytes is 495176 kB, as the next boot makes it");
  // Half of RAM is not worth keeping.
  EXPECT_EQ(line("8192"),
            "risk: vm.min_free_kbytes is 495176 kB now, and the next boot sets 8192 kB.");
  EXPECT_EQ(line("0x2000"),
            "risk: vm.min_free_kbytes is 495176 kB now, and the next boot sets 8192 kB.");
  for (const char* file :
       {"/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/zz-database.conf"}) {
    files_.remove(file);
  }
  // Whether the kernel raises it for huge pages is not in the files.
  EXPECT_EQ(said("min-free-drift"), "-");
  files_.add("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  files_.add("/etc/rc.local", "sysctl -w vm.min_free_kbytes=495176\n");
  EXPECT_EQ(said("min-free-drift"),
            "risk: vm.min_free_kbytes is 495176 kB now. No sysctl file sets it, so the next boot "
            "leaves the kernel's own choice of about 45056 kB, unless a program sets it again.");
}

}  // namespace
}  // namespace whyoom::diagnose
