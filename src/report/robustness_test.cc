// Damaged input must neither crash nor loop. What comes out is free; that it comes out is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::describe;
using testing::read_log;
using testing::sample_report;
using testing::split;

// Samples of every kind of line.
std::string all_sorts() {
  return sample_report("T4711") +
         "vmalloc: allocation failure: 4096 bytes\n"
         "dd: page allocation failure: order:5, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=0-1\n"
         "SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)\n"
         "  cache: things, object size: 640, buffer size: 704, default order: 3, min order: 0\n"
         "Task in /a/b killed as a result of limit of /a\n"
         "memory: usage 980kB, limit 1024kB, failcnt 7\n"
         "Memory cgroup stats for /a: cache:1KB rss:2KB unevictable:0KB\n"
         "Memory cgroup stats for /a:\nanon 1003520\npgfault 12\n"
         "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
         "[ 1743]    48  1743    68123     3901      61       12           300 my app\n"
         "Memory cgroup out of memory: Kill process 1371 (node) score 2081 or sacrifice child\n"
         "Killed process 9682, UID 27, (mysqld) total-vm:47388kB, anon-rss:3744kB, file-rss:80kB\n"
         "Out of memory and no killable processes...\n"
         "Kernel panic - not syncing: System is deadlocked on memory\n"
         "cgroup: fork rejected by pids controller in /a\n"
         "__vm_enough_memory: pid: 1, comm: a, bytes: 5 not enough memory for the allocation\n"
         "Nov 23 07:41:32 host systemd-oomd[7]: Killed /a.scope due to memory pressure for /a "
         "being "
         "72.10% > 60.00% for > 20s with reclaim activity\n"
         "oom_reaper: reaped process 4711 (web srv), now anon-rss:0kB, file-rss:0kB\n";
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) {
    text += line;
    text += '\n';
  }
  return text;
}

// Uses every event to the end, so that the sanitizers see all of it.
std::size_t consume(const std::string& text) {
  std::size_t size = 0;
  for (const auto& event : read_log(text, 512).events) {
    size += describe(event).size() + missing_parts(event).size();
    EXPECT_LE(event.first_line, event.last_line);
  }
  return size;
}

TEST(Robustness, EveryLineCutAtEveryPlace) {
  const auto lines = split(all_sorts(), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t cut = 0; cut < lines[i].size(); cut += 1 + lines[i].size() / 12) {
      auto damaged = lines;
      damaged[i].resize(cut);
      consume(joined(damaged));
    }
  }
}

TEST(Robustness, EveryLineWrappedAtEveryPlaceKeepsTheVictim) {
  const auto lines = split(sample_report(), '\n');
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    for (std::size_t cut = 17; cut + 1 < lines[i].size(); cut += 7) {
      auto wrapped = lines;
      wrapped.insert(wrapped.begin() + static_cast<long>(i) + 1, lines[i].substr(cut));
      wrapped[i].resize(cut);
      const auto events = read_log(joined(wrapped)).events;
      ASSERT_GE(events.size(), 1U) << wrapped[i];
      EXPECT_EQ(events.front().trigger.has_value() || i == 0, true) << wrapped[i];
    }
  }
}

TEST(Robustness, ShuffledLines) {
  std::mt19937 random(7);
  auto lines = split(all_sorts() + sample_report(), '\n');
  for (int round = 0; round < 60; ++round) {
    std::shuffle(lines.begin(), lines.end(), random);
    consume(joined(lines));
  }
}

TEST(Robustness, RandomBytesSplicedIn) {
  std::mt19937 random(11);
  const std::string text = all_sorts();
  for (int round = 0; round < 400; ++round) {
    std::string damaged = text;
    for (int i = 0; i < 20; ++i) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 4) {
        case 0:
          damaged[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          damaged.erase(at, random() % 40);
          break;
        case 2:
          damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 60));
          break;
        default:
          damaged.insert(at, std::to_string(random()) + std::to_string(random()));
          break;
      }
    }
    consume(damaged);
  }
}

TEST(Robustness, NumbersOfAnySize) {
  for (const char* number : {"0", "18446744073709551615", "18446744073709551616", "-1",
                             "99999999999999999999999999999", "0x10", ""}) {
    std::string text = all_sorts();
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        out += number;
        while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
          ++i;
        }
      } else {
        out += text[i];
      }
    }
    consume(out);
  }
}

TEST(Robustness, EndlessReportsStayBounded) {
  // One report with more rows than are kept, and a flood of headers.
  std::string rows =
      "[   10.000001] app invoked oom-killer: gfp_mask=0xcc0, order=0, "
      "oom_score_adj=0\n[   10.000002] [  pid  ]   uid  tgid total_vm      rss "
      "pgtables_bytes swapents oom_score_adj name\n";
  for (int i = 1; i <= 70000; ++i) {
    rows +=
        "[   10.000003] [" + std::to_string(i) + "] 0 " + std::to_string(i) + " 1 1 4096 0 0 x\n";
  }
  const auto many = read_log(rows).events;
  ASSERT_EQ(many.size(), 1U);
  EXPECT_EQ(many[0].tasks.size(), 65536U);
  ASSERT_FALSE(many[0].damage.empty());
  std::string headers;
  for (int i = 0; i < 3000; ++i) {
    headers += "[   10." + std::to_string(100000 + i) +
               "] app invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0\n";
  }
  EXPECT_EQ(read_log(headers).events.size(), 3000U);
}

TEST(Robustness, RealLogsWithLinesLost) {
  WHYOOM_SHARED_OR_SKIP(folder, "corpus/real");
  std::mt19937 random(3);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log") {
      continue;
    }
    const auto lines = split(test::read_file(entry.path()), '\n');
    for (int round = 0; round < 5; ++round) {
      std::vector<std::string> kept;
      for (const auto& line : lines) {
        if (random() % 10 != 0) {
          kept.push_back(random() % 20 == 0 ? line.substr(0, random() % (line.size() + 1)) : line);
        }
      }
      consume(joined(kept));
    }
  }
}

}  // namespace
}  // namespace whyoom::report
