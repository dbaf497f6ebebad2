// Reports of which only the header is there, or only the trace.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;

TEST(LoneHead, APageOfAnonymousMemoryIsNoChargeOfACgroup) {
  const auto known_global = [](const std::string& request) {
    return assemble("[ 9.0] java invoked oom-killer: gfp_mask=" + request + ", oom_score_adj=0\n")
        .at(0)
        .known_global;
  };
  EXPECT_TRUE(known_global("0x280da, order=0"));
  EXPECT_TRUE(known_global("0x100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0"));
  EXPECT_FALSE(known_global("0x100cca(GFP_HIGHUSER_MOVABLE), order=0"));
  EXPECT_FALSE(known_global("0x280da, order=2")) << "a larger folio is charged with its own flags";
}

// Since 3.9 the report of a cgroup has none of these; before, it had as many lines of zones.
TEST(LoneHead, LinesOfZonesFromANewKernelAreOfTheMachine) {
  const std::string head =
      "[ 1.000000] hog invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n";
  const auto known_global = [&head](const std::string& line) {
    const auto events = assemble(head + "[ 1.000001] " + line + "\n");
    return events.size() == 1 && events[0].known_global;
  };
  EXPECT_TRUE(known_global("Normal free:100kB min:200kB low:250kB high:300kB managed:5000kB"));
  EXPECT_TRUE(known_global("Normal free:100kB min:200kB low:250kB high:300kB free_cma:0kB"));
  EXPECT_TRUE(known_global("Node 0 active_anon:19776kB inactive_anon:125745984kB"));
  EXPECT_TRUE(known_global("free:100 free_pcp:1 free_cma:0"));
  EXPECT_FALSE(known_global("Normal free:100kB min:200kB low:250kB high:300kB present:5000kB"));
  EXPECT_FALSE(known_global("active_anon:229 inactive_anon:44809 isolated_anon:0"));
}

// Who printed it, and for whom: the header and all else are lost.
TEST(LoneTrace, ATraceAloneIsOfWhatPrintedIt) {
  const auto of = [](std::string_view printer, const std::string& callers) {
    return assemble(
        "[ 9.0] CPU: 0 PID: 7 Comm: hog Not tainted 5.10.0-32-amd64 #1 Debian\n[ 9.0] "
        "Call Trace:\n[ 9.0]  " +
        std::string(printer) + callers);
  };
  constexpr std::string_view itself = "dump_stack+0x6b/0x83\n[ 9.0]  ";
  const std::string oom =
      "dump_header+0x4a/0x1f0\n[ 9.0]  oom_kill_process.cold+0xb/0x10\n[ 9.0]  "
      "out_of_memory+0x1bd/0x500\n[ 9.0]  ";
  const auto machine = of(itself, oom + "__alloc_pages_slowpath.constprop.0+0xc0/0xf0\n");
  ASSERT_EQ(machine.size(), 1U);
  EXPECT_EQ(machine[0].kind, Kind::oom_kill);
  EXPECT_TRUE(machine[0].known_global);
  EXPECT_EQ(machine[0].first_line, 1U);
  ASSERT_TRUE(machine[0].stack);
  EXPECT_EQ(machine[0].stack->release, "5.10.0-32-amd64");
  const auto cgroup = of(itself, oom + "mem_cgroup_out_of_memory+0x134/0x150\n");
  ASSERT_EQ(cgroup.size(), 1U);
  EXPECT_EQ(cgroup[0].kind, Kind::memcg_oom_kill);
  const auto failure = of(itself, "warn_alloc.cold+0x6b/0xc4\n[ 9.0]  __alloc_pages+0x1/0x2\n");
  ASSERT_EQ(failure.size(), 1U);
  EXPECT_EQ(failure[0].kind, Kind::page_allocation_failure);
  const auto el6 = of("[<ffffffff8112d2c0>] ? dump_stack+0x6b/0x83\n[ 9.0]  ",
                      "[<ffffffff8112d2c1>] ? dump_header+0x90/0x1b0\n");
  ASSERT_EQ(el6.size(), 1U);
  EXPECT_FALSE(el6[0].known_global);
  // The kill behind it is its own.
  const auto killed =
      of(itself, oom +
                     "__alloc_pages+0x1/0x2\n[ 9.1] Out of memory: Killed process 7 "
                     "(hog) total-vm:9kB, anon-rss:5kB, file-rss:0kB\n");
  ASSERT_EQ(killed.size(), 1U);
  EXPECT_TRUE(killed[0].stack);
  EXPECT_EQ(killed[0].victims.size(), 1U);
  // Traces that go through the same functions: of a task that hangs, of a lock, of a panic.
  EXPECT_TRUE(of("schedule+0x46/0xb0\n[ 9.0]  ", oom).empty());
  EXPECT_TRUE(of(itself, "print_circular_bug+0x1/0x2\n[ 9.0]  " + oom).empty());
  EXPECT_TRUE(of(itself, "panic+0x1/0x2\n[ 9.0]  " + oom).empty());
  EXPECT_TRUE(of("", oom).empty()) << "what is printed from a timer while it goes on";
}

// "Mem-Info:" is lost behind a trace without a head; three pairs of counters are the kernel's.
TEST(LoneTrace, TakesTheCountersBehindIt) {
  const std::string trace =
      "[ 9.0] CPU: 1 PID: 61 Comm: kswapd0 Not tainted 6.8.0-84-generic #1\n[ 9.0] Call Trace:\n"
      "[ 9.0]  dump_stack_lvl+0x156/0x350\n[ 9.0]  dump_header+0x10f/0x4c0\n"
      "[ 9.0]  oom_kill_process+0x1cb/0x300\n[ 9.0]  out_of_memory+0x1e/0x30\n";
  const auto with =
      testing::read_log(trace + "[ 9.0] active_anon:575571 inactive_anon:83000 isolated_anon:0\n");
  ASSERT_EQ(with.events.size(), 1U);
  EXPECT_FALSE(with.events[0].totals.empty());
  const auto two = testing::read_log(trace + "[ 9.0] active_anon:575571 inactive_anon:83000\n");
  EXPECT_TRUE(two.events.at(0).totals.empty()) << "may be anybody's";
}

// A line that stands in the midst of a report is of it, with a time of which a digit was lost.
TEST(LostDigit, OfATimeDividesNoReport) {
  const auto events_of = [](const std::string& head, const std::string& cpu) {
    return testing::read_log(
               head +
               " kswapd0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
               "oom_score_adj=0\n" +
               cpu + " CPU: 0 PID: 270 Comm: kswapd0 Not tainted 5.10.0-28-amd64 #1\n" +
               "[34731.967901] Mem-Info:\n[34731.967902] active_anon:575571 inactive_anon:83000\n")
        .events;
  };
  const std::string right = "[34731.967795]";
  for (const char* lost : {"[4731.967795]", "[3431.967795]", "[3473.967795]"}) {
    for (const auto& events : {events_of(lost, right), events_of(right, lost)}) {
      ASSERT_EQ(events.size(), 1U) << lost;
      EXPECT_EQ(events[0].trigger->pid, 270) << lost;
      EXPECT_FALSE(events[0].totals.empty()) << lost;
    }
  }
  EXPECT_EQ(events_of("[Sun Aug 1 20:21:28 2024]", "[Sun Aug 11 20:21:28 2024]").size(), 1U);
  EXPECT_NE(events_of("[4131.967795]", right).size(), 1U) << "another time";
}

}  // namespace
}  // namespace whyoom::report
