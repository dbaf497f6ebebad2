#include "render/phrase.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/partial_answer.h"
#include "render/layout.h"

namespace whyoom::render {
namespace {

using diagnose::Unit;
using report::Kind;
using report::Outcome;

constexpr std::size_t long_name = 24;       // columns of file:line
constexpr std::size_t very_long_name = 32;  // without folders

std::string victim_text(const report::Victim& victim) {
  return with_pid(victim.comm, victim.pid > 0 ? std::optional(victim.pid) : std::nullopt);
}

std::string oom_scope(const diagnose::Event& event) {
  const report::Report& report = event.report;
  if (report.sysrq_at || (report.trigger && report.trigger->order == -1)) {
    return tr("OOM killer called by hand (sysrq)");
  }
  if (!report::tells_of_oom(report)) {
    return tr("a report of memory");
  }
  if (!event.evidence.constraint) {
    return tr("out of memory");
  }
  switch (*event.evidence.constraint) {
    case report::ConstraintKind::none:
      break;
    case report::ConstraintKind::memcg: {
      const auto& limit = event.evidence.attribution.limit;
      if (!limit) {
        return tr("out of memory in a cgroup");
      }
      return tr("out of memory in {}", whose(*limit).value_or(tr("cgroup {}", limit->path)));
    }
    case report::ConstraintKind::cpuset:
      return tr("out of memory in a cpuset");
    case report::ConstraintKind::mempolicy:
      return tr("out of memory under a memory policy");
  }
  return tr("out of memory");
}

std::string oom_end(const report::Report& report) {
  const std::string killed =
      report.victims.empty() ? std::string() : tr(", killed {}", victims_text(report, 2));
  switch (report.outcome) {
    case Outcome::panic:
      return tr("{}, {}", killed, panic_words(report.panic.value_or(report::Panic{})));
    case Outcome::no_victim:
      return tr("{}, nothing could be killed", killed);
    case Outcome::recovered:
      return tr("{}, recovered", killed);
    case Outcome::killed:
    case Outcome::stalled:
    case Outcome::unknown:
      break;
  }
  return killed.empty() && report::tells_of_oom(report)
             ? tr(", the log does not show what was killed")
             : killed;
}

// The lines of a cache that got no slab, without those of the page allocator: nobody is named.
bool is_of_cache(const report::Report& report) {
  return report.slub && (!report.trigger || report.trigger->comm.empty());
}

std::string allocation_failure(const diagnose::Event& event) {
  const report::Report& report = event.report;
  if (is_of_cache(report)) {
    const std::uint64_t count = report.slub->count;
    return tr("{} could not allocate {}", report.slub->is_slab ? "SLAB" : "SLUB",
              request_text(event)) +
           (count > 1 ? tr(", {}", plural(count, "time", "times")) : std::string());
  }
  if (report.vmalloc && !report.trigger) {
    return tr("vmalloc failed{}", report.vmalloc->bytes
                                      ? tr(" to allocate {}", human(Bytes(*report.vmalloc->bytes)))
                                      : std::string());
  }
  const std::string request = request_text(event);
  const std::string what = request.empty() ? "" : tr(": {}", request);
  return report.outcome == report::Outcome::stalled ? tr("page allocation stall{}", what)
                                                    : tr("page allocation failure{}", what);
}

// Names of parts as missing_parts() gives them, and in words.
struct Part {
  std::string_view id, words, settles;
};
constexpr std::array parts{
    Part{"header", "its first line", "the lines before it, from \"invoked oom-killer\" on"},
    Part{"mem-info", "Mem-Info", "the Mem-Info part: it says what RAM was used for"},
    Part{"totals", "some of the totals", R"(the lines from "active_anon:" to "free:")"},
    Part{"zones", "the zones", "the zone lines (\"Node 0 Normal free:\") and their free lists"},
    Part{"hugepages", "the hugepages lines", "the lines \"Node 0 hugepages_total=\""},
    Part{"pages-ram", "the size of RAM", R"(the lines "pages RAM" and "pages reserved")"},
    Part{"memcg-stats", "the cgroup's statistics", "the lines behind \"Memory cgroup stats for\""},
    Part{"tasks", "the task table",
         "the task table; the kernel prints it when vm.oom_dump_tasks is 1"},
    Part{"constraint", "the constraint line", "the line \"oom-kill:constraint=\""},
    Part{"victim", "the \"Killed process\" line", "the lines after it, up to \"Killed process\""},
    // No part of a report: only the recorder has it.
    Part{"min-free-kbytes", "vm.min_free_kbytes", ""}};

// A cgroup's report has counters of its own where a global one has Mem-Info.
constexpr Part cgroup_counters{"mem-info", "the cgroup's counters",
                               "the lines of the cgroup's usage and limit"};

constexpr Part head_of_failure{"header", "its first line",
                               "the lines before it, from \"page allocation failure\" on"};

const Part* find_part(const report::Report& report, std::string_view id) {
  if (report.kind == Kind::page_allocation_failure && id == head_of_failure.id) {
    return &head_of_failure;
  }
  if (report.kind == Kind::memcg_oom_kill && id == cgroup_counters.id) {
    return &cgroup_counters;
  }
  const auto part = std::ranges::find(parts, id, &Part::id);
  return part == parts.end() ? nullptr : &*part;
}

std::string shortened(std::string_view place, const report::Report& report) {
  const std::string prefix = printable(report.source) + ":";
  if (display_width(place) <= long_name || !place.starts_with(prefix)) {
    return std::string(place);
  }
  const std::string_view line = place.substr(prefix.size());
  const std::string_view file = place.substr(prefix.rfind('/') + 1);
  return display_width(file) > very_long_name ? tr("line {}", std::string(line))
                                              : std::string(file);
}

// "787688 kB", "5,555 pages", "4.4 %"
std::string value_text(const diagnose::Proof& proof) {
  const double value = proof.value;
  if (!std::isfinite(value)) {
    return "?";
  }
  // 2^64 and more does not fit; a log can print such numbers.
  const double size = std::clamp(std::round(std::fabs(value)), 0.0, 18446744073709549568.0);
  const auto whole = static_cast<std::uint64_t>(size);
  const std::string sign = value < 0 && whole > 0 ? "-" : "";
  switch (proof.unit) {
    case Unit::bytes:
      return sign +
             (whole % 1024 == 0 || whole >= 1024 * 1024 ? kb(Bytes(whole)) : human(Bytes(whole)));
    case Unit::pages:
      return sign + plural(whole, "page", "pages");
    case Unit::seconds:
      return seconds(value);
    case Unit::ratio:
      return percent(value);
    case Unit::count:
    case Unit::none:
      break;
  }
  if (std::fabs(value) < 1000 && value != std::trunc(value)) {
    const auto tenths = static_cast<std::uint64_t>(std::llround(std::fabs(value) * 10));
    return (value < 0 ? "-" : "") + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  }
  return sign + grouped(whole);
}

// "769 MiB" for sizes from 1 MiB on, else empty.
std::string human_note(const diagnose::Proof& proof) {
  constexpr double mebibyte = 1024.0 * 1024.0;
  if (proof.unit != Unit::bytes || !std::isfinite(proof.value) || proof.value < mebibyte) {
    return {};
  }
  const double size = std::min(proof.value, 18446744073709549568.0);
  return human(Bytes(static_cast<std::uint64_t>(size)));
}

}  // namespace

std::string panic_words(const report::Panic& panic) {
  using Reason = report::Panic::Reason;
  std::string text = tr("kernel panic");
  switch (panic.reason) {
    case Reason::panic_on_oom_system_wide:
    case Reason::panic_on_oom_compulsory:
      text += tr(" (vm.panic_on_oom)");
      break;
    case Reason::deadlocked:
      text += tr(" (deadlocked on memory)");
      break;
    case Reason::no_killable:
      text += tr(" (nothing could be killed)");
      break;
    case Reason::none:
      break;
  }
  return text;
}

std::string restart_words(const report::Panic& panic) {
  if (panic.restart_seconds) {
    return tr(", restarts after {}", seconds(static_cast<double>(panic.restart_seconds->value)));
  }
  return panic.halted_at ? tr(", stays down") : "";
}

std::string clean(const Message& message) { return printable(message.str()); }

std::string place_text(const memory::Evidence& evidence, Place at) {
  if (at.line == 0 && at.source == 0) {
    return {};
  }
  std::string name = at.source < evidence.sources.size() ? printable(evidence.sources[at.source])
                                                         : std::string("?");
  if (at.line != 0) {
    const bool in_log = at.source == 0 && evidence.report != nullptr;
    name.append(":").append(
        std::to_string(in_log ? evidence.report->line_of_log(at.line) : at.line));
  }
  return name;
}

std::string short_place(const memory::Evidence& evidence, Place at) {
  const std::string text = place_text(evidence, at);
  return evidence.report == nullptr || at.line == 0 ? text : shortened(text, *evidence.report);
}

std::string source_range(const report::Report& report) {
  std::string text = printable(report.source) + ":" + std::to_string(report.first_of_log());
  if (report.last_line > report.first_line) {
    text += "-" + std::to_string(report.last_of_log());
  }
  return text;
}

std::string time_text(const report::Time& time) {
  std::string text = printable(time.wall);
  if (time.monotonic_us) {
    const std::string micro = std::to_string(*time.monotonic_us % 1000000);
    text += (text.empty() ? "[" : " [") + std::to_string(*time.monotonic_us / 1000000) + "." +
            std::string(6 - micro.size(), '0') + micro + "]";
  }
  return text;
}

std::string with_pid(std::string_view comm, const std::optional<std::int64_t>& pid) {
  const std::string name = comm.empty() ? tr("a process") : printable(comm);
  return pid ? tr("{} (pid {})", name, std::to_string(*pid)) : name;
}

std::string_view outcome_name(report::Outcome outcome) {
  switch (outcome) {
    case report::Outcome::unknown:
      return "";
    case report::Outcome::killed:
      return "killed";
    case report::Outcome::panic:
      return "panic";
    case report::Outcome::no_victim:
      return "no-victim";
    case report::Outcome::recovered:
      return "recovered";
    case report::Outcome::stalled:
      return "stalled";
  }
  return "";
}

std::string victims_text(const report::Report& report, std::size_t named) {
  std::string text;
  const auto killed = report::killed_processes(report);
  for (std::size_t i = 0; i < std::min(named, killed.size()); ++i) {
    text += (i == 0 ? "" : tr(", ")) + victim_text(*killed[i]);
  }
  if (killed.size() > named) {
    text += tr(" and {} more", std::to_string(killed.size() - named));
  }
  return text;
}

std::string headline(const diagnose::Event& event) {
  const report::Report& report = event.report;
  switch (report.kind) {
    case Kind::oom_kill:
    case Kind::memcg_oom_kill:
    case Kind::oom_panic:
      return oom_scope(event) + oom_end(report);
    case Kind::page_allocation_failure:
      return allocation_failure(event);
    case Kind::fork_rejected: {
      if (!report.fork_rejected) {
        return tr("fork rejected by the pids controller");
      }
      const auto& fork = *report.fork_rejected;
      return tr("fork rejected in cgroup {}{}", printable(fork.path),
                fork.count > 1 ? tr(", {}", plural(fork.count, "time", "times")) : "");
    }
    case Kind::overcommit_refused: {
      const std::uint64_t count = report.overcommit ? report.overcommit->count : 1;
      return tr("memory refused by the overcommit check{}",
                count > 1 ? tr(", {}", plural(count, "time", "times")) : std::string());
    }
    case Kind::limit_reached:
      return limit_headline(report);
    case Kind::userspace_kill: {
      if (!report.userspace) {
        return tr("killed by a program");
      }
      const auto& kill = *report.userspace;
      return kill.by_command ? tr("{} ran a command of its own for {}", printable(kill.killer),
                                  with_pid(kill.victim, kill.pid))
             : kill.failed
                 ? tr("{} tried to kill {}, and failed at least once", printable(kill.killer),
                      with_pid(kill.victim, kill.pid))
                 : tr("{} killed {}", printable(kill.killer), with_pid(kill.victim, kill.pid));
    }
  }
  return tr("event");
}

std::string event_line(const diagnose::Event& event) {
  const std::string time = time_text(event.report.time);
  return (time.empty() ? source_range(event.report) : time) + "  " + headline(event);
}

std::string request_text(const diagnose::Event& event) {
  const report::Report& report = event.report;
  const auto& trigger = report.trigger;
  if ((!trigger && !report.slub) || (trigger && trigger->order == -1)) {
    return {};  // sysrq: nothing was asked for
  }
  std::string text = tr("memory");
  if (trigger && trigger->order && *trigger->order >= 0 && *trigger->order < 32) {
    const std::uint64_t pages = std::uint64_t{1} << static_cast<unsigned>(*trigger->order);
    text = tr("{} (order {})", plural(pages, "page", "pages in one block"),
              std::to_string(*trigger->order));
  }
  if (!is_of_cache(report)) {
    text += tr(" for {}", with_pid(trigger->comm, trigger->pid));
  } else {
    text = report.slub->cache.empty()
               ? tr("an object of a cache")
               : tr("an object of the cache {}", printable(report.slub->cache));
  }
  if (trigger && trigger->gfp && !trigger->gfp->names.empty()) {
    text += tr(", ") + join(trigger->gfp->names, "|", printable);
  }
  return text;
}

const diagnose::Finding* root_finding(const diagnose::Event& event) {
  const auto root =
      std::ranges::find(event.findings, diagnose::Role::root, &diagnose::Finding::role);
  return root == event.findings.end() ? nullptr : &*root;
}

bool is_undetermined(const diagnose::Event& event) {
  return root_finding(event) == nullptr || event.root_cause == "undetermined";
}

std::string answer(const diagnose::Event& event) {
  const diagnose::Finding* root = root_finding(event);
  if (root != nullptr && !root->summary.empty()) {
    return clean(root->summary);
  }
  if (event.killed_at.line != 0) {
    return tr(
        "The kernel was killing this process ({}), and a process that is being killed gets no more "
        "memory: part of that kill.",
        place_text(event.evidence, event.killed_at));
  }
  return join(diagnose::partial_answer(event), " ",
              [](const Message& sentence) { return clean(sentence); });
}

std::string incomplete_text(const diagnose::Event& event) {
  const report::Report& report = event.report;
  const auto words = [&report](const std::vector<std::string>& ids) {
    std::string text;
    for (const std::string& id : ids) {
      const Part* part = find_part(report, id);
      text += text.empty() ? "" : tr(", ");
      text += part == nullptr ? printable(id) : tr(part->words);
    }
    return text;
  };
  std::string text = words(missing_parts(event));
  if (!text.empty()) {
    text = tr("the log lacks {}", text);
  }
  if (!event.stood_in.empty() && event.recorded) {
    text += tr("; {}: by {}", words(event.stood_in), printable(event.recorded->source));
  }
  if (report.lines_lost > 0) {
    text += tr("{}{} lost inside it", text.empty() ? "" : tr("; "),
               plural(report.lines_lost, "line was", "lines were"));
  }
  if (!report.damage.empty()) {
    const auto& first = report.damage.front();
    const std::string place =
        printable(report.source) + ":" + std::to_string(report.line_of_log(first.line));
    text += tr("{}{}: {}", text.empty() ? "" : tr("; "), shortened(place, report),
               printable(first.what));
    if (report.damage.size() > 1) {
      text += tr(" (and {})", plural(report.damage.size() - 1, "more", "more"));
    }
  }
  return text;
}

std::vector<std::string> what_would_settle(const diagnose::Event& event) {
  std::vector<std::string> advice;
  for (const std::string& id : missing_parts(event)) {
    if (const Part* part = find_part(event.report, id)) {
      advice.push_back(tr(part->settles));
    }
  }
  if (!advice.empty()) {
    advice.emplace_back(tr("on that machine: journalctl -k, after a restart journalctl -k -b -1"));
  }
  return advice;
}

std::string value_text(std::string_view key, const std::string& value) {
  const bool is_size = key == "ram" || key == "memory.max";
  const auto bytes = is_size ? parse_number<std::uint64_t>(value) : std::nullopt;
  return bytes ? human(Bytes(*bytes)) : value;
}

std::string size_text(Bytes size, Sizes sizes) {
  return sizes == Sizes::exact ? kb(size) : human(size);
}

Table proof_table(std::span<const diagnose::Proof> proof,
                  const std::function<std::string(Place)>& place) {
  Table table{{{.head = tr("what"), .flexible = true},
               {.head = tr("value"), .right = true},
               {.right = true},
               {.head = tr("read at"), .whole = true}}};
  for (const auto& part : proof) {
    table.add({{clean(part.what)},
               {value_text(part)},
               {human_note(part), Paint::dim},
               {place(part.at), Paint::dim}});
  }
  return table;
}

Column zone_bars() {
  return {.head = tr("= free  | needed"),
          .narrow_head = tr("= free |needed"),
          .optional = true,
          .bars = {12, 20, 32}};
}

}  // namespace whyoom::render
