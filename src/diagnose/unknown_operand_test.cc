// What a number alone does not prove it does not rule out either, where the other number that
// decides is lost.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/judged_for_test.h"

namespace whyoom::diagnose {
namespace {

using namespace cases;

// The end of a report: 7.76 GiB that the kernel manages, and of `idle` huge pages of 2 MiB each.
std::string end_of_report(const std::string& idle) {
  return "[ 9.1] Node 0 hugepages_total=" + idle + " hugepages_free=" + idle +
         " hugepages_surp=0 hugepages_size=2048kB\n[ 9.1] 5679 total pagecache pages\n"
         "[ 9.1] 0 pages in swap cache\n[ 9.1] Free swap  = 0kB\n[ 9.1] Total swap = 0kB\n"
         "[ 9.1] 2097038 pages RAM\n[ 9.1] 0 pages HighMem/MovableOnly\n"
         "[ 9.1] 63576 pages reserved\n";
}

std::string head(const std::string& mask, const std::string& order) {
  return "[ 9.0] x invoked oom-killer: gfp_mask=" + mask + ", order=" + order +
         ", oom_score_adj=0\n[ 9.0] Mem-Info:\n";
}

// Beside pools of 96.5 % of RAM min_free_kbytes has not 5 % to keep back; beside those of 94 % it
// may have.
TEST(UnknownOperand, IdleHugePagesWithoutTheZonesAreLikelyOrOpen) {
  const std::string kernel = "0xcc0(GFP_KERNEL)";
  const Judged tail = judged(end_of_report("3833") + killed);
  EXPECT_EQ(tail.root, "hugepages-reserved");
  EXPECT_EQ(tail.verdict, Verdict::likely);
  EXPECT_EQ(judged(head(kernel, "0") + end_of_report("3833")).root, "hugepages-reserved");

  const Judged less = judged(end_of_report("3733") + killed);
  EXPECT_EQ(less.root, "undetermined");
  EXPECT_EQ(less.candidates, (Names{"hugepages-reserved", "min-free-too-high"}));
  EXPECT_FALSE(rules_out(less, "hugepages-reserved"));
  EXPECT_EQ(judged(head(kernel, "2") + end_of_report("3833")).candidates,
            (Names{"hugepages-reserved", "fragmentation", "min-free-too-high"}));
  EXPECT_EQ(judged(head("0x0()", "0") + end_of_report("3833")).candidates,
            (Names{"spurious-pagefault", "hugepages-reserved", "min-free-too-high"}));
  EXPECT_EQ(judged(end_of_report("1200") + killed).candidates,
            (Names{"hugepages-reserved", "kernel-unaccounted", "slab-leak", "shmem-tmpfs",
                   "many-processes", "min-free-too-high"}));

  const Judged few = judged(end_of_report("700") + killed);
  EXPECT_TRUE(rules_out(few, "hugepages-reserved"));
}

// All counters and RAM are there: what is lost are the zones.
TEST(UnknownOperand, NoLineThatIsThereWouldTell) {
  const Judged event = judged(
      "[ 9.0] Mem-Info:\n[ 9.0] active_anon:1000 inactive_anon:1900000 isolated_anon:0\n"
      "[ 9.0]  active_file:100 inactive_file:100 isolated_file:0\n"
      "[ 9.0]  unevictable:0 dirty:0 writeback:0\n"
      "[ 9.0]  slab_reclaimable:1000 slab_unreclaimable:10000\n"
      "[ 9.0]  mapped:10 shmem:10 pagetables:100 bounce:0\n"
      "[ 9.0]  free:60000 free_pcp:0 free_cma:0\n" +
      end_of_report("0") + killed);
  EXPECT_FALSE(event.candidates.empty());
  for (const std::string& line : event.decides) {
    EXPECT_EQ(line.find("pages RAM"), std::string::npos) << line;
    EXPECT_EQ(line.find("active_anon"), std::string::npos) << line;
  }
  // Cut within the counters.
  const Judged cut = judged(
      "[ 9.0] Mem-Info:\n[ 9.0] active_anon:80037 inactive_anon:89152 isolated_anon:0\n"
      "[ 9.0]  active_file:100 inactive_file:521 isolated_file:0\n" +
      killed);
  EXPECT_FALSE(cut.candidates.empty());
  for (const std::string& line : cut.decides) {
    EXPECT_EQ(line.find("active_anon"), std::string::npos) << line;
  }
}

TEST(UnknownOperand, ABalloonWithoutTheZonesIsNotRuledOut) {
  const auto of = [](const std::string& held) {
    return judged(
        "[ 9.0] Node 0 active_anon:8kB inactive_anon:92kB active_file:8kB "
        "inactive_file:2kB unevictable:0kB Balloon:" +
        held + "kB\n" + end_of_report("0") + killed);
  };
  EXPECT_FALSE(rules_out(of("6291456"), "balloon-or-hotplug"));
  EXPECT_TRUE(rules_out(of("100000"), "balloon-or-hotplug"));
}

// What is free and in no printed zone may be in one that is lost, and that the request could use.
TEST(UnknownOperand, FreeMemoryOfALostZoneDoesNotRuleOutLowMemory) {
  const auto of = [](const std::string& free) {
    return judged(head("0x6000d1(GFP_KERNEL|GFP_DMA)", "0") + "[ 9.0]  free:" + free +
                  " free_pcp:0 free_cma:0\n[ 9.0] Node 0 Normal free:4000kB min:5000kB low:6000kB "
                  "high:7000kB present:8000000kB managed:8000000kB\n"
                  "[ 9.0] lowmem_reserve[]: 0 0 0\n" +
                  end_of_report("0") + killed);
  };
  EXPECT_FALSE(rules_out(of("1500000"), "lowmem-exhausted"));
}

}  // namespace
}  // namespace whyoom::diagnose
