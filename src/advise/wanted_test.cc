#include "advise/wanted.h"

#include <gtest/gtest.h>

namespace whyoom::advise {
namespace {

memory::Machine machine() {
  memory::Machine machine;
  machine.ram = Bytes(std::uint64_t{1000} << 20U);
  machine.default_min_free = KiB(45056);
  return machine;
}

std::string accepted(std::string_view assignment) {
  const auto wanted = parse_wanted(assignment, machine());
  return wanted ? wanted->key.dotted() + "=" + wanted->value : "refused: " + wanted.error().str();
}

std::string refused(std::string_view assignment) {
  const auto wanted = parse_wanted(assignment, machine());
  return wanted ? "accepted " + wanted->key.dotted() + "=" + wanted->value : wanted.error().str();
}

TEST(Wanted, UnderstandsUnits) {
  EXPECT_EQ(accepted("vm.min_free_kbytes=45056"), "vm.min_free_kbytes=45056");
  EXPECT_EQ(accepted("vm.min_free_kbytes=64M"), "vm.min_free_kbytes=65536");
  EXPECT_EQ(accepted("vm/min_free_kbytes = 1%"), "vm.min_free_kbytes=10240");
  EXPECT_EQ(accepted("min_free_kbytes=default"), "vm.min_free_kbytes=45056");
  EXPECT_EQ(accepted("vm.overcommit_kbytes=1G"), "vm.overcommit_kbytes=1048576");
}

TEST(Wanted, KnowsDefaults) {
  EXPECT_EQ(accepted("vm.watermark_scale_factor=default"), "vm.watermark_scale_factor=10");
  EXPECT_EQ(accepted("vm.panic_on_oom=default"), "vm.panic_on_oom=0");
  EXPECT_NE(refused("kernel.pid_max=default").find("give the value"), std::string::npos);
}

TEST(Wanted, TakesAnyOtherKeyAsItIs) {
  EXPECT_EQ(accepted("net.core.somaxconn=4096"), "net.core.somaxconn=4096");
  EXPECT_EQ(accepted("net/ipv4/conf/eth0.1/rp_filter=0"), "net.ipv4.conf.eth0/1.rp_filter=0");
  EXPECT_EQ(accepted("kernel.domainname=a b"), "kernel.domainname=a b");
  EXPECT_EQ(accepted("vm.lowmem_reserve_ratio=256\t256  32"), "vm.lowmem_reserve_ratio=256 256 32");
  EXPECT_EQ(accepted("kernel.panic=-1"), "kernel.panic=-1");
}

TEST(Wanted, NamesTheLimitsOfAWrongValue) {
  for (const char* wrong : {"vm.min_free_kbytes=text", "vm.min_free_kbytes=-5",
                            "vm.min_free_kbytes=64Q", "vm.min_free_kbytes=1.5",
                            "vm.min_free_kbytes=200%", "vm.min_free_kbytes=99999999999999999999"}) {
    EXPECT_EQ(accepted(wrong).find("refused: vm.min_free_kbytes="), 0U) << wrong;
  }
  EXPECT_EQ(refused("vm.min_free_kbytes=0"),
            "vm.min_free_kbytes=0: too little for the kernel to work with; allowed are 1024 kB to "
            "1024000 kB, the RAM here, the kernel's own choice is 45056 kB");
  EXPECT_EQ(refused("vm.min_free_kbytes=2G"),
            "vm.min_free_kbytes=2G: allowed are 0 to 1024000 kB, the RAM of this machine");
  EXPECT_EQ(refused("vm.panic_on_oom=3"), "vm.panic_on_oom=3: allowed are the numbers 0 to 2");
  EXPECT_EQ(refused("kernel.pid_max=300"),
            "kernel.pid_max=300: allowed are the numbers 301 to 4194304");
  EXPECT_EQ(refused("kernel.panic=1 2"),
            "kernel.panic=1 2: allowed are the numbers -2147483648 to 2147483647");
}

TEST(Wanted, RefusesWhatIsNoSetting) {
  EXPECT_NE(refused("vm.min_free_kbytes").find("write KEY=VALUE"), std::string::npos);
  EXPECT_NE(refused("vm.min_free_kbytes=").find("the value is missing"), std::string::npos);
  EXPECT_NE(refused("=5").find("write KEY=VALUE"), std::string::npos);
  EXPECT_NE(refused("ram=16G").find("no sysctl"), std::string::npos);
  EXPECT_NE(refused("vm.*=1").find("no sysctl"), std::string::npos);
  EXPECT_NE(refused("vm.x=a\nb").find("characters"), std::string::npos);
  for (const char* outside : {"../../etc/passwd=x", "kernel/../../../etc/victim=x", "kernel/..=x",
                              "vm/./x=1", "vm//x=1", "vm.x.=1", "-vm.x=1", "vm.$(x)=1", "vm.x y=1",
                              "vm.'x'=1", "/proc/sys/vm/../../../etc/victim=x"}) {
    EXPECT_NE(refused(outside).find("no sysctl"), std::string::npos) << outside;
  }
}

}  // namespace
}  // namespace whyoom::advise
