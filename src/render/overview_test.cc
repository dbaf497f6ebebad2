#include "render/overview.h"

#include <gtest/gtest.h>

#include "diagnose/case_file.h"
#include "host/tree_for_test.h"
#include "render/screen.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

LogSource log_source(std::string name, bool read, std::string gap = "") {
  LogSource source;
  source.name = std::move(name);
  source.read = read;
  source.gap = std::move(gap);
  return source;
}

// The host of the documents: vm.min_free_kbytes is half of its RAM.
class OverviewText : public testing::Test {
 protected:
  OverviewText() {
    files_.add("/proc/sys/kernel/osrelease", "6.12.41\n");
    look();
  }

  void look() { check_ = diagnose::check(host::read_facts(files_)); }

  void look_at_case(const char* name) {
    check_ = diagnose::cases::check_host(
        diagnose::cases::load_case(diagnose::cases::causes_folder() / name).log);
  }

  [[nodiscard]] std::string text(unsigned width = 80) const {
    return text_overview(overview_, *check_, {.width = width});
  }

  [[nodiscard]] bool says(std::string_view words, unsigned width = 200) const {
    return text(width).find(words) != std::string::npos;
  }

  host::MemoryFiles files_ = host::test::example_host();
  std::unique_ptr<diagnose::HostCheck> check_;
  std::unique_ptr<diagnose::Event> event_ = sample::min_free_event();
  Overview overview_;
};

TEST_F(OverviewText, WithoutALog) {
  EXPECT_EQ(text(), R"(What happened, kernel 6.12.41
  Not known: no kernel log could be read.
risk: vm.min_free_kbytes is 495176 kB (50 % of RAM), the kernel's own choice
      here is 45056 kB. 199 MiB are available; with the kernel's choice 858 MiB
      would be.

1 Memory           967 MiB of RAM, 928 MiB (96 %) free, 199 MiB (21 %)
                   available, no swap.
2 Threads          Not known: neither the tasks nor their limits could be read.
3 min_free_kbytes  495176 kB, 50 % of RAM; the kernel's own choice here is
                   45056 kB.
4 On OOM           The kernel kills a process (vm.panic_on_oom=0).
14 things are not known of this host: `whyoom check --all`

What to do
  Give the memory back for good (/etc/sysctl.d/zz-database.conf:3 sets it to
    495176)
    sudo whyoom fix vm.min_free_kbytes=45056
)");
  overview_.sources = {log_source("journal", true)};
  EXPECT_TRUE(says("\n  No OOM event stands in the logs that could be read.\n"));
}

TEST_F(OverviewText, OfTheFoundingFault) {
  overview_.stories = {{event_.get(), 3}};
  overview_.sources = {log_source("journal", true),
                       log_source("/var/log/kern.log", false, "no access")};
  overview_.last_boot = "The boot before this one ended without a shutdown.";
  const std::string shown = text(120);
  for (const std::string_view part : {
           "What happened, kernel 6.12.41\n  The boot before this one ended without a shutdown.\n"
           "  [6.580963] out of memory, killed hog (pid 137), and 3 more events after it; "
           "min-free-too-high\n",
           "\n  read: journal: 0 events in 0 lines, no time in it\n"
           "  not read: /var/log/kern.log: no access\n",
           "\nWhy: vm.min_free_kbytes was 801980 kB (80 % of RAM) while",
           "\nIs it still so? Yes: vm.min_free_kbytes is 495176 kB (50 % of RAM)",
           // The step that shows the cause.
           "45056 kB. <- the cause\n",
       }) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\nin\n" << shown;
  }
  EXPECT_EQ(shown.find("risk:"), std::string::npos) << shown;
}

TEST_F(OverviewText, SaysThatTheCauseIsGoneOrCannotBeTold) {
  look_at_case("min-free-too-high/near-miss-host.case");
  overview_.stories = {{event_.get(), 0}};
  EXPECT_TRUE(says("\nIs it still so? No: ")) << text(200);
  EXPECT_TRUE(says("killed hog (pid 137); min-free-too-high\n")) << text(200);
  // The step is marked, but there is nothing to fix.
  EXPECT_FALSE(says("sudo whyoom fix"));
  event_->root_cause = "fork-bomb";
  EXPECT_TRUE(says("\nIs it still so? The files of this host do not tell of fork-bomb.\n"))
      << text(200);
  event_->root_cause = "undetermined";
  EXPECT_TRUE(says("killed hog (pid 137); cause undetermined\n"));
  EXPECT_FALSE(says("Is it still so?"));
  EXPECT_TRUE(says("\nThis host now: nothing wrong was found on it.\n")) << text(200);
}

// What the event asked for, where the host asks for nothing.
TEST_F(OverviewText, AdvisesWhatTheEventAskedFor) {
  look_at_case("min-free-too-high/near-miss-host.case");
  event_->root_cause = event_->findings[0].cause = "memory-exhausted";
  overview_.stories = {{event_.get(), 0}};
  EXPECT_TRUE(
      says("\nWhat to do\n  Set vm.min_free_kbytes to the kernel's own choice\n"
           "    whyoom fix vm.min_free_kbytes=45056\n"))
      << text(200);
  EXPECT_TRUE(says("<- the cause\n2 Threads")) << text(200);
}

TEST_F(OverviewText, NamesTheStepThatShowsTheCause) {
  const auto marked = [this] {
    const std::string shown = text(200);
    const std::size_t mark = shown.find(" <- the cause");
    return mark == std::string::npos ? std::string() : shown.substr(shown.rfind('\n', mark) + 1, 3);
  };
  overview_.stories = {{event_.get(), 0}};
  const std::pair<const char*, const char*> rows[] = {
      {"memory-exhausted", "1 M"},  {"cgroup-pids-max", "2 T"}, {"many-processes", "2 T"},
      {"min-free-too-high", "3 m"}, {"cgroup-limit", ""},       {"undetermined", ""}};
  for (const auto& [cause, step] : rows) {
    event_->root_cause = cause;
    EXPECT_EQ(marked(), step) << cause;
  }
}

TEST_F(OverviewText, TellsOfAPanic) {
  report::Panic end;
  end.reason = report::Panic::Reason::deadlocked;
  end.restart_seconds = Read<std::uint64_t>{10, {}};
  overview_.stories = {{event_.get(), 2, &end}};
  EXPECT_TRUE(
      says("killed hog (pid 137), then kernel panic (deadlocked on memory), restarts after "
           "10 s, and 2 more events after it; min-free-too-high\n"))
      << text(200);
  overview_.stories[0].followers = 1;  // that is the panic
  EXPECT_TRUE(says("restarts after 10 s; min-free-too-high\n"));
  event_->report.outcome = report::Outcome::panic;
  event_->report.panic = end;
  overview_.stories = {{event_.get(), 0}};
  EXPECT_TRUE(says("kernel panic (deadlocked on memory), restarts after 10 s; min-free-too-high\n"))
      << text(200);
}

TEST_F(OverviewText, OlderStoriesAreCounted) {
  const auto other = sample::cut_event();
  overview_.stories.assign(7, {other.get(), 0});
  overview_.stories.push_back({event_.get(), 0});
  EXPECT_TRUE(says("\nWhy, the last time: vm.min_free_kbytes was")) << text(200);
  EXPECT_TRUE(says(" older ones: `whyoom explain --host`\n")) << text(200);
  // The last one has no known cause.
  overview_.stories = {{event_.get(), 0}, {other.get(), 0}};
  EXPECT_TRUE(says("\nWhy, the last with a known cause: vm.min_free_kbytes was")) << text(200);
  EXPECT_TRUE(says("\n  dmesg.log:7 out of memory, killed hog (pid 137); cause undetermined\n"))
      << text(200);
}

TEST_F(OverviewText, PassesOverWhatOthersCouldHaveWritten) {
  overview_.unverified = 2;
  overview_.unverified_why = "it came over the network\x1b[2J";
  EXPECT_TRUE(
      says("\n  No OOM event stands in the logs that only the kernel could have written.\n"
           "  unverified: 2 events are passed over here (it came over the network\\x1b[2J): "
           "`whyoom explain --host`\n"))
      << text(200);
}

TEST_F(OverviewText, CommandsAreOfTheHostThatItIsAbout) {
  overview_.root = "/mnt/it's";
  EXPECT_TRUE(says("`whyoom check --all --root '/mnt/it'\\''s'`")) << text(200);
  overview_.root = "/mnt/\x01";  // no shell takes it from a screen
  EXPECT_TRUE(says("`whyoom check --all` with the same --root")) << text(200);
}

TEST_F(OverviewText, SaysWhenNothingIsToDo) {
  look_at_case("min-free-too-high/near-miss-host.case");
  check_->facts.host.gaps.clear();
  EXPECT_TRUE(says("\nWhat to do\n  Nothing. The numbers: `whyoom check`\n")) << text(200);
  overview_.sources = {log_source("journal", false, "no access")};
  EXPECT_TRUE(says("\n  Nothing, as far as could be read. The numbers: `whyoom check`\n"));
  overview_.more_as_root = true;
  EXPECT_TRUE(says("\n  Look again as root, who sees more\n    sudo whyoom\n")) << text(200);
  look();
  EXPECT_TRUE(says("\n  Root sees more\n    sudo whyoom\n")) << text(200);
}

TEST_F(OverviewText, ShowsEachGapOfTheHostWhereThereIsRoom) {
  look_at_case("min-free-too-high/near-miss-host.case");
  check_->facts.host.gaps = {{host::FileError::Kind::denied, "/proc/slabinfo",
                              Message("no access to /proc/slabinfo"), Message("no caches")}};
  EXPECT_TRUE(says("\nnot read: no access to /proc/slabinfo: no caches\n")) << text(200);
  check_->facts.host.gaps.resize(9, check_->facts.host.gaps[0]);
  EXPECT_TRUE(says("\n9 things are not known of this host: `whyoom check --all`\n"));
}

TEST_F(OverviewText, FitsTheScreenAtEveryWidth) {
  overview_.last_boot = std::string(300, 'x');
  std::vector<std::unique_ptr<diagnose::Event>> events;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    events.push_back(sample::random_event(seed));
    overview_.stories.push_back({events.back().get(), seed});
    overview_.sources.push_back(log_source("log" + std::to_string(seed), true));
  }
  for (const auto& path : diagnose::cases::case_paths(diagnose::cases::Of::host)) {
    check_ = diagnose::cases::check_host(diagnose::cases::load_case(path).log);
    for (const unsigned width : {80U, 120U}) {
      EXPECT_LE(rows_of(text(width), width), 23U) << path << "\n" << text(width);
    }
  }
}

}  // namespace
}  // namespace whyoom::render
