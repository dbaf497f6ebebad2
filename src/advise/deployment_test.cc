#include "advise/deployment.h"

#include <gtest/gtest.h>

namespace whyoom::advise {
namespace {

TEST(Deployment, EachToolGetsTheKeyTheValueAndNoPlaceholder) {
  for (const ToolName& tool : tool_names()) {
    const std::string text = deployment(tool.tool, {"vm.min_free_kbytes", "45056"}, "balanced");
    EXPECT_NE(text.find("vm.min_free_kbytes"), std::string::npos) << tool.name;
    EXPECT_NE(text.find("45056"), std::string::npos) << tool.name;
    for (const char* placeholder : {"{1}", "{2}", "{3}", "{4}", "{5}"}) {
      EXPECT_EQ(text.find(placeholder), std::string::npos) << tool.name;
    }
  }
}

TEST(Deployment, AValueCannotBreakOutOfItsQuotes) {
  const std::string text = deployment(Tool::ansible, {"kernel.domainname", "it's: {{ x }}"});
  EXPECT_NE(text.find("whyoom_value: !unsafe 'it''s: {{ x }}'"), std::string::npos) << text;
}

TEST(Deployment, EachKeyHasANameOfItsOwn) {
  for (const ToolName& tool : tool_names()) {
    const std::string text = deployment(tool.tool, {"kernel.threads-max", "1000"}, "balanced");
    EXPECT_NE(text.find("whyoom-kernel-threads-max"), std::string::npos) << tool.name;
  }
  const std::string longest = deployment(Tool::kubernetes, {"net." + std::string(80, 'x'), "1"});
  EXPECT_NE(longest.find("  name: whyoom-net-" + std::string(52, 'x') + "\n"), std::string::npos);
  EXPECT_NE(deployment(Tool::kubernetes, {"net." + std::string(51, 'x') + ".y", "1"})
                .find("  name: whyoom-net-" + std::string(51, 'x') + "\n"),
            std::string::npos);
}

TEST(Deployment, KubernetesExpandsNoVariableInTheValue) {
  EXPECT_NE(deployment(Tool::kubernetes, {"kernel.core_pattern", "$(x) it's"})
                .find("value: '$$(x) it''s'\n"),
            std::string::npos);
}

TEST(Deployment, TunedIncludesTheProfilesThatAreActive) {
  const auto tuned = [](const char* active) {
    return deployment(Tool::tuned, {"vm.panic_on_oom", "0"}, active);
  };
  EXPECT_NE(tuned("virtual-guest").find("include=virtual-guest\n"), std::string::npos);
  EXPECT_NE(tuned("a  b\tc").find("include=a,b,c\n"), std::string::npos);
  EXPECT_EQ(tuned("").find("include="), std::string::npos);
  EXPECT_EQ(deployment(Tool::tuned, {"vm.panic_on_oom", "0"}).find("include="), std::string::npos);
}

TEST(Deployment, ATunedProfileDoesNotIncludeItself) {
  const std::string text =
      deployment(Tool::tuned, {"vm.panic_on_oom", "0"}, "whyoom-vm-panic-on-oom b");
  EXPECT_EQ(text.find("\ninclude="), std::string::npos);
  EXPECT_NE(text.find("keep here the include= line"), std::string::npos);
  EXPECT_NE(text.find("# Beside it is active: b\n"), std::string::npos);
}

TEST(Deployment, TheKeyIsFoundWithEitherSeparator) {
  const std::string text = deployment(Tool::ansible, {"kernel.threads-max", "1000"});
  EXPECT_NE(text.find("kernel[./]threads[-]max"), std::string::npos) << text;
}

}  // namespace
}  // namespace whyoom::advise
