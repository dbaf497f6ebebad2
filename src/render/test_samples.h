// Events made by hand for the tests of the renderers: no parser and no rule takes part.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "diagnose/event.h"
#include "render/layout.h"
#include "render/markdown_text.h"
#include "render/render.h"

namespace whyoom::render {

inline Story story_of(const diagnose::Event& lead, const std::vector<Follower>& others,
                      std::uint64_t more) {
  Story story{.lead = lead,
              .others = others,
              .others_left_out = more,
              .first = {},
              .last = {},
              .seconds = {}};
  story.events = 1 + others.size() + more;
  return story;
}

inline std::string text_story(const diagnose::Event& first, const std::vector<Follower>& followers,
                              std::uint64_t more, const TextStyle& style) {
  return to_text(story(story_of(first, followers, more), {false, style.all}), style);
}

inline std::string markdown_story(const diagnose::Event& first,
                                  const std::vector<Follower>& followers, std::uint64_t more,
                                  bool all) {
  return to_markdown(story(story_of(first, followers, more), {true, all}));
}

}  // namespace whyoom::render

namespace whyoom::render::sample {

using kernel::Field;

inline report::Zone zone(std::string name, std::uint64_t free, std::uint64_t min,
                         std::uint64_t managed, std::uint32_t line) {
  report::Zone zone;
  zone.name = std::move(name);
  zone.at = {0, line};
  zone.fields.set(Field::free, free, zone.at);
  zone.fields.set(Field::min, min, zone.at);
  zone.fields.set(Field::low, min + min / 4, zone.at);
  zone.fields.set(Field::high, min + min / 2, zone.at);
  zone.fields.set(Field::present, managed + 100, zone.at);
  zone.fields.set(Field::managed, managed, zone.at);
  return zone;
}

inline memory::ZoneState state(const report::Zone& zone, std::uint64_t reserve_pages) {
  const auto pages = [&zone](Field field) { return Pages(zone.fields.get(field)->value / 4); };
  memory::ZoneState state;
  state.name = zone.name;
  state.node = zone.node;
  state.at = zone.at;
  state.eligible = true;
  state.free = pages(Field::free);
  state.min = pages(Field::min);
  state.low = pages(Field::low);
  state.high = pages(Field::high);
  state.managed = pages(Field::managed);
  state.reserve = Pages(reserve_pages);
  state.floor = state.min + state.reserve;
  return state;
}

inline void add_tasks(report::Report& report) {
  report.task_table_at = Place{0, 480};
  report::Task hog;
  hog.comm = "hog";
  hog.pid = hog.tgid = 137;
  hog.uid = 0;
  hog.total_vm = 45330;
  hog.rss = 44226;
  hog.swapents = 0;
  hog.pgtables_bytes = 401408;
  hog.line = 482;
  report::Task nginx = hog;
  nginx.comm = "nginx";
  nginx.pid = nginx.tgid = 161;
  nginx.rss = 1200;
  nginx.line = 481;
  report.tasks = {nginx, hog};
  report::Victim victim;
  victim.comm = "hog";
  victim.pid = 137;
  victim.uid = 0;
  victim.total_vm_kib = 181320;
  victim.anon_rss_kib = 176268;
  victim.file_rss_kib = 4;
  victim.shmem_rss_kib = 632;
  victim.pgtables_kib = 392;
  victim.oom_score_adj = 0;
  victim.at = {0, 491};
  report.victims = {victim};
}

inline report::Report min_free_report() {
  report::Report report;
  report.kind = report::Kind::oom_kill;
  report.outcome = report::Outcome::killed;
  report.source = "dmesg.log";
  report.first_line = 412;
  report.last_line = 491;
  report.time.monotonic_us = 6580963;
  report.trigger = report::Trigger{};
  report.trigger->comm = "init";
  report.trigger->pid = 1;
  report.trigger->order = 1;
  report.trigger->oom_score_adj = 0;
  report.trigger->gfp = kernel::GfpMask{};
  report.trigger->gfp->mask = 0x400dc0;
  report.trigger->gfp->names = {"GFP_KERNEL_ACCOUNT", "__GFP_ZERO"};
  report.stack = report::StackDump{};
  report.stack->release = "5.10.0-32-cloud-amd64";
  report.mem_info_at = Place{0, 440};
  report.totals.set(Field::free, 200867, {0, 446});
  report.zones = {zone("DMA", 15780, 12724, 15908, 452),
                  zone("DMA32", 787688, 789252, 986564, 454)};
  report.zones[0].lowmem_reserve = {0, 963, 963, 963, 963};
  report.zones[1].lowmem_reserve = {0, 0, 0, 0, 0};
  report.zones[0].buddy = {{0, 1, "U"}};
  report.zones[1].buddy = {{0, 2, "UM"}, {10, 191, "M"}};
  report.tail.ram = Read<std::uint64_t>{262014, {0, 470}};
  report.tail.reserved = Read<std::uint64_t>{11395, {0, 472}};
  report.constraint = report::Constraint{};
  add_tasks(report);
  return report;
}

inline diagnose::Proof bytes(Message what, std::uint64_t kib, std::uint32_t line) {
  return {std::move(what), static_cast<double>(kib * 1024), diagnose::Unit::bytes, {0, line}};
}

inline void add_findings(diagnose::Event& event) {
  event.root_cause = "min-free-too-high";
  event.verdict = diagnose::Verdict::proved;
  diagnose::Finding root;
  root.cause = "min-free-too-high";
  root.confidence = 0.99;
  root.summary = Message(
      "vm.min_free_kbytes was {} kB ({} of RAM) while the kernel's own choice is {} kB: zone {} "
      "had "
      "{} kB free and needed more than {} kB.",
      801980, "80 %", 45056, "DMA32", 787688, 789252);
  root.proof = {
      bytes(Message("free memory of zone {}", "DMA32"), 787688, 454),
      bytes(Message("min watermark of zone {}", "DMA32"), 789252, 454),
      {Message("share of RAM that the setting keeps back"), 0.8, diagnose::Unit::ratio, {}}};
  root.remedies = {{Message("Set vm.min_free_kbytes to the kernel's own choice"),
                    {ShellCommand("whyoom fix vm.min_free_kbytes=45056")},
                    diagnose::Setting{"vm.min_free_kbytes", 45056}}};
  diagnose::Finding swap;
  swap.cause = "no-swap";
  swap.role = diagnose::Role::contributing;
  swap.confidence = 1;
  swap.summary = Message("There is no swap: anonymous memory cannot leave RAM.");
  diagnose::Finding leak;
  leak.cause = "slab-leak";
  leak.role = diagnose::Role::ruled_out;
  leak.confidence = 1;
  leak.summary = Message("unreclaimable slab holds {} of RAM", "0.4 %");
  leak.proof = {bytes(Message("unreclaimable slab"), 4432, 444)};
  event.findings = {root, swap, leak};
}

inline void add_account(diagnose::Event& event) {
  using What = memory::AccountLine::What;
  memory::Account account;
  account.total = to_bytes(KiB(1002472));
  account.lines = {{What::free, to_bytes(KiB(803468)), {0, 446}},
                   {What::anon, to_bytes(KiB(176484)), {0, 441}},
                   {What::shmem, to_bytes(KiB(2916)), {0, 445}},
                   {What::slab_reclaimable, to_bytes(KiB(7112)), {0, 444}},
                   {What::slab_unreclaimable, to_bytes(KiB(4432)), {0, 444}},
                   {What::page_tables, to_bytes(KiB(424)), {0, 445}},
                   {What::unaccounted, to_bytes(KiB(7636)), {}}};
  event.evidence.account = std::move(account);
}

// The founding fault: killed with 769 MiB free. On the heap: its evidence points into its report.
inline std::unique_ptr<diagnose::Event> min_free_event() {
  auto event = std::make_unique<diagnose::Event>();
  event->report = min_free_report();
  memory::Evidence& evidence = event->evidence;
  evidence.report = &event->report;
  evidence.sources = {"dmesg.log"};
  evidence.page_size_known = true;
  evidence.constraint = report::ConstraintKind::none;
  evidence.request.order = 1;
  evidence.zones = {state(event->report.zones[0], 963), state(event->report.zones[1], 0)};
  evidence.ram = to_bytes(KiB(1002476));
  evidence.reserved = to_bytes(KiB(45580));
  evidence.swap_total = Bytes(0);
  evidence.swap_free = Bytes(0);
  add_account(*event);
  add_findings(*event);
  evidence.attribution = memory::attribute(evidence);
  return event;
}

inline std::unique_ptr<diagnose::Event> memcg_event() {
  auto event = std::make_unique<diagnose::Event>();
  report::Report& report = event->report;
  report.kind = report::Kind::memcg_oom_kill;
  report.outcome = report::Outcome::killed;
  report.source = "/var/log/kern.log";
  report.first_line = 10;
  report.last_line = 60;
  report.time.wall = "Nov 23 08:12:53";
  add_tasks(report);
  report.trigger = report::Trigger{};
  report.trigger->comm = "hog";
  report.trigger->order = 0;
  report.constraint = report::Constraint{};
  report.constraint->kind = report::ConstraintKind::memcg;
  report.memcg = report::Memcg{};
  report::Memcg& memcg = *report.memcg;
  memcg.limit_path = "/kubepods.slice/kubepods-pod8f0c1e9a.slice";
  memcg.task_path = memcg.limit_path + "/cri-containerd-6b1f.scope";
  memcg.memory = {Read<std::uint64_t>{51200, {0, 20}}, Read<std::uint64_t>{51200, {0, 20}},
                  Read<std::uint64_t>{34, {0, 20}}};
  memcg.swap = {
      Read<std::uint64_t>{0, {0, 21}}, Read<std::uint64_t>{9007199254740988, {0, 21}}, {}};
  memcg.stats = {{"anon", 50331648, true, {0, 22}},
                 {"file", 1048576, true, {0, 23}},
                 {"pgfault", 5000, false, {0, 24}}};
  event->evidence.report = &report;
  event->evidence.sources = {report.source};
  event->evidence.constraint = report::ConstraintKind::memcg;
  event->root_cause = "cgroup-limit";
  event->verdict = diagnose::Verdict::proved;
  diagnose::Finding root;
  root.cause = "cgroup-limit";
  root.confidence = 0.95;
  root.summary = Message("Cgroup {} reached its memory limit of {} kB.", memcg.limit_path, 51200);
  root.proof = {bytes(Message("memory.max of {}", memcg.limit_path), 51200, 20)};
  root.remedies = {
      {Message("Raise the limit"), {ShellCommand("systemctl set-property foo MemoryMax=100M")}}};
  event->findings = {root};
  event->evidence.attribution = memory::attribute(event->evidence);
  return event;
}

// A report that was cut: a victim line and nothing else.
inline std::unique_ptr<diagnose::Event> cut_event() {
  auto event = std::make_unique<diagnose::Event>();
  report::Report report = min_free_report();
  event->report.source = report.source;
  event->report.outcome = report::Outcome::killed;
  event->report.first_line = event->report.last_line = 7;
  event->report.victims = report.victims;
  event->report.known_global = true;  // "Out of memory: Killed process"
  event->evidence.report = &event->report;
  event->evidence.sources = {"dmesg.log"};
  event->root_cause = "undetermined";
  return event;
}

// Random numbers and names as an attacker would choose them; the same for the same seed.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed * 2 + 1) {}

  std::uint64_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return state_ >> 33U;
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  // Mostly small, sometimes near 2^64.
  std::uint64_t number() {
    return below(8) == 0 ? ~std::uint64_t{0} - below(5000) : below(std::uint64_t{1} << below(31));
  }
  std::string name() {
    static constexpr std::string_view pieces[] = {"hog",
                                                  "/kubepods.slice/",
                                                  "\x1b[31m",
                                                  "\x9b",
                                                  "\n",
                                                  "\r",
                                                  "|",
                                                  "`",
                                                  "```",
                                                  "<script>",
                                                  "&amp;",
                                                  "\xff\xfe",
                                                  "\xe4\xb8\xad\xe6\x96\x87",
                                                  "\xcc\x81",
                                                  "\xc2\x9b",
                                                  "\xe2\x80\xae",
                                                  " ",
                                                  "  ",
                                                  "{}",
                                                  "%s",
                                                  "\\",
                                                  "*",
                                                  "_",
                                                  "~",
                                                  "averyveryverylongnamewithoutanyplacetobreakit",
                                                  std::string_view("\0", 1)};
    std::string text;
    for (std::uint64_t n = below(9); n > 0; --n) {
      text += pieces[below(std::size(pieces))];
    }
    return text;
  }

 private:
  std::uint64_t state_;
};

inline void add_random_findings(diagnose::Event& event, Noise& noise) {
  constexpr diagnose::Unit units[] = {diagnose::Unit::bytes, diagnose::Unit::pages,
                                      diagnose::Unit::count, diagnose::Unit::seconds,
                                      diagnose::Unit::ratio, diagnose::Unit::none};
  event.findings.clear();
  for (int role = 0; role < 5; ++role) {
    diagnose::Finding finding;
    finding.cause = role == 0 ? "memory-exhausted" : "no-swap";
    finding.role = static_cast<diagnose::Role>(role);
    finding.confidence = static_cast<double>(noise.below(101)) / 100;
    finding.summary = Message("{} and {} of {}", noise.name(), noise.number(), noise.name());
    for (std::uint64_t n = noise.below(5); n > 0; --n) {
      const double sign = noise.below(5) == 0 ? -1 : 1;
      finding.proof.push_back({Message("{} of {}", noise.name(), noise.name()),
                               sign * static_cast<double>(noise.number()) / 3,
                               units[noise.below(std::size(units))],
                               {0, static_cast<std::uint32_t>(noise.below(3000000))}});
    }
    finding.remedies = {{Message("do {}", noise.name()), {}, {}}};
    if (const auto word = ShellWord::from(noise.name())) {
      finding.remedies.front().commands = {ShellCommand("echo -- {}", *word)};
    }
    event.findings.push_back(std::move(finding));
  }
  event.root_cause = "memory-exhausted";
  event.verdict = diagnose::Verdict::proved;
}

inline std::unique_ptr<diagnose::Event> random_event(std::uint64_t seed) {
  Noise noise(seed);
  auto event = noise.below(3) == 0 ? memcg_event() : min_free_event();
  report::Report& report = event->report;
  report.kind = static_cast<report::Kind>(noise.below(7));
  report.outcome = static_cast<report::Outcome>(noise.below(5));
  report.time.wall = noise.name();
  report.host = noise.name();
  for (auto& task : report.tasks) {
    task.comm = noise.name();
    task.rss = noise.number();
  }
  for (auto& victim : report.victims) {
    victim.comm = noise.name();
    victim.anon_rss_kib = noise.number();
  }
  for (auto& zone : event->evidence.zones) {
    zone.name = noise.name();
    zone.node = static_cast<int>(noise.below(3));
    zone.eligible = noise.below(4) != 0;
    zone.free = Pages(noise.number());
    zone.floor = Pages(noise.number());
    zone.reserve = Pages(noise.number());
    zone.boost = Pages(noise.number());
    zone.managed = Pages(noise.number());
    zone.unusable = Pages(noise.number());
  }
  if (event->evidence.account) {
    for (auto& line : event->evidence.account->lines) {
      line.size = Bytes(noise.number());
    }
    event->evidence.account->overcounted = Bytes(noise.number());
  }
  if (report.memcg) {
    report.memcg->limit_path = "/" + noise.name();
    report.memcg->memory.usage_kib->value = noise.number();
    report.memcg->stats.push_back({noise.name(), noise.number(), true, {}});
  }
  report.fork_rejected = report::ForkRejected{noise.name(), noise.number(), {}};
  report.overcommit = report::OvercommitRefused{{{noise.name(), 3, noise.number(), {}}}, 4};
  report.userspace = report::UserspaceKill{};
  report.userspace->killer = noise.name();
  report.userspace->victim = noise.name();
  report.userspace->what = noise.name();
  report.panic = report::Panic{report::Panic::Reason::deadlocked, noise.name(), {}};
  report.damage = {{noise.below(9) == 0 ? 0U : 7U, noise.name()}};
  add_random_findings(*event, noise);
  event->evidence.attribution = memory::attribute(event->evidence);
  return event;
}

}  // namespace whyoom::render::sample
