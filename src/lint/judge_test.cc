#include "lint/judge.h"

#include <gtest/gtest.h>

#include <string>

#include "host/sysctl_key.h"
#include "lint/sysctl_names.h"
#include "memory/usual_machine.h"

namespace whyoom::lint {
namespace {

constexpr Bytes gib{std::uint64_t{1} << 30U};

std::vector<memory::Machine> machines(std::initializer_list<std::uint64_t> sizes) {
  std::vector<memory::Machine> all;
  for (const std::uint64_t size : sizes) {
    all.push_back(memory::usual_machine(gib * size));
  }
  return all;
}

// "error:rule " for each finding.
std::string found(std::string_view text, std::initializer_list<std::uint64_t> sizes = {},
                  Format format = Format::sysctl) {
  std::string all;
  for (const Finding& finding : judge(read_config(format, text), machines(sizes))) {
    all +=
        std::string(name_of(finding.severity)) + ":" + std::string(info_of(finding.rule).id) + " ";
  }
  return all;
}

std::string first_fact(std::string_view text, std::initializer_list<std::uint64_t> sizes,
                       Format format = Format::sysctl) {
  const auto findings = judge(read_config(format, text), machines(sizes));
  return findings.empty() ? std::string() : findings.front().fact.str();
}

TEST(Judge, TheRulesStandInTheOrderOfTheirNames) {
  for (std::size_t i = 0; i < all_rules().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(all_rules()[i].rule), i);
  }
}

TEST(Judge, MinFreeByRam) {
  const char* text = "vm.min_free_kbytes = 1048576\n";
  EXPECT_EQ(found(text, {4}), "error:min-free-too-high ");
  EXPECT_EQ(found(text, {24}), "warning:min-free-too-high ");
  EXPECT_EQ(found(text, {64}), "note:min-free-too-high ");
  EXPECT_EQ(found(text, {101}), "");
  EXPECT_EQ(found(text, {4, 101, 64}), "error:min-free-too-high note:min-free-too-high ");
  EXPECT_EQ(found(text), "note:ram-not-given ");
  EXPECT_EQ(first_fact(text, {4}),
            "vm.min_free_kbytes=1048576 keeps 1 GiB free, 25 % of 4 GiB, where the kernel "
            "itself chooses 67584 kB: 1.4 GiB less are available");
}

TEST(Judge, TheKernelsOwnChoiceIsNoFinding) {
  EXPECT_EQ(found("vm.min_free_kbytes = 45056\n", {1}), "") << "4.3 % of RAM";
  EXPECT_EQ(found("vm.min_free_kbytes = 67584\n", {4, 64}), "");
  EXPECT_EQ(found("vm.min_free_kbytes = 67584\n"), "");
  EXPECT_EQ(found("vm.min_free_kbytes = 65536\n", {1}), "error:min-free-too-high ");
  EXPECT_EQ(found("vm.min_free_kbytes = 1000\n", {4}), "error:value-refused ");
}

TEST(Judge, HugePages) {
  EXPECT_EQ(found("vm.nr_hugepages = 1280\n", {2}), "error:hugepages-too-many ");
  EXPECT_EQ(found("vm.nr_hugepages = 1280\n", {3}), "error:hugepages-too-many ");
  EXPECT_EQ(found("vm.nr_hugepages = 1280\n", {4, 64}), "");
  EXPECT_EQ(found("vm.nr_hugepages = 15000\n", {32}), "warning:hugepages-too-many ");
  EXPECT_EQ(found("vm.nr_hugepages = 0\nkernel.panic = 10\n", {1}), "");
  EXPECT_EQ(found("vm.nr_hugepages = 1280\n"), "note:ram-not-given ");
  EXPECT_EQ(found("vm.nr_hugepages = 9223372036854775807\n", {64}), "error:hugepages-too-many ");
}

TEST(Judge, LimitsBelowTheDefaults) {
  EXPECT_EQ(found("kernel.pid_max = 65535\n"), "warning:limit-lowered ");
  EXPECT_EQ(found("kernel.pid_max = 4194304\nvm.max_map_count = 262144\n"), "");
  EXPECT_EQ(found("vm.max_map_count = 1024\n"), "warning:limit-lowered ");
  EXPECT_EQ(found("kernel.threads-max = 10000\n", {4}), "warning:limit-lowered ");
  EXPECT_EQ(found("kernel.threads-max = 120000\nfs.file-max = 2097152\n", {4, 1}), "");
  EXPECT_EQ(found("fs.file-max = 65535\n", {64}), "warning:limit-lowered ");
  EXPECT_EQ(found("fs.file-max = 65535\n"), "") << "without RAM nobody knows";
}

TEST(Judge, ValuesThatTheKernelRefuses) {
  EXPECT_EQ(found("vm.min_free_kbytes = 64M\n", {4}), "error:value-refused ");
  EXPECT_EQ(found("vm.panic_on_oom = \"1\"\n"), "error:value-refused ");
  EXPECT_EQ(found("kernel.pid_max = 99999999\n"), "error:value-refused ");
  EXPECT_EQ(found("vm.overcommit_memory = 0x1\nkernel.core_pattern = |/x\n"), "");
}

TEST(Judge, NamesOfKeys) {
  EXPECT_EQ(found("vm.nr_hugepage = 0\n"), "warning:misspelt-key ");
  EXPECT_EQ(found("vm.pid_max = 4194304\n"), "warning:misspelt-key ");
  EXPECT_EQ(found("min_free_kbytes = 67584\n"), "warning:misspelt-key ");
  EXPECT_EQ(found("kernel.pid_mx = 4194304\n"), "warning:misspelt-key ");
  EXPECT_EQ(found("vm.fully_invented = 1\n"), "warning:unknown-key ");
  EXPECT_EQ(found("kernel.fully_invented = 1\nnet.ipv4.conf.*.rp_filter=1\nnet.mptcp.x = 1\n"
                  "dev.raid.speed_limit_min = 1\nvm/swappiness = 1\n"),
            "");
  EXPECT_EQ(meant_key("vm.nr_hugepage"), "vm.nr_hugepages");
  EXPECT_EQ(meant_key("kernel.nr_hugepages"), "vm.nr_hugepages");
  EXPECT_EQ(meant_key("net.ipv4.tcp_retries3"), std::nullopt) << "a digit is no slip";
}

TEST(Judge, SetTwice) {
  EXPECT_EQ(found("vm.swappiness = 1\nvm/swappiness = 10\n"), "warning:set-twice ");
  EXPECT_EQ(found("vm.swappiness = 1\nvm.swappiness = 1\n"), "note:set-twice ");
  EXPECT_EQ(found("vm.min_free_kbytes = 1048576\nvm.min_free_kbytes = 67584\n", {4}),
            "warning:set-twice ")
      << "only what wins is judged";
  EXPECT_EQ(found("if x; then sysctl -w vm.swappiness=1\nelse sysctl -w vm.swappiness=2; fi\n", {},
                  Format::shell),
            "");
}

TEST(Judge, SettingsTogether) {
  EXPECT_EQ(found("vm.panic_on_oom = 1\nvm.min_free_kbytes = 1048576\n", {4}),
            "error:panic-on-oom error:min-free-too-high ");
  EXPECT_EQ(found("vm.panic_on_oom = 1\nvm.min_free_kbytes = 67584\n", {4}), "");
  EXPECT_EQ(found("vm.panic_on_oom = 0\nvm.min_free_kbytes = 1048576\n", {4}),
            "error:min-free-too-high ");
  EXPECT_EQ(found("vm.overcommit_memory = 2\n"), "warning:overcommit-limit ");
  EXPECT_EQ(found("vm.overcommit_memory = 2\nvm.overcommit_ratio = 40\n", {4}),
            "warning:overcommit-limit ");
  EXPECT_EQ(found("vm.overcommit_memory = 2\nvm.overcommit_ratio = 95\n", {4}), "");
  EXPECT_EQ(found("vm.overcommit_memory = 2\nvm.overcommit_kbytes = 4000000\n", {4}), "");
  EXPECT_EQ(found("vm.overcommit_memory = 1\nvm.overcommit_ratio = 40\n", {4}), "");
}

TEST(Judge, ValuesThatAreMadeElsewhere) {
  EXPECT_EQ(found("vm.min_free_kbytes: \"{{ kb }}\"\nkernel.core_pattern: '{{ x }}'\n", {4},
                  Format::yaml),
            "note:not-literal ");
}

TEST(Judge, Pods) {
  const auto pod = [](const std::string& key) {
    return found(
        "spec:\n  securityContext:\n    sysctls:\n    - name: " + key + "\n      value: '1'\n", {},
        Format::yaml);
  };
  EXPECT_EQ(pod("vm.swappiness"), "error:pod-sysctl ");
  EXPECT_EQ(pod("kernel.shm_rmid_forced"), "");
  EXPECT_EQ(pod("net.core.somaxconn"), "");
}

std::string heap(const std::string& limit, const std::string& rest) {
  return found("spec:\n  containers:\n  - resources:\n      limits:\n        memory: " + limit +
                   "\n    " + rest + "\n",
               {}, Format::yaml);
}

TEST(Judge, HeapsAgainstTheLimit) {
  EXPECT_EQ(heap("1Gi", "args: [java, -Xmx1g]"), "error:heap-above-limit ");
  EXPECT_EQ(heap("1Gi", "args: [java, -Xmx900m]"), "warning:heap-above-limit ");
  EXPECT_EQ(heap("1Gi", "args: [java, -Xmx700m]"), "");
  EXPECT_EQ(heap("1Gi", "args: [java, -Xmx2g, -Xmx700m]"), "") << "the last one counts";
  EXPECT_EQ(heap("1Gi", "args: [-Xmx700m, '-XX:MaxDirectMemorySize=400m']"),
            "error:heap-above-limit ");
  EXPECT_EQ(heap("1G", "env: [{name: JAVA_TOOL_OPTIONS, value: '-Xms1m -Xmx1073741824'}]"),
            "error:heap-above-limit ");
  EXPECT_EQ(heap("1Gi", "env: [{name: O, value: '-XX:MaxRAMPercentage=90.0'}]"),
            "warning:heap-above-limit ");
  EXPECT_EQ(heap("1Gi", "env: [{name: O, value: '-XX:MaxRAMPercentage=75'}]"), "");
  EXPECT_EQ(heap("512Mi", "command: [node, --max-old-space-size=4096, x.js]"),
            "error:heap-above-limit ");
  EXPECT_EQ(heap("512Mi", "env: [{name: GOMEMLIMIT, value: 512MiB}]"), "error:heap-above-limit ");
  EXPECT_EQ(heap("512Mi", "env: [{name: GOMEMLIMIT, value: 460MiB}]"), "");
  EXPECT_EQ(heap("x", "args: [-Xmx9g]"), "");
  EXPECT_EQ(heap("512m", "args: [x]"), "error:memory-unit ");
}

TEST(Judge, QuantitiesOfKubernetes) {
  EXPECT_EQ(kubernetes_memory("512Mi"), Bytes(std::uint64_t{512} << 20U));
  EXPECT_EQ(kubernetes_memory("1.5G"), Bytes(1'500'000'000));
  EXPECT_EQ(kubernetes_memory("1073741824"), gib);
  for (const char* text : {"", "Mi", "-1Mi", "1 Mi", "1MiB", "99999999Pi", "nan", "inf"}) {
    EXPECT_EQ(kubernetes_memory(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace whyoom::lint
