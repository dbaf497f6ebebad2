// An event of which the log has some lines, judged with what is known of its host from elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/engine.h"

namespace whyoom::diagnose {
namespace {

constexpr Bytes gib(std::uint64_t count) { return Bytes(count << 30U); }

// "Out of memory: Killed process 7 (hog)", and nothing else.
report::Report kill_of(Bytes size) {
  report::Report report;
  report.kind = report::Kind::oom_kill;
  report.known_global = true;
  report.outcome = report::Outcome::killed;
  report::Victim& victim = report.victims.emplace_back();
  victim.comm = "hog";
  victim.pid = 7;
  victim.anon_rss_kib = to_kib(size).count();
  return report;
}

// A host of 4 GiB.
memory::Recorded host_with(KiB min_free_kbytes, std::optional<KiB> own_choice = KiB(67584)) {
  memory::Recorded host;
  host.source = "this host as it is now";
  host.ram = gib(4);
  host.min_free = memory::MinFree{min_free_kbytes, {1, 0}};
  host.min_free->share_of_ram = share(to_bytes(min_free_kbytes), host.ram);
  host.default_min_free = own_choice;
  return host;
}

std::unique_ptr<Event> explained(report::Report report, const memory::Recorded& host) {
  return explain(std::move(report), {}, host);
}

std::vector<std::string> overturned_by(const Event& event) {
  std::vector<std::string> all;
  for (const Overturn& overturn : event.overturned_by) {
    all.push_back(overturn.what.str() + ": " + overturn.condition.str());
  }
  return all;
}

bool may_be(const Event& event, std::string_view cause) {
  return std::ranges::find(event.candidates, cause, &Candidate::cause) != event.candidates.end();
}

TEST(BesideTheLog, ASettingThatKeepsMuchOfRamIsLikelyTheCause) {
  const auto event = explained(kill_of(Bytes(300U << 20U)), host_with(KiB(2097152)));
  EXPECT_EQ(event->root_cause, "min-free-too-high");
  EXPECT_EQ(event->verdict, Verdict::likely);
  EXPECT_EQ(event->stood_in, (std::vector<std::string>{"min-free-kbytes", "pages-ram"}));
  ASSERT_TRUE(event->recorded);
  EXPECT_FALSE(event->recorded->age);
  const auto unless = overturned_by(*event);
  EXPECT_NE(
      std::ranges::find(
          unless, "vm.min_free_kbytes: it was another one then; this is by this host as it is now"),
      unless.end());
  EXPECT_NE(
      std::ranges::find(
          unless, "the size of RAM: it was another one then; this is by this host as it is now"),
      unless.end());
  EXPECT_LT(event->findings.front().confidence, 0.9);
}

// What it held was not kept free.
TEST(BesideTheLog, AProcessThatFitsNotBesideTheSettingSpeaksAgainstIt) {
  const KiB half(2097152);
  EXPECT_EQ(explained(kill_of(gib(2)), host_with(half))->root_cause, "min-free-too-high");
  const auto event = explained(kill_of(gib(2) + Bytes(4096)), host_with(half));
  EXPECT_EQ(event->root_cause, undetermined);
  EXPECT_TRUE(may_be(*event, "min-free-too-high") && may_be(*event, "memory-exhausted"));
}

// Somebody raised it after memory had been used up.
TEST(BesideTheLog, NoMoreWasKeptBackThanWasFree) {
  const auto with_free = [](Bytes free) {
    report::Report report = kill_of(Bytes(300U << 20U));
    report.totals.set(kernel::Field::free, free.count() / 4096, {3});
    return explained(std::move(report), host_with(KiB(2097152)));
  };
  const Bytes border = Bytes(67584U << 10U) + gib(4) / 20;  // the kernel's choice and a twentieth
  EXPECT_EQ(with_free(border + Bytes(4096))->root_cause, "min-free-too-high");
  EXPECT_EQ(with_free(border - Bytes(4096))->root_cause, "undetermined");
}

TEST(BesideTheLog, WithoutAConstraintLineThatIsWhatWouldOverturnIt) {
  const auto named = [](const report::Report& report) {
    const auto unless = overturned_by(*explained(report, host_with(KiB(2097152))));
    return std::ranges::find(unless, "the constraint line: it is not CONSTRAINT_NONE") !=
           unless.end();
  };
  report::Report report = kill_of(Bytes(300U << 20U));
  EXPECT_TRUE(named(report));
  report.constraint.emplace().kind = report::ConstraintKind::none;
  EXPECT_FALSE(named(report));
}

// 5 % of 4 GiB, 209,715 kB, more than the kernel's own choice.
TEST(BesideTheLog, TheSettingMustKeepATwentiethMoreThanTheKernelWould) {
  const auto root = [](KiB value, std::optional<KiB> own) {
    return explained(kill_of(Bytes(300U << 20U)), host_with(value, own))->root_cause;
  };
  EXPECT_EQ(root(KiB(67584 + 209716), KiB(67584)), "min-free-too-high");
  EXPECT_EQ(root(KiB(67584 + 209714), KiB(67584)), undetermined);
  // Whose zones are not known, the kernel may have chosen a twentieth itself.
  EXPECT_EQ(root(KiB(419432), std::nullopt), "min-free-too-high");
  EXPECT_EQ(root(KiB(419428), std::nullopt), undetermined);
}

TEST(BesideTheLog, AnEventOfACgroupOrOfOtherNodesIsNotOfTheSetting) {
  const auto root = [](void (*change)(report::Report&)) {
    report::Report report = kill_of(Bytes(300U << 20U));
    change(report);
    return explained(std::move(report), host_with(KiB(2097152)))->root_cause;
  };
  EXPECT_EQ(root([](report::Report&) {}), "min-free-too-high");
  EXPECT_EQ(root([](report::Report& report) { report.known_global = false; }), undetermined);
  EXPECT_NE(root([](report::Report& report) { report.kind = report::Kind::memcg_oom_kill; }),
            "min-free-too-high");
  EXPECT_EQ(root([](report::Report& report) {
              report.constraint.emplace().kind = report::ConstraintKind::cpuset;
            }),
            undetermined);
  EXPECT_EQ(root([](report::Report& report) { report.trigger.emplace().order = 4; }), undetermined);
  EXPECT_EQ(root([](report::Report& report) { report.unverified = Message("of the network"); }),
            undetermined);
}

// A process that is bound to one of two nodes has half of RAM.
TEST(BesideTheLog, AProcessWithThreeQuartersOfRamUsedItUpWhereTheSettingIsSmall) {
  const auto event = explained(kill_of(gib(3)), host_with(KiB(67584)));
  EXPECT_EQ(event->root_cause, "memory-exhausted");
  EXPECT_EQ(event->verdict, Verdict::likely);
  const auto unless = overturned_by(*event);
  EXPECT_NE(
      std::ranges::find(unless, "the first line (\"invoked oom-killer\"): its order was above 0"),
      unless.end());
  EXPECT_EQ(explained(kill_of(gib(3) - Bytes(4096)), host_with(KiB(67584)))->root_cause,
            undetermined);

  // Where a line says that it was of no nodes, half is enough.
  report::Report unbound = kill_of(gib(2));
  unbound.constraint.emplace().kind = report::ConstraintKind::none;
  unbound.trigger.emplace().order = 0;
  EXPECT_EQ(explained(unbound, host_with(KiB(67584)))->root_cause, "memory-exhausted");
  unbound.constraint.reset();
  EXPECT_EQ(explained(unbound, host_with(KiB(67584)))->root_cause, undetermined);
}

// The kernel panics for vm.panic_on_oom=1 where neither a cgroup nor nodes bound the request.
TEST(BesideTheLog, APanicOfTheWholeSystemIsOfTheSetting) {
  using Reason = report::Panic::Reason;
  const auto root = [](Reason reason) {
    report::Report report;
    report.kind = report::Kind::oom_panic;
    report.panic.emplace().reason = reason;
    return explained(std::move(report), host_with(KiB(2097152)))->root_cause;
  };
  EXPECT_EQ(root(Reason::panic_on_oom_system_wide), "min-free-too-high");
  EXPECT_EQ(root(Reason::deadlocked), "min-free-too-high");
  EXPECT_EQ(root(Reason::panic_on_oom_compulsory), undetermined);
}

// Somebody may have mended the setting since.
TEST(BesideTheLog, ALaterSettingRulesNothingOut) {
  memory::Recorded host = host_with(KiB(67584));
  const auto now = explained(kill_of(gib(1)), host);
  EXPECT_TRUE(may_be(*now, "min-free-too-high"));
  EXPECT_TRUE(now->stood_in.empty());
  EXPECT_FALSE(now->recorded);
  host.posted = true;
  const auto posted = explained(kill_of(gib(1)), host);
  EXPECT_FALSE(may_be(*posted, "min-free-too-high"));
  EXPECT_TRUE(may_be(*posted, "memory-exhausted"));
}

TEST(BesideTheLog, AHostOfAnotherSizeIsNotThatOfTheEvent) {
  const auto stands_in = [](const report::Report& report, KiB min_free_kbytes = KiB(2097152)) {
    return !explained(report, host_with(min_free_kbytes))->stood_in.empty();
  };
  report::Report report = kill_of(gib(4));
  EXPECT_TRUE(stands_in(report, KiB(67584)));
  report.victims[0].file_rss_kib = 1;  // more than there is
  EXPECT_FALSE(stands_in(report, KiB(67584)));

  report = kill_of(gib(1));
  report.tail.ram = Read<std::uint64_t>{to_pages(gib(4), PageSize{}).count(), {0, 9}};
  EXPECT_TRUE(stands_in(report));
  report.tail.ram->value =
      to_pages(gib(4), PageSize{}).count() * 10 / 9 + 1;  // a tenth is the kernel's
  EXPECT_FALSE(stands_in(report));
  report.tail.ram->value = to_pages(gib(4), PageSize{}).count() - 1;
  EXPECT_FALSE(stands_in(report));
}

}  // namespace
}  // namespace whyoom::diagnose
