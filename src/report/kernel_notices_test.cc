#include "report/kernel_notices.h"

#include <gtest/gtest.h>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

TEST(Slub, EveryForm) {
  const auto old = parse_slub("SLUB: Unable to allocate memory on node -1 (gfp=0x20)", {});
  ASSERT_TRUE(old && old->gfp);
  EXPECT_EQ(old->slub->node, -1);
  EXPECT_EQ(old->gfp->mask, 0x20U);
  EXPECT_FALSE(old->gfp->names);
  const auto named =
      parse_slub("SLUB: Unable to allocate memory on node 1, gfp=0xa20(GFP_ATOMIC)", {});
  ASSERT_TRUE(named && named->gfp);
  EXPECT_EQ(named->slub->node, 1);
  EXPECT_EQ(named->gfp->names, "GFP_ATOMIC");
  const auto fresh = parse_slub(
      "SLUB: Unable to allocate memory on CPU 3 (of node 0) on node -1, gfp=0x820(GFP_ATOMIC)", {});
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->slub->node, -1);
  SlubFailure slub;
  EXPECT_TRUE(
      read_slub_cache("  cache: my, cache, object size: 640, buffer size: 704, default "
                      "order: 3, min order: 0",
                      slub));
  EXPECT_EQ(slub.cache, "my, cache");
  EXPECT_EQ(slub.object_size, 640U);
  EXPECT_EQ(slub.buffer_size, 704U);
  EXPECT_EQ(slub.default_order, 3);
  EXPECT_EQ(slub.min_order, 0);
}

TEST(Slub, ACacheOfACgroup) {
  SlubFailure slub;
  EXPECT_TRUE(
      read_slub_cache("cache: skb, object size: 232, buffer size: 256 node 0: slabs: 940 "
                      "cache: other, object size: 24, buffer size: 32",
                      slub));
  EXPECT_EQ(slub.cache, "skb");  // a post that lost its newlines
  EXPECT_EQ(slub.object_size, 232U);
  slub = {};
  EXPECT_TRUE(read_slub_cache(
      "cache: dentry(48614:a20bb32c), object size: 192, buffer size: 192, default order: 0, min "
      "order: 99",
      slub));
  EXPECT_EQ(slub.cache, "dentry");
  EXPECT_EQ(slub.cgroup, "a20bb32c");
  EXPECT_FALSE(slub.min_order);  // no order of any kernel
  slub = {};
  EXPECT_TRUE(read_slub_cache("cache: dma(x), object size: 192, buffer size: 192", slub));
  EXPECT_EQ(slub.cache, "dma(x)");
  EXPECT_EQ(slub.cgroup, "");
}

TEST(Slub, WhatTheCacheHasOnANode) {
  const auto node = parse_slub_node("  node 1: slabs: 29822, objs: 29823, free: 4", {0, 7});
  ASSERT_TRUE(node);
  EXPECT_EQ(node->node, 1);
  EXPECT_EQ(node->slabs, 29822U);
  EXPECT_EQ(node->objects, 29823U);
  EXPECT_EQ(node->free, 4U);
  EXPECT_EQ(node->at.line, 7U);
  EXPECT_FALSE(parse_slub_node("  node 1: slabs: 29822, objs: 29823", {}));
  EXPECT_FALSE(parse_slub_node("  node 4096: slabs: 1, objs: 1, free: 0", {}));
  EXPECT_FALSE(parse_slub_node("node 0: slabs: , objs: 1, free: 0", {}));
}

TEST(ForkRejected, GivesThePath) {
  EXPECT_EQ(parse_fork_rejected("cgroup: fork rejected by pids controller in /a/b c"), "/a/b c");
  EXPECT_FALSE(parse_fork_rejected("cgroup: fork rejected by pids controller in "));
  EXPECT_EQ(parse_fork_rejected("I get: cgroup: fork rejected by pids controller in /a"), "/a");
  EXPECT_FALSE(parse_fork_rejected("a fork rejected by pids controller in /a"));
}

TEST(Overcommit, EveryForm) {
  bool whole = false;
  const auto first = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: my, app, no enough memory for the allocation", {0, 2},
      whole);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->pid, 187);
  EXPECT_EQ(first->comm, "my, app");
  EXPECT_FALSE(first->bytes);
  const auto second = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: app, not enough memory for the allocation", {}, whole);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->comm, "app");
  const auto third = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: app, bytes: 8388608 not enough memory for the "
      "allocation",
      {}, whole);
  ASSERT_TRUE(third);
  EXPECT_TRUE(whole);
  EXPECT_EQ(third->bytes, 8388608U);
  EXPECT_EQ(third->comm, "app");
  EXPECT_FALSE(parse_overcommit("not enough memory for the allocation", {}, whole));
  const auto wrapped = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: app, bytes: 8388608 not enough", {}, whole);
  ASSERT_TRUE(wrapped);
  EXPECT_FALSE(whole);
  EXPECT_EQ(wrapped->bytes, 8388608U);
  EXPECT_EQ(wrapped->comm, "app");
  EXPECT_FALSE(
      parse_overcommit("__vm_enough_memory: pid: 187, comm: app, bytes: 8388>", {}, whole)->bytes);
  EXPECT_EQ(parse_overcommit("__vm_enough_memory: pid: 187, comm: ap>", {}, whole)->comm, "");
  EXPECT_FALSE(parse_overcommit("pid: 187, comm: app, bytes: 8388608 not enough", {}, whole))
      << "could be anybody's";
}

TEST(LimitLine, EachKernelsWords) {
  using What = LimitReached::What;
  const std::pair<const char*, What> lines[] = {
      {"TCP: out of memory -- consider tuning tcp_mem", What::tcp_memory},
      {"Out of socket memory", What::tcp_memory},
      {"TCP: too many orphaned sockets", What::tcp_orphans},
      {"TCP: too many of orphaned sockets", What::tcp_orphans},
      {"MPTCP: too many of orphaned sockets", What::tcp_orphans},
      {"nf_conntrack: table full, dropping packet", What::conntrack},
      {"nf_conntrack: nf_conntrack: table full, dropping packet", What::conntrack},
      {"nf_conntrack: table full in netns 4026532000, dropping packet", What::conntrack},
      {"nf_conntrack: table full,", What::conntrack},  // wrapped
      {"ip_conntrack: table full, dropping packet.", What::conntrack},
      {"ip_conntrack: VPS xxx table full, dropping packet.", What::conntrack},
      {"VFS: file-max limit 808720 reached", What::file_max},
      {"neighbour: ndisc_cache: neighbor table overflow!", What::neighbour},
      {"Neighbour table overflow.", What::neighbour},
      {"cma: cma_alloc: alloc failed, req-size: 64 pages, ret: -16", What::cma},
      {"dwc3 38200000.dwc3: swiotlb buffer is full (sz: 16384 bytes)", What::swiotlb},
  };
  for (const auto& [text, what] : lines) {
    const auto limit = parse_limit_line(text, {0, 7});
    ASSERT_TRUE(limit) << text;
    EXPECT_EQ(name(limit->what), name(what)) << text;
    EXPECT_EQ(limit->count, 1U);
    EXPECT_EQ(limit->at.line, 7U);
  }
}

TEST(LimitLine, ItsNumbersAndNames) {
  EXPECT_EQ(parse_limit_line("VFS: file-max limit 808720 reached", {})->limit, 808720U);
  EXPECT_EQ(parse_limit_line("neighbour: arp_cache: neighbor table overflow!", {})->name,
            "arp_cache");
  EXPECT_EQ(parse_limit_line("ip_conntrack: VPS 101 table full, dropping packet.", {})->name,
            "VPS 101");
  EXPECT_FALSE(parse_limit_line("ip_conntrack: VPS of mine has its table full", {}));
  const auto cma = parse_limit_line(
      "cma: __cma_alloc: linux,cma: alloc failed, req-size: 8192 pages, ret: -12", {});
  EXPECT_EQ(cma->name, "linux,cma");
  EXPECT_EQ(cma->pages, 8192U);
  EXPECT_EQ(cma->error, -12);
  const auto old =
      parse_limit_line("cma: cma_alloc: alloc failed, req-size: 64 pages, ret: -16", {});
  EXPECT_EQ(old->name, "");
  EXPECT_EQ(old->error, -16);
}

TEST(LimitLine, OfTheBounceBuffers) {
  const auto whole = parse_limit_line(
      "v3d fec00000.v3d: swiotlb buffer is full (sz: 536576 bytes), total 32768 (slots), used 3487 "
      "(slots)",
      {});
  EXPECT_EQ(whole->name, "v3d fec00000.v3d");
  EXPECT_EQ(whole->bytes, 536576U);
  EXPECT_EQ(whole->limit, 32768U);
  EXPECT_EQ(whole->used, 3487U);
  // A number at the cut end of a line is not the whole number.
  const auto cut = parse_limit_line(
      "v3d fec00000.v3d: swiotlb buffer is full (sz: 536576 bytes), total 32768 (slots), used 34",
      {});
  EXPECT_EQ(cut->limit, 32768U);
  EXPECT_FALSE(cut->used);
  const auto old = parse_limit_line("swiotlb buffer is full (sz: 8 bytes)", {});
  EXPECT_EQ(old->name, "");
  EXPECT_FALSE(old->limit);
  // The title of an issue; what begins with its mark only is a name.
  const auto title =
      parse_limit_line("## swiotlb buffer is full (sz: 8 bytes), total 4 (slots)", {});
  ASSERT_TRUE(title);
  EXPECT_EQ(title->name, "");
  EXPECT_EQ(title->limit, 4U);
  EXPECT_EQ(parse_limit_line("#1: swiotlb buffer is full (sz: 8 bytes)", {})->name, "#1");
  EXPECT_FALSE(parse_limit_line("# echo swiotlb buffer is full (sz: 8 bytes)", {}));
  const auto told = parse_limit_line(
      "**we see swiotlb buffer is full (sz: 8 bytes), total 4 (slots), used 3 (slots)**", {});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->name, "");
  EXPECT_EQ(told->used, 3U);
}

TEST(LimitLine, OfOldKernelsAndVendors) {
  using What = LimitReached::What;
  struct Case {
    const char* text;
    What what;
    const char* name;
    std::uint64_t bytes;
  };
  const Case cases[] = {
      {"ipv4: Neighbour table overflow.", What::neighbour, "arp_cache", 0},
      {"IPv6: Neighbour table overflow", What::neighbour, "ndisc_cache", 0},
      {"cma_alloc: alloc failed, req-size: 2025 pages, ret: -12", What::cma, "", 0},
      {"[drm:vc4_bo_create [vc4]] *ERROR* Failed to allocate from CMA:", What::cma, "", 0},
      {"[drm:vc4_bo_create] *ERROR* Failed to allocate from GEM DMA helper:", What::cma, "", 0},
      {"vc4-drm gpu: [drm] *ERROR* Failed to allocate from GEM DMA helper:", What::cma, "", 0},
      {"vc4-drm soc:gpu: failed to allocate buffer with size 5595136", What::cma, "", 5595136},
      {"percpu: allocation failed, size=8 align=16 atomic=1, atomic alloc failed, no space left",
       What::percpu, "atomic alloc failed, no space left", 8},
      {"PERCPU: allocation failed, size=2048 align=64, failed to allocate new chunk", What::percpu,
       "failed to allocate new chunk", 2048},
      {"DMA: Out of SW-IOMMU space for 16384 bytes at device 0000:08:00.0", What::swiotlb,
       "0000:08:00.0", 16384},
      {"PCI-DMA: Out of SW-IOMMU space for 4224 bytes at device 0000:0b:00.0", What::swiotlb,
       "0000:0b:00.0", 4224},
      {"ahci 0000:00:1f.2: DMA: Out of SW-IOMMU space for 65536 bytes", What::swiotlb,
       "ahci 0000:00:1f.2", 65536}};
  for (const Case& one : cases) {
    const auto limit = parse_limit_line(one.text, {});
    ASSERT_TRUE(limit) << one.text;
    EXPECT_EQ(name(limit->what), name(one.what)) << one.text;
    EXPECT_EQ(limit->name, one.name) << one.text;
    EXPECT_EQ(limit->bytes.value_or(0), one.bytes) << one.text;
  }
  for (const char* text :
       {"ipv4: Neighbour tables", "ipv4: TCP: out of memory", "IPv6: ADDRCONF(NETDEV_UP)",
        "percpu: Embedded 54 pages/cpu s184320 r8192 d28672 u262144",
        "percpu: limit reached, disable warning", "cma: Reserved 64 MiB at 0x1c000000",
        "see DMA: Out of SW-IOMMU space for 8 bytes", "DMA: Out of SW-IOMMU space for 16",
        "[drm:vc4_bo_create [vc4]] *ERROR* Failed", "vc4-drm soc:gpu: bound fe400000.hvs"}) {
    EXPECT_FALSE(parse_limit_line(text, {})) << text;
  }
}

TEST(LimitLine, TwoTellersOfOneRefusalAreOneEvent) {
  const std::string pair =
      "[   38.662975] ipu3 0000:00:05.0: swiotlb buffer is full (sz: 4096 bytes)\n"
      "[   38.662980] DMA: Out of SW-IOMMU space for 4096 bytes at device 0000:00:05.0\n";
  const auto once = testing::read_log(pair).events;
  ASSERT_EQ(once.size(), 1U);
  EXPECT_EQ(once[0].limit_reached->count, 1U);
  EXPECT_EQ(once[0].limit_reached->name, "ipu3 0000:00:05.0");
  const auto later = replaced(pair, "38.6629", "39.7629");
  const auto twice = testing::read_log(pair + later).events;
  ASSERT_EQ(twice.size(), 1U);
  EXPECT_EQ(twice[0].limit_reached->count, 2U);
  const auto other = testing::read_log(replaced(pair, "4096 bytes at", "8192 bytes at"));
  EXPECT_EQ(other.events.size(), 2U);
  const auto vc4 = testing::read_log(
      "[   71.000001] cma: cma_alloc: linux,cma: alloc failed, req-size: 1366 pages, ret: -12\n"
      "[   71.000002] vc4-drm soc:gpu: failed to allocate buffer with size 5595136\n"
      "[   71.000003] [drm:vc4_bo_create [vc4]] *ERROR* Failed to allocate from CMA:\n");
  ASSERT_EQ(vc4.events.size(), 1U);
  EXPECT_EQ(vc4.events[0].limit_reached->count, 1U);
  EXPECT_EQ(vc4.events[0].limit_reached->pages, 1366U);
  EXPECT_EQ(vc4.events[0].limit_reached->bytes, 5595136U);
  // The second refusal begins without the size that the driver told of the first.
  const auto more = testing::read_log(
      "[   71.000001] cma: cma_alloc: alloc failed, req-size: 1366 pages, ret: -12\n"
      "[   71.000002] vc4-drm soc:gpu: failed to allocate buffer with size 5595136\n"
      "[   71.100001] cma: cma_alloc: alloc failed, req-size: 1366 pages, ret: -12\n"
      "[   71.100002] vc4-drm soc:gpu: failed to allocate buffer with size 5595136\n");
  ASSERT_EQ(more.events.size(), 1U);
  EXPECT_EQ(more.events[0].limit_reached->count, 2U);
}

TEST(LimitLine, OthersAreNone) {
  for (const char* text :
       {"TCP: too many orphaned", "TCP: time wait bucket table overflow",
        "haproxy: TCP: too many orphaned sockets",
        "nf_conntrack: default automatic helper assignment", "VFS: Disk quotas dquot_6.6.0",
        "neighbour: arp_cache: neighbor", "cma: Reserved 64 MiB", "haproxy: TCP: out of memory",
        "v3d: swiotlb buffer is full (sz: 53", "who says \"swiotlb buffer is full (sz: 8 bytes)\"",
        ""}) {
    EXPECT_FALSE(parse_limit_line(text, {})) << text;
  }
}

// Mails wrap it behind "(sz:", or somebody glued it again; they put marks before it, and the rest
// of a time.
TEST(LimitLine, OfTheBounceBuffersInAMail) {
  const auto of = [](const std::string& text) {
    const auto events = testing::read_log(text).events;
    return events.size() == 1 ? *events[0].limit_reached : LimitReached{};
  };
  for (const std::string_view text :
       {"[ 10.194343] ath11k_pci 0000:04:00.0: swiotlb buffer is full (sz:\n1048583 bytes), total "
        "32768 (slots), used 2529 (slots)\n",
        "[ 10.194343] ath11k_pci 0000:04:00.0: swiotlb buffer is full (sz:1048583 bytes), total "
        "32768 (slots), used 2529 (slots)\n",
        "| ath11k_pci 0000:04:00.0: swiotlb buffer is full (sz: 1048583 bytes), total 32768 "
        "(slots), used 2529 (slots)\n",
        "10.194343] ath11k_pci 0000:04:00.0: swiotlb buffer is full (sz:\n1048583 bytes), total "
        "32768 (slots), used 2529 (slots)\n"}) {
    const LimitReached limit = of(std::string(text));
    EXPECT_EQ(limit.name, "ath11k_pci 0000:04:00.0") << text;
    EXPECT_EQ(limit.bytes, 1048583U) << text;
    EXPECT_EQ(limit.limit, 32768U) << text;
    EXPECT_EQ(limit.used, 2529U) << text;
  }
  EXPECT_TRUE(
      testing::read_log("[ 9.0] a 1: swiotlb buffer is full (sz:\nand so on\n").events.empty());
}

TEST(LimitLine, OfMemoryThatXfsTriesToGet) {
  const auto of = [](const std::string& text) {
    const auto events = testing::read_log(text).events;
    return events.size() == 1 ? *events[0].limit_reached : LimitReached{};
  };
  const LimitReached whole =
      of("[   13.0] XFS: nginx(31293) possible memory allocation deadlock size 65728 in kmem_alloc "
         "(mode:0x250)\n[   14.0] XFS: a b(77) possible memory allocation deadlock size 70000 in "
         "kmem_alloc (mode:0x250)\n[   15.0] XFS: nginx(31293) possible memory allocation deadlock "
         "size 65728 in kmem_alloc (mode:0x250)\n");
  EXPECT_EQ(name(whole.what), "xfs-memory");
  EXPECT_EQ(whole.name, "kmem_alloc");
  EXPECT_EQ(whole.bytes, 70000U) << "the largest";
  EXPECT_EQ(whole.count, 3U);
  EXPECT_EQ(whole.at.line, 2U);
  const LimitReached old =
      of("XFS: possible memory allocation deadlock in kmem_alloc (mode:0x250)\n");
  EXPECT_EQ(old.name, "kmem_alloc");
  EXPECT_FALSE(old.bytes);
  EXPECT_EQ(of("xfs: possible memory allocation deadlock in kmem_alloc (mode:0xd0)\n").count, 1U);
  for (const std::string_view wrapped :
       {"[ 13.0] XFS: nginx(2514) possible memory allocation deadlock\nsize 50184 in kmem_alloc "
        "(mode:0x250)\n",
        "XFS: nginx(2514) possible memory allocation deadlock size 50184 in\nkmem_alloc "
        "(mode:0x250)\n"}) {
    EXPECT_EQ(of(std::string(wrapped)).bytes, 50184U) << wrapped;
  }
  for (const std::string_view text :
       {"XFS: nginx(2514) possible memory allocation deadlock",
        "XFS: nginx(2514) possible memory allocation deadlock size 50184 in kmem_alloc",
        "XFS: I see a possible memory allocation deadlock in kmem_alloc (mode:0x250)",
        "XFS: possible memory allocation deadlock in many places (mode:0x250)",
        "the line XFS: possible memory allocation deadlock in kmem_alloc (mode:0x250)",
        "XFS: possible memory allocation deadlock in %s (mode:0x%x)"}) {
    EXPECT_TRUE(testing::read_log(std::string(text) + "\n").events.empty()) << text;
  }
}

TEST(LimitLine, OfPerCpuMemoryWrapped) {
  const auto events = testing::read_log(
                          "Jul 09 09:50:25 web kernel: percpu: allocation failed, size=4104 "
                          "align=32\natomic=0, alloc from reserved chunk failed\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].limit_reached->bytes, 4104U);
  EXPECT_EQ(events[0].limit_reached->name, "alloc from reserved chunk failed");
}

TEST(Slab, SaysItInWordsOfItsOwn) {
  const auto events = testing::read_log(
                          "[ 9.000001] SLAB: Unable to allocate memory on node 1 (gfp=0x20)\n"
                          "[ 9.000002]   cache: TCP, object size: 1728, order: 1\n"
                          "[ 9.000003]   node 0: slabs: 5/6, objs: 20/24, free: 4\n"
                          "[ 9.000004]   node 1: slabs: 7/7, objs: 27/28\n")
                          .events;
  ASSERT_EQ(events.size(), 1U);
  ASSERT_TRUE(events[0].slub);
  const SlubFailure& slab = *events[0].slub;
  EXPECT_TRUE(slab.is_slab);
  EXPECT_EQ(slab.cache, "TCP");
  EXPECT_EQ(slab.node, 1);
  EXPECT_EQ(slab.buffer_size, 1728U);
  EXPECT_EQ(slab.default_order, 1);
  EXPECT_EQ(slab.min_order, 1);
  ASSERT_EQ(slab.nodes.size(), 2U);
  EXPECT_EQ(slab.nodes[0].slabs, 6U);
  EXPECT_EQ(slab.nodes[0].objects, 24U);
  EXPECT_EQ(slab.nodes[0].free, 4U);
  EXPECT_EQ(slab.nodes[1].slabs, 7U);
  EXPECT_EQ(slab.nodes[1].free, 1U) << "not printed since 4.10";
  EXPECT_TRUE(kernel::is_atomic(events[0].trigger->gfp->flags));
  EXPECT_FALSE(parse_slub_node("node 0: slabs: 5/, objs: 20/20", {}));
  EXPECT_FALSE(parse_slub_node("node 0: slabs: 5/5, objs: 21/20", {}));
  SlubFailure cut;
  EXPECT_TRUE(read_slub_cache("cache: skbuff, object size: 216, buffer size:", cut));
  EXPECT_FALSE(cut.buffer_size);
}

// Its head is lost: what memory held stands right before it.
TEST(Slab, TakesTheMemoryThatWasPrintedBeforeIt) {
  const std::string zones =
      "[ 5.000001] Node 0 Normal free:124kB min:10088kB low:12608kB high:15132kB\n"
      "[ 5.000002] 1234 total pagecache pages\n[ 5.000003] 4194288 pages RAM\n[ 5.000004] 67000 "
      "pages reserved\n";
  const std::string slub =
      "SLUB: Unable to allocate memory on node -1 (gfp=0x20)\n[ 5.000006]   cache: dst, object "
      "size: 448, buffer size: 448, default order: 1, min order: 0\n";
  const auto joined = testing::read_log(zones + "[ 5.000005] " + slub).events;
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_EQ(joined[0].kind, Kind::page_allocation_failure);
  EXPECT_EQ(joined[0].first_line, 1U);
  EXPECT_EQ(joined[0].zones.size(), 1U);
  EXPECT_EQ(joined[0].slub->cache, "dst");
  const auto oom = testing::read_log(
                       "[ 4.9] java invoked oom-killer: gfp_mask=0xd0, order=0, "
                       "oom_score_adj=0\n" +
                       zones + "[ 5.000005] " + slub)
                       .events;
  EXPECT_EQ(oom.size(), 2U) << "the killer's own";
}

}  // namespace
}  // namespace whyoom::report
