#include "report/header_lines.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

struct HeaderCase {
  const char* text;
  const char* comm;
  std::uint32_t mask;
  const char* names;  // nullptr: none
  int order;
  std::optional<int> adj, old_adj;
  const char* nodemask;  // nullptr: none
};

TEST(OomHeader, EveryForm) {
  const HeaderCase cases[] = {
      {"java invoked oom-killer: gfp_mask=0x280d2, order=0, oomkilladj=3", "java", 0x280d2, nullptr,
       0, std::nullopt, 3, nullptr},
      {"java invoked oom-killer: gfp_mask=0x280da, order=0, oom_adj=-17, oom_score_adj=-1000",
       "java", 0x280da, nullptr, 0, -1000, -17, nullptr},
      {"java invoked oom-killer: gfp_mask=0x201da, order=2, oom_score_adj=7", "java", 0x201da,
       nullptr, 2, 7, std::nullopt, nullptr},
      {"java invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), "
       "order=0, "
       "oom_score_adj=300",
       "java", 0x6200ca, "GFP_HIGHUSER_MOVABLE", 0, 300, std::nullopt, "(null)"},
      {"java invoked oom-killer: gfp_mask=0x24000c0(GFP_KERNEL), nodemask=0,2-3,  order=1, "
       "oom_score_adj=0",
       "java", 0x24000c0, "GFP_KERNEL", 1, 0, std::nullopt, "0,2-3"},
      {"java invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), "
       "order=0, oom_score_adj=-5",
       "java", 0x140dca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO", 0, -5, std::nullopt,
       nullptr},
      {"java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER _MOVABLE|__GFP_COMP), order=0, "
       "oom_score_adj=0",  // wrapped inside of the name
       "java", 0x140cca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP", 0, 0, std::nullopt, nullptr},
      {"kworker/1:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
       "kworker/1:2", 0xcc0, "GFP_KERNEL", -1, 0, std::nullopt, nullptr},
      {"java invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0", "java", 0, "", 0, 0,
       std::nullopt, nullptr},
      // A copy that lost its separators.
      {"java invoked oom-killer: gfp_mask=0x200daorder=0oom_score_adj=12", "java", 0x200da, nullptr,
       0, 12, std::nullopt, nullptr},
      // Names may hold anything that fits 15 bytes.
      {"a: b) invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", "a: b)",
       0xcc0, "GFP_KERNEL", 0, 0, std::nullopt, nullptr},
      {"x invoked invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
       "x invoked", 0xcc0, "GFP_KERNEL", 0, 0, std::nullopt, nullptr}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto header = parse_oom_header(c.text);
    ASSERT_TRUE(header && header->gfp);
    EXPECT_EQ(header->trigger.comm, c.comm);
    EXPECT_EQ(header->gfp->mask, c.mask);
    EXPECT_EQ(header->gfp->names.has_value(), c.names != nullptr);
    EXPECT_EQ(header->gfp->names.value_or(""), c.names == nullptr ? "" : c.names);
    EXPECT_EQ(header->trigger.order, c.order);
    EXPECT_EQ(header->trigger.oom_score_adj, c.adj);
    EXPECT_EQ(header->old_adj, c.old_adj);
    EXPECT_EQ(header->trigger.nodemask.value_or("-"), c.nodemask == nullptr ? "-" : c.nodemask);
    EXPECT_TRUE(header->complete());
  }
}

TEST(OomHeader, CutLinesKeepWhatTheyHave) {
  const auto bare = parse_oom_header("java invoked oom-killer:");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->trigger.comm, "java");
  EXPECT_FALSE(bare->gfp);
  // Half of the names would mean other flags than the whole.
  const auto half = parse_oom_header("java invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOV");
  ASSERT_TRUE(half && half->gfp);
  EXPECT_EQ(half->gfp->mask, 0x140dcaU);
  EXPECT_FALSE(half->gfp->names);
  EXPECT_FALSE(
      parse_oom_header("java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0")->complete());
}

// To 2.6.8, and from then to 2.6.16.
TEST(OomHeader, OldKernelsNameNobody) {
  const auto first = parse_oom_header("oom-killer: gfp_mask=0xd0");
  ASSERT_TRUE(first && first->gfp);
  EXPECT_EQ(first->gfp->mask, 0xd0U);
  EXPECT_FALSE(first->gfp->ends_line) << "nothing is behind it, and nothing is cut off";
  EXPECT_TRUE(first->complete());
  EXPECT_TRUE(parse_oom_header("oom-killer: gfp_mask=0xd0, order=0")->complete());
  EXPECT_FALSE(parse_oom_header("a invoked oom-killer: gfp_mask=0xd0")->complete());
}

TEST(OomHeader, SentencesAboutItAreNone) {
  EXPECT_FALSE(parse_oom_header("the log said that java invoked oom-killer: what now?"));
  EXPECT_FALSE(parse_oom_header("java invoked the oom-killer"));
  EXPECT_FALSE(parse_oom_header(""));
}

TEST(FailureHeader, EveryForm) {
  const auto el6 = parse_failure_header("swapper: page allocation failure. order:3, mode:0x20");
  ASSERT_TRUE(el6 && el6->gfp);
  EXPECT_EQ(el6->trigger.comm, "swapper");
  EXPECT_EQ(el6->trigger.order, 3);
  EXPECT_EQ(el6->gfp->mask, 0x20U);
  const auto fresh = parse_failure_header(
      "kworker/u8:1: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|"
      "__GFP_ZERO), nodemask=0-1,cpuset=pod:a,b,mems_allowed=0-3");
  ASSERT_TRUE(fresh && fresh->gfp);
  EXPECT_EQ(fresh->trigger.comm, "kworker/u8:1");
  EXPECT_EQ(fresh->trigger.order, 4);
  EXPECT_EQ(fresh->trigger.nodemask, "0-1");
  EXPECT_EQ(fresh->cpuset, "pod:a,b");
  EXPECT_EQ(fresh->mems_allowed, "0-3");
  EXPECT_FALSE(fresh->stalled);
  const auto stall = parse_failure_header(
      "dd: page allocation stalls for 12003ms, order:1, mode:0x14000c0(GFP_KERNEL), "
      "nodemask=(null)");
  ASSERT_TRUE(stall);
  EXPECT_TRUE(stall->stalled);
  EXPECT_EQ(stall->trigger.order, 1);
}

TEST(FailureHeader, WhatExplainsTheLineIsNone) {
  EXPECT_FALSE(parse_failure_header("comm: page allocation failure. order:size, mode:gfp_mask"));
  EXPECT_FALSE(parse_failure_header("NAME: page allocation failure: order:N, mode:0x20"));
  EXPECT_FALSE(parse_failure_header("x: page allocation failure: order:%u, mode:%#x(%pGg)"));
  EXPECT_TRUE(parse_failure_header("x: page allocation failure: order: 4, mode:0xd0"));
  EXPECT_TRUE(parse_failure_header("x: page allocation failure: order:"));
}

TEST(FailureHeader, VmallocHasItsOwn) {
  const auto failure = parse_failure_header(
      "modprobe: vmalloc: allocation failure: 1048576 bytes, mode:0x14080c0(GFP_KERNEL), "
      "nodemask=(null)");
  ASSERT_TRUE(failure && failure->vmalloc);
  EXPECT_EQ(failure->trigger.comm, "modprobe");
  EXPECT_EQ(failure->vmalloc->bytes, 1048576U);
  const auto error = parse_failure_header(
      "a b: vmalloc error: size 8192, failed to allocate pages, mode:0xdc0(GFP_KERNEL|__GFP_ZERO), "
      "nodemask=(null),cpuset=/,mems_allowed=0");
  ASSERT_TRUE(error && error->vmalloc);
  EXPECT_EQ(error->trigger.comm, "a b");
  EXPECT_FALSE(error->vmalloc->bytes) << "what it had got";
  EXPECT_EQ(error->vmalloc->allocated, 8192U);
  EXPECT_EQ(error->vmalloc->reason, "failed to allocate pages");
  EXPECT_FALSE(error->vmalloc->block_order);
  const auto blocks = parse_failure_header(
      "crawl_4523: vmalloc error: size 0, page order 9, failed to allocate pages, "
      "mode:0xcc2(GFP_KERNEL|__GFP_HIGHMEM), nodemask=(null),cpuset=/,mems_allowed=0");
  ASSERT_TRUE(blocks && blocks->vmalloc);
  EXPECT_FALSE(blocks->vmalloc->bytes);
  EXPECT_EQ(blocks->vmalloc->allocated, 0U);
  EXPECT_EQ(blocks->vmalloc->block_order, 9);
  const auto cut = parse_failure_header("crawl_4523: vmalloc error: size 0, ");
  ASSERT_TRUE(cut && cut->vmalloc);
  EXPECT_FALSE(cut->vmalloc->bytes || cut->vmalloc->allocated);
  const auto cut_before = parse_failure_header("systemd-udevd: vmalloc: allocation failure:");
  ASSERT_TRUE(cut_before && cut_before->vmalloc);
  EXPECT_FALSE(cut_before->vmalloc->bytes);
  EXPECT_FALSE(parse_failure_header("it says vmalloc: allocation failure: again and again"));
  const auto space = parse_failure_header(
      "udevd: vmalloc error: size 4096, vm_struct allocation failed, mode:0xcc0(GFP_KERNEL)");
  ASSERT_TRUE(space && space->vmalloc);
  EXPECT_EQ(space->vmalloc->bytes, 4096U);
  EXPECT_FALSE(space->vmalloc->allocated);
  const auto part = parse_failure_header(
      "x: vmalloc: allocation failure, allocated 4096 of 40960 bytes, mode:0xcc2(GFP_KERNEL)");
  ASSERT_TRUE(part && part->vmalloc);
  EXPECT_EQ(part->vmalloc->bytes, 40960U);
  // Before 4.9 the line stands before the header of the failure.
  const auto before = parse_vmalloc_line("vmalloc: allocation failure: 33 bytes", {0, 5});
  ASSERT_TRUE(before);
  EXPECT_EQ(before->bytes, 33U);
  EXPECT_EQ(before->at.line, 5U);
  EXPECT_FALSE(parse_failure_header("vmalloc: allocation failure: 33 bytes"));
  EXPECT_FALSE(parse_failure_header("page allocation failure. order: 2")) << "a heading";
  EXPECT_FALSE(parse_failure_header("we get a \"dlad: page allocation failure\" on each start"));
  EXPECT_FALSE(
      parse_failure_header("'bad' is where the \"kswapd0: page allocation failure:\" showed up"));
  EXPECT_FALSE(
      parse_failure_header("-\tpr_warn(\"%s: page allocation failure: order:%u, mode:%#x(%pGg)\""));
  EXPECT_EQ(
      parse_failure_header("# dlad: page allocation failure: order:9, mode:0xd0")->trigger.comm,
      "dlad");
  EXPECT_TRUE(parse_vmalloc_line(
      "vmap allocation for size 20480 failed: use vmalloc=<size> to increase size", {}));
}

TEST(FailureHeader, MemoryThatIsAddedHasItsOwn) {
  const auto header = parse_failure_header(
      "kworker/0:1: vmemmap alloc failure: order:9, mode:0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL), "
      "nodemask=(null),cpuset=/,mems_allowed=0");
  ASSERT_TRUE(header && header->gfp);
  EXPECT_EQ(header->trigger.comm, "kworker/0:1");
  EXPECT_EQ(header->trigger.order, 9);
  EXPECT_EQ(header->gfp->mask, 0x4cc0U);
}

TEST(OomHeader, ThatOfAPatchIsNone) {
  EXPECT_FALSE(parse_oom_header(
      "-\tpr_warn(\"%s invoked oom-killer: gfp_mask=%#x(%pGg), order=%d, oom_score_adj=%hd\\n\","));
  EXPECT_FALSE(parse_oom_header(
      "+\tprintk(KERN_WARNING \"%s invoked oom-killer: gfp_mask=0x%x, order=%d, oom_adj=%d\\n\","));
}

TEST(CpusetLine, NamesTheProcessAndItsNodes) {
  const auto line = parse_cpuset_line("my app cpuset=a1b2 mems_allowed=0-1,3");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->trigger.comm, "my app");
  EXPECT_EQ(line->cpuset, "a1b2");
  EXPECT_EQ(line->mems_allowed, "0-1,3");
  EXPECT_FALSE(parse_cpuset_line("oom-kill:constraint=CONSTRAINT_NONE,cpuset=/,mems_allowed=0"));
}

TEST(NodeList, StopsWhereTheListDoes) {
  EXPECT_EQ(take_node_list("0-1,3, order=0"), "0-1,3");
  EXPECT_EQ(take_node_list("(null),cpuset=/"), "(null)");
  EXPECT_EQ(take_node_list("0,cpuset=/"), "0");
  EXPECT_EQ(take_node_list("x"), "");
}

TEST(FailureHeader, TheNameIsNotWhatStandsBeforeIt) {
  const auto name_of = [](const std::string& before, const std::string& behind) {
    const auto line = parse_failure_header(before + ": page allocation failure" + behind);
    return line ? line->trigger.comm : "none";
  };
  const std::string order = ": order:0, mode:0x20(GFP_ATOMIC)";
  EXPECT_EQ(name_of("\"kswapd0", order), "kswapd0");
  EXPECT_EQ(name_of("> kswapd0", order), "kswapd0");
  EXPECT_EQ(name_of("| kswapd0", order), "kswapd0");
  EXPECT_EQ(name_of("#regzbot title: kswapd0", order), "kswapd0");
  EXPECT_EQ(name_of("#regzbot title: kswapd0", ""), "none") << "a sentence about one";
  EXPECT_EQ(name_of("kworker/u8:3:12345", order), "kworker/u8:3:12345");
  EXPECT_EQ(name_of("a: b", ""), "a: b");
  const auto oom = parse_oom_header("\"java invoked oom-killer: gfp_mask=0xd0, order=0");
  ASSERT_TRUE(oom);
  EXPECT_EQ(oom->trigger.comm, "java");
}

}  // namespace
}  // namespace whyoom::report
