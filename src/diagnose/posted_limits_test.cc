// Limits of a shell, as somebody posted them, on both sides of each border.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/case_file.h"
#include "diagnose/host_check.h"
#include "host/posted_files.h"

namespace whyoom::diagnose {
namespace {

std::string role_in_post(const std::string& text, std::string_view cause) {
  const host::Posted posted = host::posted_files(text);
  return posted.files == nullptr
             ? "no host"
             : cases::role_of(check(host::read_facts(*posted.files, {.posted = posted.names,
                                                                     .shell = posted.shell}))
                                  ->findings,
                              cause);
}

TEST(PostedLimits, SoFewTasksThatALoginTakesThem) {
  const std::string refused = "-bash: fork: retry: Resource temporarily unavailable\n";
  const auto nproc = [](const std::string& before, const std::string& limit) {
    return role_in_post(before + "max user processes              (-u) " + limit + "\n",
                        "rlimit-nproc");
  };
  EXPECT_EQ(nproc(refused, "3"), "root");
  EXPECT_EQ(nproc(refused, "15"), "root");
  EXPECT_EQ(nproc(refused, "16"), "refused") << "who has so many?";
  EXPECT_EQ(nproc(refused, "unlimited"), "refused");
  EXPECT_EQ(nproc("", "3"), "refused") << "nothing was refused";
  EXPECT_EQ(nproc("-bash: fork: Cannot allocate memory\n", "3"), "refused")
      << "EAGAIN is its error";
  EXPECT_EQ(nproc(refused + "[root@localhost ~]# ulimit -a\n", "3"), "refused")
      << "root is not bound";
}

TEST(PostedLimits, LessAddressSpaceThanMemory) {
  const auto space = [](const std::string& limit, const std::string& memory) {
    return role_in_post(memory + "virtual memory          (kbytes, -v) " + limit + "\n",
                        "rlimit-as");
  };
  const std::string memory = "MemTotal: 8000000 kB\nMemFree: 100000 kB\n";
  const std::string available = memory + "MemAvailable: 4000000 kB\n";
  EXPECT_EQ(space("3999999", available), "risk");
  EXPECT_EQ(space("4000000", available), "refused");
  EXPECT_EQ(space("99999", memory), "risk");
  EXPECT_EQ(space("100000", memory), "refused");
  EXPECT_EQ(space("unlimited", available), "refused");
  EXPECT_EQ(space("99999", ""), "refused") << "of how much?";
}

TEST(PostedLimits, TablesOfTheNetwork) {
  const std::string count = "net.netfilter.nf_conntrack_count = 65530\n";
  EXPECT_EQ(role_in_post(count + "net.netfilter.nf_conntrack_max = 65536\n", "conntrack-full"),
            "root");
  EXPECT_EQ(role_in_post("# sysctl net.ipv4.netfilter.ip_conntrack_count\n"
                         "net.ipv4.netfilter.ip_conntrack_count = 1000\n"
                         "# cat /proc/sys/net/ipv4/netfilter/ip_conntrack_max\n65536\n",
                         "conntrack-full"),
            "refused");
  EXPECT_EQ(role_in_post(count, "conntrack-full"), "refused") << "of how many?";
  EXPECT_EQ(role_in_post("net.netfilter.nf_conntrack_max = 65536\n", "conntrack-full"), "no host");
  const auto tcp = [](const std::string& pages) {
    return role_in_post(
        "cPs# cat /proc/net/sockstat\nsockets: used 8061\n"
        "TCP: inuse 4823 orphan 481 tw 2159 alloc 4844 mem " +
            pages +
            " <--\nUDP: inuse 7 mem 5\n"
            "# sysctl net.ipv4.tcp_mem\nnet.ipv4.tcp_mem = 28672 38229 57344\n",
        "tcp-memory");
  };
  EXPECT_EQ(tcp("57350"), "root");
  EXPECT_EQ(tcp("20000"), "refused");
}

}  // namespace
}  // namespace whyoom::diagnose
