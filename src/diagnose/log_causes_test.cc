// What single causes say of lines that are an event by themselves. Whole reports are the cases
// beside the causes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

// "root: the summary"; "-": no finding.
std::string said_of_line(const std::string& line, std::string_view cause) {
  const auto events = cases::explain_log("[    9.000000] " + line + "\n");
  if (events.empty()) {
    return "no event";
  }
  const auto& findings = events.back()->findings;
  const auto found = std::ranges::find(findings, cause, &Finding::cause);
  return found == findings.end() ? "-"
                                 : std::string(name(found->role)) + ": " + found->summary.str();
}

// A public report of 5.4: a balloon counted wrongly, and the console cut the lines.
TEST(LogCauses, AMinBeyondAllOfRamIsADriversWrongCount) {
  const auto events = cases::explain_log(
      "systemd invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, "
      "oom_score_adj=0\n"
      "CPU: 0 PID: 1 Comm: systemd Tainted: G      D W         5.4.0-next-20191204+ #75\n"
      "Mem-Info:\n"
      "active_anon:3121 inactive_anon:51 isolated_anon:0\n"
      " active_file:12 inactive_file:7 isolated_file:0\n"
      " unevictable:0 dirty:0 writeback:0 unstable:0\n"
      " slab_reclaimable:5565 slab_unreclaimable:10170\n"
      " mapped:3 shmem:111 pagetables:155 bounce:0\n"
      " free:720717 free_pcp:2 free_cma:0\n"
      "Node 0 DMA free:11556kB min:36kB low:48kB high:60kB reserved_highatomic:0KB acti\n"
      "lowmem_reserve[]: 0 2955 2884 2884 2884\n"
      "Node 0 DMA32 free:2677864kB min:7004kB low:10028kB high:13052kB reserved_higha\n"
      "lowmem_reserve[]: 0 0 72057594037927865 72057594037927865 72057594037927865\n"
      "Node 0 Normal free:193448kB min:99395541895224kB low:73886371836733356kB high:14\n"
      "lowmem_reserve[]: 0 0 0 0 0\n"
      "1048445 pages RAM\n"
      "0 pages HighMem/MovableOnly\n"
      "306992 pages reserved\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "balloon-or-hotplug");
  EXPECT_EQ(events[0]->verdict, Verdict::likely);
}

// The lab: crashkernel=256M in a guest of 768 MiB, or a balloon that came after the boot.
TEST(LogCauses, WhatTheBootKeptBackIsNoBalloons) {
  const auto of = [](const std::string& kept_at_boot) {
    const auto path = cases::causes_folder() / "balloon-or-hotplug/positive-given-away.case";
    const auto events = cases::explain_log(
        "2025-03-01T11:22:33.000000+00:00 web-az1 kernel: [    0.000000] Memory: 2260000K/8387832K "
        "available (12297K kernel code, 3676K bss, " +
        kept_at_boot + "K reserved, 0K cma-reserved)\n" + std::string(cases::load_case(path).log));
    const Event& event = *events.at(0);
    return std::string(name(event.verdict)) + " " + std::string(event.root_cause);
  };
  EXPECT_EQ(of("5286280"), "proved memory-exhausted");
  EXPECT_EQ(of("2500000"), "proved memory-exhausted") << "since then less than a third";
  EXPECT_EQ(of("2400000"), "proved balloon-or-hotplug");
  EXPECT_EQ(of("?"), "likely balloon-or-hotplug");
}

TEST(LogCauses, ContiguousMemoryByTheErrorOfTheKernel) {
  const auto of = [](const std::string& area, int error, int pages = 8192) {
    return said_of_line("cma: cma_alloc: " + area + "alloc failed, req-size: " +
                            std::to_string(pages) + " pages, ret: " + std::to_string(error),
                        "cma-failure");
  };
  EXPECT_EQ(of("reserved: ", -12),
            "root: A driver asked the CMA area reserved for 8,192 pages in one piece, and the area "
            "has no free range of that length. Nothing was killed; RAM elsewhere does not help.");
  EXPECT_EQ(of("", -16),
            "root: A driver asked the CMA area for 8,192 pages in one piece, and pages that others "
            "use there could not be moved away (EBUSY). Nothing was killed; RAM elsewhere does not "
            "help.");
  EXPECT_EQ(of("", -5, 1),
            "root: A driver asked the CMA area for 1 page in one piece and did not get it. Nothing "
            "was killed; RAM elsewhere does not help.");
}

// 5 % of 32807348 kB of RAM are 1640367 kB, of which 1416 kB are page cache.
TEST(LogCauses, MinTtlIsTheRootWhereMuchWasLeftToReclaim) {
  const std::string log =
      cases::load_case(cases::causes_folder() / "mglru-min-ttl" / "positive-used-up.case").log;
  const auto of = [&](const std::string& free_swap, std::string_view lost = "\n\n") {
    std::string text;
    for (const std::string_view line : cases::split_lines(log)) {
      if (line.find(lost) == std::string_view::npos) {
        text += std::string(line) + "\n";
      }
    }
    const auto put = [&text](std::string_view what, const std::string& with) {
      if (const std::size_t at = text.find(what); at != std::string::npos) {
        text.replace(at, what.size(), with);
      }
    };
    put("  8441856 ", "  5441856 ");
    put("Free swap  = 4kB", "Free swap  = " + free_swap + "kB");
    const auto events = cases::explain_log(text);
    return cases::role_of(*events.back(), "mglru-min-ttl") + ", " +
           std::string(name(events.back()->verdict));
  };
  EXPECT_EQ(of("1638948"), "contributing, proved");
  EXPECT_EQ(of("1638952"), "root, proved");
  EXPECT_EQ(of("1638948", "active_anon:1008777"), "contributing, undetermined")
      << "swap may have had more to take";
  EXPECT_EQ(of("4", "Free swap"), "contributing, undetermined");
  EXPECT_EQ(of("1638952", "pages RAM"), "root, likely")
      << "RAM may be larger than the counters say";
}

// Above order 3 the size is the reason; an OOM is no failure; who may wait does not count here.
TEST(LogCauses, AnAtomicFailureIsOfSmallBlocksThatMayNotWait) {
  const std::string log =
      cases::load_case(cases::causes_folder() / "atomic-allocation-failure" / "positive.case").log;
  const auto of = [&log](std::string_view what, std::string_view with) {
    std::string text = log;
    text.replace(text.find(what), what.size(), with);
    return cases::role_of(*cases::explain_log(text).front(), "atomic-allocation-failure");
  };
  EXPECT_EQ(of("order:0", "order:0"), "root");
  EXPECT_EQ(of("order:0", "order:3"), "root");
  EXPECT_EQ(of("order:0", "order:4"), "refused");
  EXPECT_EQ(of("mode:0xa20(GFP_ATOMIC)", "mode:0xcc0(GFP_KERNEL)"), "refused");
}

// A slot is 2 KiB, and a mapping has at most 128 of them.
TEST(LogCauses, BounceBuffersByTheirNumbers) {
  const auto of = [](const std::string& size, const std::string& numbers) {
    return said_of_line("mmc0: swiotlb buffer is full (sz: " + size + " bytes)" + numbers,
                        "swiotlb-full");
  };
  const auto pool = [](int total, int used) {
    return ", total " + std::to_string(total) + " (slots), used " + std::to_string(used) +
           " (slots)";
  };
  const std::string none_of_64k =
      "root: No bounce buffer (swiotlb) of 64 KiB was to be had for mmc0: ";
  const std::string elsewhere = ". The driver's request fails; memory elsewhere does not help.";
  EXPECT_EQ(of("266240", pool(32768, 9)),
            "ruled-out: 260 KiB are more than one mapping may have (256 KiB), however big the pool "
            "is");
  EXPECT_EQ(of("65536", pool(0, 0)), none_of_64k + "this kernel has no pool of them" + elsewhere);
  EXPECT_EQ(of("65536", pool(32768, 32737)),
            none_of_64k + "32,737 / 32,768 slots of 2 KiB are used, and it takes 32" + elsewhere);
  EXPECT_EQ(of("65536", pool(32768, 32736)),
            none_of_64k +
                "32,736 / 32,768 slots of 2 KiB are used, and no 32 in one piece are free" +
                elsewhere);
  EXPECT_EQ(of("2048", pool(32768, 32767)),
            "root: No bounce buffer (swiotlb) of 2 KiB was to be had for mmc0: 32,767 / 32,768 "
            "slots of 2 KiB are used" +
                elsewhere);
  EXPECT_EQ(of("65536", pool(32768, 0)), "ruled-out: none of 32,768 slots is used");
  EXPECT_EQ(of("65536", pool(32768, 3)).substr(0, 62),
            "ruled-out: 3 / 32,768 slots are used: however they lie, 32 in ");
  EXPECT_EQ(of("65536", ""),
            none_of_64k + "the kernel found no free piece of that size" + elsewhere);
  EXPECT_EQ(of("65536", pool(10, 11)).substr(0, 13), "contributing:") << "more than there are";
}

// A lost digit makes such numbers: a pool is of whole segments of 128 slots, and what is larger
// than a packet of whole sectors.
TEST(LogCauses, BounceBuffersWithOddNumbersAreOpen) {
  const auto verdict_of = [](const std::string& size, const std::string& numbers) {
    const auto events = cases::explain_log(
        "[    9.000000] mmc0: swiotlb buffer is full (sz: " + size + " bytes)" + numbers + "\n");
    return events.at(0)->verdict;
  };
  const std::string used = " (slots), used 2700 (slots)";
  EXPECT_EQ(verdict_of("131072", ", total 2816" + used), Verdict::likely);
  EXPECT_EQ(verdict_of("131072", ", total 2768" + used), Verdict::undetermined) << "of 32768?";
  EXPECT_EQ(verdict_of("209715", ", total 2816" + used), Verdict::undetermined) << "of 2097152?";
  EXPECT_EQ(verdict_of("9000", ", total 2816" + used), Verdict::likely) << "a packet";
  EXPECT_EQ(verdict_of("131072", ", total 2816 (slots), used  (slots)"), Verdict::undetermined);
  EXPECT_EQ(verdict_of("131072", ""), Verdict::likely) << "before 5.2 the kernel prints no more";
}

// Locked pages are the most of what the counters tell, and the reserve of a zone is lost.
TEST(LogCauses, LockedMemoryBesideALostLineIsNotUsedUpByProcesses) {
  std::string log = cases::load_case(cases::causes_folder() / "unevictable" / "positive.case").log;
  const std::size_t lost = log.find("lowmem_reserve[]: 0 0 13047");
  const std::size_t begin = log.rfind('\n', lost) + 1;
  log.erase(begin, log.find('\n', lost) + 1 - begin);
  const auto events = cases::explain_log(log);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->verdict, Verdict::undetermined);
  ASSERT_FALSE(events[0]->candidates.empty());
  EXPECT_EQ(events[0]->candidates[0].cause, "unevictable");
}

TEST(LogCauses, AKillerInUserSpaceAndItsNumbers) {
  const auto events = cases::explain_log(
      "Nov 23 07:41:32 host systemd-oomd[7]: Killed /a.scope due to memory used (15449980928) / "
      "total (16000000000) and swap used (14808154112) / total (15000000000) being more than "
      "90.00%\n");
  ASSERT_EQ(events.size(), 1U);
  const auto& findings = events[0]->findings;
  const auto found = std::ranges::find(findings, "userspace-killer", &Finding::cause);
  ASSERT_NE(found, findings.end());
  EXPECT_EQ(found->summary.str(), "systemd-oomd killed /a.scope, not the kernel's OOM killer.");
  std::vector<std::pair<std::string, double>> proof;
  for (const Proof& each : found->proof) {
    EXPECT_EQ(each.unit, Unit::bytes);
    proof.emplace_back(each.what.str(), each.value);
  }
  EXPECT_EQ(proof, (std::vector<std::pair<std::string, double>>{{"memory used", 15449980928.0},
                                                                {"memory in all", 16000000000.0},
                                                                {"swap used", 14808154112.0},
                                                                {"swap in all", 15000000000.0}}));
}

TEST(Finding, NamesOfJson) {
  EXPECT_EQ(name(Verdict::proved), "proved");
  EXPECT_EQ(name(Verdict::likely), "likely");
  EXPECT_EQ(name(Verdict::undetermined), "undetermined");
  const std::pair<Unit, std::string_view> units[] = {
      {Unit::bytes, "bytes"},     {Unit::pages, "pages"}, {Unit::count, "count"},
      {Unit::seconds, "seconds"}, {Unit::ratio, "ratio"}, {Unit::none, ""}};
  for (const auto& [unit, text] : units) {
    EXPECT_EQ(name(unit), text);
  }
}

TEST(Finding, CommandsThatLookAtAProcess) {
  EXPECT_TRUE(is_about_running_processes(ShellCommand("cat /proc/7/status")));
  EXPECT_TRUE(is_about_running_processes(ShellCommand("cat /proc/sys/vm/x; cat /proc/[0-9]*/x")));
  EXPECT_FALSE(is_about_running_processes(ShellCommand("cat /proc/sys/vm/x /proc/meminfo")));
  EXPECT_FALSE(is_about_running_processes(ShellCommand("ls /proc/")));
  EXPECT_FALSE(is_about_running_processes(ShellCommand("uname -m")));
}

// To 3.2 one sentence had two reasons (tcp_out_of_resources(), tcp_too_many_orphans()).
TEST(LogCauses, OldSocketsMayHaveBeenOrphans) {
  const auto verdict_of = [](const std::string& line) {
    const auto events = cases::explain_log("[    9.000000] " + line + "\n");
    return std::pair(events.at(0)->root_cause, events.at(0)->verdict);
  };
  EXPECT_EQ(verdict_of("Out of socket memory"),
            std::pair(std::string_view("tcp-memory"), Verdict::likely));
  EXPECT_EQ(verdict_of("TCP: out of memory -- consider tuning tcp_mem"),
            std::pair(std::string_view("tcp-memory"), Verdict::proved));
  EXPECT_EQ(verdict_of("TCP: too many of orphaned sockets"),
            std::pair(std::string_view("tcp-orphans"), Verdict::likely));
  EXPECT_EQ(verdict_of("TCP: too many orphaned sockets"),
            std::pair(std::string_view("tcp-orphans"), Verdict::proved));
}

// What is free counts the CMA pages for it already, and they are not to be counted twice.
TEST(LogCauses, ContiguousMemoryIsNothingToAMovableRequest) {
  std::string log = cases::load_case(cases::causes_folder() / "cma-only" / "near-miss.case").log;
  const std::string mask = "gfp_mask=0x400dc0(GFP_KERNEL_ACCOUNT|__GFP_ZERO)";
  ASSERT_NE(log.find(mask), std::string::npos);
  log.replace(log.find(mask), mask.size(), "gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE)");
  const auto events = cases::explain_log(log);
  EXPECT_EQ(std::ranges::count(events.at(0)->findings, "cma-only", &Finding::cause), 0);
}

// 64 MiB in slabs of a page, of which half of the objects are in use. How much RAM there is would
// tell.
TEST(LogCauses, ACacheThatGrewIsWhatReclaimDoesNotEmpty) {
  const auto of = [](const std::string& cache, int slabs, int objects, int free) {
    return cases::role_of(
        *cases::explain_log("[ 9.0] SLUB: Unable to allocate memory on node -1, "
                            "gfp=0xcc0(GFP_KERNEL)\n[ 9.0]   cache: " +
                            cache +
                            ", object size: 64, buffer size: 64, default order: 0, min order: 0\n"
                            "[ 9.0]   node 0: slabs: " +
                            std::to_string(slabs) + ", objs: " + std::to_string(objects) +
                            ", free: " + std::to_string(free) + "\n")
             .back(),
        "slab-leak");
  };
  EXPECT_EQ(of("things", 16'384, 16'384, 0), "contributing");
  EXPECT_EQ(of("things", 16'383, 16'384, 0), "refused");
  EXPECT_EQ(of("things", 16'384, 16'384, 8'192), "contributing");
  EXPECT_EQ(of("things", 16'384, 16'384, 8'193), "refused");
  EXPECT_EQ(of("things", 1, 1'048'576, 0), "contributing") << "by its objects";
  EXPECT_EQ(of("things", 1, 1'048'575, 0), "refused");
  for (const char* cache : {"dentry", "buffer_head", "radix_tree_node", "ext4_extent_status",
                            "kmalloc-rcl-64", "ext4_inode_cache", "xfs_inode", "inode_cache"}) {
    EXPECT_EQ(of(cache, 16'384, 16'384, 0), "refused") << cache;
  }
}

// Of a zone with 284400 kB free.
TEST(LogCauses, OneLargeBlockThatCameFreeSinceIsNearlyNone) {
  const auto said = [](std::string_view blocks) {
    std::string text =
        cases::load_case(cases::causes_folder() / "high-order-failure" / "positive.case").log;
    const std::string none = "0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 284400kB";
    text.replace(text.find(none), none.size(), blocks);
    const auto events = cases::explain_log(text);
    return events.back()->findings.front().summary.str();
  };
  EXPECT_NE(said("0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 284400kB").find(", in smaller"),
            std::string::npos);
  const std::string one = said("1*256kB (U) 0*512kB 0*1024kB 0*2048kB 0*4096kB = 284656kB");
  EXPECT_NE(one.find("nearly all of it in smaller blocks"), std::string::npos) << one;
  const std::string many = said("0*256kB 0*512kB 0*1024kB 0*2048kB 2*4096kB (U) = 292592kB");
  EXPECT_EQ(many.find("smaller blocks"), std::string::npos) << many;
}

// Kernels 4.10 to 4.14.
TEST(LogCauses, ALargeRequestThatOnlyTookLongDidNotFail) {
  const auto events = cases::explain_log(
      "[ 9.0] khugepaged: page allocation stalls for 12003ms, order:9, mode:0x4740ca("
      "__GFP_HIGHMEM|__GFP_IO|__GFP_FS|__GFP_COMP|__GFP_NOMEMALLOC|__GFP_HARDWALL|__GFP_MOVABLE|"
      "__GFP_DIRECT_RECLAIM), nodemask=(null)\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->findings.at(0).summary.str(),
            "A request for 2 MiB in one piece (order 9) waited long for memory, and went on "
            "trying; nothing was killed.");
}

std::string texts_of(std::string_view log, std::string_view cause) {
  std::string all;
  for (const auto& event : cases::explain_log(log)) {
    for (const Finding& finding : event->findings) {
      if (finding.cause == cause) {
        all += finding.summary.str() + "\n";
        for (const Remedy& remedy : finding.remedies) {
          all += remedy.title.str() + "\n";
        }
      }
    }
  }
  return all;
}

// The post of a router: 258 pages are free, one block of 8 among them. The kernel counts 1 of
// these, and wants more than 48 / 8.
TEST(LogCauses, ABlockThatAnOldKernelKeepsIsNotSaidToBeMissing) {
  const std::string log =
      "[ 9.0] swapper: page allocation failure. order:3, mode:0x4020\n[ 9.0] Mem-info:\n"
      "[ 9.0] Active:631 inactive:4 dirty:0 writeback:0 unstable:0\n"
      "[ 9.0]  free:258 slab:766 mapped:297 pagetables:43 bounce:0\n"
      "[ 9.0] Normal free:1032kB min:508kB low:632kB high:760kB active:2524kB inactive:16kB "
      "present:16256kB pages_scanned:89 all_unreclaimable? no\n[ 9.0] lowmem_reserve[]: 0\n"
      "[ 9.0] Normal: 72*4kB 43*8kB 23*16kB 1*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB "
      "0*2048kB 0*4096kB = 1032kB\n";
  const std::string texts = texts_of(log, "fragmentation");
  EXPECT_NE(
      texts.find("zone Normal had 1032 kB free, 32 kB of it in blocks of 32 kB or more, where "
                 "this kernel wants more than 52 kB"),
      std::string::npos)
      << texts;
  EXPECT_NE(texts.find("this kernel cannot compact memory"), std::string::npos) << texts;
  const auto old_check = cases::causes_folder() / "fragmentation" / "positive-old-check.case";
  EXPECT_NE(texts_of(cases::load_case(old_check).log, "fragmentation").find("Compact memory now"),
            std::string::npos);
}

// The zone of the mail that brought the field to the kernel (6.18), and totals that fit to it.
TEST(LogCauses, CompressedSwapInRamIsMemoryOfProcesses) {
  const auto of = [](const std::string& low, const std::string& high) {
    return texts_of(
        "[ 9.0] x invoked oom-killer: "
        "gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP), "
        "order=0, oom_score_adj=0\n[ 9.0] Mem-Info:\n"
        "[ 9.0] active_anon:0 inactive_anon:7 isolated_anon:0\n"
        "[ 9.0]  active_file:2 inactive_file:4 isolated_file:0\n"
        "[ 9.0]  unevictable:0 dirty:0 writeback:0\n"
        "[ 9.0]  slab_reclaimable:1000 slab_unreclaimable:5000\n"
        "[ 9.0]  mapped:10 shmem:10 pagetables:100\n[ 9.0]  sec_pagetables:0 bounce:0\n"
        "[ 9.0]  kernel_misc_reclaimable:0\n[ 9.0]  free:1581 free_pcp:0 free_cma:0\n"
        "[ 9.0] Node 0 DMA free:2812kB boost:0kB min:60kB low:72kB high:84kB "
        "reserved_highatomic:0KB free_highatomic:0KB active_anon:0kB inactive_anon:0kB "
        "active_file:0kB inactive_file:0kB unevictable:0kB writepending:0kB zspages:" +
            low +
            "kB present:15992kB managed:15360kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB "
            "free_cma:0kB\n[ 9.0] lowmem_reserve[]: 0 956 956 956 956\n"
            "[ 9.0] Node 0 DMA32 free:3512kB boost:0kB min:3912kB low:4888kB high:5864kB "
            "reserved_highatomic:0KB free_highatomic:0KB active_anon:0kB inactive_anon:28kB "
            "active_file:8kB inactive_file:16kB unevictable:0kB writepending:0kB zspages:" +
            high +
            "kB present:1032064kB managed:978944kB mlocked:0kB bounce:0kB free_pcp:500kB "
            "local_pcp:248kB free_cma:0kB\n[ 9.0] lowmem_reserve[]: 0 0 0 0 0\n"
            "[ 9.0] 20 total pagecache pages\n[ 9.0] 262014 pages RAM\n"
            "[ 9.0] 0 pages HighMem/MovableOnly\n[ 9.0] 13438 pages reserved\n",
        "memory-exhausted");
  };
  const std::string full = of("11160", "916780");
  EXPECT_NE(full.find("906 MiB of it compressed"), std::string::npos) << full;
  EXPECT_NE(full.find("make it smaller, or add swap on a disk"), std::string::npos) << full;
  EXPECT_EQ(of("0", "16780").find("compressed"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::diagnose
