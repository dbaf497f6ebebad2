#include <gtest/gtest.h>

#include "render/render.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

TEST(Markdown, Ticket) {
  auto event = sample::min_free_event();
  event->evidence.account.reset();
  const std::vector<Follower> followers{
      {"oom-panic", "init", "", "panic", "min-free-too-high", "dmesg.log:562", 0.68}};
  EXPECT_EQ(
      markdown_story(*event, followers, 2, true),
      R"(## vm.min\_free\_kbytes was 801980 kB (80 % of RAM) while the kernel's own choice is 45056 kB: zone DMA32 had 787688 kB free and needed more than 789252 kB.

|  |  |
|---|---|
| Event | out of memory, killed hog (pid 137) |
| Story | 4 events |
| Place | dmesg.log:412-491 |
| Time | \[6.580963\] |
| Kernel | 5.10.0-32-cloud-amd64 |
| Request | 2 pages in one block (order 1) for init (pid 1), GFP\_KERNEL\_ACCOUNT\|\_\_GFP\_ZERO |
| Killed | hog (pid 137) |
| Cause | min-free-too-high |
| Verdict | proved |
| Confidence | 99 % |

### Proof

| What | Value |  | Read at |
|---|---:|---:|---|
| free memory of zone DMA32 | 787688 kB | 769 MiB | dmesg.log:454 |
| min watermark of zone DMA32 | 789252 kB | 771 MiB | dmesg.log:454 |
| share of RAM that the setting keeps back | 80 % |  |  |

### Zones

| Zone | Free | Needs over |  |
|---|---:|---:|---|
| DMA | 15780 kB | 16576 kB | short by 796 kB |
| DMA32 | 787688 kB | 789252 kB | short by 1564 kB |

- DMA: needs min 12724 kB + lowmem\_reserve 3852 kB

### Biggest of 2 processes

| Name | Pid | Resident | Swapped | Page tables | Adj |  |
|---|---:|---:|---:|---:|---:|---|
| hog | 137 | 176904 kB | 0 kB | 392 kB | 0 | killed |
| nginx | 161 | 4800 kB | 0 kB | 392 kB | 0 |  |

- Also: There is no swap: anonymous memory cannot leave RAM.

### What followed

| After | Event | Place |
|---:|---|---|
|  | ... 2 more events |  |
| +0.68 s | oom-panic, for init: panic | dmesg.log:562 |

### Ruled out

| Cause | Why |
|---|---|
| slab-leak | unreclaimable slab holds 0.4 % of RAM, dmesg.log:444 |

### Fix

**Set vm.min\_free\_kbytes to the kernel's own choice**

```sh
whyoom fix vm.min_free_kbytes=45056
```

)");
}

TEST(Markdown, NamesFromALogAreNoMarkup) {
  auto event = sample::min_free_event();
  event->report.victims[0].comm = "a|b`c<i>&*_@x ![y](http://z)\n# h";
  const std::string text = markdown_story(*event, {}, 0, false);
  EXPECT_NE(text.find("| Killed | a\\|b&#96;c&lt;i&gt;`&*_@x` `![y](http://z`)"
                      "\\\\x0a\\# h (pid 137) |\n"),
            std::string::npos)
      << text;
}

TEST(Markdown, CommandsCannotEndTheirBlock) {
  auto event = sample::min_free_event();
  const auto name = ShellWord::from("````");
  event->findings[0].remedies[0].commands = {ShellCommand("echo ```"),
                                             ShellCommand("echo -- {}", *name)};
  const std::string text = markdown_story(*event, {}, 0, false);
  EXPECT_NE(text.find("`````sh\necho ```\necho -- '````'\n`````\n"), std::string::npos) << text;
}

// Outside of code blocks no tag, no bare markup, no line that a log has begun.
TEST(Markdown, RandomEventsMakeNoHtmlAndNoBrokenTable) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto event = sample::random_event(seed);
    const std::string text = markdown_story(*event, {}, 0, true);
    const std::string body = text.substr(0, text.find("\n### Fix"));
    EXPECT_EQ(body.find('<'), std::string::npos) << body;
    std::size_t start = 0;
    std::size_t columns = 0;
    while (start < body.size()) {
      const std::size_t end = body.find('\n', start);
      const std::string line = body.substr(start, end - start);
      std::size_t bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i) {
        bars += line[i] == '|' ? 1 : 0;
        i += line[i] == '\\' ? 1 : 0;
      }
      if (line.starts_with('|')) {
        EXPECT_TRUE(columns == 0 || bars == columns) << line;
        columns = bars;
      } else {
        EXPECT_EQ(bars, 0U) << line;
        columns = 0;
      }
      start = end == std::string::npos ? body.size() : end + 1;
    }
  }
}

TEST(Markdown, SummaryTellsWhatWasLost) {
  Summary summary;
  summary.events = 1;
  summary.lines = 1200;
  summary.bytes = 2048;
  summary.lines_lost = 3;
  summary.damage = {{"a_b.log:7", "cut"}};
  summary.damage_more = 2;
  EXPECT_EQ(to_markdown(render::summary(summary, {true, false})),
            "1 event in 1,200 lines (2 KiB).\n\n"
            "- Lost: 3 lines, as the log itself says; what they held is not known\n"
            "- Damaged: a\\_b.log:7: cut\n\n"
            "and 2 more damaged places\n");
}

TEST(Markdown, TellsWhoseTheCgroupIsAndWhoHasMostTogether) {
  auto event = sample::memcg_event();
  event->evidence.page_size_known = true;
  event->report.memcg->memory.usage_kib.reset();
  event->report.memcg->limit_path = "/system.slice/docker-" + std::string(64, 'c') + ".scope";
  event->report.memcg->task_path = event->report.memcg->limit_path + "/init";
  auto& tasks = event->report.tasks;
  tasks.push_back(tasks.back());
  tasks.back().pid = tasks.back().tgid = 138;
  event->evidence.attribution = memory::attribute(event->evidence);
  const std::string text = markdown_story(*event, {}, 0, false);
  EXPECT_NE(text.find("- it is docker container cccccccccccc\n\n|"), std::string::npos) << text;
  EXPECT_NE(text.find("/init\n- that is docker container cccccccccccc\n"), std::string::npos)
      << text;
  EXPECT_NE(
      text.find("|\n\n- 2 processes \"hog\" hold at most 346 MiB together (some may be shared)\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace whyoom::render
