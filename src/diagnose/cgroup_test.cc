#include "diagnose/cgroup.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "diagnose/case_file.h"
#include "diagnose/claim.h"
#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using Level = CgroupUse::Level;
using report::Kind;

constexpr std::uint64_t unlimited_kib = 9007199254740988;
constexpr std::uint64_t mib = 1024 * 1024;

report::MemcgCounter counter(std::uint64_t usage_kib, std::uint64_t limit_kib) {
  report::MemcgCounter result;
  result.usage_kib = Read<std::uint64_t>{usage_kib, {0, 7}};
  result.limit_kib = Read<std::uint64_t>{limit_kib, {0, 7}};
  return result;
}

report::Report oom(std::uint64_t usage_kib, std::uint64_t limit_kib) {
  report::Report report;
  report.kind = Kind::memcg_oom_kill;
  report.memcg.emplace();
  report.memcg->memory = counter(usage_kib, limit_kib);
  report.memcg->hierarchical = true;
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::memcg;
  report.constraint->oom_memcg = "/a";
  report.constraint->task_memcg = "/a";
  return report;
}

void add_stat(report::Report& report, std::string name, std::uint64_t value) {
  report.memcg->stats.push_back({std::move(name), value, true, {0, 8}});
}

std::optional<CgroupUse> use_of(const report::Report& report) {
  const memory::Evidence evidence = memory::from_report(report);
  const StoryContext story;
  return cgroup_use({evidence, report, story});
}

TEST(CgroupUse, IsOfCgroupsOnly) {
  EXPECT_TRUE(use_of(oom(1024, 1024)));
  report::Report report = oom(1024, 1024);
  report.constraint->kind = report::ConstraintKind::none;
  report.kind = Kind::oom_kill;
  EXPECT_FALSE(use_of(report));
  report = oom(1024, 1024);
  report.memcg->memory.limit_kib.reset();
  EXPECT_FALSE(use_of(report));
  report = oom(1024, 1024);
  report.memcg.reset();
  EXPECT_FALSE(use_of(report));
}

TEST(CgroupUse, IsAtItsLimitToABatchOrThreePercent) {
  EXPECT_TRUE(use_of(oom(524288, 524288))->at_limit());
  EXPECT_TRUE(use_of(oom(524288 - 256, 524288))->at_limit());
  EXPECT_TRUE(use_of(oom(512000, 524288))->at_limit());   // 97.7 %
  EXPECT_FALSE(use_of(oom(500000, 524288))->at_limit());  // 95 %
  EXPECT_TRUE(use_of(oom(100, 132))->at_limit());         // a limit below one batch
  EXPECT_FALSE(use_of(oom(1000, 100000))->at_limit());
}

TEST(CgroupUse, KnowsHowKernelsWriteNoLimit) {
  for (const std::uint64_t none : {unlimited_kib, unlimited_kib + 3, std::uint64_t{8589934588}}) {
    report::Report report = oom(524288, none);
    EXPECT_FALSE(use_of(report)) << none << ": there is no limit to reach";
    report.memcg->memsw = report.memcg->memory;
    report.memcg->memsw.limit_kib->value = 524288;
    const auto use = use_of(report);
    ASSERT_TRUE(use);
    EXPECT_FALSE(use->memory->limit) << none;
    EXPECT_TRUE(use->memsw->limit) << none;
  }
}

TEST(CgroupUse, TellsWhoseLimitItIs) {
  const auto level = [](const char* limit, const char* task) {
    report::Report report = oom(1024, 1024);
    report.constraint->oom_memcg = limit;
    report.constraint->task_memcg = task;
    return use_of(report)->level;
  };
  EXPECT_EQ(level("/a", "/a"), Level::own);
  EXPECT_EQ(level("/a", "/a/b"), Level::ancestor);
  EXPECT_EQ(level("/a", "/a/b/c"), Level::ancestor);
  EXPECT_EQ(level("/", "/a"), Level::ancestor);
  EXPECT_EQ(level("/a", "/ab"), Level::unknown) << "a name that begins alike is no child";
  EXPECT_EQ(level("/a", ""), Level::unknown);
  EXPECT_EQ(level("", "/a"), Level::unknown);
}

TEST(CgroupUse, TakesThePathsOfOldKernels) {
  report::Report report = oom(1024, 1024);
  report.constraint.reset();
  report.memcg->limit_path = "/docker";
  report.memcg->task_path = "/docker/x";
  const auto use = use_of(report);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->limit_path, "/docker");
  EXPECT_EQ(use->level, Level::ancestor);
}

TEST(CgroupUse, WithoutAVictimIsItsOwn) {
  report::Report report = oom(1024, 1024);
  report.constraint->task_memcg.clear();
  report.no_killable_at = Place{0, 9};
  EXPECT_EQ(use_of(report)->level, Level::own);
}

TEST(CgroupUse, MakesPathsFitForATerminal) {
  report::Report report = oom(1024, 1024);
  report.constraint->oom_memcg = "/a\x1b[2J";
  EXPECT_EQ(use_of(report)->limit_path, "/a\\x1b[2J");
}

TEST(Filling, OfV2LeavesSharedMemoryOutOfFile) {
  report::Report report = oom(102400, 102400);
  add_stat(report, "anon", 20 * mib);
  add_stat(report, "file", 70 * mib);
  add_stat(report, "shmem", 60 * mib);
  add_stat(report, "slab", 2 * mib);
  add_stat(report, "sock", 0);
  const auto use = use_of(report);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->anon->value, Bytes(20 * mib));
  EXPECT_EQ(use->file->value, Bytes(10 * mib));
  EXPECT_EQ(use->shmem->value, Bytes(60 * mib));
  EXPECT_TRUE(use->filled_by_shmem());
  EXPECT_EQ(
      filling(*use),
      "20 MiB of anonymous memory, 60 MiB of shared memory, 10 MiB of page cache, 2 MiB of slab");
}

TEST(Filling, OfV1AddsUpTheCgroupsBelow) {
  report::Report report = oom(102400, 102400);
  report.memcg->hierarchical = false;
  add_stat(report, "cache", 1 * mib);
  add_stat(report, "rss", 2 * mib);
  report.memcg->children = {
      {"rss", 40 * mib, true, {}}, {"cache", 5 * mib, true, {}}, {"rss", 30 * mib, true, {}}};
  const auto use = use_of(report);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->anon->value, Bytes(72 * mib));
  EXPECT_EQ(use->file->value, Bytes(6 * mib));
  EXPECT_FALSE(use->shmem);
}

TEST(Filling, OfV1TakesTheTotalsOf65) {
  report::Report report = oom(102400, 102400);
  add_stat(report, "cache", 0);
  add_stat(report, "rss", 0);
  add_stat(report, "total_cache", 30 * mib);
  add_stat(report, "total_rss", 60 * mib);
  add_stat(report, "total_shmem", 25 * mib);
  const auto use = use_of(report);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->anon->value, Bytes(60 * mib));
  EXPECT_EQ(use->file->value, Bytes(5 * mib));
  EXPECT_EQ(use->shmem->value, Bytes(25 * mib));
}

TEST(Filling, OfOldV1FindsSharedMemoryOnTheAnonLists) {
  report::Report report = oom(102400, 102400);
  report.memcg->hierarchical = false;
  add_stat(report, "cache", 80 * mib);
  add_stat(report, "rss", 10 * mib);
  add_stat(report, "inactive_anon", 40 * mib);
  add_stat(report, "active_anon", 45 * mib);
  const auto use = use_of(report);
  ASSERT_TRUE(use);
  EXPECT_EQ(use->shmem->value, Bytes(75 * mib));
  EXPECT_EQ(use->file->value, Bytes(5 * mib));
  EXPECT_TRUE(use->filled_by_shmem());
}

TEST(Filling, IsKnownByAllCountersOrByTheBiggerHalf) {
  report::Report report = oom(102400, 102400);
  EXPECT_FALSE(use_of(report)->filling_known());
  add_stat(report, "anon", 10 * mib);
  EXPECT_FALSE(use_of(report)->filling_known());
  add_stat(report, "shmem", 10 * mib);
  EXPECT_FALSE(use_of(report)->filling_known()) << "page cache can be the rest";
  add_stat(report, "file", 70 * mib);
  EXPECT_TRUE(use_of(report)->filling_known());

  report.memcg->stats.clear();
  add_stat(report, "anon", 50 * mib);
  EXPECT_TRUE(use_of(report)->filling_known());
  report.memcg->stats.clear();
  add_stat(report, "shmem", 51 * mib);
  EXPECT_TRUE(use_of(report)->filling_known());
  report.memcg->stats.clear();
  add_stat(report, "shmem", 49 * mib);
  EXPECT_FALSE(use_of(report)->filling_known());
}

TEST(Filling, IsNotPrintedBy2632) {
  report::Report report = oom(102400, 102400);
  memory::testing_only::set_release(report, "2.6.32-754.el6.x86_64");
  EXPECT_TRUE(use_of(report)->filling_known());
  memory::testing_only::set_release(report, "3.10.0-1160.el7.x86_64");
  EXPECT_FALSE(use_of(report)->filling_known());
}

TEST(SwapDecides, WhenOnlyTheSumIsAtItsLimit) {
  report::Report report = oom(498112, 524288);
  report.memcg->memsw = counter(786432, 786432);
  EXPECT_TRUE(use_of(report)->swap_decides());
  EXPECT_TRUE(use_of(report)->at_limit());
  report.memcg->memory = counter(524288, 524288);
  EXPECT_FALSE(use_of(report)->swap_decides());
  report.memcg->memory = counter(498112, 524288);
  report.memcg->memsw = counter(786432, unlimited_kib);
  EXPECT_FALSE(use_of(report)->swap_decides());
  EXPECT_FALSE(use_of(report)->at_limit());
}

// A kill line alone. The kubelet's numbers say that it was in a pod, which has a limit as well.
TEST(Cgroup, OfAPodTheLimitMayBeThePodsOwn) {
  const auto verdict = [](const std::string& adj) {
    const auto events = cases::explain_log(
        "[ 9.0] Memory cgroup out of memory: Killed process 71 (w) total-vm:391020kB, "
        "anon-rss:250112kB, file-rss:904kB, shmem-rss:0kB, UID:5 pgtables:180kB oom_score_adj:" +
        adj + "\n");
    return events.at(0)->verdict;
  };
  EXPECT_EQ(verdict("0"), Verdict::likely);
  EXPECT_EQ(verdict("100"), Verdict::likely);
  for (const char* adj : {"1000", "968", "-997"}) {
    EXPECT_EQ(verdict(adj), Verdict::undetermined) << adj;
  }
}

TEST(RaiseLimit, SpeaksOfWhatManagesTheCgroup) {
  const auto remedy = [](const char* path) {
    CgroupUse use;
    use.limit_path = use.raw_limit_path = path;
    return raise_limit(use);
  };
  EXPECT_NE(remedy("/kubepods.slice/kubepods-pod1.slice/cri-x.scope").title.str().find("resources"),
            std::string::npos);
  for (const char* all : {"/kubepods", "/kubepods.slice", "/kubepods/burstable",
                          "/kubepods.slice/kubepods-besteffort.slice"}) {
    EXPECT_TRUE(remedy(all).title.str().starts_with("Limit the pods")) << all;
  }
  EXPECT_EQ(remedy("/system.slice/a.service").title.str(),
            "Raise the limit of a.service, or use less in it");
  EXPECT_EQ(remedy("/system.slice/a.service").commands.size(), 2U);
  EXPECT_EQ(remedy("UB 1234").title.str(),
            "Raise the memory of the OpenVZ container 1234, or use less in it");
  EXPECT_EQ(remedy("UB 1234").commands[0].text(), "sudo vzctl set 1234 --ram <bytes> --save");
  EXPECT_TRUE(remedy("UB x;y").commands.empty());
  EXPECT_NE(remedy("/app").title.str().find("/app"), std::string::npos);
  EXPECT_TRUE(remedy("/app").commands.empty());
  EXPECT_NE(remedy("").title.str().find("the cgroup"), std::string::npos);
}

Remedy remedy_of(std::string_view path) {
  CgroupUse use;
  use.limit_path = printable(path);
  use.raw_limit_path = path;
  return raise_limit(use);
}

// A command for this host's systemd has no name that a user or a container chose.
TEST(RaiseLimit, GivesNoCommandForAUnitOfAnother) {
  const std::string podman = "/user.slice/user-7.slice/user@7.service/user.slice/libpod-" +
                             std::string(64, 'a') + ".scope";
  EXPECT_FALSE(remedy_of(podman).commands.empty());
  for (const std::string& path :
       {podman + "/system.slice/sshd.service", std::string("/system.slice/a.service/sshd.service"),
        std::string("/lxc/web/system.slice/sshd.service"),
        std::string("/lxc/web/user@0.service/sshd.service")}) {
    EXPECT_TRUE(remedy_of(path).commands.empty()) << path;
    EXPECT_NE(remedy_of(path).title.str().find(path), std::string::npos) << path;
  }
  EXPECT_FALSE(remedy_of("/system.slice/sshd.service").commands.empty());
  // Of a container in a container the runtime here knows the outer one alone.
  const std::string outer = "/docker/" + std::string(64, 'a');
  const auto commands = [](const std::string& path) {
    CgroupUse use;
    use.limit_path = use.raw_limit_path = path;
    use.owner = memory::cgroup_owner(path);
    return raise_limit(use).commands.size();
  };
  EXPECT_EQ(commands(outer), 1U);
  EXPECT_EQ(commands(outer + "/docker/" + std::string(64, 'b')), 0U);
}

TEST(RaiseLimit, GivesTheNameToAShellAsOneWord) {
  const Remedy remedy = remedy_of("/app.slice/x';touch PWNED;'.scope");
  ASSERT_EQ(remedy.commands.size(), 2U);
  EXPECT_EQ(remedy.commands[0].text(),
            R"(systemctl show -p MemoryMax -- 'x'\'';touch PWNED;'\''.scope')");
  EXPECT_EQ(remedy.commands[0].argv(),
            (std::vector<std::string>{"systemctl", "show", "-p", "MemoryMax", "--",
                                      "x';touch PWNED;'.scope"}));
  EXPECT_EQ(remedy.commands[1].text(),
            R"(sudo systemctl set-property -- 'x'\'';touch PWNED;'\''.scope' MemoryMax=<bytes>)");
}

TEST(RaiseLimit, KeepsTheEscapesOfAUnit) {
  EXPECT_EQ(remedy_of(R"(/system.slice/system-a\x2db.slice)").commands[0].text(),
            R"(systemctl show -p MemoryMax -- 'system-a\x2db.slice')");
  EXPECT_EQ(remedy_of(R"(/caf\xc3\xa9#1.service)").commands[0].text(),
            R"(systemctl show -p MemoryMax -- 'caf\xc3\xa9#1.service')");
}

TEST(RaiseLimit, AsksTheManagerWhoseUnitItIs) {
  const Remedy remedy =
      remedy_of("/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service");
  ASSERT_EQ(remedy.commands.size(), 2U);
  EXPECT_EQ(remedy.commands[0].text(),
            "sudo systemctl --user -M 1000@.host show -p MemoryMax -- syncthing.service");
  EXPECT_EQ(remedy.commands[1].text(),
            "sudo systemctl --user -M 1000@.host set-property -- syncthing.service "
            "MemoryMax=<bytes>");
  // The manager itself is a unit of the system's.
  EXPECT_EQ(remedy_of("/user.slice/user-1000.slice/user@1000.service").commands[0].text(),
            "systemctl show -p MemoryMax -- user@1000.service");
}

// The name as it is shown is that of another cgroup.
TEST(RaiseLimit, SaysHowToFindANameThatCannotBeSeen) {
  for (const char* path :
       {"/a\x1b.scope", "/a\xe2\x80\xae.scope", "/a\xe2\x80\x8b.scope", "/\xff.scope",
        "/a\\x1b[31m.scope", "/a\\xe2\\x80\\xae.scope", "/a\\xff.scope", "/a#033[31m.scope"}) {
    const Remedy remedy = remedy_of(path);
    EXPECT_NE(remedy.title.str().find("No command can have this name"), std::string::npos);
    ASSERT_EQ(remedy.commands.size(), 2U);
    EXPECT_TRUE(remedy.commands[0].text().starts_with("LC_ALL=C find /sys/fs/cgroup "));
    EXPECT_EQ(remedy.commands[1].text(), "find /sys/fs/cgroup -inum <number>");
  }
}

TEST(RaiseLimit, IsShortForAVeryLongName) {
  const Remedy remedy = remedy_of("/" + std::string(100000, 'a') + ".scope");
  EXPECT_LT(remedy.title.str().size(), 500U);
  ASSERT_FALSE(remedy.commands.empty());
  EXPECT_LT(remedy.commands[0].text().size(), 300U);
  EXPECT_LT(remedy_of("/" + std::string(100000, 'a')).title.str().size(), 500U);
}

}  // namespace
}  // namespace whyoom::diagnose
