#include "host/sysctl_key.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace whyoom::host {
namespace {

using enum SysctlTool;
constexpr std::string_view target = "vm/min_free_kbytes";

TEST(SysctlKey, TheFirstSeparatorDecides) {
  EXPECT_EQ(sysctl_path_of("vm.min_free_kbytes"), target);
  EXPECT_EQ(sysctl_path_of("vm/min_free_kbytes"), target);
  EXPECT_EQ(sysctl_path_of("net.ipv4.conf.eth0/1.forwarding"), "net/ipv4/conf/eth0.1/forwarding");
  EXPECT_EQ(sysctl_path_of("net/ipv4/conf/eth0.1/forwarding"), "net/ipv4/conf/eth0.1/forwarding");
  EXPECT_EQ(sysctl_path_of(""), "");
  EXPECT_EQ(sysctl_path_of("x"), "x");
}

TEST(SysctlKey, HasOneDottedSpelling) {
  for (const auto* key : {"vm.min_free_kbytes", "vm/min_free_kbytes", "/vm//min_free_kbytes",
                          ".vm..min_free_kbytes", "vm/./min_free_kbytes/"}) {
    EXPECT_EQ(canonical_sysctl_key(key), "vm.min_free_kbytes") << key;
  }
  EXPECT_EQ(canonical_sysctl_key("net/ipv4/conf/eth0.1/x"), "net.ipv4.conf.eth0/1.x");
}

// What `parse` takes names one file below /proc/sys, in either spelling, and means the same to both
// tools; what it makes of random bytes is that or nothing.
TEST(SysctlKey, NeverLeadsOutOfTheDirectory) {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"vm",     "x",    ".", "..",   "/", "//",
                                           "kernel", "eth0", "-", "etc",  " ", "\n",
                                           "*",      "\0",   "'", "@a:1", "=", "$"};
  int taken = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t n = random() % 9; n > 0; --n) {
      text += pieces[random() % pieces.size()];
      text += random() % 2 == 0 ? "/" : random() % 2 == 0 ? "." : "";
    }
    const auto key = SysctlKey::parse(text);
    if (!key) {
      continue;
    }
    ++taken;
    const std::filesystem::path path = key->path();
    EXPECT_EQ(path.lexically_normal(), path) << text;
    EXPECT_TRUE(path.is_relative() && *path.begin() != "..") << text;
    EXPECT_EQ(key->path().find_first_of(" \n\t*?'\"$;#=\\"), std::string::npos) << text;
    EXPECT_EQ(SysctlKey::parse(key->dotted())->path(), key->path()) << text;
    EXPECT_EQ(SysctlKey::parse(key->path())->dotted(), key->dotted()) << text;
    for (const auto tool : {systemd, procps}) {
      EXPECT_TRUE(path_reaches(tool, tool_path_of(tool, key->dotted()), key->path())) << text;
    }
  }
  EXPECT_GT(taken, 300);
  EXPECT_FALSE(SysctlKey::parse("vm." + std::string(300, 'x')));
}

bool reaches(SysctlTool tool, std::string_view key) {
  return path_reaches(tool, tool_path_of(tool, key), target);
}

TEST(SysctlKey, ARunningValueIsOneLineAndOneWrite) {
  for (const std::string_view text : {"", "1", "4096\t131072\t6291456", " a b ", "it's {{ x }}"}) {
    EXPECT_TRUE(is_running_value(text)) << text;
  }
  for (const std::string_view text :
       {std::string_view("1\n2"), std::string_view("1\r"), std::string_view("1\0", 2),
        std::string_view("\x1b[2J"), std::string_view("\x7f")}) {
    EXPECT_FALSE(is_running_value(text)) << text;
    EXPECT_FALSE(is_sysctl_value(text)) << text;
  }
  EXPECT_TRUE(is_sysctl_value(std::string(4094, '1')));
  EXPECT_FALSE(is_sysctl_value(std::string(4095, '1')));
  EXPECT_FALSE(is_running_value(std::string(4095, '1')));
}

TEST(SysctlKey, ReachesTheFileAsTheToolsDo) {
  for (const auto tool : {systemd, procps}) {
    EXPECT_TRUE(reaches(tool, "vm.min_free_kbytes"));
    EXPECT_TRUE(reaches(tool, "/vm/min_free_kbytes"));
    EXPECT_TRUE(reaches(tool, "vm..min_free_kbytes"));
    EXPECT_FALSE(reaches(tool, "vm.min_free_kbyte"));
    EXPECT_FALSE(reaches(tool, "vm.min_free_kbytes.x"));
    EXPECT_FALSE(reaches(tool, "\xef\xbb\xbfvm.min_free_kbytes"));
  }
  EXPECT_TRUE(reaches(systemd, "vm.min_free_kbytes."));
  EXPECT_FALSE(reaches(procps, "vm.min_free_kbytes."));
  EXPECT_FALSE(reaches(systemd, "vm/../vm/min_free_kbytes"));
  EXPECT_TRUE(reaches(procps, "vm/../vm/min_free_kbytes"));
  EXPECT_FALSE(reaches(procps, "nowhere/../vm/min_free_kbytes"));
  EXPECT_FALSE(reaches(procps, "vm/min_free_kbytes/../min_free_kbytes"));
  EXPECT_FALSE(reaches(procps, "../../../../vm/min_free_kbytes"));
}

TEST(SysctlKey, GlobsReachTheFileAsTheToolsSpellIt) {
  EXPECT_EQ(glob_reaches(systemd, "vm/min_*", target), target);
  EXPECT_EQ(glob_reaches(procps, "vm/min_*", target), target);
  EXPECT_EQ(glob_reaches(procps, "vm//min_*", target), "vm//min_free_kbytes");
  EXPECT_EQ(glob_reaches(procps, "*/min_free_kbytes", target), target);
  EXPECT_EQ(glob_reaches(systemd, "v?/[m]in_free_kbytes", target), target);
  EXPECT_EQ(glob_reaches(systemd, "*", target), std::nullopt);
  EXPECT_EQ(glob_reaches(systemd, "*min_free_kbytes", target), std::nullopt);
  EXPECT_EQ(glob_reaches(systemd, "vm/[!m]*", target), std::nullopt);
}

TEST(SysctlKey, OnlySystemdKnowsBraces) {
  EXPECT_EQ(glob_reaches(systemd, "{vm,kernel}/min_*", target), target);
  EXPECT_EQ(glob_reaches(systemd, "vm/{a,min{_free,}}_kbyte?", target), target);
  EXPECT_EQ(glob_reaches(procps, "{vm,kernel}/min_*", target), std::nullopt);
}

TEST(SysctlKey, ExpandsBraces) {
  using List = std::vector<std::string>;
  EXPECT_EQ(expand_braces("a{b,c}d{e,f}"), (List{"abde", "abdf", "acde", "acdf"}));
  EXPECT_EQ(expand_braces("{a,{b,c}}"), (List{"a", "b", "c"}));
  EXPECT_EQ(expand_braces("a{b"), List{"a{b"});
  EXPECT_EQ(expand_braces("a\\{b,c}"), List{"a\\{b,c}"});
  EXPECT_EQ(expand_braces("a{}b"), List{"ab"});
}

TEST(SysctlKey, ManyBracesStayCheap) {
  std::string text;
  for (int i = 0; i < 120; ++i) {
    text += "{a,b}";
  }
  EXPECT_LE(expand_braces(text).size(), 256U);
  EXPECT_EQ(expand_braces(std::string(100000, '{')).size(), 1U);
}

TEST(SysctlKey, ReadsNumbersAsTheKernel) {
  EXPECT_EQ(parse_sysctl_integer("67584"), 67584);
  EXPECT_EQ(parse_sysctl_integer("0x10800"), 67584);
  EXPECT_EQ(parse_sysctl_integer("010"), 8);
  EXPECT_EQ(parse_sysctl_integer(" 12 kB"), 12);
  EXPECT_EQ(parse_sysctl_integer("-5"), -5);
  EXPECT_EQ(parse_sysctl_integer("0"), 0);
  for (const auto* text : {"", " ", "64M", "abc", "08", "0x", "1.5", "+1", "-", "5#", "\"5\"",
                           "99999999999999999999", "000000000000000000001"}) {
    EXPECT_EQ(parse_sysctl_integer(text), std::nullopt) << text;
  }
}

TEST(SysctlKey, KnowsWhatTheKernelTakes) {
  const auto range = sysctl_range("vm.min_free_kbytes");
  EXPECT_TRUE(kernel_takes(range, "0"));
  EXPECT_TRUE(kernel_takes(range, "2147483647"));
  EXPECT_FALSE(kernel_takes(range, "2147483648"));
  EXPECT_FALSE(kernel_takes(range, "-1"));
  EXPECT_FALSE(kernel_takes(range, "64M"));
  EXPECT_FALSE(kernel_takes(sysctl_range("vm.panic_on_oom"), "3"));
  EXPECT_TRUE(kernel_takes(sysctl_range("kernel.domainname"), "anything"));
}

}  // namespace
}  // namespace whyoom::host
