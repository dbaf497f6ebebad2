// `whyoom check` as a document: what is wrong, the four steps of the runbook, what to do.
#include "render/check.h"

#include <algorithm>
#include <map>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "memory/cgroup_owner.h"
#include "render/phrase.h"
#include "render/remedies.h"

namespace whyoom::render {
namespace {

using diagnose::Finding;
using diagnose::HostCheck;
using diagnose::Role;
using diagnose::TaskLimit;

// Between two ways to say how much memory is used; page cache and slab in use make some points.
constexpr double far_apart = 0.20;

std::string of_ram(Bytes size, const std::optional<Bytes>& ram) {
  return human(size) + (ram ? tr(" ({})", percent(share(size, *ram))) : "");
}

// The names that hold most: resident memory, shared pages left out where the kernel tells.
std::string biggest_names(const host::Host& host, std::size_t count) {
  struct Use {
    Bytes memory;
    std::uint64_t processes = 0;
  };
  std::map<std::string, Use> names;
  for (const host::Process& process : host.processes.all) {
    const KiB own = process.rss_anon ? *process.rss_anon : process.rss.value_or(KiB(0));
    if (!process.kernel_thread && own > KiB(0)) {
      Use& use = names[std::string(process.comm.view())];
      use.memory += to_bytes(own);
      ++use.processes;
    }
  }
  std::vector<std::pair<std::string, Use>> sorted(names.begin(), names.end());
  std::ranges::stable_sort(sorted, std::greater{}, [](const auto& e) { return e.second.memory; });
  sorted.resize(std::min(count, sorted.size()));
  return join(sorted, tr(", "), [](const auto& each) {
    const auto& [name, use] = each;
    return printable(name) + (use.processes > 1 ? " x" + std::to_string(use.processes) : "") + " " +
           human(use.memory);
  });
}

void add_rest_of_memory(const host::Host& host, const std::optional<Bytes>& ram,
                        std::vector<std::string>& lines) {
  const host::Meminfo& info = host.meminfo;
  std::vector<std::string> parts;
  const auto add = [&](const std::string& name, const Maybe<KiB>& size) {
    if (size && ram && share(to_bytes(size->value), *ram) >= 0.01) {
      parts.push_back(name + " " + human(to_bytes(size->value)));
    }
  };
  add(tr("page cache"), info.cached);
  add(tr("shared memory and tmpfs"), info.shmem);
  add(tr("unreclaimable slab"), info.slab_unreclaimable);
  add(tr("page tables"), info.page_tables);
  add(tr("huge pages"), info.hugetlb);
  if (!parts.empty()) {
    lines.push_back(tr("{}.", join(parts, tr(", "))));
  }
}

std::string too_little_read() {
  return tr(
      "What could be read does not tell how much memory this host has left: \"MemAvailable:\" of "
      "/proc/meminfo, or \"available\" of free.");
}

CheckStep memory_step(const HostCheck& check) {
  CheckStep step{tr("1 Memory"), {}};
  const auto& state = check.state;
  const host::Meminfo& info = check.facts.host.meminfo;
  if (!state.ram || !state.free) {
    step.lines.emplace_back(host::is_empty(info) ? tr("Not known: /proc/meminfo could not be read.")
                                                 : too_little_read());
    return step;
  }
  std::string line = tr("{} of RAM, {} free", human(*state.ram), of_ram(*state.free, state.ram));
  line += state.available ? tr(", {} available", of_ram(*state.available, state.ram)) : "";
  if (info.swap_total && info.swap_free) {
    const Bytes total = to_bytes(info.swap_total->value);
    line += total.count() == 0 ? tr(", no swap")
                               : tr(", swap {} used of {}",
                                    human(total - to_bytes(info.swap_free->value)), human(total));
  }
  step.lines.push_back(tr("{}.", line));
  if (const auto used = memory::used_shares(check.facts.host);
      used.by_available && used.by_console) {
    step.lines.push_back(tr("Used: {} by MemAvailable, {} by the cloud consoles' formula{}",
                            percent(*used.by_available), percent(*used.by_console),
                            *used.by_available - *used.by_console >= far_apart
                                ? tr("; what lies between is kept back by the watermarks.")
                                : tr(".")));
  }
  if (const std::string names = biggest_names(check.facts.host, 4); !names.empty()) {
    step.lines.push_back(tr("Biggest: {}.", names));
  }
  add_rest_of_memory(check.facts.host, state.ram, step.lines);
  return step;
}

std::string limit_text(const TaskLimit& limit) {
  std::string text =
      tr("{} of {} {}", grouped(limit.used.value_or(0)), grouped(limit.limit), limit.name);
  if (limit.kind == TaskLimit::Kind::cgroup_pids_max) {
    if (const auto owner = memory::cgroup_owner(limit.whose)) {
      text += tr(" ({})", printable(memory::describe(*owner)));
    }
  }
  return tr("{}, {}; beyond it {}", text, percent(limit.filled()), std::string(limit.error));
}

CheckStep threads_step(const HostCheck& check) {
  constexpr std::size_t most = 3;
  CheckStep step{tr("2 Threads"), {}};
  const host::Host& host = check.facts.host;
  const auto threads = diagnose::thread_count(host);
  std::uint64_t zombies = 0;
  std::uint64_t seen = 0;
  for (const host::Process& process : host.processes.all) {
    zombies += process.state == 'Z' ? 1 : 0;
    seen += process.threads.value_or(1);
  }
  if (threads) {
    // In a container the host's other tasks count against its limits and cannot be seen.
    const bool hidden = *threads > seen + seen / 10 + 32;
    const std::string processes = plural(host.processes.all.size(), "process", "processes");
    step.lines.push_back(tr(
        "{}{}{}.", plural(*threads, "thread", "threads"),
        hidden ? tr(" on the host; {} can be seen from here", processes) : tr(" in {}", processes),
        zombies > 0 ? tr(", {}", plural(zombies, "zombie", "zombies")) : std::string()));
  }
  for (std::size_t i = 0; i < std::min(most, check.limits.size()); ++i) {
    if (check.limits[i].used) {
      step.lines.push_back(tr("{}.", limit_text(check.limits[i])));
    }
  }
  if (step.lines.empty()) {
    step.lines.emplace_back(tr("Not known: neither the tasks nor their limits could be read."));
  }
  return step;
}

// Who sets it, in words.
std::string setter_text(const HostCheck& check) {
  const host::SysctlHistory& history = check.facts.min_free_history;
  if (const host::SysctlSetting* line = history.boot.winning()) {
    return tr("Set at boot by {}:{} ({}).", printable(line->file), std::to_string(line->line),
              printable(line->value));
  }
  if (const host::SysctlSetting* line = history.system.winning()) {
    return tr("Set by {}:{} ({}), which `sysctl --system` reads and the boot does not.",
              printable(line->file), std::to_string(line->line), printable(line->value));
  }
  if (!check.facts.min_free_setters.empty()) {
    const host::SysctlSetter& setter = check.facts.min_free_setters.back();
    return tr("No sysctl file sets it; {} names it in {}:{}.", setter.program,
              printable(setter.file), std::to_string(setter.line));
  }
  return tr("No file that sets it was found.");
}

CheckStep min_free_step(const HostCheck& check) {
  CheckStep step{tr("3 min_free_kbytes"), {}};
  const auto& state = check.state;
  if (!state.machine.min_free) {
    step.lines.emplace_back(tr("Not known: /proc/sys/vm/min_free_kbytes could not be read."));
    return step;
  }
  const memory::MinFree& setting = *state.machine.min_free;
  const bool is_default = state.machine.has_default_min_free();
  const auto& own = state.machine.default_min_free;
  std::string line = kb(to_bytes(setting.value));
  line += setting.share_of_ram ? tr(", {} of RAM", percent(*setting.share_of_ram)) : "";
  line += is_default ? tr(": the kernel's own choice.")
          : own      ? tr("; the kernel's own choice here is {}.", kb(to_bytes(*own)))
                     : ".";
  step.lines.push_back(line);
  const bool nobody_set_it = is_default && check.facts.min_free_setters.empty() &&
                             check.facts.min_free_history.boot.winning() == nullptr &&
                             check.facts.min_free_history.system.winning() == nullptr;
  if (!nobody_set_it) {
    step.lines.push_back(setter_text(check));
  }
  if (state.with_default) {
    line = tr("{} of the free memory are out of reach of an ordinary request",
              human(state.with_default->out_of_reach_before));
    if (!is_default) {
      line += tr("; with the kernel's choice {}", human(state.with_default->out_of_reach_after));
    }
    step.lines.push_back(tr("{}.", line));
  }
  if (state.available && state.available_with_default && !is_default) {
    step.lines.push_back(
        tr("{} are available (MemAvailable); with the kernel's choice {} would be.",
           human(*state.available), human(*state.available_with_default)));
  }
  if (state.kills_from) {
    step.lines.push_back(tr("As this host is now, the kernel starts to kill at {}.",
                            kb(to_bytes(state.kills_from->value))));
  }
  return step;
}

std::string restart_text(const host::Settings& settings) {
  if (!settings.panic) {
    return "";
  }
  const std::int64_t seconds = settings.panic->value;
  return seconds == 0  ? tr(", and the machine stays down (kernel.panic=0)")
         : seconds < 0 ? tr(", and the machine restarts at once")
                       : tr(", and the machine restarts after {} s", std::to_string(seconds));
}

std::string evidence_text(const host::KeptEvidence& kept) {
  std::vector<std::string> parts;
  if (kept.persistent_journal) {
    parts.push_back(*kept.persistent_journal ? tr("the journal is on disk")
                                             : tr("no journal on disk"));
  }
  if (kept.pstore_backend && !kept.pstore_backend->value.empty()) {
    parts.push_back(tr("pstore ({})", printable(kept.pstore_backend->value)));
  } else if (kept.pstore_mounted) {
    parts.push_back(tr("no pstore"));
  }
  if (kept.kexec_crash_loaded) {
    parts.push_back(kept.kexec_crash_loaded->value != 0 ? tr("kdump is loaded") : tr("no kdump"));
  }
  return parts.empty() ? "" : tr("What is kept of it: {}.", join(parts, tr(", ")));
}

// "mysqld (pid 700, 1.2 GiB), ..": oom_score_adj only where it counts.
std::string next_victims_text(const HostCheck& check) {
  std::string text;
  for (const memory::NextVictim& victim : check.next_victims) {
    const host::Process& process = *victim.process;
    text += text.empty() ? "" : tr(", then ");
    text += tr("{} (pid {}, {}", printable(process.comm.view()), std::to_string(process.pid),
               human(victim.memory));
    const int adj = process.oom_score_adj.value_or(0);
    text += adj == 0 ? ")" : tr(", oom_score_adj {})", std::to_string(adj));
  }
  return text;
}

CheckStep policy_step(const HostCheck& check) {
  CheckStep step{tr("4 On OOM"), {}};
  const host::Settings& settings = check.facts.host.settings;
  if (!settings.panic_on_oom) {
    step.lines.emplace_back(tr("Not known: /proc/sys/vm/panic_on_oom could not be read."));
  } else if (settings.panic_on_oom->value == 0) {
    const bool allocating =
        settings.oom_kill_allocating_task && settings.oom_kill_allocating_task->value != 0;
    step.lines.emplace_back(allocating ? tr("The kernel kills the process that asks "
                                            "(vm.oom_kill_allocating_task), whatever its size.")
                                       : tr("The kernel kills a process (vm.panic_on_oom=0)."));
  } else {
    step.lines.push_back(tr("The kernel panics (vm.panic_on_oom={}){}.",
                            std::to_string(settings.panic_on_oom->value), restart_text(settings)));
  }
  if (const std::string next = next_victims_text(check); !next.empty()) {
    step.lines.push_back(tr("Next to go: {}.", next));
  }
  if (const std::string kept = evidence_text(check.facts.host.kept); !kept.empty()) {
    step.lines.push_back(kept);
  }
  return step;
}

// Each zone as a bar: free memory against the mark that an ordinary request needs.
void write_zones(Document& out, const HostCheck& check) {
  const auto& machine = check.state.machine;
  bool several_nodes = false;
  for (const auto& zone : machine.zones) {
    several_nodes = several_nodes || zone.node != machine.zones.front().node;
  }
  Table table{{{.head = tr("zone")},
               zone_bars(),
               {.head = tr("free"), .right = true},
               {.head = "min", .right = true},
               {.head = "low", .right = true},
               {.head = "high", .right = true}},
              true};
  for (const auto& zone : machine.zones) {
    if (zone.size() == Pages(0)) {
      continue;
    }
    const auto size = [&](Pages pages) { return human(to_bytes(pages, machine.page)); };
    const Pages floor = zone.min + zone.boost + zone.reserve;
    const bool short_of = zone.usable() <= floor;
    table.add({{printable(zone.name) + (several_nodes ? " " + std::to_string(zone.node) : "")},
               {{},
                short_of ? Paint::red : Paint::plain,
                Bar{share(zone.free, zone.size()), share(floor, zone.size())}},
               {size(zone.free)},
               {size(zone.min)},
               {size(zone.low)},
               {size(zone.high)}});
  }
  if (!machine.zones.empty()) {
    out.blank();
    out.table(std::move(table));
  }
}

void write_finding(Document& out, const HostCheck& check, const Finding& finding, Detail detail) {
  const bool now = finding.role == Role::root;
  out.labelled(now                          ? tr("now:")
               : finding.role == Role::risk ? tr("risk:")
                                            : tr("note:"),
               now ? Paint::red : Paint::yellow, finding.summary.str());
  out.text(tr("cause: {}, confidence {}", std::string(finding.cause), percent(finding.confidence)),
           Paint::dim, 2);
  if (now || detail.all || detail.page) {
    out.table(
        proof_table(finding.proof, [&](Place at) { return place_text(check.sources(), at); }));
  }
}

void write_ruled_out(Document& out, const HostCheck& check) {
  Table table{{{.head = tr("cause")}, {.head = tr("why"), .flexible = true}}};
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out) {
      table.add({{std::string(finding.cause)}, {clean(finding.summary)}});
    }
  }
  if (!table.rows.empty()) {
    out.section(tr("Ruled out"));
    out.table(std::move(table));
  }
}

void write_gaps(Document& out, const HostCheck& check, bool all) {
  const host::Host& host = check.facts.host;
  if (host.gaps.empty() && host.damage.empty()) {
    return;
  }
  out.blank();
  constexpr std::size_t most_gaps = 4, most_damage = 3;
  const auto tell_rest = [&out](const std::string& more) {
    out.text(tr("and {}; --all shows them", more), Paint::dim);
  };
  for (std::size_t i = 0; i < host.gaps.size(); ++i) {
    if (!all && i == most_gaps) {
      tell_rest(plural(host.gaps.size() - i, "more gap", "more gaps"));
      break;
    }
    out.labelled(tr("not read:"), Paint::yellow, host.gaps[i].str());
  }
  for (std::size_t i = 0; i < host.damage.size(); ++i) {
    if (!all && i == most_damage) {
      tell_rest(plural(host.damage.size() - i, "more damaged place", "more damaged places"));
      break;
    }
    out.labelled(tr("damaged:"), Paint::yellow,
                 tr("{}: {}", place_text(check.sources(), host.damage[i].at), host.damage[i].what));
  }
}

}  // namespace

std::vector<CheckStep> check_steps(const HostCheck& check) {
  return {memory_step(check), threads_step(check), min_free_step(check), policy_step(check)};
}

bool has_findings(const HostCheck& check) {
  return std::ranges::any_of(check.findings, [](const diagnose::Finding& finding) {
    return finding.role != diagnose::Role::ruled_out;
  });
}

std::string place_text(const host::Sources& sources, Place at) {
  const std::string name = sources.name(at.source);
  if (name.empty() || (at.source == 0 && at.line == 0)) {
    return {};
  }
  return printable(name) + (at.line > 0 ? ":" + std::to_string(at.line) : "");
}

std::string host_words(const std::string& name, const host::Host& host) {
  const auto& release = host.release;
  return (name.empty() ? "" : tr(" on {}", printable(name))) +
         (release ? tr(", kernel {}", printable(release->value)) : std::string());
}

namespace {

// All four steps of the check found their numbers.
bool saw_enough(const HostCheck& check) {
  return check.state.ram && check.state.machine.min_free &&
         check.facts.host.settings.panic_on_oom && diagnose::thread_count(check.facts.host);
}

// Where nothing was found; what could be read may have been too little to find anything.
std::string nothing_found(const HostCheck& check) {
  const auto& state = check.state;
  constexpr double little = 0.02;
  if (saw_enough(check)) {
    return tr("Nothing is wrong on this host.");
  }
  constexpr double much = 0.10;  // what is free is available, mostly
  if (!state.ram || (!state.available && share(state.free.value_or(Bytes(0)), *state.ram) < much)) {
    return too_little_read();
  }
  if (state.available && share(*state.available, *state.ram) < little) {
    return tr(
        "This host has hardly any memory left ({} available); who holds it is not in what could be "
        "read.",
        human(*state.available));
  }
  return tr("Nothing wrong was found in what could be read of this host.");
}

}  // namespace

Document check_document(const HostCheck& check, Detail detail) {
  Document out;
  const std::string words = host_words(check.facts.name, check.facts.host);
  if (detail.page || !words.empty()) {
    out.heading(tr("whyoom check{}", words), "#");
    out.blank();
  }
  if (!has_findings(check)) {
    out.text(nothing_found(check), saw_enough(check) ? Paint::green : Paint::yellow);
    out.blank();
  }
  for (const Finding& finding : check.findings) {
    if (finding.role != Role::ruled_out) {
      write_finding(out, check, finding, detail);
      out.blank();
    }
  }
  for (const CheckStep& step : check_steps(check)) {
    out.heading(step.title);
    for (const std::string& line : step.lines) {
      out.text(line, Paint::plain, 2, 2);
    }
  }
  write_zones(out, check);
  if (detail.all) {
    write_ruled_out(out, check);
  }
  if (auto list = fixes(check.findings); !list.empty()) {
    for (Fix& fix : list) {
      fix.effect.clear();  // of a request that failed; here none did
    }
    out.blank();
    out.heading(tr("What to do"));
    add_fixes(out, list, detail);
  }
  write_gaps(out, check, detail.all || detail.page);
  return out;
}

}  // namespace whyoom::render
