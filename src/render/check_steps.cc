// The four steps of `whyoom check`: memory, threads, vm.min_free_kbytes, what happens on OOM.
#include <algorithm>
#include <map>

#include "base/human.h"
#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "memory/cgroup_owner.h"
#include "render/check.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using diagnose::HostCheck;
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
  const auto add = [&](const std::string& name, const Maybe<KiB>& size, double least = 0.01) {
    if (size && ram && share(to_bytes(size->value), *ram) >= least) {
      parts.push_back(name + " " + human(to_bytes(size->value)));
    }
  };
  // tmpfs counts as cached too.
  add(tr("page cache"), info.cached && info.shmem
                            ? Maybe<KiB>({info.cached->value - info.shmem->value, info.cached->at})
                            : info.cached);
  add(tr("shared memory and tmpfs"), info.shmem);
  add(tr("reclaimable slab"), info.slab_reclaimable, 0.1);
  add(tr("unreclaimable slab"), info.slab_unreclaimable);
  add(tr("page tables"), info.page_tables);
  add(tr("per-CPU memory"), info.percpu, 0.05);
  add(tr("kernel stacks"), info.kernel_stack, 0.05);
  add(tr("huge pages"), info.hugetlb);
  if (!parts.empty()) {
    lines.push_back(tr("{}.", join(parts, tr(", "))));
  }
}

bool is_damaged(const HostCheck& check, std::string_view path) {
  return std::ranges::any_of(check.facts.host.damage, [&](const host::Damage& each) {
    return check.sources().name(each.at.source) == path;
  });
}

// What a step says that has no numbers.
std::string unknown(const HostCheck& check, std::string why) {
  return check.facts.host.posted.empty() ? std::move(why) : tr("Not in the text.");
}

// Of caches that are a tenth of RAM, or where nobody knows how much that is.
void add_biggest_caches(const HostCheck& check, std::vector<std::string>& lines) {
  constexpr double notable = 0.10;
  constexpr std::size_t most = 3;
  std::vector<host::SlabCache> caches = check.facts.host.slab;
  const auto size = [&check](const host::SlabCache& cache) {
    return to_bytes(cache.pages, check.state.machine.page);
  };
  std::ranges::stable_sort(caches, std::greater{}, size);
  const auto& ram = check.state.ram;
  std::erase_if(caches, [&](const auto& each) { return ram && share(size(each), *ram) < notable; });
  caches.resize(std::min(most, caches.size()));
  if (!caches.empty()) {
    lines.push_back(tr("Biggest slab caches: {}.", join(caches, tr(", "), [&](const auto& each) {
                         return printable(each.name) + " " + of_ram(size(each), ram);
                       })));
  }
}

// The cgroup that is nearest to its memory limit. It is no fault to be there: page cache fills it.
void add_fullest_cgroup(const host::Host& host, std::vector<std::string>& lines) {
  constexpr double nearly = 0.90;
  double fullest = host.posted.empty() ? nearly : 0;
  std::string text;
  for (const host::CgroupTree& tree : host.cgroups) {
    for (const host::Cgroup& group : tree.groups) {
      if (!group.current || !group.max || !group.max->value ||
          share(group.current->value, *group.max->value) < fullest) {
        continue;
      }
      fullest = share(group.current->value, *group.max->value);
      text = tr("The cgroup {} has {} of the {} that it may have ({}), page cache included.",
                printable(tree.path_of(group)), human(group.current->value),
                human(*group.max->value), percent(fullest));
    }
  }
  if (!text.empty()) {
    lines.push_back(std::move(text));
  }
}

CheckStep memory_step(const HostCheck& check) {
  CheckStep step{tr("1 Memory"), {}};
  const auto& state = check.state;
  const host::Meminfo& info = check.facts.host.meminfo;
  if (!state.ram || (!state.free && !state.available)) {
    add_biggest_caches(check, step.lines);
    add_fullest_cgroup(check.facts.host, step.lines);
    if (step.lines.empty() && host::is_empty(info) && is_damaged(check, "/proc/meminfo")) {
      step.lines.push_back(
          tr("Not known: the numbers of /proc/meminfo contradict each other (below)."));
    }
    if (step.lines.empty()) {
      step.lines.push_back(host::is_empty(info)
                               ? unknown(check, tr("Not known: /proc/meminfo could not be read."))
                               : too_little_read());
    }
    return step;
  }
  std::string line = tr("{} of RAM", human(*state.ram));
  line += state.free ? tr(", {} free", of_ram(*state.free, state.ram)) : "";
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
  if (info.low_total && info.low_free && info.high_total && info.high_free &&
      info.high_total->value > KiB(0)) {
    step.lines.push_back(
        tr("Low memory, the only one for the kernel's own: {} free of {}; high "
           "memory: {} free of {}.",
           human(to_bytes(info.low_free->value)), human(to_bytes(info.low_total->value)),
           human(to_bytes(info.high_free->value)), human(to_bytes(info.high_total->value))));
  }
  add_rest_of_memory(check.facts.host, state.ram, step.lines);
  add_biggest_caches(check, step.lines);
  add_fullest_cgroup(check.facts.host, step.lines);
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

// What `ulimit -a` said in a post.
std::string shell_limits(const host::Host& host) {
  std::vector<std::string> parts;
  const auto add = [&parts](const std::string& name, const Maybe<std::uint64_t>& limit, bool size) {
    if (limit) {
      parts.push_back(name + " " +
                      (limit->value == UINT64_MAX ? tr("unlimited")
                       : size                     ? human(Bytes(limit->value))
                                                  : grouped(limit->value)));
    }
  };
  if (host.shell) {
    add(tr("tasks of its user"), host.shell->tasks, false);
    add(tr("open files"), host.shell->open_files, false);
    add(tr("address space"), host.shell->address_space, true);
    add(tr("locked memory"), host.shell->locked_memory, true);
  }
  return join(parts, tr(", "));
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
    step.lines.push_back(
        tr("{}{}{}.", plural(*threads, "thread", "threads"),
           host.processes.all.empty() ? tr(" on the host")
           : hidden                   ? tr(" on the host; {} can be seen from here", processes)
                                      : tr(" in {}", processes),
           zombies > 0 ? tr(", {}", plural(zombies, "zombie", "zombies")) : std::string()));
  }
  for (std::size_t i = 0; i < std::min(most, check.limits.size()); ++i) {
    if (check.limits[i].used) {
      step.lines.push_back(tr("{}.", limit_text(check.limits[i])));
    }
  }
  if (const std::string limits = shell_limits(host); !limits.empty()) {
    step.lines.push_back(tr("ulimit of the shell: {}.", limits));
  }
  if (step.lines.empty()) {
    step.lines.push_back(
        unknown(check, tr("Not known: neither the tasks nor their limits could be read.")));
  }
  return step;
}

constexpr std::string_view min_free_key = "vm.min_free_kbytes", huge_pages_key = "vm.nr_hugepages";

const host::SysctlSetting* line_at_boot(const HostCheck& check, std::string_view key) {
  return key == min_free_key     ? check.facts.min_free_history.boot.winning()
         : key == huge_pages_key ? check.facts.huge_pages_history.boot.winning()
                                 : nullptr;
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
    const std::string set = set_at_boot(check, min_free_key);
    step.lines.push_back(
        set.empty()
            ? unknown(check, tr("Not known: /proc/sys/vm/min_free_kbytes could not be read."))
            : tr("Not known; the next boot sets {}.", set));
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
  // Of a post nobody knows who sets it.
  const bool is_open = is_default || !check.facts.host.posted.empty();
  const bool nobody_set_it = is_open && check.facts.min_free_setters.empty() &&
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
    step.lines.push_back(
        unknown(check, tr("Not known: /proc/sys/vm/panic_on_oom could not be read.")));
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

}  // namespace

std::string set_at_boot(const HostCheck& check, std::string_view key) {
  const host::SysctlSetting* line = line_at_boot(check, key);
  return line == nullptr ? std::string()
                         : tr("{}={} ({}:{})", std::string(key), printable(line->value),
                              printable(line->file), std::to_string(line->line));
}

std::optional<Unjudged> unjudged_at_boot(const HostCheck& check, const std::string& root) {
  for (const std::string_view key : {min_free_key, huge_pages_key}) {
    const host::SysctlSetting* line = line_at_boot(check, key);
    if (line != nullptr && line->value != "0" && !check.state.ram) {
      const auto file = ShellOperand::from(root + line->file);
      return Unjudged{std::string(key), set_at_boot(check, key),
                      file ? ShellCommand("whyoom lint {} --ram <SIZE>", *file).text()
                           : ShellCommand("whyoom lint <FILE> --ram <SIZE>").text()};
    }
  }
  return std::nullopt;
}

std::string too_little_read() {
  return tr(
      "What could be read does not tell how much memory this host has left: \"MemAvailable:\" of "
      "/proc/meminfo, or \"available\" of free.");
}

std::vector<CheckStep> check_steps(const HostCheck& check) {
  return {memory_step(check), threads_step(check), min_free_step(check), policy_step(check)};
}

}  // namespace whyoom::render
