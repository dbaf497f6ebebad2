#include "diagnose/claim.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using kernel::Field;
using report::Kind;
using namespace memory::testing_only;

// 200000 pages of RAM in two zones, both short, all counters there.
report::Report full_machine() {
  report::Report report;
  report.kind = Kind::oom_kill;
  set_user_request(report);
  set_ram(report, 204000, 4000);
  add_zone(report, 0, "DMA32", {4000, 4400, 5500, 6600, 400000, {0, 0, 390, 390, 390}});
  add_zone(report, 0, "Normal", {4000, 4400, 5500, 6600, 400000, {0, 0, 0, 0, 0}});
  for (const Field field :
       {Field::inactive_anon, Field::active_file, Field::inactive_file, Field::unevictable,
        Field::slab_reclaimable, Field::slab_unreclaimable, Field::shmem, Field::pagetables}) {
    set_total(report, field, 500);
  }
  set_total(report, Field::active_anon, 190000);
  set_total(report, Field::free, 2000);
  return report;
}

struct Explained {
  explicit Explained(report::Report&& given)
      : report(std::move(given)), evidence(memory::from_report(report)) {}
  Explained(const Explained&) = delete;
  Explained& operator=(const Explained&) = delete;
  report::Report report;
  memory::Evidence evidence;
  StoryContext story;
  Context context{evidence, report, story};
};

TEST(Kinds, TellGlobalFromCgroup) {
  report::Report report;
  report.kind = Kind::oom_kill;
  EXPECT_TRUE(is_global_oom(Explained(report::Report(report)).context));

  report.memcg.emplace();
  const Explained memcg{report::Report(report)};
  EXPECT_FALSE(is_global_oom(memcg.context));
  EXPECT_TRUE(is_memcg_oom(memcg.context));
  EXPECT_TRUE(is_oom(memcg.context));

  report.memcg.reset();
  report.kind = Kind::oom_panic;
  EXPECT_TRUE(is_global_oom(Explained(report::Report(report)).context));

  report.kind = Kind::page_allocation_failure;
  const Explained failure{report::Report(report)};
  EXPECT_FALSE(is_oom(failure.context) || is_global_oom(failure.context) ||
               is_memcg_oom(failure.context));
}

TEST(Kinds, KnowSysrq) {
  report::Report report;
  EXPECT_FALSE(is_sysrq(report));
  report.trigger.emplace();
  report.trigger->order = 0;
  EXPECT_FALSE(is_sysrq(report));
  report.trigger->order = -1;
  EXPECT_TRUE(is_sysrq(report));
  report.trigger.reset();
  report.sysrq_at = Place{0, 3};
  EXPECT_TRUE(is_sysrq(report));
}

// Of a head, and of a CPU line with this number and kernel; 0 and "": that line is lost.
std::optional<Verdict> by_kswapd(const std::string& comm, std::int64_t pid,
                                 const std::string& release, std::uint32_t mask = 0xcc0) {
  report::Report report;
  report.kind = Kind::oom_kill;
  report.trigger.emplace();
  report.trigger->comm = comm;
  report.trigger->order = 0;
  report.trigger->gfp = kernel::gfp_from_mask(mask, release);
  if (pid != 0) {
    report.trigger->pid = pid;
    report.stack.emplace();
    report.stack->release = release;
  }
  return called_by_kswapd(Explained(std::move(report)).evidence);
}

TEST(CalledByKswapd, GoesByTheNameWhereTheTraceIsLost) {
  EXPECT_EQ(by_kswapd("kswapd0", 70, "6.12.9"), Verdict::proved);
  EXPECT_EQ(by_kswapd("kswapd12", 299, "6.1.0"), Verdict::proved);
  EXPECT_EQ(by_kswapd("kswapd0", 300, "6.1.0"), Verdict::likely);
  EXPECT_EQ(by_kswapd("kswapd0", 4096, "6.1.0"), Verdict::likely);
  EXPECT_EQ(by_kswapd("kswapd0", 4097, "6.1.0"), std::nullopt) << "not a thread of the start";
  EXPECT_EQ(by_kswapd("kswapd0", 70, "6.0.19"), std::nullopt) << "came with 6.1";
  EXPECT_EQ(by_kswapd("kswapd0", 70, ""), Verdict::likely);
  EXPECT_EQ(by_kswapd("kswapd0", 0, ""), Verdict::likely);
  EXPECT_EQ(by_kswapd("kswapd0", 70, "6.12.9", 0x100cca), std::nullopt) << "a page fault";
  for (const char* other : {"kswapd", "kswapd0x", "xkswapd0", "kcompactd0"}) {
    EXPECT_EQ(by_kswapd(other, 70, "6.12.9"), std::nullopt) << other;
  }
}

TEST(CalledByKswapd, IsRefusedByTheTraceTheTableAndTheConstraint) {
  report::Report report;
  report.kind = Kind::oom_kill;
  report.trigger.emplace();
  report.trigger->comm = "kswapd0";
  report.trigger->pid = 70;
  report.trigger->order = 0;
  report.trigger->gfp = kernel::gfp_from_mask(0xcc0, "6.12.9");
  report.stack.emplace();
  report.stack->release = "6.12.9";
  report.stack->functions = {"dump_header", "oom_kill_process"};
  const auto found = [](report::Report changed) {
    return called_by_kswapd(Explained(std::move(changed)).evidence);
  };
  EXPECT_EQ(found(report), Verdict::proved);
  EXPECT_TRUE(is_known_global(Explained(report::Report(report)).evidence));
  auto changed = report;
  changed.stack->functions.emplace_back("out_of_memory");
  EXPECT_EQ(found(changed), std::nullopt);
  changed = report;
  changed.tasks.emplace_back().pid = 70;
  EXPECT_EQ(found(changed), std::nullopt) << "the table has no kernel threads";
  changed = report;
  changed.trigger->order = 1;
  EXPECT_EQ(found(changed), std::nullopt);
  changed = report;
  changed.memcg.emplace();
  EXPECT_EQ(found(changed), std::nullopt);
  changed.by_kswapd = true;
  EXPECT_EQ(found(changed), Verdict::proved);
}

TEST(FreeElsewhere, IsWhatTheZonesOfTheRequestDoNotHave) {
  report::Report report = full_machine();
  set_total(report, Field::free, 12000);
  EXPECT_EQ(free_elsewhere(Explained(std::move(report)).evidence),
            Bytes(std::uint64_t{10000} * 4096));
  report = full_machine();
  set_total(report, Field::free, 1);  // counters lag: never below nothing
  EXPECT_EQ(free_elsewhere(Explained(std::move(report)).evidence), Bytes(0));
  report = full_machine();
  report.zones.clear();
  EXPECT_EQ(free_elsewhere(Explained(std::move(report)).evidence), std::nullopt);
}

TEST(EligibleManaged, IsTheSumOfTheZonesOfTheRequest) {
  report::Report report = full_machine();
  EXPECT_EQ(eligible_managed(Explained(report::Report(report)).evidence),
            Bytes(std::uint64_t{800000} * 1024));
  set_request(report, {kernel::GfpFlag::dma32});
  EXPECT_EQ(eligible_managed(Explained(std::move(report)).evidence),
            Bytes(std::uint64_t{400000} * 1024));
}

TEST(NodesText, IsTheListThatBinds) {
  report::Report report;
  EXPECT_EQ(nodes_text(report), "");
  report.mems_allowed = "0-1";
  EXPECT_EQ(nodes_text(report), "nodes 0-1");
  report.trigger.emplace();
  report.trigger->nodemask = "(null)";
  EXPECT_EQ(nodes_text(report), "nodes 0-1");
  report.trigger->nodemask = "1";
  EXPECT_EQ(nodes_text(report), "node 1");
  report.constraint.emplace();
  report.constraint->mems_allowed = "0-3";
  report.constraint->nodemask = "2";
  EXPECT_EQ(nodes_text(report), "nodes 0-3");
  report.constraint->kind = report::ConstraintKind::mempolicy;
  EXPECT_EQ(nodes_text(report), "node 2");
}

TEST(UsedUp, IsTheAccountOfAFullMachine) {
  const Explained full{full_machine()};
  ASSERT_NE(used_up(full.context), nullptr);
  EXPECT_EQ(used_up(full.context), &*full.evidence.account);
}

TEST(UsedUp, NeedsEveryZoneAtItsHighMark) {
  report::Report report = full_machine();
  report.zones[1].fields.set(Field::free, 6600 + 8196, {});  // and 8 MiB
  set_total(report, Field::free, (4000 + 14796) / 4);
  EXPECT_EQ(used_up(Explained(std::move(report)).context), nullptr);
  report = full_machine();
  report.zones[1].fields.set(Field::free, 6500, {});  // above low, not above high
  EXPECT_NE(used_up(Explained(std::move(report)).context), nullptr);
}

TEST(UsedUp, IsNotSaidWhenABlockIsMissingAmongFreePages) {
  report::Report report = full_machine();
  set_user_request(report, 2);
  report.zones[1].fields.set(Field::free, 6500, {});  // above its floor
  report.zones[1].buddy = {{0, 1600, "UME"}, {1, 12, "M"}, {2, 0, ""}};
  report.zones[1].buddy_total_kib = Read<std::uint64_t>{6500, {}};
  EXPECT_EQ(used_up(Explained(report::Report(report)).context), nullptr);
  report.zones[1].buddy[2] = {2, 1, "U"};
  EXPECT_NE(used_up(Explained(report::Report(report)).context), nullptr);
  report.zones[1].buddy[2] = {2, 1, "H"};  // of the atomic reserve
  EXPECT_EQ(used_up(Explained(std::move(report)).context), nullptr);
}

TEST(UsedUp, IsNotSaidWhenMuchIsFreeElsewhere) {
  report::Report report = full_machine();
  set_total(report, Field::active_anon, 170000);
  set_total(report, Field::free, 2000 + 20001);  // 10 % of 200000 pages, and one
  EXPECT_EQ(used_up(Explained(std::move(report)).context), nullptr);
  report = full_machine();
  set_total(report, Field::active_anon, 170000);
  set_total(report, Field::free, 2000 + 19999);
  EXPECT_NE(used_up(Explained(std::move(report)).context), nullptr);
}

TEST(UsedUp, IsNotSaidOfWhatTheReportDoesNotProve) {
  report::Report lost_zone = full_machine();
  lost_zone.zones.pop_back();
  EXPECT_EQ(used_up(Explained(std::move(lost_zone)).context), nullptr);
  report::Report memcg = full_machine();
  memcg.memcg.emplace();
  EXPECT_EQ(used_up(Explained(std::move(memcg)).context), nullptr);
  report::Report sysrq = full_machine();
  sysrq.trigger->order = -1;
  EXPECT_EQ(used_up(Explained(std::move(sysrq)).context), nullptr);
  report::Report no_zone = full_machine();
  no_zone.zones.clear();
  EXPECT_EQ(used_up(Explained(std::move(no_zone)).context), nullptr);
}

TEST(Process, IsFitForATerminal) {
  EXPECT_EQ(process("hog", 153), "hog (pid 153)");
  EXPECT_EQ(process("a\x1b[31mb", -1), "a\\x1b[31mb (pid -1)");
}

TEST(Claim, CarriesWhatItIsGiven) {
  const Claim made = claim(Role::contributing, Rank::limit, 0.5, 0.9, Message("x"));
  EXPECT_EQ(made.rank, Rank::limit);
  EXPECT_EQ(made.strength, 0.5);
  EXPECT_EQ(made.role, Role::contributing);
  EXPECT_EQ(made.confidence, 0.9);
  EXPECT_EQ(made.summary.str(), "x");
}

TEST(Proof, KeepsItsUnit) {
  Finding finding;
  finding.prove(Message("x"), Bytes(7));
  finding.prove(Message("x"), 7, {0, 3});
  finding.prove_ratio(Message("x"), 0.25);
  ASSERT_EQ(finding.proof.size(), 3U);
  EXPECT_EQ(finding.proof[0].unit, Unit::bytes);
  EXPECT_EQ(finding.proof[1].unit, Unit::count);
  EXPECT_EQ(finding.proof[1].at.line, 3U);
  EXPECT_EQ(finding.proof[2].unit, Unit::ratio);
  EXPECT_EQ(finding.proof[2].value, 0.25);
}

TEST(Proof, IsOfWhatWasRead) {
  Finding finding;
  finding.prove(Message("x"), Maybe<KiB>(Read<KiB>{KiB(2), {0, 3}}));
  finding.prove(Message("x"), Maybe<KiB>());
  finding.prove(Message("x"), Maybe<std::int64_t>(Read<std::int64_t>{-1, {0, 4}}));
  finding.prove(Message("x"), Maybe<std::int64_t>());
  ASSERT_EQ(finding.proof.size(), 2U);
  EXPECT_EQ(finding.proof[0].value, 2048);
  EXPECT_EQ(finding.proof[0].at.line, 3U);
  EXPECT_EQ(finding.proof[1].value, -1);
  EXPECT_EQ(finding.proof[1].unit, Unit::count);
}

TEST(FilledBySlab, IsNoPartOfZonesThatAreTooSmallForIt) {
  const auto part = [](std::uint64_t slab) {
    report::Report report = full_machine();
    set_total(report, Field::slab_unreclaimable, slab);
    return filled_by_slab(Explained(std::move(report)).context);
  };
  EXPECT_DOUBLE_EQ(part(100'000), 0.5);
  EXPECT_DOUBLE_EQ(part(210'000), 1.05);
  EXPECT_DOUBLE_EQ(part(210'001), 0);
}

}  // namespace
}  // namespace whyoom::diagnose
