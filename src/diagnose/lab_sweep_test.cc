// Damage to the lab's logs: each event, cut before every line, begun at every line and with every
// single line lost, is never proved to have another root than the one that it has when whole. What
// is likely is another one in at most 1 of 100.
//
// A log is mostly the text of a boot, so each event is read again from a window: its own lines and
// a few around them. That the lines outside do not matter is a test of its own (the window's
// verdicts are those of the whole log). Of events of one log that were judged alike, the first is
// swept line by line and the others at samples, as are the rows of a task table behind the first
// ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_for_test.h"
#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

constexpr std::size_t around = 12;            // lines of the window before and behind the event
constexpr std::size_t samples = 40;           // lines tried of an event that is like another
constexpr std::size_t samples_of_long = 150;  // when its task table cannot be shortened
constexpr std::size_t long_table = 120;       // rows; more are shortened to this
constexpr int shards = 12;

using Lines = std::vector<std::string_view>;

struct LabLog {
  std::string name;
  std::string text;
  Lines lines;
};

// The logs of one part of the lab. By size, so that the parts take about the same time.
std::vector<LabLog> logs_of_part(const std::filesystem::path& lab, int part) {
  std::vector<std::pair<std::uintmax_t, std::filesystem::path>> files;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    const auto file = entry.path() / "console.log";
    if (std::filesystem::exists(file)) {
      files.emplace_back(std::filesystem::file_size(file), file);
    }
  }
  std::ranges::sort(files);
  std::vector<LabLog> logs;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i % shards == static_cast<std::size_t>(part)) {
      LabLog log;
      log.name = files[i].second.parent_path().filename();
      log.text = test::read_file(files[i].second);
      logs.push_back(std::move(log));
    }
  }
  for (LabLog& log : logs) {
    log.lines = cases::split_lines(log.text);
  }
  return logs;
}

std::string join(const Lines& lines, std::size_t from, std::size_t to) {
  std::string text;
  for (std::size_t i = from; i < to; ++i) {
    text += lines[i];
  }
  return text;
}

// What of a verdict does not depend on the event's place in a spree.
std::set<std::string> verdict(const Event& event) {
  std::set<std::string> text{"root " + std::string(event.root_cause),
                             "kind " + std::string(report::name(event.report.kind))};
  for (const Finding& finding : event.findings) {
    if (finding.cause != "kill-spree" && finding.cause != "percpu-stranded") {
      text.insert(std::string(name(finding.role)) + " " + finding.summary.str());
    }
  }
  return text;
}

// One event of a log, and the window that it is read from.
struct Window {
  const LabLog* log = nullptr;
  std::size_t from = 0, to = 0;     // lines, counted from 0
  std::size_t first = 0, last = 0;  // of the event, within the window
  std::string root;
  std::set<std::string> verdicts;  // of the whole log

  [[nodiscard]] std::string text() const { return join(log->lines, from, to); }
};

// Lines of other events stay out: their loss is a matter of their own windows.
std::vector<Window> windows_of(const LabLog& log) {
  const auto events = cases::explain_log(log.text);
  std::vector<Window> windows;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::size_t first = events[i]->report.first_line - 1;
    const std::size_t last = events[i]->report.last_line - 1;
    const std::size_t begin = i == 0 ? 0 : std::size_t{events[i - 1]->report.last_line};
    const std::size_t end =
        i + 1 == events.size() ? log.lines.size() : events[i + 1]->report.first_line - 1;
    Window window;
    window.log = &log;
    window.from = std::max(std::min(begin, first), first > around ? first - around : 0);
    window.to = std::min(std::max(end, last + 1), last + 1 + around);
    window.first = first - window.from;
    window.last = last - window.from;
    window.root = events[i]->root_cause;
    window.verdicts = verdict(*events[i]);
    windows.push_back(std::move(window));
  }
  return windows;
}

bool is_task_row(std::string_view line) {
  const auto at = line.find("] [");
  return at != std::string_view::npos && line.find(']', at + 3) != std::string_view::npos;
}

// The window's lines without the middle of a long task table.
Lines without_middle_of_table(const Window& window) {
  const Lines all(window.log->lines.begin() + static_cast<std::ptrdiff_t>(window.from),
                  window.log->lines.begin() + static_cast<std::ptrdiff_t>(window.to));
  const auto rows = static_cast<std::size_t>(std::ranges::count_if(all, is_task_row));
  Lines out;
  std::size_t row = 0;
  for (const std::string_view line : all) {
    row += is_task_row(line) ? 1 : 0;
    if (!is_task_row(line) || row <= long_table / 2 || row + long_table / 2 > rows) {
      out.push_back(line);
    }
  }
  return out;
}

// Without its task table many processes are processes; what processes have locked is theirs.
bool says_the_same(std::string_view cause, std::string_view whole) {
  return cause == "memory-exhausted" && (whole == "many-processes" || whole == "unevictable");
}

class Sweep {
 public:
  Sweep(const std::string& name, const std::string& root, Lines lines)
      : name_(name), root_(root), lines_(std::move(lines)) {
    for (const std::string_view line : lines_) {
      starts_.push_back(text_.size());
      text_ += line;
    }
    starts_.push_back(text_.size());
  }

  // Whole, it has the root.
  [[nodiscard]] bool holds() const {
    const auto events = cases::explain_log(text_);
    return events.size() == 1 && events[0]->root_cause == root_;
  }

  void every(std::size_t step) {
    for (std::size_t line = 0; line < lines_.size(); line += step) {
      at(line);
    }
  }

  [[nodiscard]] std::size_t lines() const { return lines_.size(); }
  [[nodiscard]] std::size_t kept() const { return kept_; }
  [[nodiscard]] std::size_t lost() const { return lost_; }
  [[nodiscard]] std::size_t likely() const { return likely_; }
  // What was likely and another cause, and how often.
  [[nodiscard]] const std::map<std::string, std::size_t>& wrong() const { return wrong_; }

 private:
  void at(std::size_t line) {
    const std::string_view all = text_;
    check(all.substr(0, starts_[line]), {}, "cut before", line);
    check({}, all.substr(starts_[line]), "begun at", line);
    check(all.substr(0, starts_[line]), all.substr(starts_[line + 1]), "without", line);
  }

  void check(std::string_view before, std::string_view behind, const char* how, std::size_t line) {
    StoryBuilder story;
    report::LogReader reader("case.log", [&](report::Report&& report) {
      const StoryContext context = story.next(report);
      const auto event = explain(std::move(report), context);
      (event->root_cause == root_ ? kept_ : lost_) += 1;
      if (event->verdict == Verdict::likely) {
        ++likely_;
      }
      if (event->root_cause == root_ || event->root_cause == undetermined ||
          says_the_same(event->root_cause, root_)) {
        return;
      }
      const std::string change = root_ + " becomes " + std::string(event->root_cause);
      if (event->verdict == Verdict::likely) {
        ++wrong_[change];
      } else {
        ADD_FAILURE() << name_ << ": " << change << " " << how << ": "
                      << lines_[line].substr(0, 110);
      }
    });
    reader.feed(before);
    reader.feed(behind);
    reader.finish();
  }

  const std::string& name_;
  const std::string& root_;
  Lines lines_;
  std::string text_;
  std::vector<std::size_t> starts_;
  std::size_t kept_ = 0, lost_ = 0, likely_ = 0;
  std::map<std::string, std::size_t> wrong_;
};

class LabSweep : public testing::TestWithParam<int> {};

TEST_P(LabSweep, AnEventReadsTheSameFromItsWindow) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  for (const LabLog& log : logs_of_part(lab, GetParam())) {
    for (const Window& window : windows_of(log)) {
      const auto events = cases::explain_log(window.text());
      ASSERT_EQ(events.size(), 1U) << log.name << " line " << window.from + window.first + 1;
      EXPECT_EQ(verdict(*events[0]), window.verdicts) << log.name;
      EXPECT_EQ(events[0]->report.first_line, window.first + 1) << log.name;
      EXPECT_EQ(events[0]->report.last_line, window.last + 1) << log.name;
    }
  }
}

TEST_P(LabSweep, ADamagedEventKeepsItsRootOrLosesIt) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  std::size_t kept = 0;
  std::size_t lost = 0;
  std::size_t likely = 0;
  std::map<std::string, std::size_t> wrong;
  for (const LabLog& log : logs_of_part(lab, GetParam())) {
    std::set<std::set<std::string>> seen;
    for (const Window& window : windows_of(log)) {
      // Alike: the same causes in the same roles.
      std::set<std::string> shape;
      for (const std::string& line : window.verdicts) {
        shape.insert(line.substr(0, line.find(' ', line.find(' ') + 1)));
      }
      shape.insert("root " + window.root);
      const bool like_another = !seen.insert(shape).second;
      const Lines whole(log.lines.begin() + static_cast<std::ptrdiff_t>(window.from),
                        log.lines.begin() + static_cast<std::ptrdiff_t>(window.to));
      Sweep sweep(log.name, window.root, whole);
      Sweep shorter(log.name, window.root, without_middle_of_table(window));
      const bool use_shorter = shorter.lines() < sweep.lines() && shorter.holds();
      Sweep& used = use_shorter ? shorter : sweep;
      const bool at_samples = like_another || (!use_shorter && shorter.lines() < sweep.lines());
      used.every(at_samples ? std::max<std::size_t>(
                                  1, used.lines() / (like_another ? samples : samples_of_long))
                            : 1);
      kept += used.kept();
      lost += used.lost();
      likely += used.likely();
      for (const auto& [change, times] : used.wrong()) {
        wrong[change] += times;
      }
    }
  }
  std::size_t wrong_in_all = 0;
  std::string list;
  for (const auto& [change, times] : wrong) {
    wrong_in_all += times;
    list += "\n  " + change + ", " + std::to_string(times) + " times";
  }
  EXPECT_LE(wrong_in_all * 100, likely) << "of " << likely << " likely ones:" << list;
  // Else nothing was tried, or no damage was felt.
  EXPECT_GT(kept, 0U);
  EXPECT_GT(lost, 0U);
}

// Where one event follows another, the lost line can be the one that parts them.
TEST_P(LabSweep, ALineLostBetweenTwoEventsMakesNoThirdVerdict) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  constexpr std::size_t near = 10;
  for (const LabLog& log : logs_of_part(lab, GetParam())) {
    const auto windows = windows_of(log);
    for (std::size_t i = 1; i < windows.size() && i < 4; ++i) {
      const Window& one = windows[i - 1];
      const Window& two = windows[i];
      const std::set<std::string_view> allowed{one.root, two.root, undetermined};
      const std::size_t edge = two.from + two.first;
      for (std::size_t line = edge - std::min(edge - one.from, near); line < edge + near; ++line) {
        const auto events =
            cases::explain_log(join(log.lines, one.from, line) + join(log.lines, line + 1, two.to));
        for (const auto& event : events) {
          EXPECT_TRUE(allowed.contains(event->root_cause))
              << log.name << " without line " << line + 1 << ": " << event->root_cause;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, LabSweep, testing::Range(0, shards));

}  // namespace
}  // namespace whyoom::diagnose
