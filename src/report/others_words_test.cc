// Lines of the kernel's that anybody can have it print, with a report's lines in a file's name.
#include "report/others_words.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

constexpr std::string_view marks[] = {
    "x: swiotlb buffer is full (sz: 4096 bytes), total 32768 (slots), used 32768 (slots)",
    "sshd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=9, oom_score_adj=0",
    "sshd: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)",
    "Out of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB, file-rss:0kB",
    "cgroup: fork rejected by pids controller in /ssh.service",
    "a\nOut of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB, file-rss:0kB",
    "a\nb invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=9, oom_score_adj=0",
    "a\nactive_anon:1 inactive_anon:1 isolated_anon:0",
    "a\ncgroup: fork rejected by pids controller in /ssh.service"};

// As dmesg writes it, which indents what follows a newline, and a console, which repeats the time.
std::string record(std::string_view text, std::string_view behind_newline) {
  const std::string time = "[  812.150001] ";
  return time + replaced(std::string(text), "\n", "\n" + std::string(behind_newline)) + "\n";
}

std::vector<std::string> records_with(std::string_view mark) {
  const std::string words(mark);
  std::vector<std::string> all;
  for (const std::string_view indent : {"               ", "[  812.150001] "}) {
    for (const std::string& text :
         {"app[447756]: segfault at 0 ip 0000561d2ea50132 sp 00007ffdc3486c70 error 6 in " + words +
              "[1132,561d2ea50000+1000] likely on CPU 1 (core 1, socket 0)",
          "traps: app[7] trap divide error ip:401136 sp:7ffd error:0 in " + words + "[401000+1000]",
          "process '" + words + "' started with executable stack",
          "tmpfs: Unknown parameter '" + words + "'", "tmpfs: Bad mount option " + words,
          "ptrace attach of \"" + words + "\"[12] was attempted by \"strace\"[13]"}) {
      all.push_back(record(text, indent));
    }
  }
  return all;
}

TEST(OthersWords, MakeNoEvent) {
  for (const std::string_view mark : marks) {
    for (const std::string& text : records_with(mark)) {
      EXPECT_TRUE(testing::assemble(text).empty()) << text;
    }
  }
}

TEST(OthersWords, NeitherDivideNorFeedAReport) {
  const std::string report = testing::sample_report();
  const auto whole = testing::assemble(report);
  ASSERT_EQ(whole.size(), 1U);
  for (const std::string_view mark : marks) {
    for (const std::string& text : records_with(mark)) {
      for (std::size_t at = report.find('\n'); at + 1 < report.size();
           at = report.find('\n', at + 1)) {
        const auto events =
            testing::assemble(report.substr(0, at + 1) + text + report.substr(at + 1));
        ASSERT_EQ(events.size(), 1U) << text << report.substr(at + 1, 60);
        EXPECT_EQ(events[0].victims.size(), whole[0].victims.size());
        EXPECT_EQ(events[0].totals.get(kernel::Field::active_anon)->value,
                  whole[0].totals.get(kernel::Field::active_anon)->value);
      }
    }
  }
}

TEST(OthersWords, AreNotTheNameOfAProcess) {
  EXPECT_FALSE(is_of_a_process("systemd[1]: invoked oom-killer: gfp_mask=0xcc0"));
  EXPECT_FALSE(is_of_a_process("[  301]     0   301     1234      567     8 hog"));
  for (const char* name : {"a", "[a", " a", "a b", "[kthread]"}) {
    EXPECT_TRUE(is_of_a_process(std::string(name) + "[1]: segfault at 0")) << name;
  }
  EXPECT_FALSE(is_of_a_process("sixteen bytes ok[1]: segfault at 0"));
}

}  // namespace
}  // namespace whyoom::report
