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

TEST(Deployment, TunedIncludesTheProfileThatIsActive) {
  EXPECT_NE(deployment(Tool::tuned, {"vm.panic_on_oom", "0"}, "virtual-guest")
                .find("include=virtual-guest\n"),
            std::string::npos);
  EXPECT_EQ(deployment(Tool::tuned, {"vm.panic_on_oom", "0"}).find("include="), std::string::npos);
}

TEST(Deployment, TheKeyIsFoundWithEitherSeparator) {
  const std::string text = deployment(Tool::ansible, {"kernel.threads-max", "1000"});
  EXPECT_NE(text.find("kernel[./]threads[-]max"), std::string::npos) << text;
}

}  // namespace
}  // namespace whyoom::advise
