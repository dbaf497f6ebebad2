#include "advise/plan.h"

#include <gtest/gtest.h>

#include "host/read_host.h"
#include "host/tree_for_test.h"

namespace whyoom::advise {
namespace {

// A guest of the sample folder, as it boots and with a huge min_free_kbytes.
class PlanOfAGuest : public testing::Test {
 protected:
  void SetUp() override { load("after"); }

  void load(const std::string& when) {
    WHYOOM_SHARED_OR_SKIP(path, "lab/6.12-minfree-p80/" + when);
    files_ = host::test::files_of(path);
    host_ = host::read_host(files_);
    state_ = memory::state_of(host_);
  }

  // An empty pool of huge pages, and nothing to spare in the zone that they do not come from.
  void add_pool() {
    host::test::add_empty_pool(files_);
    host_ = host::read_host(files_);
    state_ = memory::state_of(host_);
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

  host::MemoryFiles files_;
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
  load("before");
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

// A machine that kills at each boot cannot be mended from within.
TEST_F(PlanOfAGuest, RefusesSuchAValueForTheNextBootToo) {
  load("before");
  ASSERT_TRUE(state_.kills_from);
  const auto result =
      plan("vm.min_free_kbytes=" + std::to_string(state_.kills_from->value.count()), false);
  ASSERT_TRUE(result);
  EXPECT_NE(result->refusal.str().find("would make the kernel kill"), std::string::npos);
}

TEST_F(PlanOfAGuest, ChecksWhatItRefusesToo) {
  load("before");
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
  load("before");
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

TEST_F(PlanOfAGuest, SaysThatTheKubeletSetsAKeyToo) {
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
  EXPECT_EQ(result->change.running[0].key, "vm.overcommit_ratio");
  EXPECT_EQ(result->change.running[0].after, "0");
  EXPECT_EQ(reversed(result->change).running[1].after, "50");
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
  load("before");
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
