#include "report/stack_lines.h"

#include <gtest/gtest.h>

#include "report/kernel_line.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

// A post may end in the midst of the name of whoever called the OOM killer.
TEST(TraceEntry, ALineThatEndsInAName) {
  const auto cut = parse_trace_entry("[<ffffffff81187bbd>] ? __alloc_pages_nodemask");
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->cut);
  EXPECT_EQ(cut->function, "__alloc_pages_nodemask");
  const auto whole = parse_trace_entry("[<ffffffff81187bbd>] ? __alloc_pages_nodemask+0x812/0x8f0");
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->cut);
  EXPECT_EQ(parse_trace_entry("[<ffffffff81187bbd>]")->function, "");
  EXPECT_FALSE(parse_trace_entry("__alloc_pages_nodemask"));  // a word
  const std::string head =
      "[    1.000001] hog invoked oom-killer: gfp_mask=0x24002c2, order=0, oom_score_adj=0\n"
      "[    1.000002] Call Trace:\n"
      "[    1.000003]  [<ffffffff811839b2>] ? out_of_memory+0x3bf/0x406\n";
  const auto known = [&head](const std::string& last) {
    const auto events =
        testing::assemble(head + "[    1.000004]  [<ffffffff81187bbd>] " + last + "\n");
    return events.size() == 1 && events[0].known_global;
  };
  EXPECT_TRUE(known("? __alloc_pages_nodemask+0x812/0x8f0"));
  EXPECT_TRUE(known("? __alloc_pages_nodemask"));
  EXPECT_FALSE(known("? __alloc_pa"));
  EXPECT_FALSE(known("? pagefault_out_of_memory"));
  // What is cut may be another function's name.
  const auto sure =
      testing::assemble(head + "[    1.000004]  [<ffffffff81187bbd>] __alloc_pages\n");
  ASSERT_EQ(sure.size(), 1U);
  EXPECT_TRUE(sure[0].stack->functions.empty());
}

TEST(CpuLine, EveryForm) {
  const auto el6 = parse_cpu_line("Pid: 77, comm: httpd Not tainted 2.6.32-431.el6.x86_64 #1");
  ASSERT_TRUE(el6);
  EXPECT_EQ(el6->pid, 77);
  EXPECT_EQ(el6->comm, "httpd");
  EXPECT_EQ(el6->release, "2.6.32-431.el6.x86_64");
  const auto tainted = parse_cpu_line(
      "CPU: 11 PID: 501 Comm: a (b) c Kdump: loaded Tainted: P           OE     5.4.0-99-generic "
      "#112-Ubuntu");
  ASSERT_TRUE(tainted);
  EXPECT_EQ(tainted->comm, "a (b) c");
  EXPECT_EQ(tainted->release, "5.4.0-99-generic");
  EXPECT_TRUE(tainted->complete);
  const auto uid = parse_cpu_line(
      "CPU: 0 UID: 1000 PID: 190 Comm: hog Not tainted 6.12.9-amd64 #1 PREEMPT(voluntary)  Debian");
  ASSERT_TRUE(uid);
  EXPECT_EQ(uid->pid, 190);
  EXPECT_EQ(uid->release, "6.12.9-amd64");
  const auto cut = parse_cpu_line("CPU: 0 PID: 9 Comm: hog Not");
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->complete);
  const auto release = [](const std::string& end) {
    return parse_cpu_line("CPU: 0 PID: 9 Comm: hog Not tainted " + end)->release;
  };
  EXPECT_EQ(release("6.12.9>"), "6.12") << "the pager's mark, and what may be half a number";
  EXPECT_EQ(release("5.1"), "") << "of 5.10, perhaps";
  EXPECT_EQ(release("6.12.117+deb1>"), "6.12.117+deb1");
  EXPECT_EQ(release("5.1 #2"), "5.1");
  EXPECT_FALSE(parse_cpu_line("CPU    0: hi:  186, btch:  31 usd: 123"));
  EXPECT_FALSE(parse_cpu_line("CPU: AMD EPYC"));
}

struct TraceCase {
  const char* text;
  const char* function;
  bool reliable;
  const char* caller = "";
};

TEST(TraceEntry, FormsOfTheArchitectures) {
  const TraceCase cases[] = {
      {" dump_stack+0x6b/0x83", "dump_stack", true},
      {" ? oom_evaluate_task+0x3a/0x150", "oom_evaluate_task", false},
      {" mhi_fw_load+0x126/0x340 [mhi]", "mhi_fw_load", true},
      {" [<ffffffff8116e5bc>] ? dump_header+0x8c/0x1a0", "dump_header", false},
      {"[<ffffffff8116e5bc>] out_of_memory+0x8c/0x1a0", "out_of_memory", true},
      {"[c000000374f30] [c0000000127c44] dump_stack_lvl+0x88/0xc4 (unreliable)", "dump_stack_lvl",
       true},
      {"[<c0012fcc>] (dump_backtrace) from [<c00131a4>] (show_stack+0x20/0x24)", "dump_backtrace",
       true, "show_stack"},
      {"[<c015a918>] (out_of_memory+0x0/0xa0) from [<c015d230>] (x+0x4/0x5)", "out_of_memory", true,
       "x"},
      {" show_stack from dump_header+0x68/0x254", "show_stack", true, "dump_header"},
      {" out_of_memory from __alloc_pages_slowpath.constprop.0+0x68/0x254", "out_of_memory", true,
       "__alloc_pages_slowpath.constprop.0"},
      {"[<c0012fcc>] (dump_header) from [<c00131a4>]", "dump_header", true},
      {" dump_header (mm/oom_kill.c:74 mm/oom_kill.c:468) ", "dump_header", true},
      {" __alloc_pages_slowpath.constprop.0+0x67f/0xe00", "__alloc_pages_slowpath.constprop.0",
       true},
      {"[] out_of_memory+0x8e/0x2f3", "out_of_memory", true},  // a page took <ffff..> for a tag
      {"[<000000008011c2f2>] 0x000000008011c2f2", "", true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto entry = parse_trace_entry(c.text);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->function, c.function);
    EXPECT_EQ(entry->caller, c.caller);
    EXPECT_EQ(entry->reliable, c.reliable);
  }
  for (const char* other : {"hello from the other side", "free pages (low)", "[  123]  0  123", "",
                            "Killed", "rc=137"}) {
    EXPECT_FALSE(parse_trace_entry(other)) << other;
  }
}

TEST(TraceEntry, OfAKernelOf32Bits) {
  for (const char* text :
       {" [<c1146be2>] warn_alloc_failed+0xb2/0xf0", " [<c1146be2>] ? warn_alloc_failed+0xb2/0xf0",
        "[<c0012fcc>] (dump_header) from [<c00131a4>] (out_of_memory+0x20/0x24)",
        "[dffedd10] [c00088e0] show_stack+0x8c/0x1a0", " show_stack from dump_header+0x68/0x254"}) {
    EXPECT_TRUE(parse_trace_entry(text)->narrow) << text;
  }
  for (const char* text :
       {" dump_stack+0x6b/0x83", "[<ffffffff8116e5bc>] out_of_memory+0x8c/0x1a0",
        "[c000000374f30] [c0000000127c44] dump_stack_lvl+0x88/0xc4 (unreliable)",
        "[<000000008011c2f2>] 0x000000008011c2f2", "[] out_of_memory+0x8e/0x2f3"}) {
    EXPECT_FALSE(parse_trace_entry(text)->narrow) << text;
  }
}

bool is_allocator(const std::vector<const char*>& trace) {
  OomCaller caller;
  for (const char* line : trace) {
    caller.add(*parse_trace_entry(line));
  }
  return caller.is_allocator();
}

TEST(OomCaller, IsWhoComesNextToIt) {
  EXPECT_TRUE(is_allocator({" dump_header+0x44/0x18d", " out_of_memory+0x1f0/0x4f0",
                            " __alloc_pages_slowpath.constprop.0+0xbb2/0xca0"}));
  EXPECT_TRUE(is_allocator({" out_of_memory+0x122c/0x1540", " ? oom_killer_disable+0x270/0x270",
                            " __alloc_frozen_pages_noprof+0x67f/0xe00"}));
  EXPECT_TRUE(is_allocator({"[<c015a918>] (out_of_memory+0x0/0xa0) from [<c015d230>]",
                            "[<c015ce04>] (__alloc_pages_nodemask+0x0/0x520) from [<c0>]"}));
  EXPECT_TRUE(is_allocator({" [<ffffffff81117ca0>] ? out_of_memory+0x220/0x3c0",
                            " [<ffffffff811279be>] ? __alloc_pages_nodemask+0x89e/0x940"}))
      << "el6 is sure of no entry";
}

TEST(OomCaller, StandsInTheSameLineOn32BitArm) {
  EXPECT_TRUE(
      is_allocator({"[<c03ab9b4>] (out_of_memory) from [<c03afc50>] "
                    "(__alloc_pages_nodemask+0xabc/0xe94)"}));
  EXPECT_TRUE(is_allocator({" oom_kill_process from out_of_memory+0x218/0x34c",
                            " out_of_memory from __alloc_pages+0xa98/0x1044"}));
  EXPECT_FALSE(is_allocator({" oom_kill_process from out_of_memory+0x218/0x34c",
                             " out_of_memory from mem_cgroup_out_of_memory+0xa98/0x1044",
                             " __alloc_pages from __get_free_pages+0x1c/0x2c"}));
}

TEST(OomCaller, IsACgroupsCharge) {
  const auto is_cgroup = [](const std::vector<const char*>& trace) {
    OomCaller caller;
    for (const char* line : trace) {
      caller.add(*parse_trace_entry(line));
    }
    return caller.is_cgroup();
  };
  EXPECT_TRUE(is_cgroup({" out_of_memory from mem_cgroup_out_of_memory+0xa98/0x1044"}));
  EXPECT_TRUE(is_cgroup({" [<ffffffff8115a32e>] oom_kill_process+0x24e/0x3b0",
                         " [<ffffffff811bd1ce>] __mem_cgroup_try_charge+0xb2e/0xb80"}))
      << "el7";
  EXPECT_FALSE(
      is_cgroup({" oom_kill_process+0x24e/0x3b0", " out_of_memory+0x4b6/0x4f0",
                 " __alloc_pages_nodemask+0xa95/0xb90", " __mem_cgroup_try_charge+0xb2e/0xb80"}))
      << "the charge asked for a page";
  EXPECT_FALSE(
      is_cgroup({" ? oom_kill_process+0x24e/0x3b0", " __mem_cgroup_try_charge+0xb2e/0xb80"}))
      << "an older call may have left it";
}

TEST(OomCaller, CanBeKswapd) {
  const auto is_kswapd = [](const std::vector<const char*>& trace) {
    OomCaller caller;
    for (const char* line : trace) {
      caller.add(*parse_trace_entry(line));
    }
    EXPECT_FALSE(caller.is_allocator());
    return caller.is_kswapd();
  };
  EXPECT_TRUE(is_kswapd({" out_of_memory+0x250/0x33c", " lru_gen_age_node+0x1ac/0x1b0"}));
  EXPECT_TRUE(is_kswapd({" out_of_memory+0x250/0x33c", " kswapd_age_node+0x1ac/0x1b0"}));
  EXPECT_TRUE(is_kswapd({" out_of_memory+0x200/0x528", " age_active_anon+0xfc/0x124"}));
  EXPECT_TRUE(is_kswapd({" out_of_memory+0x1dc/0x2c0", " balance_pgdat+0x424/0x908"}));
  EXPECT_FALSE(is_kswapd({" try_charge_memcg+0x6a0/0x7c0", " balance_pgdat+0x424/0x908"}));
  EXPECT_FALSE(is_kswapd({" out_of_memory+0x1dc/0x2c0", " kswapd+0x260/0x398"}))
      << "balance_pgdat() stands between them";
}

TEST(OomCaller, IsNoOtherFunctionOfTheTrace) {
  EXPECT_FALSE(is_allocator({" out_of_memory+0x1f0/0x4f0", " mem_cgroup_out_of_memory+0x4d/0x60",
                             " try_charge_memcg+0x6a0/0x7c0", " __alloc_pages+0x1fc/0x283"}));
  EXPECT_FALSE(is_allocator({" out_of_memory+0x1f0/0x4f0", " try_charge+0x740/0x780",
                             " __alloc_pages_nodemask+0x1ef/0x283"}));
  EXPECT_FALSE(is_allocator({" ? out_of_memory+0x1f0/0x4f0", " __alloc_pages+0x1fc/0x283"}))
      << "an older call may have left it";
  EXPECT_FALSE(is_allocator({" out_of_memory+0x1f0/0x4f0", " ? __alloc_pages+0x1fc/0x283",
                             " pagefault_out_of_memory+0x5e/0x70"}));
  EXPECT_FALSE(is_allocator({" __out_of_memory+0x154/0x178", " __alloc_pages+0x1fc/0x283"}));
  EXPECT_FALSE(is_allocator({" __alloc_pages+0x1fc/0x283", " out_of_memory+0x1f0/0x4f0"}));
}

TEST(Hardware, KnowsWhenItIsCut) {
  EXPECT_EQ(parse_hardware("Hardware name: Board/X, BIOS 1 01/02/2023"),
            "Board/X, BIOS 1 01/02/2023");
  const auto whole = [](const std::string& name) {
    const KernelLine line = read_line("Hardware name: " + name);
    EXPECT_EQ(line.kind, &hardware_line);
    EXPECT_EQ(line.as<StackDump>().hardware, name);
    return line.fullness == Fullness::whole;
  };
  EXPECT_TRUE(whole("Radxa ROCK Pi 4B (DT)"));
  EXPECT_TRUE(whole("Board/X, BIOS 1 01/02/2023"));
  EXPECT_FALSE(whole("Board/X, BIOS"));
  EXPECT_FALSE(whole("QEMU Standard PC (i440FX + PIIX,"));
}

}  // namespace
}  // namespace whyoom::report
