// The line of a vmalloc alone, as people post it.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/judged_for_test.h"

namespace whyoom::diagnose {
namespace {

using namespace cases;

// `exceeds` alone is the proof; "failed to allocate pages" tells what it had got.
TEST(Vmalloc, OneLineTellsItsReasonAndItsSize) {
  const auto line = [](const std::string& what, const std::string& mode) {
    return "[ 9.0] insmod: vmalloc error: size " + what + ", mode:" + mode +
           ", nodemask=(null),cpuset=/,mems_allowed=0\n";
  };
  const std::string waits = "0xcc0(GFP_KERNEL)";
  const Judged beyond = judged(line("68719476736, exceeds total pages", waits));
  EXPECT_EQ(beyond.root, "vmalloc-exhausted");
  EXPECT_EQ(beyond.verdict, Verdict::proved);

  const Judged no_area = judged(line("81920, vm_struct allocation failed", waits));
  EXPECT_EQ(no_area.root, "vmalloc-exhausted");
  EXPECT_EQ(no_area.verdict, Verdict::likely);
  EXPECT_EQ(judged(line("81920, vm_struct allocation failed", "0xa20(GFP_ATOMIC)")).root,
            "undetermined");

  const std::string pages = line("20480, page order 0, failed to allocate pages", waits);
  EXPECT_EQ(judged(pages).candidates, (Names{"memory-exhausted", "min-free-too-high"}));
  EXPECT_TRUE(has(said_of(pages), "A vmalloc had got 20 KiB when no page more could be had"));
  const std::string charged =
      line("20480, failed to allocate pages", "0x400cc0(GFP_KERNEL_ACCOUNT)");
  EXPECT_EQ(judged(charged).candidates,
            (Names{"memory-exhausted", "cgroup-limit", "min-free-too-high"}));
  EXPECT_TRUE(has(said_of(line("81920, failed to allocated page array size 160", waits)),
                  "A vmalloc of 80 KiB found no page"));
}

// The area of modules has a size of its own on ARM.
TEST(Vmalloc, AnAreaOfModulesIsNotMadeLargerByVmalloc) {
  const auto titles = [](const std::string& caller) {
    const auto events = explain_log(
        "[ 9.0] vmap allocation for size 73728 failed: use vmalloc=<size> to increase size\n"
        "[ 9.0] insmod: vmalloc: allocation failure: 69632 bytes, mode:0xcc0(GFP_KERNEL)\n"
        "[ 9.0] CPU: 0 PID: 71 Comm: insmod Not tainted 4.14.1 #1\n[ 9.0] Call Trace:\n"
        "[ 9.0]  warn_alloc+0x1/0x2\n[ 9.0]  __vmalloc_node_range+0x1/0x2\n[ 9.0]  " +
        caller + "+0x1/0x2\n");
    std::string all;
    for (const Finding& finding : events.at(0)->findings) {
      for (const Remedy& remedy : finding.remedies) {
        all += remedy.title.str() + "\n";
      }
    }
    return all;
  };
  EXPECT_TRUE(has(titles("module_alloc"), "CONFIG_ARM_MODULE_PLTS")) << titles("module_alloc");
  EXPECT_FALSE(has(titles("module_alloc"), "raise vmalloc="));
  EXPECT_TRUE(has(titles("nand_scan"), "raise vmalloc="));
}

}  // namespace
}  // namespace whyoom::diagnose
