// What holds for the causes of a host together.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/case_file.h"
#include "diagnose/host_check.h"
#include "diagnose/host_users.h"
#include "host/tree_for_test.h"

namespace whyoom::diagnose {
namespace {

std::string tasks(std::uint64_t used, std::uint64_t limit) {
  return "== /proc/sys/kernel/pid_max\n" + std::to_string(limit) +
         "\n== /proc/loadavg\n0.10 0.10 0.10 1/" + std::to_string(used) + " 4242\n";
}

TEST(HostRules, ALimitOnTasksIsSaidOnceAtMost) {
  for (std::uint64_t used = 1; used <= 1000; ++used) {
    const auto host = cases::check_host(tasks(used, 1000));
    const std::string near = cases::role_of(host->findings, "threads-near-limit");
    const std::string own = cases::role_of(host->findings, "pid-max");
    EXPECT_EQ(near, used >= 800 && used < 950 ? "risk" : "refused") << used;
    EXPECT_EQ(own, used >= 950 ? "root" : "refused") << used;
  }
}

TEST(HostRules, TheErrorIsThatOfTheKernel) {
  for (const auto& [release, error] : {std::pair("3.10.0-1160.el7.x86_64", "ENOMEM"),
                                       std::pair("6.12.41-cloud-amd64", "EAGAIN")}) {
    const auto host =
        cases::check_host(tasks(1000, 1000) + "== /proc/sys/kernel/osrelease\n" + release + "\n");
    ASSERT_EQ(cases::role_of(host->findings, "pid-max"), "root");
    EXPECT_NE(cases::describe(host->findings).find(error), std::string::npos) << release;
  }
}

std::string replaced_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(HostRules, OfSeveralProcessesTheFullestIsNamed) {
  const std::string log =
      cases::load_case(cases::causes_folder() / "rlimit-as" / "positive.case").log;
  const std::string app = log.substr(log.find("== /proc/700/stat"));
  for (const char* pid : {"699", "701"}) {  // read before it, and behind it
    const std::string small = replaced_all(replaced_all(app, "700", pid), "4190000", "90000");
    const std::string said = cases::describe(cases::check_host(log + small)->findings);
    EXPECT_NE(said.find("root rlimit-as: app (pid 700) has mapped 4 GiB"), std::string::npos)
        << said;
  }
}

// "nproc (soft) for @users ... at /etc/security/limits.conf:1" of the finding about this cause.
std::string places_of(const std::string& name, std::string_view cause) {
  const auto host = cases::check_host(cases::load_case(cases::causes_folder() / name).log);
  std::string text;
  for (const Finding& finding : host->findings) {
    for (const Proof& part : finding.proof) {
      if (finding.cause == cause) {
        text += part.what.str() + " at " + host->sources().name(part.at.source) + ":" +
                std::to_string(part.at.line) + "\n";
      }
    }
  }
  return text;
}

TEST(HostRules, TheLineThatGaveALimitIsNamed) {
  const auto has = [](const std::string& text, std::string_view what) {
    EXPECT_NE(text.find(what), std::string::npos) << what << "\nnot in\n" << text;
  };
  has(places_of("rlimit-nproc/positive.case", "rlimit-nproc"),
      "for app, from the next login on at /etc/security/limits.d/90-app.conf:3\n");
  has(places_of("rlimit-nproc/positive-group.case", "rlimit-nproc"),
      "for @users, from the next login on at /etc/security/limits.conf:1\n");
  has(places_of("cgroup-pids-max/positive-unit.case", "cgroup-pids-max"),
      "TasksMax in the configuration (64) at /etc/systemd/system/one.service:3\n");
  has(places_of("hugetlb-pool/positive.case", "hugetlb-pool"),
      "vm.nr_hugepages asked for at /etc/sysctl.d/60-db.conf:1\n");
  has(places_of("zfs-arc/positive-host.case", "zfs-arc"),
      "the cache of ZFS (ARC) at /proc/spl/kstat/zfs/arcstats:7\n");
}

// Real kernels before and after somebody raised vm.min_free_kbytes.
TEST(HostRules, AnUntouchedMachineHasNoFindingAndARaisedSettingHas) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  std::size_t healthy = 0;
  std::size_t raised = 0;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    for (const char* when : {"before", "after"}) {
      const auto top = entry.path() / when;
      if (!std::filesystem::is_directory(top)) {
        continue;
      }
      host::MemoryFiles files = host::test::files_of(top);
      const auto host = check(host::read_facts(files));
      if (std::string_view(when) == "before") {
        ++healthy;
        for (const Finding& finding : host->findings) {
          EXPECT_EQ(finding.role, Role::ruled_out) << top << ": " << finding.summary.str();
        }
      } else if (entry.path().filename().string().find("minfree") != std::string::npos) {
        ++raised;
        EXPECT_NE(cases::role_of(host->findings, "min-free-too-high"), "refused") << top;
      }
    }
  }
  EXPECT_GT(healthy, 0U);
  EXPECT_GT(raised, 0U);
}

TEST(HostRules, OfThrottledCgroupsThreeAndNoOthers) {
  const auto count = [](int throttled, int others) {
    std::string groups =
        "== /proc/self/mountinfo\n29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        "== /sys/fs/cgroup/cgroup.controllers\nmemory pids\n";
    for (int i = 0; i < throttled + others; ++i) {
      const std::string folder = "== /sys/fs/cgroup/" + std::string(1, static_cast<char>('a' + i));
      groups += folder + "/memory.current\n100\n" + folder + "/memory.high\n100\n" + folder +
                "/memory.events\nhigh " + (i < throttled ? "1" : "0") + "\n" + folder +
                "/memory.pressure\nfull avg10=1.00 avg60=50.00 avg300=1.00 total=1\n";
    }
    return std::ranges::count(cases::check_host(groups)->findings, "cgroup-throttled",
                              &Finding::cause);
  };
  EXPECT_EQ(count(1, 1), 1);
  EXPECT_EQ(count(3, 0), 3);
  EXPECT_EQ(count(4, 0), 3);
}

// What keeps the report of an OOM.
TEST(HostRules, WhereTheLastWordsAreKept) {
  const auto of = [](const std::string& files) {
    const auto host = cases::check_host(files);
    const auto found = std::ranges::find(host->findings, "no-evidence-kept", &Finding::cause);
    return found == host->findings.end()
               ? "-"
               : std::string(name(found->role)) + ": " +
                     found->summary.str().substr(0, found->summary.str().find(' '));
  };
  const std::string panics = std::string("== /proc/sys/vm/panic_on_oom\n1\n");
  const std::string pstore = "== /sys/module/pstore/parameters/backend\n";
  const std::string none = pstore + "(null)\n";
  const auto kdump = [](int loaded) {
    return "== /sys/kernel/kexec_crash_loaded\n" + std::to_string(loaded) + "\n";
  };
  EXPECT_EQ(of(panics + none + kdump(0)), "risk: An");
  EXPECT_EQ(of(panics + none + kdump(1)), "ruled-out: a");
  EXPECT_EQ(of(panics + pstore + "efi_pstore\n" + kdump(0)), "ruled-out: pstore");
  EXPECT_EQ(of(panics + none), "-") << "a crash kernel may be loaded";
  EXPECT_EQ(of(panics + kdump(0)), "-");
  EXPECT_EQ(of(panics + none + "== /proc/cmdline\nquiet\n"), "risk: An");
  EXPECT_EQ(of(panics + none + "== /proc/cmdline\ncrashkernel=256M\n"), "-");
  EXPECT_EQ(of(std::string("== /proc/sys/vm/panic_on_oom\n0\n") + none + kdump(0)), "-");
}

TEST(HostRules, MoreMappingsAreTwiceOrWhatOthersAskFor) {
  const auto wanted = [](std::uint64_t limit) {
    std::string log =
        cases::load_case(cases::causes_folder() / "max-map-count" / "positive.case").log;
    host::MemoryFiles files = cases::host_files(log);
    auto facts = host::read_facts(files);
    facts.host.settings.max_map_count->value = static_cast<std::int64_t>(limit);
    facts.host.processes.maps.front().count = limit;
    const auto check = diagnose::check(std::move(facts));
    const auto found = std::ranges::find(check->findings, "max-map-count", &Finding::cause);
    return found == check->findings.end() ? 0 : found->remedies.at(0).setting->value;
  };
  EXPECT_EQ(wanted(65'530), 262'144);
  EXPECT_EQ(wanted(131'071), 262'144);
  EXPECT_EQ(wanted(131'072), 262'144);
  EXPECT_EQ(wanted(200'000), 400'000);
}

TEST(HostRules, OfAProcessItsOwnMemoryIsAnonymousAndShared) {
  host::Process process;
  process.rss = KiB(1000);
  EXPECT_EQ(own_memory(process), to_bytes(KiB(1000)));
  process.rss_anon = KiB(300);
  EXPECT_EQ(own_memory(process), to_bytes(KiB(300)));
  process.rss_shmem = KiB(70);
  EXPECT_EQ(own_memory(process), to_bytes(KiB(370)));
}

TEST(HostRules, APoolThatNobodyAskedForIsNotTooSmall) {
  const auto role = [](int total, int free, const std::string& more) {
    const std::string number = std::to_string(total);
    const auto host =
        cases::check_host("== /proc/meminfo\nMemTotal: 1000000 kB\nHugePages_Total: " + number +
                          "\nHugePages_Free: " + std::to_string(free) +
                          "\nHugePages_Rsvd: 0\nHugePages_Surp: 0\nHugepagesize: 2048 kB\n"
                          "== /proc/vmstat\nhtlb_buddy_alloc_fail 5\n" +
                          more);
    const auto found = std::ranges::find(host->findings, "hugetlb-pool", &Finding::cause);
    return found == host->findings.end() ? "-" : name(found->role);
  };
  const std::string one = "== /etc/sysctl.conf\nvm.nr_hugepages = 1\n";
  EXPECT_EQ(role(0, 0, ""), "-");
  EXPECT_EQ(role(0, 0, one), "root");
  EXPECT_EQ(role(1, 0, one), "ruled-out");
  EXPECT_EQ(role(1, 1, "== /etc/sysctl.conf\nvm.nr_hugepages = 2\n"), "risk");
}

TEST(HostRules, AFileReplacesThePagesOfTheDefaultSizeAlone) {
  const auto proof = [](const std::string& words, const std::string& file) {
    const auto host =
        cases::check_host("== /proc/cmdline\nro " + words +
                          "\n== /proc/meminfo\nMemTotal: 1965360 kB\nMemAvailable: 1502000 kB\n"
                          "Hugepagesize: 2048 kB\n" +
                          file);
    const auto found = std::ranges::find(host->findings, "hugepages-next-boot", &Finding::cause);
    return found->proof.front().value / (1U << 20U);
  };
  const std::string file = "== /etc/sysctl.conf\nvm.nr_hugepages = 7\n";
  EXPECT_EQ(proof("hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=50", ""), 1024 + 100);
  EXPECT_EQ(proof("hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=50", file), 1024 + 14);
  EXPECT_EQ(proof("hugepages=3 hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=5", file),
            1024 + 14);
  EXPECT_EQ(proof("hugepages=18446744073709551615", file), 14) << "no number wraps";
}

TEST(HostRules, NumbersOfCgroupsDoNotWrap) {
  const auto host = cases::check_host(
      "== /proc/self/mountinfo\n29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
      "== /sys/fs/cgroup/cgroup.controllers\nmemory pids\n== /sys/fs/cgroup/cgroup.stat\n"
      "nr_descendants 412\nnr_dying_descendants 18446744073709551615\n");
  EXPECT_EQ(cases::role_of(host->findings, "cgroup-ids-exhausted"), "root");
  const auto found = std::ranges::find(host->findings, "cgroup-ids-exhausted", &Finding::cause);
  EXPECT_DOUBLE_EQ(found->proof.front().value, 412 + 9223372036854775807.0);
}

}  // namespace
}  // namespace whyoom::diagnose
