// Cases with a line lost, or a number that is not as it was printed: what was one number's word
// alone is open, and what others speak against is not believed.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

class Damaged {
 public:
  explicit Damaged(std::string_view name)
      : log_(cases::load_case(cases::causes_folder() / (std::string(name) + ".case")).log) {}

  Damaged& put(std::string_view what, std::string_view with) {
    const std::size_t at = log_.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    log_.replace(at, what.size(), with);
    return *this;
  }
  Damaged& lose_line(std::string_view with) {
    std::string rest;
    for (const std::string_view line : cases::split_lines(log_)) {
      if (line.find(with) == std::string_view::npos) {
        rest += line;
      }
    }
    EXPECT_NE(rest.size(), log_.size()) << with;
    log_ = rest;
    return *this;
  }
  Damaged& end_before(std::string_view what) {
    log_.resize(log_.rfind('\n', log_.find(what)) + 1);
    return *this;
  }
  // "proved memory-exhausted"; of an open one its candidates.
  [[nodiscard]] std::string says() const {
    const auto events = cases::explain_log(log_);
    if (events.empty()) {
      return "nothing";
    }
    std::string text =
        std::string(name(events.back()->verdict)) + " " + std::string(events.back()->root_cause);
    for (const Candidate& candidate : events.back()->candidates) {
      text += " " + std::string(candidate.cause);
    }
    return text;
  }

 private:
  std::string log_;
};

TEST(DamagedCase, TheLimitOfMemoryAndSwap) {
  const std::string name = "cgroup-swap-limit/positive";
  EXPECT_EQ(Damaged(name).says(), "proved cgroup-swap-limit");
  EXPECT_EQ(Damaged(name).put("failcnt 0", "failcnt 2").says(), "proved cgroup-swap-limit");
  EXPECT_EQ(Damaged(name).put("usage 498112kB", "usage 514112kB").says(),
            "proved cgroup-swap-limit")
      << "within 3 % of its limit, and 10 MiB below it";
  EXPECT_EQ(Damaged(name).put("usage 498112kB", "usage 514112kB").lose_line("memory+swap:").says(),
            "undetermined undetermined cgroup-limit cgroup-swap-limit")
      << "this limit has refused nothing";
  EXPECT_EQ(Damaged(name).lose_line("memory: usage").says(),
            "undetermined undetermined cgroup-limit cgroup-swap-limit");
  EXPECT_EQ(Damaged(name)
                .lose_line("memory: usage")
                .put("limit 786432kB", "limit 9007199254740988kB")
                .says(),
            "undetermined undetermined cgroup-limit")
      << "memory+swap has no limit";
  EXPECT_EQ(Damaged(name).put("usage 498112kB", "usage 524288kB").lose_line("memory+swap:").says(),
            "proved cgroup-limit")
      << "no charge fits any more";
  EXPECT_EQ(Damaged(name)
                .put("usage 498112kB", "usage 524288kB")
                .put("usage 786432kB, limit 786432kB", "usage 524288kB, limit 524288kB")
                .says(),
            "proved cgroup-limit")
      << "one limit for both: no swap was allowed";
}

TEST(DamagedCase, WhatTheZonesSayWhereTheTotalsAreLost) {
  const auto without = [](const std::string& name) {
    return Damaged(name).lose_line("active_anon:502013").says().substr(0, 12);
  };
  EXPECT_EQ(without("writeback-stuck/positive"), "undetermined");
  EXPECT_EQ(Damaged("cpuset-nodes/positive-el7").lose_line(" active_anon:").says().substr(0, 12),
            "undetermined")
      << "mems_allowed=1";
}

// `file` has shared memory in it: its lists are a second word for how much of it is page cache.
TEST(DamagedCase, PageCacheOrSharedMemory) {
  const std::string name = "cgroup-page-cache/positive";
  EXPECT_EQ(Damaged(name).says(), "proved cgroup-page-cache");
  EXPECT_EQ(
      Damaged(name).put(" inactive_file:121804KB active_file:5212KB", "").says().substr(0, 43),
      "undetermined undetermined cgroup-page-cache");
}

TEST(DamagedCase, KernelMemoryOfWhichTheSumIsCut) {
  const std::string name = "cgroup-kernel-memory/positive";
  EXPECT_EQ(Damaged(name).says(), "proved cgroup-kernel-memory");
  EXPECT_EQ(Damaged(name).put("kernel 498548736", "kernel 49").says(),
            "likely cgroup-kernel-memory")
      << "its parts are printed too";
}

TEST(DamagedCase, TheNumbersOfZonesThatAreNotThere) {
  const std::string name = "movable-only/positive-guest";
  EXPECT_EQ(Damaged(name).says(), "proved movable-only");
  EXPECT_EQ(Damaged(name).put("free:197892", "free:19792").says().substr(0, 44),
            "undetermined undetermined kernel-unaccounted")
      << "a zone that is not printed and what the kernel itself took look the same";
  EXPECT_EQ(Damaged("kernel-unaccounted/positive").says(), "proved kernel-unaccounted");
}

TEST(DamagedCase, ZonesThatARequestCannotUse) {
  EXPECT_EQ(Damaged("movable-only/positive-printed").says(), "proved movable-only");
  EXPECT_EQ(Damaged("lowmem-exhausted/positive").says(), "proved lowmem-exhausted");
  // HighMem is no ZONE_MOVABLE.
  EXPECT_EQ(Damaged("lowmem-exhausted/positive").lose_line(" Normal free:").says().substr(0, 12),
            "undetermined");
}

TEST(DamagedCase, AKernelThatMayHaveABug) {
  const std::string low = "kernel-bug/positive-lowmem";
  EXPECT_EQ(Damaged(low).lose_line("invoked oom-killer").says(),
            "undetermined undetermined lowmem-exhausted");
  EXPECT_EQ(Damaged(low).lose_line("invoked oom-killer").put("4.9.0-gentoo", "4.19.0").says(),
            "likely lowmem-exhausted")
      << "which has it no more";
  const std::string high = "kernel-bug/positive-high-order";
  EXPECT_EQ(Damaged(high).put("0*16kB 0*32kB 0*64kB", "0*16kB 0*").says().substr(0, 12),
            "undetermined");
  EXPECT_EQ(Damaged(high).put("0*16kB 0*32kB 0*64kB", "0*16kB 0*").put("4.7.2", "4.8.2").says(),
            "likely fragmentation")
      << "which has it no more";
}

TEST(DamagedCase, KswapdAndAPartOfTheCounters) {
  EXPECT_EQ(Damaged("mglru-min-ttl/positive-used-up").says(), "proved page-tables");
  EXPECT_EQ(Damaged("mglru-min-ttl/positive-used-up").lose_line("Free swap").says().substr(0, 26),
            "undetermined undetermined ");
}

TEST(DamagedCase, ZonesThatManageMoreThanIsTold) {
  const std::string mapped = "driver-mapped/positive";
  EXPECT_EQ(Damaged(mapped)
                .lose_line("pages RAM")
                .lose_line("lowmem_reserve[]: 0 0 12719")
                .says()
                .substr(0, 12),
            "undetermined")
      << "15.6 GiB of zones, of which processes held 4.4";
}

// Pools stand between the free lists and the page cache: with one of these lost too, they may be.
TEST(DamagedCase, AHoleWhereHugePagesWouldBe) {
  const std::string open = "undetermined undetermined kernel-unaccounted hugepages-reserved";
  const std::string reserved = "hugepages-reserved/positive";
  EXPECT_EQ(Damaged(reserved).lose_line("hugepages_total").lose_line("total pagecache").says(),
            open);
  const std::string uncounted = "kernel-unaccounted/positive";
  EXPECT_EQ(Damaged(uncounted).lose_line("hugepages_total").lose_line("Node 0 Normal: ").says(),
            open);
  EXPECT_EQ(Damaged(uncounted).lose_line("hugepages_total").says(), "likely kernel-unaccounted")
      << "no hole: this kernel may print none";
  EXPECT_EQ(Damaged(uncounted).lose_line("total pagecache").says(), "proved kernel-unaccounted")
      << "the pools are there";
}

TEST(DamagedCase, WhatTheBalloonHoldsIsInTheLineOfTheNode) {
  EXPECT_EQ(Damaged("balloon-or-hotplug/positive-counter").lose_line("Balloon:").says(),
            "undetermined undetermined kernel-unaccounted");
  EXPECT_EQ(Damaged("driver-mapped/positive").lose_line("Node 0 active_anon:").says(),
            "proved kernel-unaccounted")
      << "a kernel before 6.18 does not print it";
}

// Kernels with the fix do not raise the marks of so small a zone.
TEST(DamagedCase, ABoostThatTheKernelDoesNotMake) {
  const std::string small = "kernel-bug/positive-small-zone";
  EXPECT_EQ(Damaged(small).says(), "proved kernel-bug");
  EXPECT_EQ(Damaged(small).put("5.3.0-tai", "5.9.0-tai").says(),
            "undetermined undetermined watermark-raised");
  EXPECT_EQ(Damaged("watermark-raised/positive-not-printed").says(), "proved watermark-raised");
}

TEST(DamagedCase, ABoostThatIsBigInAZoneAndNotInAllOfThem) {
  const auto lost = [] { return Damaged("watermark-raised/positive").lose_line("pages RAM"); };
  EXPECT_EQ(lost().says(), "proved watermark-raised") << "the zones have all free pages";
  EXPECT_EQ(lost().lose_line("] Node 0 DMA free:").lose_line("free_pcp:41").says(),
            "undetermined undetermined watermark-raised");
}

TEST(DamagedCase, TheUsageOfACgroupThatItsPartsDoNotMakeUp) {
  const auto without = [](const char* usage) {
    return Damaged("cgroup-kernel-memory/positive")
        .put("usage 524288kB, limit 524288kB", usage)
        .lose_line("] kernel 498548736")
        .lose_line("] slab 493879296")
        .says();
  };
  EXPECT_EQ(without("usage 524288kB, limit 524288kB").substr(0, 38),
            "undetermined undetermined cgroup-limit")
      << "41 MiB of 512 are told of";
  EXPECT_EQ(without("usage 41984kB, limit 41984kB"), "proved cgroup-limit");
}

TEST(DamagedCase, LowMemoryWithoutTheLinesOfHighMem) {
  const std::string low = "lowmem-exhausted/positive";
  EXPECT_EQ(Damaged(low).lose_line("HighMem free:").lose_line("HighMem: ").says(),
            "proved lowmem-exhausted")
      << "the last lines count it";
}

// Posts often end behind the zones. Where all that is free is in them, no node is left out.
TEST(DamagedCase, WithoutItsLastLinesTheCountersTell) {
  const auto cut = [] {
    return Damaged("memory-exhausted/positive").end_before("total pagecache pages");
  };
  EXPECT_EQ(cut().says(), "likely memory-exhausted");
  EXPECT_EQ(cut().put("free:33649", "free:73649").says(),
            "undetermined undetermined memory-exhausted")
      << "some is free on another node";
  EXPECT_EQ(cut().put("free:33649", "free:933649").says(), "undetermined undetermined")
      << "much is";
  EXPECT_EQ(Damaged("memory-exhausted/positive-el6").end_before("[ pid ]").says(),
            "undetermined undetermined memory-exhausted")
      << "it may be of a cgroup";
}

// That much is reserved, whatever the zones had: what is open is whether anything else was kept
// back.
TEST(DamagedCase, HugePagesStandOutsideTheZones) {
  const auto cut = [] { return Damaged("hugepages-reserved/positive").lose_line("kB min:"); };
  EXPECT_EQ(cut().says(), "likely hugepages-reserved");
  const std::string open = "undetermined undetermined hugepages-reserved min-free-too-high";
  EXPECT_EQ(cut().lose_line(" free:").says(), open) << "a quarter of RAM can have been free";
  const auto with_free = [&](const std::string& pages) {
    return cut()
        .put("active_anon:643944 inactive_anon:210000", "active_anon:43944 inactive_anon:0")
        .put("free:33779", "free:" + pages)
        .says();
  };
  EXPECT_EQ(with_free("205156"), "likely hugepages-reserved");
  EXPECT_EQ(with_free("205157"), open) << "a twentieth of RAM";
}

TEST(DamagedCase, TheCountersAloneTellWhoHasMost) {
  const auto says = [](const std::string& cause) {
    return Damaged(cause + "/positive").end_before("Node 0 DMA free:").says();
  };
  EXPECT_EQ(says("shmem-tmpfs"), "undetermined undetermined shmem-tmpfs min-free-too-high");
  EXPECT_EQ(says("unevictable"), "undetermined undetermined unevictable");
  EXPECT_EQ(says("memory-exhausted"), "undetermined undetermined memory-exhausted");
}

// Posts often begin behind the counters. What the zones have on their lists, and how much they have
// not, leaves a few causes.
TEST(DamagedCase, WithoutItsFirstLinesTheZonesTell) {
  const auto says = [](const std::string& name) {
    const auto log = cases::load_case(cases::causes_folder() / (name + "/positive.case")).log;
    const std::size_t zone = std::min(log.find("Node 0 DMA free:"), log.find("Node 0 DMA32 free:"));
    std::string text;
    for (const auto& event : cases::explain_log(log.substr(log.rfind('\n', zone) + 1))) {
      for (const Candidate& candidate : event->candidates) {
        text += std::string(candidate.cause) + " ";
      }
    }
    return text;
  };
  EXPECT_EQ(says("memory-exhausted"), "memory-exhausted ");
  EXPECT_EQ(says("shmem-tmpfs"), "memory-exhausted shmem-tmpfs ");
  EXPECT_EQ(says("unevictable"), "unevictable ");
  EXPECT_EQ(says("slab-leak"), "kernel-unaccounted slab-leak page-tables ");
  EXPECT_EQ(says("fragmentation"), "") << "not every zone was at its mark";
}

// The zones alone may be of a request that may not wait, which needs less to be free, or of
// SysRq-m.
TEST(DamagedCase, AReportOfMemoryProvesNothingOfARequest) {
  const std::string log =
      cases::load_case(cases::causes_folder() / "lowmem-reserve/positive.case").log;
  const std::size_t begin = log.rfind('\n', log.find("Mem-Info:")) + 1;
  const std::size_t end = log.rfind('\n', log.find("[ pid ]")) + 1;
  const auto events = cases::explain_log(log.substr(begin, end - begin));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "lowmem-reserve");
  EXPECT_EQ(events[0]->verdict, Verdict::likely);
  EXPECT_EQ(events[0]->overturned_by.size(), 1U);
}

// Its processes are listed by the OOM killer alone.
TEST(DamagedCase, APartFromTheZonesToTheProcessesIsOfAnOom) {
  const auto events = cases::explain_log(
      "[   51.100000] Normal free:1500kB min:2900kB low:3624kB high:4348kB active_anon:1200kB "
      "inactive_anon:32kB active_file:80kB inactive_file:8kB unevictable:0kB isolated(anon):0kB "
      "isolated(file):0kB present:540672kB managed:524288kB mlocked:0kB dirty:0kB writeback:0kB "
      "mapped:0kB shmem:40kB slab_reclaimable:4800kB slab_unreclaimable:11200kB "
      "kernel_stack:3200kB pagetables:96kB unstable:0kB bounce:0kB free_cma:0kB "
      "writeback_tmp:0kB pages_scanned:150 all_unreclaimable? yes\n"
      "[   51.110000] lowmem_reserve[]: 0 0\n"
      "[   51.120000] Normal: 75*4kB (UEM) 30*8kB (U) 60*16kB (U) 0*32kB = 1500kB\n"
      "[   51.130000] 32 total pagecache pages\n"
      "[   51.140000] Free swap  = 0kB\n[   51.150000] Total swap = 0kB\n"
      "[   51.160000] 135168 pages of RAM\n[   51.170000] 4096 reserved pages\n"
      "[   51.180000] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
      "[   51.190000] [  402]     0   402      512       80       4        0         -1000 "
      "udevd\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->verdict, Verdict::undetermined);
  ASSERT_FALSE(events[0]->candidates.empty());
  EXPECT_EQ(events[0]->candidates[0].cause, "kernel-unaccounted");
}

TEST(DamagedCase, AReportOfMemoryTellsOfNoRequestThatWouldHavePassed) {
  const std::string log =
      cases::load_case(cases::causes_folder() / "watermark-raised/positive-not-printed.case").log;
  const auto boost_of = [](const std::string& part) {
    std::optional<Finding> boost;
    for (const auto& event : cases::explain_log(part)) {
      for (const Finding& finding : event->findings) {
        if (finding.cause == "watermark-raised") {
          boost = finding;
        }
      }
    }
    return boost;
  };
  const auto whole = boost_of(log);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->remedies[0].what_if->request);
  const std::size_t begin = log.rfind('\n', log.find("Node 0 DMA32 free:")) + 1;
  const std::size_t end = log.rfind('\n', log.find("[  pid  ]")) + 1;
  const auto part = boost_of(log.substr(begin, end - begin));
  ASSERT_TRUE(part);
  EXPECT_TRUE(part->remedies.empty()) << "of a large order the boost is a consequence";
  EXPECT_NE(part->summary.str().find("a request for one page"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::diagnose
