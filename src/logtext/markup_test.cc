#include "logtext/markup.h"

#include <gtest/gtest.h>

namespace whyoom::logtext {
namespace {

std::string stripped(std::string_view text) {
  std::string buffer;
  return std::string(strip_markup(text, buffer));
}

TEST(Markup, TagsOfForumsAndPagesGo) {
  EXPECT_EQ(stripped("[   10.000001] [b]java[/b] invoked oom-killer: gfp_mask=0xcc0"),
            "[   10.000001] java invoked oom-killer: gfp_mask=0xcc0");
  EXPECT_EQ(stripped("[code][   10.000001] x"), "[   10.000001] x");
  EXPECT_EQ(stripped("[B][   10.000001] x"), "[   10.000001] x");
  EXPECT_EQ(stripped("Killed process 12 ([color=#ff0000]java[/color]) total-vm:4kB[/quote]"),
            "Killed process 12 (java) total-vm:4kB");
  EXPECT_EQ(stripped("Killed process 12 (<b>java</b>) total-vm:4kB<br />"),
            "Killed process 12 (java) total-vm:4kB");
  EXPECT_EQ(stripped("<span class=\"hl\">oom-kill</span>:constraint=CONSTRAINT_NONE"),
            "oom-kill:constraint=CONSTRAINT_NONE");
  EXPECT_EQ(stripped("java<br> invoked"), "java invoked");
  EXPECT_EQ(stripped("oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a<br>,task=<b>x</b>,pid=1"),
            "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a<br>,task=x,pid=1");
  EXPECT_EQ(stripped("[&lt;ffffffff8116e5bc&gt;] ? dump_header"),
            "[<ffffffff8116e5bc>] ? dump_header");
}

TEST(Markup, TheLogsOwnTextStays) {
  for (const char* text :
       {"[   10.000001] [<ffffffff8116e5bc>] ? dump_header+0x8c/0x1a0",
        "[  123]     0   123     4000      100  53248        0             0 [b]java",
        "<4>[   10.000001] x", " <TASK>", " </TASK>", "func+0x1/0x2 [i915]",
        "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a<br>b&lt;c,task_memcg=/[b]x[/b],pid=1",
        "memory: usage of /a/x# h&lt;b&gt; <br> <b>y</b>", "{\"MESSAGE\":\"<br>\"}", "a & b",
        "x <y", "[b", "<", "[/", "&", ""}) {
    EXPECT_EQ(stripped(text), text);
  }
}

TEST(Markup, IsLinearInWhatItReads) {
  std::string text;
  for (int i = 0; i < 200000; ++i) {
    text += "<b[/";
  }
  EXPECT_EQ(stripped(text).size(), text.size());
}

}  // namespace
}  // namespace whyoom::logtext
