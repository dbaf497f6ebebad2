#include "report/row_run.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "report/open_event.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::describe;
using testing::Result;
using testing::text_of;

constexpr std::size_t columns = 7;
constexpr std::string_view row_text =
    "[   1743]    48  1743    68123     3901   249856        0          -300 (sd-pam)";

logtext::Line line_of(std::string_view text, std::optional<std::uint64_t> time) {
  logtext::Line line;
  line.text = text;
  line.number = 7;
  line.monotonic_us = time;
  line.wall = "Nov 23 07:41:32";
  line.framed = true;
  return line;
}

// What the line behind a row in that frame is read as: of a size of 0 where it is left to others.
RowRun::Row behind(const std::string& frame, std::optional<std::uint64_t> time,
                   const std::string& next) {
  static std::string block;  // the row is a view of it
  RowRun run;
  const std::string raw = frame + std::string(row_text);
  run.begin(raw, line_of(std::string_view(raw).substr(frame.size()), time), columns);
  EXPECT_TRUE(run.goes_on());
  block = next + "\n[ 1] 1 1 1 1 1 1 1 a\n";
  return run.read(block);
}

TEST(RowRun, ReadsARowInTheFrameOfTheOneBefore) {
  const std::string row = "[   1744]" + std::string(row_text.substr(9));
  for (const auto& [frame, next, time] : std::vector<std::tuple<std::string, std::string, int>>{
           {"[  100.500000] ", "[  100.500321] ", 100500321},
           {"[  100.500000] ", "[ 1100.000000] ", 1100000000},
           {"Nov 23 07:41:32 h kernel: [    9.999999] ",
            "Nov 23 07:41:32 h kernel: [   10.000001] ", 10000001},
           {"Nov 23 07:41:32 h kernel: ", "Nov 23 07:41:32 h kernel: ", 100500000},
           {"[  100.500000][ T4711] ", "[  100.500000][ T4711] ", 100500000},
           {"", "", 100500000}}) {
    const bool printed = frame.find("[    9.999999]") != std::string::npos;
    const auto read = behind(frame, printed ? 9999999 : 100500000, next + row);
    ASSERT_EQ(read.size, next.size() + row.size() + 1) << next;
    EXPECT_EQ(read.line.text, row);
    EXPECT_EQ(read.line.monotonic_us, time) << next;
    EXPECT_EQ(read.line.wall, "Nov 23 07:41:32");
    EXPECT_EQ(read.numbers.pid, 1744);
    EXPECT_EQ(read.numbers.numbers[4], 249856);
    EXPECT_EQ(read.numbers.numbers[5], 0);
    EXPECT_EQ(read.numbers.numbers[6], -300);
    EXPECT_EQ(read.name, "(sd-pam)");
  }
}

// A slow console prints some rows a second.
TEST(RowRun, GoesOnInTheNextSecond) {
  RowRun run;
  const std::string raw = "[  100.500000] " + std::string(row_text);
  run.begin(raw, line_of(std::string_view(raw).substr(15), 100500000), columns);
  const std::string numbers = " [ 9]  0  9  10  10  4096  0  0 nginx\n";
  const std::string block = "[  101.000001]" + numbers + "[  101.999999]" + numbers +
                            "[  99.000002]" + numbers + "[  102.000003]" + numbers;
  std::string_view rest = block;
  for (const std::uint64_t time : {101000001U, 101999999U, 99000002U, 102000003U}) {
    const RowRun::Row& row = run.read(rest);
    EXPECT_EQ(row.line.monotonic_us, time);
    ASSERT_NE(row.size, 0U) << rest;
    rest.remove_prefix(row.size);
  }
}

TEST(RowRun, LeavesEveryOtherLineToTheReaderOfLines) {
  const std::string frame = "[  100.500000] ";
  const std::string next = "[  100.500321] ";
  const std::string blanks(600, ' ');
  const std::string numbers = "[ 9]  0  9  10  10  4096  0  0 ";
  const auto size_of = [&](const std::string& line) { return behind(frame, 100500000, line).size; };
  EXPECT_NE(size_of(next + numbers + "nginx"), 0U);
  EXPECT_NE(size_of(next + numbers + "nginx\r"), 0U);
  for (const std::string& line : {next + numbers,
                                  next + numbers + "two words",
                                  next + numbers + "1",
                                  next + numbers + "-x",
                                  next + numbers + "a<b",
                                  next + numbers + "a\\n",
                                  next + numbers + "a[b",
                                  next + numbers + "a ",
                                  next + numbers + "longer_than_name",
                                  next + "[ 9]  0  9  10  10  4096  0 nginx",
                                  next + numbers + "0 nginx",
                                  next + "[ -9]  0  9  10  10  4096  0  0 nginx",
                                  next + "[ 9]0  9  10  10  4096  0  0 nginx",
                                  next + "[ 2147483648]  0  9  10  10  4096  0  0 nginx",
                                  next + "[ 9]  0  9  10  10  4096  0  1234567890123456789 nginx",
                                  next + "[ 9]  0  9  10  10  4096  0  - nginx",
                                  next + "[ 9]  0  9  10  10  4096  0  0nginx",
                                  next + "[ 9]  0  9  10  10  4096  0  0\tnginx",
                                  next + "[ 9]  0  9  10 \r10  4096  0  0 nginx",
                                  next + "[ 9]  0  9  10\t10  4096  0  0 nginx",
                                  next + "[ 9]  0  9  10  10  4096  0  0" + blanks + "nginx",
                                  next + "[  9] abc",
                                  next + "Out of memory",
                                  "[  100.50032] " + numbers + "x",
                                  "[  100.500321]  " + numbers + "x",
                                  "[  100.500321]" + numbers + "x",
                                  "[  100.5003211] " + numbers + "x",
                                  "x" + next + numbers + "x",
                                  std::string(numbers + "x"),
                                  frame + std::string(row_text),  // a copy of the one before
                                  std::string()}) {
    EXPECT_EQ(size_of(line), 0U) << line;
  }
  EXPECT_EQ(
      behind("Nov 23 07:41:32 h kernel: ", {}, "Nov 23 07:41:33 h kernel: " + numbers + "x").size,
      0U);
}

TEST(RowRun, BeginsOnlyWhereTheTextIsTheEndOfItsLine) {
  RowRun run;
  const std::string raw = "[  100.500000] " + std::string(row_text) + "  ";
  const auto text = std::string_view(raw).substr(15, row_text.size());
  run.begin(raw, line_of(text, 100500000), columns);
  EXPECT_FALSE(run.goes_on());
  run.begin(raw, line_of(row_text, 100500000), columns);
  EXPECT_FALSE(run.goes_on());
  auto line = line_of(text, 100500000);
  run.begin(std::string_view(raw).substr(0, 15 + text.size()), line, columns);
  EXPECT_TRUE(run.goes_on());
  line.continued = true;
  run.begin(std::string_view(raw).substr(0, 15 + text.size()), line, columns);
  EXPECT_FALSE(run.goes_on());
}

// Everything that is read of a text, with runs or with every line by itself: somebody who watches
// the lines gets them all.
Result read(std::string_view text, bool by_lines, bool keep) {
  Result result;
  LogReader reader("log", [&](Report&& report) { result.events.push_back(std::move(report)); });
  if (by_lines) {
    reader.watch({.message = {}, .line = [](LineNumber, std::string_view, bool) {}});
  }
  if (keep) {
    reader.keep_lines();
  }
  constexpr std::size_t chunk = 1500;
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    reader.feed(text.substr(at, chunk));
  }
  result.account = reader.finish();
  return result;
}

std::string everything(const Result& result) {
  std::string text = std::to_string(result.account.lines) + " lines, " +
                     std::to_string(result.account.lines_lost) + " lost, " +
                     std::to_string(result.account.copies) + " copies" +
                     (result.account.newest_first ? ", newest first\n" : "\n");
  for (const Damage& damage : result.account.damage) {
    text += std::to_string(damage.line) + ": " + damage.what + "\n";
  }
  for (const Report& event : result.events) {
    text += describe(event);
    for (const LogLine& line : event.lines) {
      text += std::to_string(line.number) + "| " + line.text + "\n";
    }
  }
  return text;
}

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  bool rarely(std::size_t one_in) { return below(one_in) == 0; }
  template <class Choices>
  std::string one_of(const Choices& choices) {
    return std::string(choices[below(choices.size())]);
  }

  // A frame of the kind that the log has, at that time.
  std::string frame(std::size_t kind, std::uint64_t us) {
    const auto time = [us] {
      std::string fraction = std::to_string(us % 1000000);
      std::string whole = std::to_string(us / 1000000);
      whole.insert(0, whole.size() < 5 ? 5 - whole.size() : 0, ' ');
      return "[" + whole + "." + std::string(6 - fraction.size(), '0') + fraction + "]";
    };
    const std::string second = std::to_string(10 + us / 1000000 % 50);
    switch (kind) {
      case 0:
        return time() + " ";
      case 1:
        return "Nov 23 07:41:" + second + " host kernel: " + time() + " ";
      case 2:
        return "Nov 23 07:41:" + second + " host kernel: ";
      case 3:
        return time() + "[ T4711] ";
      case 4:
        return "> " + time() + " ";
      case 5:
        return "2026-11-23T07:41:" + second + ".123456+00:00 host kernel: ";
      default:
        return "";
    }
  }

  std::string row() {
    static constexpr std::array<std::string_view, 16> names{"nginx",
                                                            "(sd-pam)",
                                                            "kworker/0:1",
                                                            "a b",
                                                            "7",
                                                            "-sh",
                                                            "two words 1",
                                                            "x<y",
                                                            "a\\nb",
                                                            "[b]",
                                                            "earlyoom",
                                                            "systemd-journal",
                                                            "sixteen_letters_",
                                                            "kernel:",
                                                            "Killed",
                                                            "a|"};
    std::string text = "[" + std::string(below(4), ' ') + std::to_string(below(70000)) + "]";
    for (std::size_t i = 0; i < columns - (rarely(40) ? 1 : 0) + (rarely(40) ? 1 : 0); ++i) {
      text += std::string(1 + below(9), ' ') +
              (rarely(9)     ? "-"
               : rarely(300) ? "\r"
                             : "") +
              (rarely(200) ? "12345678901234567" : "") +
              std::to_string(rarely(3) ? below(10) : below(900000));
    }
    return text + " " + (rarely(3) ? one_of(names) : std::string(names[0]));
  }

  std::string log() {
    static constexpr std::array<std::string_view, 8> between{
        "Out of memory: Killed process 12 (nginx) total-vm:1kB, anon-rss:1kB, file-rss:1kB, "
        "shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        "task_memcg=/,task=nginx,pid=12,uid=0",
        "hog invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, "
        "oom_score_adj=0",
        "usb 1-1: new device",
        "printk: 5 messages dropped",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        "Tasks state (memory values in pages):",
        "Mem-Info:"};
    const std::size_t kind = below(7);
    const bool backwards = rarely(20);
    const bool slow = rarely(4);
    std::uint64_t us = 99'000'000 + below(2'000'000);
    std::string text;
    const auto add = [&](const std::string& message) {
      us += rarely(30) ? 20'000'000 * below(6) : below(slow ? 200'000 : 400);
      us -= backwards ? 700 : rarely(40) ? below(5'000'000) : 0;
      text += frame(rarely(60) ? below(7) : kind, us) + message + (rarely(80) ? " " : "") +
              (rarely(80) ? "\r\n" : "\n");
    };
    for (std::size_t report = 0; report < 1 + below(3); ++report) {
      add(std::string(between[2]));
      add(std::string(between[5]));
      for (std::size_t i = 0; i < below(40); ++i) {
        add(rarely(25) ? one_of(between) : row());
      }
      add(std::string(between[below(2)]));
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

TEST(RowRun, ChangesNothingOfWhatALogSays) {
  std::size_t events = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    Maker maker(seed);
    const std::string log = maker.log();
    const Result runs = read(log, false, seed % 4 == 0);
    ASSERT_EQ(everything(runs), everything(read(log, true, seed % 4 == 0))) << log;
    events += runs.events.size();
  }
  EXPECT_GT(events, 4000U);
}

TEST(RowRun, ChangesNothingOfManyReportsAtOnce) {
  Maker maker(4711);
  std::string log;
  for (int i = 0; i < 300; ++i) {
    log += maker.log();
  }
  EXPECT_EQ(everything(read(log, false, false)), everything(read(log, true, false)));
}

TEST(RowRun, CountsTheRowsThatHaveNoRoom) {
  std::string log =
      "hog invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, "
      "oom_score_adj=0\n"
      "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n";
  for (std::size_t i = 0; i < most_tasks + 7; ++i) {
    log += "[ 9]  0  9  10  10  4096  0  0 nginx\n";
  }
  const Result runs = read(log, false, false);
  ASSERT_EQ(runs.events.size(), 1U);
  EXPECT_EQ(runs.events[0].tasks.size(), most_tasks);
  ASSERT_FALSE(runs.events[0].damage.empty());
  EXPECT_EQ(runs.events[0].damage.back().what, "7 rows of a table were not kept");
  EXPECT_EQ(everything(runs), everything(read(log, true, false)));
}

}  // namespace
}  // namespace whyoom::report
