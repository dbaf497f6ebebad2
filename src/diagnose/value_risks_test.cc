#include "diagnose/value_risks.h"

#include <gtest/gtest.h>

#include "host/tree_for_test.h"

namespace whyoom::diagnose {
namespace {

class ValueRisks : public testing::Test {
 protected:
  std::string risks_of(std::string_view setting, const std::string& value) {
    const auto key = *host::SysctlKey::parse(setting);
    files.add("/etc/sysctl.d/zz.conf", key.dotted() + " = " + value + "\n");
    std::string all;
    for (const Message& risk : value_risks(*check, {{key, value, host::find_sysctl(files, key)}})) {
      all += risk.str() + "\n";
    }
    return all;
  }

  // Half of its RAM is kept free: the check finds it, and says what it would be without.
  host::MemoryFiles files = host::test::example_host();
  std::unique_ptr<diagnose::HostCheck> check = diagnose::check(host::read_facts(files));
};

TEST_F(ValueRisks, a_value_that_the_check_finds_too_high_is_one) {
  const std::string risks = risks_of("vm.min_free_kbytes", "594211");
  EXPECT_NE(risks.find("with it `whyoom check` would say (min-free-too-high): "
                       "vm.min_free_kbytes is 594211 kB (60 % of RAM)"),
            std::string::npos)
      << risks;
}

TEST_F(ValueRisks, the_kernels_own_choice_is_none) {
  const KiB own = check->state.machine.default_min_free.value();
  EXPECT_EQ(risks_of("vm.min_free_kbytes", std::to_string(own.count())), "");
}

TEST_F(ValueRisks, an_old_runbooks_pid_max_takes_numbers_away) {
  files.add("/proc/sys/kernel/pid_max", "4194304\n");
  check = diagnose::check(host::read_facts(files));
  const std::string risks = risks_of("kernel.pid_max", "65535");
  EXPECT_NE(risks.find("it lowers kernel.pid_max from 4194304 to 65535"), std::string::npos)
      << risks;
  EXPECT_EQ(risks_of("kernel.pid_max", "4194304"), "");
}

// What is wrong with the host anyway is no risk of the value.
TEST_F(ValueRisks, other_rules_are_asked_too_and_what_is_so_already_is_not_said_again) {
  const std::string risks = risks_of("vm.panic_on_oom", "2");
  EXPECT_NE(risks.find("(panic-on-oom)"), std::string::npos) << risks;
  EXPECT_EQ(risks.find("min-free-too-high"), std::string::npos) << risks;
}

TEST_F(ValueRisks, what_could_happen_and_then_does_is_one) {
  host::test::add_empty_pool(files);
  check = diagnose::check(host::read_facts(files));
  ASSERT_EQ(check->findings.front().cause, "min-free-too-high");
  ASSERT_EQ(check->findings.front().role, Role::risk);
  const std::string risks = risks_of("vm.nr_hugepages", "300");
  EXPECT_NE(risks.find("(min-free-too-high)"), std::string::npos) << risks;
}

}  // namespace
}  // namespace whyoom::diagnose
