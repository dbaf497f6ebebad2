#include "diagnose/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

#include "diagnose/case_file.h"
#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using kernel::Field;
using report::Kind;
using namespace memory::testing_only;

const Finding* finding(const Event& event, std::string_view cause) {
  const auto found = std::ranges::find(event.findings, cause, &Finding::cause);
  return found == event.findings.end() ? nullptr : &*found;
}

// A full machine without swap. 120000 of 200000 pages are anonymous, of which `shmem` are shared.
report::Report full_machine(std::uint64_t shmem, std::uint64_t slab) {
  report::Report report;
  report.kind = Kind::oom_kill;
  report.source = "a.log";
  set_user_request(report);
  set_ram(report, 204000, 4000);
  add_zone(report, 0, "DMA32", {4000, 4400, 5500, 6600, 400000, {0, 0, 390, 390, 390}});
  add_zone(report, 0, "Normal", {4000, 4400, 5500, 6600, 400000, {0, 0, 0, 0, 0}});
  for (const Field field : {Field::inactive_anon, Field::active_file, Field::inactive_file,
                            Field::unevictable, Field::slab_reclaimable, Field::pagetables}) {
    set_total(report, field, 100);
  }
  set_total(report, Field::active_anon, 120000);
  set_total(report, Field::shmem, shmem);
  set_total(report, Field::slab_unreclaimable, slab);
  set_total(report, Field::free, 2000);
  report.victims.emplace_back().pid = 7;
  report.tail.total_swap_kib = Read<std::uint64_t>{0, {0, 92}};
  report.tail.free_swap_kib = Read<std::uint64_t>{0, {0, 92}};
  return report;
}

TEST(Explain, OfNothingIsUndetermined) {
  const auto event = explain({});
  EXPECT_EQ(event->root_cause, undetermined);
  EXPECT_EQ(event->in_story, 1U);
  EXPECT_EQ(event->evidence.report, &event->report);
}

TEST(Explain, NamesOneRootAndMakesTheLosersContributing) {
  // Slab 36 % of RAM, processes 59 %.
  const auto event = explain(full_machine(1000, 72000));
  EXPECT_EQ(event->root_cause, "memory-exhausted");
  ASSERT_NE(finding(*event, "slab-leak"), nullptr);
  EXPECT_EQ(finding(*event, "slab-leak")->role, Role::contributing);
  EXPECT_EQ(std::ranges::count(event->findings, Role::root, &Finding::role), 1);
}

TEST(Explain, ChoosesTheBiggerShare) {
  // Processes 27 %, shared memory 33 %, slab 36 %.
  const auto event = explain(full_machine(66000, 72000));
  EXPECT_EQ(event->root_cause, "slab-leak");
  EXPECT_EQ(finding(*event, "shmem-tmpfs")->role, Role::contributing);
  EXPECT_EQ(finding(*event, "memory-exhausted")->role, Role::contributing);
}

TEST(Explain, PutsWhatWasAskedForBeforeAllElse) {
  report::Report report = full_machine(1000, 72000);
  report.trigger->order = -1;
  EXPECT_EQ(explain(std::move(report))->root_cause, "sysrq");
}

TEST(Explain, PutsALimitBeforeWhatWasUsed) {
  // Node 0 is short, and 30000 pages are free on a node that the policy does not allow.
  report::Report report = full_machine(1000, 72000);
  report.constraint.emplace();
  report.constraint->kind = report::ConstraintKind::mempolicy;
  report.constraint->nodemask = "0";
  report.constraint->mems_allowed = "0-1";
  set_total(report, Field::free, 12000);  // 5 % of RAM: the machine counts as used up as well
  const auto event = explain(std::move(report));
  EXPECT_EQ(event->root_cause, "mempolicy-nodes");
  ASSERT_NE(finding(*event, "memory-exhausted"), nullptr);
  EXPECT_EQ(finding(*event, "memory-exhausted")->role, Role::contributing);
}

TEST(Explain, OrdersFindingsByTheirRole) {
  const auto event = explain(full_machine(1000, 72000));
  EXPECT_TRUE(std::ranges::is_sorted(event->findings, {}, &Finding::role));
  EXPECT_EQ(event->findings.front().cause, event->root_cause);
  EXPECT_EQ(event->findings.front().role, Role::root);
  EXPECT_EQ(event->findings.back().role, Role::ruled_out);
}

TEST(Explain, TrustsADamagedReportLess) {
  report::Report report = full_machine(1000, 1000);
  const double whole = explain(report::Report(report))->findings.front().confidence;
  report.damage.resize(4);
  const double damaged = explain(std::move(report))->findings.front().confidence;
  EXPECT_GT(whole, damaged);
  EXPECT_GT(damaged, whole * 0.8);
}

TEST(Explain, KeepsThePlaceInTheStory) {
  StoryContext story;
  story.number = 3;
  story.first_line = 10;
  story.victims_before = 2;
  report::Report report = full_machine(1000, 1000);
  const auto event = explain(std::move(report), story);
  EXPECT_EQ(event->in_story, 3U);
  ASSERT_NE(finding(*event, "kill-spree"), nullptr);
  EXPECT_EQ(finding(*event, "kill-spree")->role, Role::consequence);
  EXPECT_EQ(finding(*event, "kill-spree")->proof.front().value, 3.0);
}

TEST(Explain, KeepsTheReportWhereTheEvidencePoints) {
  auto event = explain(full_machine(1000, 1000));
  ASSERT_EQ(event->evidence.zones.size(), 2U);
  EXPECT_EQ(event->evidence.zones[1].printed, &event->report.zones[1]);
}

TEST(Catalogue, IsOrderedAndComplete) {
  const auto causes = all_causes();
  ASSERT_FALSE(causes.empty());
  EXPECT_TRUE(std::ranges::is_sorted(
      causes, {}, [](const Cause* cause) { return std::pair(cause->section, cause->id); }));
  for (const Cause* cause : causes) {
    EXPECT_TRUE(cause->judge != nullptr || cause->check != nullptr) << cause->id;
    EXPECT_GE(cause->section, 'A') << cause->id;
    EXPECT_LE(cause->section, 'F') << cause->id;
    EXPECT_FALSE(cause->title.empty()) << cause->id;
    EXPECT_LE(cause->title.size(), 70U) << cause->id;
    EXPECT_EQ(find_cause(cause->id), cause);
  }
}

// What only tells how an event went on can never be why it came.
TEST(Catalogue, HasCausesThatAreNeverTheRoot) {
  constexpr std::array never{
      "no-swap",      "swap-full",  "unkillable-hog", "allocating-task-killed",
      "panic-on-oom", "deadlocked", "kill-spree",     "userspace-killer"};
  report::Report report = full_machine(1000, 1000);
  report.kind = Kind::oom_panic;
  report.panic = report::Panic{report::Panic::Reason::deadlocked, "", {0, 99}};
  report.victims.emplace_back().allocating_task = true;
  report.victims.emplace_back();
  report.userspace.emplace().killer = "earlyoom";
  report.tasks.emplace_back();
  report.tasks.back().rss = 100000;
  report.tasks.back().oom_score_adj = -1000;
  const auto event = explain(std::move(report));
  for (const char* id : never) {
    const Finding* found = finding(*event, id);
    if (found != nullptr) {
      EXPECT_NE(found->role, Role::root) << id;
    }
  }
  EXPECT_GE(std::ranges::count(event->findings, Role::consequence, &Finding::role), 3);
}

// "Zone Normal was above the mark" was said of the one printed zone, which was below it.
TEST(Engine, AZoneThatIsNotThereLeavesAnAtomicFailureOpen) {
  const std::string whole =
      cases::load_case(cases::causes_folder() / "atomic-allocation-failure" / "positive.case").log;
  std::string cut;
  for (const std::string_view line : cases::split_lines(whole)) {
    cut += line.find(" Node 0 Normal") == std::string_view::npos ? std::string(line) + "\n" : "";
  }
  const auto events = cases::explain_log(cut);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "undetermined");
  EXPECT_EQ(cases::role_of(*events[0], "atomic-allocation-failure"), "contributing");
  EXPECT_EQ(events[0]->candidates.at(0).cause, "atomic-allocation-failure");
}

// OpenVZ's kernels print no statistics: nobody has to look for them.
TEST(Engine, AContainerOfOpenVzAtItsLimitIsLikelyAtItsOwn) {
  const auto events = cases::explain_log(
      "[ 9.0] Out of memory in UB 1234: OOM killed process 21738 (php-cgi) score 0 "
      "vm:281988kB, rss:17004kB, swap:0kB\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "cgroup-limit");
  EXPECT_EQ(events[0]->verdict, Verdict::likely);
}

// A kill line alone, and what the recorder had of the machine.
report::Report bare_kill() {
  report::Report report;
  report.source = "a.log";
  report.kind = Kind::oom_kill;
  report.known_global = true;
  report.outcome = report::Outcome::killed;
  report::Victim& victim = report.victims.emplace_back();
  victim.comm = "hog";
  victim.pid = 7;
  victim.anon_rss_kib = 470000;
  return report;
}

memory::Recorded recorded(report::Report numbers) {
  memory::Recorded had;
  had.source = "the recorder, 0.4 s before";
  had.age = 0.4;
  had.numbers = std::move(numbers);
  return had;
}

TEST(Explain, NumbersOfTheRecorderStandInForThoseThatLack) {
  EXPECT_EQ(explain(bare_kill())->verdict, Verdict::undetermined);
  const auto event = explain(bare_kill(), {}, recorded(full_machine(1000, 100)));
  EXPECT_EQ(event->root_cause, "memory-exhausted");
  EXPECT_EQ(event->stood_in, (std::vector<std::string>{"mem-info", "zones"}));
  EXPECT_EQ(event->evidence.sources.back(), "the recorder, 0.4 s before");
  ASSERT_TRUE(event->recorded);
  EXPECT_FALSE(event->recorded->numbers);
  // What the log lacks stays said.
  EXPECT_EQ(missing_parts(*event), report::missing_parts(bare_kill()));
}

TEST(Explain, NumbersOfTheRecorderAreOfTheWholeMachine) {
  const auto stood_in = [](const std::function<void(report::Report&)>& change) {
    report::Report report = bare_kill();
    change(report);
    return !explain(std::move(report), {}, recorded(full_machine(1000, 100)))->stood_in.empty();
  };
  EXPECT_TRUE(stood_in([](report::Report&) {}));
  EXPECT_FALSE(stood_in([](report::Report& report) { report.kind = Kind::memcg_oom_kill; }));
  EXPECT_FALSE(stood_in([](report::Report& report) { report.known_global = false; }));
  EXPECT_TRUE(stood_in([](report::Report& report) {
    report.known_global = false;
    report.constraint.emplace().kind = report::ConstraintKind::none;
  }));
  EXPECT_FALSE(stood_in([](report::Report& report) {
    report.constraint.emplace().kind = report::ConstraintKind::cpuset;
  }));
  EXPECT_FALSE(stood_in([](report::Report& report) { report.trigger.emplace().order = -1; }));
  EXPECT_FALSE(
      stood_in([](report::Report& report) { report.unverified = Message("of the network"); }));
  // 390 MiB of RAM are not those of the recorder's 797.
  EXPECT_FALSE(stood_in([](report::Report& report) { set_ram(report, 100000, 0); }));
}

TEST(Explain, TheRecorderChangesNothingWhereItKnowsNoMore) {
  memory::Recorded nothing;
  nothing.age = 0.4;
  const auto event = explain(bare_kill(), {}, nothing);
  EXPECT_EQ(event->verdict, Verdict::undetermined);
  EXPECT_TRUE(event->stood_in.empty());
  EXPECT_TRUE(event->recorded);
  const auto whole = explain(full_machine(1000, 100), {}, recorded(full_machine(1000, 72000)));
  EXPECT_EQ(finding(*whole, "slab-leak")->role, Role::ruled_out);
}

}  // namespace
}  // namespace whyoom::diagnose
