#include "advise/plan.h"

#include <gtest/gtest.h>

#include "host/read_host.h"
#include "host/tree_for_test.h"

namespace whyoom::advise {
namespace {

// The guest of the documents with half of its RAM kept free, and no sysctl file: those have tests
// of their own.
class PlanOfAGuest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* file :
         {"/etc/sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/zz-database.conf"}) {
      files_.remove(file);
    }
    read();
  }

  void read() {
    host_ = host::read_host(files_);
    state_ = memory::state_of(host_);
  }

  // An empty pool of huge pages, and nothing to spare in the zone that they do not come from.
  void add_pool() {
    host::test::add_empty_pool(files_);
    read();
  }

  tl::expected<Plan, Message> plan(std::string_view assignment, bool set_running = true,
                                   const CheckAfter& check = nullptr) {
    return plan_of({assignment}, set_running, check);
  }

  tl::expected<Plan, Message> plan_of(const std::vector<std::string_view>& assignments,
                                      bool set_running = true, const CheckAfter& check = nullptr) {
    std::vector<Wanted> all;
    for (const std::string_view assignment : assignments) {
      const auto wanted = parse_wanted(assignment, state_.machine);
      EXPECT_TRUE(wanted) << assignment;
      all.push_back(*wanted);
    }
    return make_plan(files_, state_, all, check, set_running);
  }

  host::MemoryFiles files_ = host::test::example_host();
  host::Host host_;
  memory::HostState state_;
};

TEST_F(PlanOfAGuest, GivesTheMemoryBack) {
  const auto result = plan("vm.min_free_kbytes=default");
  ASSERT_TRUE(result) << result.error().str();
  ASSERT_EQ(result->change.running.size(), 1U);
  EXPECT_EQ(result->change.running[0].after, "45056");
  EXPECT_EQ(result->change.running[0].key.file(), "/proc/sys/vm/min_free_kbytes");
  EXPECT_FALSE(result->raises_min_free);
  EXPECT_TRUE(result->refusal.empty());
  ASSERT_TRUE(result->what_if);
  EXPECT_GT(result->what_if->out_of_reach_before, result->what_if->out_of_reach_after * 10);
  ASSERT_EQ(result->change.files.size(), 1U);
  EXPECT_EQ(result->change.files[0].before, std::nullopt);
}

TEST_F(PlanOfAGuest, RefusesAValueThatKillsAtOnceAndTakesOneBelowIt) {
  ASSERT_TRUE(state_.kills_from);
  const std::uint64_t kills = state_.kills_from->value.count();
  const auto at = plan("vm.min_free_kbytes=" + std::to_string(kills));
  ASSERT_TRUE(at);
  EXPECT_NE(at->refusal.str().find("would make the kernel kill"), std::string::npos);
  const auto below = plan("vm.min_free_kbytes=" + std::to_string(kills - 1));
  ASSERT_TRUE(below);
  EXPECT_TRUE(below->refusal.empty()) << below->refusal.str();
  ASSERT_FALSE(below->risks.empty());
  EXPECT_NE(below->risks.back().str().find("that is near"), std::string::npos);
}

// A machine that kills at each boot cannot be fixed from within.
TEST_F(PlanOfAGuest, RefusesSuchAValueForTheNextBootToo) {
  ASSERT_TRUE(state_.kills_from);
  const auto result =
      plan("vm.min_free_kbytes=" + std::to_string(state_.kills_from->value.count()), false);
  ASSERT_TRUE(result);
  EXPECT_NE(result->refusal.str().find("would make the kernel kill"), std::string::npos);
}

TEST_F(PlanOfAGuest, ChecksWhatItRefusesToo) {
  ASSERT_TRUE(state_.kills_from);
  const auto check = [](const std::vector<PlannedSetting>&) {
    return std::vector<Message>{Message("as a check says")};
  };
  const auto result =
      plan("vm.min_free_kbytes=" + std::to_string(state_.kills_from->value.count()), true, check);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->risks.size(), 1U);
}

TEST_F(PlanOfAGuest, SaysHowMuchAPoolOfHugePagesLeaves) {
  add_pool();
  const auto result = plan("vm.nr_hugepages=5000");
  ASSERT_TRUE(result) << result.error().str();
  EXPECT_NE(result->refusal.str().find(
                " within its reach 0 bytes would be left, and the kernel would kill at once"),
            std::string::npos)
      << result->refusal.str();
}

TEST_F(PlanOfAGuest, LeavesTheRunningValueWhenAskedTo) {
  const auto result = plan("vm.min_free_kbytes=default", false);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->change.running.empty());
  EXPECT_EQ(result->change.files.size(), 1U);
}

TEST_F(PlanOfAGuest, NamesTheProgramsThatSetTheKeyToo) {
  files_.add("/etc/systemd/system/tweak.service",
             "[Service]\nExecStart=/sbin/sysctl -w vm.min_free_kbytes=800000\n");
  const auto result = plan("vm.min_free_kbytes=default");
  ASSERT_TRUE(result);
  ASSERT_FALSE(result->notes.empty());
  EXPECT_NE(result->notes[0].str().find("/etc/systemd/system/tweak.service:2"), std::string::npos)
      << result->notes[0].str();
}

TEST_F(PlanOfAGuest, NamesFourSuchLinesAndCountsTheRest) {
  std::string script;
  for (int line = 1; line <= 6; ++line) {
    script += "sysctl -w vm.min_free_kbytes=" + std::to_string(line) + "\n";
  }
  files_.add("/etc/rc.local", script);
  const auto result = plan("vm.min_free_kbytes=default");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->notes.size(), 5U);
  EXPECT_NE(result->notes[3].str().find("/etc/rc.local:4"), std::string::npos);
  EXPECT_EQ(result->notes[4].str(), "2 more lines of programs name vm.min_free_kbytes");
}

// What the boot reads, who else can write it, and what of it could not be read.
TEST_F(PlanOfAGuest, SaysWhatBecomesOfTheFilesAtBoot) {
  files_.add("/proc/cmdline", "quiet sysctl.vm.min_free_kbytes=8192\n");
  files_.add_link("/etc/systemd/system/systemd-sysctl.service", "/dev/null");
  files_.set_status("/etc/sysctl.d", {0, 50, 0775});
  read();
  const auto result = plan_of({"vm.min_free_kbytes=default", "vm.panic_on_oom=1"});
  ASSERT_TRUE(result) << result.error().str();
  std::vector<std::string> said;
  for (const auto* list : {&result->risks, &result->notes}) {
    for (const Message& message : *list) {
      said.push_back(message.str());
    }
  }
  // Once, although two settings have it.
  EXPECT_EQ(said,
            (std::vector<std::string>{
                "systemd-sysctl.service is masked on this host: nothing reads these files at boot",
                "group 50 can write /etc/sysctl.d: what is set there can be changed again without "
                "you",
                "the kernel's command line sets vm.min_free_kbytes to 8192, and nothing reads the "
                "files after it"}));
  EXPECT_TRUE(result->boot_unsure);
}

TEST_F(PlanOfAGuest, SaysWhenTheNextBootMayNotHaveTheFiles) {
  const auto first_risk = [&] {
    read();
    const auto result = plan("vm.panic_on_oom=1");
    return result && result->boot_unsure ? result->risks.front().str() : std::string("sure");
  };
  const std::string disk = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
  files_.add("/proc/self/mountinfo", disk + "30 20 0:2 / /run rw - tmpfs tmpfs rw\n");
  EXPECT_EQ(first_risk(), "sure");
  files_.add("/proc/self/mountinfo", disk + "30 20 0:2 / /etc rw - tmpfs tmpfs rw\n");
  EXPECT_EQ(first_risk(),
            "/etc/sysctl.d/90-whyoom.conf lies in memory: the next boot does not have what is "
            "written there");
  const std::string overlay = disk +
                              "30 20 0:2 / /run rw - tmpfs tmpfs rw\n"
                              "31 20 0:3 / /etc rw - overlay overlay "
                              "rw,lowerdir=/etc,upperdir=/run/a\\040b/upper,workdir=/run/w\n";
  files_.add("/proc/self/mountinfo", overlay);
  EXPECT_NE(first_risk().find("upper layer, /run/a b/upper, cannot be seen"), std::string::npos);
  files_.set_status("/run/a b/upper", {0, 0, 0755});
  EXPECT_NE(first_risk().find("lies in memory"), std::string::npos);
  files_.add("/proc/cmdline", "systemd.mask=systemd-sysctl.service sysctl.vm.panic_on_oom=2\n");
  files_.add("/proc/self/mountinfo", disk);
  files_.add("/usr/lib/systemd/systemd-sysctl", "");
  EXPECT_EQ(first_risk(),
            "the kernel's command line has systemd.mask=systemd-sysctl.service: nothing reads "
            "these files at a boot with it");
}

TEST_F(PlanOfAGuest, SaysWhatNoUndoGivesBack) {
  const auto says = [&](const char* key, const char* now, const char* assignment) {
    files_.add(std::string("/proc/sys/") + key, std::string(now) + "\n");
    const auto result = plan(assignment);
    return result && !result->risks.empty() &&
           result->risks[0].str().find("can give back the files") != std::string::npos;
  };
  EXPECT_TRUE(says("kernel/unprivileged_bpf_disabled", "2", "kernel.unprivileged_bpf_disabled=1"));
  EXPECT_FALSE(says("kernel/unprivileged_bpf_disabled", "2", "kernel.unprivileged_bpf_disabled=0"));
  EXPECT_TRUE(says("kernel/modules_disabled", "0", "kernel.modules_disabled=1"));
  EXPECT_TRUE(says("kernel/yama/ptrace_scope", "1", "kernel.yama.ptrace_scope=3"));
  EXPECT_FALSE(says("kernel/yama/ptrace_scope", "1", "kernel.yama.ptrace_scope=2"));
  files_.add("/proc/sys/vm/dirty_ratio", "20\n");
  EXPECT_FALSE(says("vm/dirty_bytes", "0", "vm.dirty_bytes=100000000"));
  files_.add("/proc/sys/vm/dirty_ratio", "0\n");
  EXPECT_TRUE(says("vm/dirty_bytes", "0", "vm.dirty_bytes=100000000"));
}

TEST_F(PlanOfAGuest, NamesAFileThatCannotDecideWhateverIsInIt) {
  files_.add("/etc/sysctl.d/50-a.conf", "");
  files_.add("/etc/sysctl.d/99-b.conf", "vm.panic_on_oom = 1\n");
  files_.fail("/etc/sysctl.d/50-a.conf", {host::FileError::Kind::denied, "Permission denied"});
  const auto result = plan("vm.panic_on_oom=2");
  ASSERT_TRUE(result) << result.error().str();
  ASSERT_EQ(result->notes.size(), 1U);
  EXPECT_EQ(result->notes[0].str(),
            "/etc/sysctl.d/50-a.conf could not be read (Permission denied); whatever is in it, "
            "another line decides");
}

TEST_F(PlanOfAGuest, RefusesWhatItCouldNotUndo) {
  files_.add("/proc/sys/kernel/core_pattern", "a\nb\n");
  const auto result = plan("kernel.core_pattern=core");
  ASSERT_FALSE(result);
  EXPECT_EQ(
      result.error().str(),
      "kernel.core_pattern is \"a\\x0ab\" now, which no undo could set again; set it by hand");
}

TEST_F(PlanOfAGuest, RefusesAKeyThatThisKernelDoesNotHave) {
  EXPECT_EQ(plan("vm.laptop_mode=1").error().str(),
            "vm.laptop_mode: this copy of a host does not have it (/proc/sys/vm/laptop_mode is not "
            "there)");
  files_.add("/proc/sys/kernel/osrelease", "6.1.0\n");
  const auto result = plan("vm.min_free_kbyte=1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().str(),
            "vm.min_free_kbyte: this kernel has no such sysctl (/proc/sys/vm/min_free_kbyte is not "
            "there); did you mean vm.min_free_kbytes?");
}

// The files of a disk do not tell what the kernel has.
TEST_F(PlanOfAGuest, OfADiskOnlyTheFilesChange) {
  files_ = host::MemoryFiles();
  files_.add("/etc/sysctl.conf", "vm.panic_on_oom = 1\n");
  read();
  const auto result = plan("vm.panic_on_oom=0");
  ASSERT_TRUE(result) << result.error().str();
  EXPECT_EQ(result->settings[0].running, std::nullopt);
  EXPECT_TRUE(result->change.running.empty());
  EXPECT_FALSE(result->what_if);
  ASSERT_EQ(result->change.files.size(), 1U);
  EXPECT_EQ(result->change.files[0].after, "vm.panic_on_oom = 0\n");
}

TEST_F(PlanOfAGuest, NothingThatIsSetAlreadyIsJudged) {
  const auto result = plan("vm.min_free_kbytes=495176");
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->change.running.empty());
  EXPECT_FALSE(result->what_if);
  EXPECT_FALSE(result->kills_from);
  EXPECT_TRUE(result->risks.empty());
}

// Lower than now is a fix even where the kernel would still kill.
TEST_F(PlanOfAGuest, LessOfWhatKillsIsNotRefused) {
  std::string zones = files_.read("/proc/zoneinfo", host::default_most_bytes).value();
  const std::string free = "pages free     233673";  // of zone DMA32
  files_.add("/proc/zoneinfo",
             zones.replace(zones.find(free), free.size(), "pages free     100000"));
  add_pool();
  ASSERT_TRUE(state_.kills_from);
  const std::uint64_t kills = state_.kills_from->value.count();
  ASSERT_LT(kills, 495176U);
  const auto less = plan("vm.min_free_kbytes=" + std::to_string(kills));
  ASSERT_TRUE(less);
  EXPECT_TRUE(less->refusal.empty()) << less->refusal.str();
  EXPECT_FALSE(less->raises_min_free);
  EXPECT_FALSE(plan("vm.min_free_kbytes=495177")->refusal.empty());
}

TEST_F(PlanOfAGuest, SaysThatTheKubeletSetsAKeyToo) {
  files_.add("/proc/sys/vm/overcommit_memory", "1\n");
  read();
  host_.kubelet.seen = true;
  const auto other = plan("vm.overcommit_memory=2");
  ASSERT_TRUE(other) << other.error().str();
  ASSERT_FALSE(other->notes.empty());
  EXPECT_NE(other->notes[0].str().find("kubelet"), std::string::npos);
  const auto same = plan("vm.overcommit_memory=1");
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->notes.empty());
}

TEST_F(PlanOfAGuest, RemembersTheValueThatTheKernelSetsToZeroWithIt) {
  files_.add("/proc/sys/vm/overcommit_ratio", "50\n");
  files_.add("/proc/sys/vm/overcommit_kbytes", "0\n");
  const auto result = plan("vm.overcommit_kbytes=1G");
  ASSERT_TRUE(result) << result.error().str();
  ASSERT_EQ(result->change.running.size(), 2U);
  EXPECT_EQ(result->change.running[1].key.dotted(), "vm.overcommit_ratio");
  EXPECT_EQ(result->change.running[1].after, "0");
  EXPECT_EQ(reversed(result->change).running[0].after, "50");
}

TEST_F(PlanOfAGuest, NamesWhatACheckWouldSayOfTheFilesThen) {
  std::optional<std::string> then;
  const auto check = [&then](const std::vector<PlannedSetting>& settings) {
    then = settings.front().sysctl.after.value_after_boot();
    return std::vector<Message>{Message("as a check says")};
  };
  const auto result = plan("vm.min_free_kbytes=4096", true, check);
  ASSERT_TRUE(result);
  EXPECT_EQ(then, "4096");
  ASSERT_EQ(result->risks.size(), 2U);
  EXPECT_EQ(result->risks[1].str(), "as a check says");
}

TEST_F(PlanOfAGuest, MakesSeveralSettingsAtOnce) {
  files_.add("/etc/sysctl.conf", "vm.min_free_kbytes = 792281\nvm.panic_on_oom = 1\n");
  files_.add_link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
  files_.add("/proc/sys/vm/panic_on_oom", "1\n");
  files_.add("/proc/sys/vm/swappiness", "60\n");
  const auto result =
      plan_of({"vm.panic_on_oom=0", "vm.min_free_kbytes=default", "vm.swappiness=10"});
  ASSERT_TRUE(result) << result.error().str();
  ASSERT_EQ(result->settings.size(), 3U);
  ASSERT_EQ(result->change.files.size(), 1U);
  EXPECT_EQ(result->change.files[0].before, "vm.min_free_kbytes = 792281\nvm.panic_on_oom = 1\n");
  EXPECT_EQ(result->change.files[0].after,
            "vm.min_free_kbytes = 45056\nvm.panic_on_oom = 0\nvm.swappiness = 10\n");
  EXPECT_EQ(result->change.running.size(), 3U);
  for (const PlannedSetting& setting : result->settings) {
    EXPECT_EQ(setting.sysctl.after.value_after_boot(), setting.wanted.value);
  }
}

TEST_F(PlanOfAGuest, AFileThatTheyMakeIsMadeOnce) {
  files_.add("/proc/sys/vm/swappiness", "60\n");
  const auto result = plan_of({"vm.min_free_kbytes=default", "vm.swappiness=10"});
  ASSERT_TRUE(result) << result.error().str();
  ASSERT_EQ(result->change.files.size(), 1U);
  EXPECT_EQ(result->change.files[0].before, std::nullopt);
  EXPECT_FALSE(result->settings[1].sysctl.lines[0].new_file);
}

TEST_F(PlanOfAGuest, RefusesKeysThatUndoEachOther) {
  const auto twice = plan_of({"vm.swappiness=10", "vm.swappiness=20"});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().str().find("is given twice"), std::string::npos);
  const auto both = plan_of({"vm.overcommit_ratio=10", "vm.overcommit_kbytes=1G"});
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().str().find("give one of them"), std::string::npos);
  EXPECT_FALSE(plan_of({"vm.dirty_bytes=100000", "vm.dirty_ratio=10"}));
}

// The glob is read after the line of the first, and a line of the second takes it away.
TEST_F(PlanOfAGuest, ALineThatDecidesOfTwoIsNotTakenFromOne) {
  files_.add("/proc/sys/net/ipv4/conf/a/rp_filter", "1\n");
  files_.add("/proc/sys/net/ipv4/conf/b/rp_filter", "1\n");
  files_.add("/etc/sysctl.d/50.conf", "net.ipv4.conf.*.rp_filter = 1\n");
  const auto result =
      plan_of({"net.ipv4.conf.a.rp_filter=1", "net.ipv4.conf.b.rp_filter=2"}, false);
  if (result) {
    for (const PlannedSetting& setting : result->settings) {
      EXPECT_EQ(setting.sysctl.after.value_after_boot(), setting.wanted.value);
    }
  } else {
    EXPECT_NE(result.error().str().find("one after the other"), std::string::npos);
  }
}

// Each alone leaves room; the two together do not.
TEST_F(PlanOfAGuest, JudgesThemTogether) {
  add_pool();
  EXPECT_TRUE(plan("vm.min_free_kbytes=600M")->refusal.empty());
  EXPECT_TRUE(plan("vm.nr_hugepages=200")->refusal.empty());
  const auto both = plan_of({"vm.min_free_kbytes=600M", "vm.nr_hugepages=200"});
  ASSERT_TRUE(both) << both.error().str();
  EXPECT_NE(
      both->refusal.str().find("vm.min_free_kbytes=614400 and vm.nr_hugepages=200 would make"),
      std::string::npos)
      << both->refusal.str();
  EXPECT_EQ(both->change.running.back().key, "vm.min_free_kbytes");
}

TEST_F(PlanOfAGuest, WarnsOfAValueBelowTheKernelsChoice) {
  const auto result = plan("vm.min_free_kbytes=4096");
  ASSERT_TRUE(result);
  ASSERT_FALSE(result->risks.empty());
  EXPECT_NE(result->risks[0].str().find("below the kernel's own choice"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::advise
