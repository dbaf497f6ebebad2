#include "advise/deployment.h"

#include <gtest/gtest.h>

namespace whyoom::advise {
namespace {

Wanted wanted(std::string_view key, std::string value) {
  return {host::SysctlKey::parse(key).value(), std::move(value)};
}

std::string text_of(Tool tool, const Wanted& asked,
                    const std::optional<std::string>& profiles = {}) {
  return deployment(tool, {&asked, 1}, profiles).value_or("refused");
}

bool can_be_made(Tool tool, const Wanted& asked) {
  return deployment(tool, {&asked, 1}).has_value();
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Deployment, SeveralSettingsAreOneText) {
  const std::vector<Wanted> both{wanted("vm.min_free_kbytes", "45056"),
                                 wanted("vm.swappiness", "9")};
  const auto text = [&](Tool tool) { return deployment(tool, both).value_or("refused"); };
  const std::string play = text(Tool::ansible);
  EXPECT_EQ(count(play, "---\n"), 1U);
  EXPECT_EQ(count(play, "\n- name: Set "), 2U);
  const std::string cloud = text(Tool::cloud_init);
  EXPECT_EQ(cloud,
            "#cloud-config\n"
            "write_files:\n"
            "  - path: /etc/sysctl.d/99-zz-whyoom-vm-min-free-kbytes.conf\n"
            "    owner: root:root\n"
            "    permissions: '0644'\n"
            "    content: |\n"
            "      vm.min_free_kbytes = 45056\n"
            "  - path: /etc/sysctl.d/99-zz-whyoom-vm-swappiness.conf\n"
            "    owner: root:root\n"
            "    permissions: '0644'\n"
            "    content: |\n"
            "      vm.swappiness = 9\n"
            "runcmd:\n"
            "  - [sysctl, -p, /etc/sysctl.d/99-zz-whyoom-vm-min-free-kbytes.conf]\n"
            "  - [sysctl, -p, /etc/sysctl.d/99-zz-whyoom-vm-swappiness.conf]\n");
  EXPECT_EQ(count(text(Tool::kubernetes), "\n---\n"), 1U);
  const std::string profile = text(Tool::tuned);
  EXPECT_EQ(count(profile, "[main]\n"), 1U);
  EXPECT_NE(profile.find("[sysctl]\nvm.min_free_kbytes=45056\nvm.swappiness=9\n"),
            std::string::npos);
  EXPECT_EQ(count(text(Tool::sysctl_d), " = "), 2U);
  const std::vector<Wanted> bad{both[0], wanted("kernel.domainname", "a\nb")};
  EXPECT_FALSE(deployment(Tool::sysctl_d, bad));
}

TEST(Deployment, EachToolGetsTheKeyTheValueAndNoPlaceholder) {
  for (const ToolName& tool : tool_names()) {
    const std::string text = text_of(tool.tool, wanted("vm.min_free_kbytes", "45056"), "balanced");
    EXPECT_NE(text.find("vm.min_free_kbytes"), std::string::npos) << tool.name;
    EXPECT_NE(text.find("45056"), std::string::npos) << tool.name;
    for (const char* placeholder : {"{1}", "{2}", "{3}", "{4}", "{5}"}) {
      EXPECT_EQ(text.find(placeholder), std::string::npos) << tool.name;
    }
  }
}

TEST(Deployment, AValueCannotBreakOutOfItsQuotes) {
  const std::string text = text_of(Tool::ansible, wanted("kernel.domainname", "it's: {{ x }}"));
  EXPECT_NE(text.find("whyoom_value: !unsafe 'it''s: {{ x }}'"), std::string::npos) << text;
  const std::string plain = text_of(Tool::ansible, wanted("kernel.domainname", "no"));
  EXPECT_NE(plain.find("whyoom_value: 'no'\n"), std::string::npos) << plain;
}

TEST(Deployment, EachKeyHasANameOfItsOwn) {
  for (const ToolName& tool : tool_names()) {
    const std::string text = text_of(tool.tool, wanted("kernel.threads-max", "1000"), "balanced");
    EXPECT_NE(text.find("whyoom-kernel-threads-max"), std::string::npos) << tool.name;
  }
  const std::string longest = text_of(Tool::kubernetes, wanted("net." + std::string(80, 'x'), "1"));
  EXPECT_NE(longest.find("  name: whyoom-net-" + std::string(52, 'x') + "\n"), std::string::npos);
  EXPECT_NE(text_of(Tool::kubernetes, wanted("net." + std::string(51, 'x') + ".y", "1"))
                .find("  name: whyoom-net-" + std::string(51, 'x') + "\n"),
            std::string::npos);
}

TEST(Deployment, KubernetesExpandsNoVariableInTheValue) {
  EXPECT_NE(text_of(Tool::kubernetes, wanted("kernel.core_pattern", "$(x) it's"))
                .find("value: '$$(x) it''s'\n"),
            std::string::npos);
}

TEST(Deployment, TunedIncludesTheProfilesThatAreActive) {
  const auto tuned = [](const char* active) {
    return text_of(Tool::tuned, wanted("vm.panic_on_oom", "0"), active);
  };
  EXPECT_NE(tuned("virtual-guest").find("include=virtual-guest\n"), std::string::npos);
  EXPECT_NE(tuned("a  b\tc").find("include=a,b,c\n"), std::string::npos);
  EXPECT_EQ(tuned("").find("include="), std::string::npos);
  EXPECT_EQ(text_of(Tool::tuned, wanted("vm.panic_on_oom", "0")).find("include="),
            std::string::npos);
}

TEST(Deployment, ATunedProfileDoesNotIncludeItself) {
  const std::string text =
      text_of(Tool::tuned, wanted("vm.panic_on_oom", "0"), "whyoom-vm-panic-on-oom b");
  EXPECT_EQ(text.find("\ninclude="), std::string::npos);
  EXPECT_NE(text.find("keep here the include= line"), std::string::npos);
  EXPECT_NE(text.find("# Beside it is active: b\n"), std::string::npos);
}

TEST(Deployment, AKeyThatAToolWouldReadOtherwiseCannotBeMade) {
  for (const char* key : {"net.ipv4.conf.a'b/x", "net.{{x}}", "a.b\nruncmd: [reboot]", "a.${x}",
                          "a.b: c", "a.\xe2\x80\xa8"}) {
    EXPECT_FALSE(host::SysctlKey::parse(key)) << key;
  }
  for (const ToolName& tool : tool_names()) {
    EXPECT_TRUE(can_be_made(tool.tool, wanted("net.ipv4.conf.eth0/1.x@y:z", "1"))) << tool.name;
  }
}

// YAML ends a line at U+0085, U+2028 and U+2029 too.
TEST(Deployment, AValueOfSeveralLinesIsRefused) {
  for (const ToolName& tool : tool_names()) {
    for (const char* value : {"1\n2", "1\r2", "1\xc2\x85x", "1\xe2\x80\xa8x", "1\xe2\x80\xa9x"}) {
      EXPECT_FALSE(can_be_made(tool.tool, wanted("kernel.domainname", value))) << tool.name;
    }
  }
}

TEST(Deployment, TunedRunsNothingThatAValueSays) {
  for (const char* value : {"${f:exec:touch:/x}", "a # b", "'a'", "\"a\"", "\\$x"}) {
    EXPECT_FALSE(can_be_made(Tool::tuned, wanted("kernel.domainname", value))) << value;
    EXPECT_TRUE(can_be_made(Tool::sysctl_d, wanted("kernel.domainname", value))) << value;
  }
  EXPECT_NE(
      text_of(Tool::tuned, wanted("kernel.domainname", "it's")).find("kernel.domainname=it's\n"),
      std::string::npos);
}

// The file of the active profiles can be of a copy that somebody else sent.
TEST(Deployment, TunedIncludesNothingThatIsNoName) {
  const std::string text =
      text_of(Tool::tuned, wanted("vm.panic_on_oom", "0"), "balanced ${f:exec:touch:/x} a#b");
  EXPECT_NE(text.find("include=balanced\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("exec"), std::string::npos) << text;
}

TEST(Deployment, TheKeyIsFoundWithEitherSeparator) {
  const std::string text = text_of(Tool::ansible, wanted("kernel.threads-max", "1000"));
  EXPECT_NE(text.find("kernel[./]threads[-]max"), std::string::npos) << text;
}

}  // namespace
}  // namespace whyoom::advise
