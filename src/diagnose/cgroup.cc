#include "diagnose/cgroup.h"

#include <algorithm>
#include <string_view>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/machine.h"
#include "memory/memcg_stat.h"
#include "report/openvz_lines.h"

namespace whyoom::diagnose {

namespace {

using memory::memcg_stat;
using Counter = CgroupUse::Counter;

std::optional<Counter> counter(const report::MemcgCounter& printed) {
  if (!printed.usage_kib) {
    return std::nullopt;
  }
  Counter result;
  result.usage = to_bytes(KiB(printed.usage_kib->value));
  result.at = printed.usage_kib->at;
  result.limit = memory::limit_of(printed.limit_kib);
  if (printed.failcnt) {
    result.failcnt = printed.failcnt->value;
  }
  return result;
}

// From 5.18 on `kernel` is one counter; before, its parts are printed. v1 counts it as kmem.
void read_kernel(const report::Memcg& memcg, CgroupUse& use) {
  use.kernel = memcg_stat(memcg, {"kernel"});
  if (!use.kernel) {
    use.kernel = use.slab;
    for (const std::string_view part : {"kernel_stack", "pagetables", "percpu", "vmalloc"}) {
      if (use.kernel) {
        use.kernel->value += CgroupUse::size(memcg_stat(memcg, {part}));
      }
    }
  }
  if (use.kmem && use.kmem->usage > CgroupUse::size(use.kernel)) {
    use.kernel = Read<Bytes>{use.kmem->usage, use.kmem->at};
  }
  if (use.kernel) {
    use.kernel->value += CgroupUse::size(use.sock);
  }
}

void read_filling(const report::Memcg& memcg, CgroupUse& use) {
  // cgroup v2 and 5.4 to 6.1: anon, file. v1: rss, cache; from 6.5 on with hierarchical total_*.
  use.anon = memory::memcg_anon(memcg);
  use.file = memcg_stat(memcg, {"file", "total_cache", "cache"});
  use.shmem = memcg_stat(memcg, {"shmem", "total_shmem"});
  if (!use.shmem && use.anon) {
    // Before 4.x v1 has no shmem, or its line was lost: it lies on the anon lists and is not
    // counted as anon.
    const auto active = memcg_stat(memcg, {"active_anon"});
    const auto inactive = memcg_stat(memcg, {"inactive_anon"});
    if (active && inactive) {
      use.shmem = Read<Bytes>{active->value + inactive->value - use.anon->value, active->at};
    }
  }
  use.swapped = CgroupUse::size(memcg_stat(memcg, {"total_swap", "swap"})) > Bytes(0);
  use.slab = memcg_stat(memcg, {"slab"});
  use.sock = memcg_stat(memcg, {"sock"});
  if (use.file) {
    use.file->value -= CgroupUse::size(use.shmem);
    const auto dirty = memcg_stat(memcg, {"file_dirty", "total_dirty", "dirty"});
    const auto writeback = memcg_stat(memcg, {"file_writeback", "total_writeback", "writeback"});
    if (dirty && writeback) {
      use.dirty = Read<Bytes>{dirty->value + writeback->value, use.file->at};
    }
  }
  read_kernel(memcg, use);
}

// Before 5.18 v2 prints no sum of kernel memory, and has no counter for pipes, maps of BPF or (to
// 5.10) page tables. But a cgroup pays for pages on its lists and for kernel memory alone.
void read_rest(const report::Memcg& memcg, CgroupUse& use) {
  if (!use.memory || use.kmem || !use.anon || !use.file || !use.shmem || !use.slab ||
      memcg_stat(memcg, {"kernel"})) {
    return;
  }
  Bytes lists;
  for (const std::string_view list :
       {"active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable"}) {
    const auto size = memcg_stat(memcg, {list});
    if (!size) {
      return;
    }
    lists += size->value;
  }
  const Bytes pages = std::max(lists, use.anon->value + use.file->value + use.shmem->value);
  if (pages * 2 < use.memory->usage && use.memory->usage - pages > use.kernel->value) {
    use.kernel = Read<Bytes>{use.memory->usage - pages, use.memory->at};
    use.kernel_is_rest = true;
  }
}

CgroupUse::Level level_of(const report::Report& report, const CgroupUse& use) {
  using Level = CgroupUse::Level;
  if (use.limit_path.empty() || use.task_path.empty()) {
    // A panic and a group without a killable task print no line that names both.
    const bool never_printed = report.panic || report.no_killable_at;
    return never_printed ? Level::own : Level::unknown;
  }
  if (use.limit_path == use.task_path) {
    return Level::own;
  }
  // The kernel chooses among the tasks below the limit: other paths were misread.
  return is_at_or_below(use.task_path, use.limit_path) ? Level::ancestor : Level::unknown;
}

void read_names(const memory::Attribution& attribution, CgroupUse& use) {
  use.who = use.the_cgroup = tr("the cgroup");
  use.task_who = "cgroup";
  if (const auto& limit = attribution.limit) {
    use.limit_path = limit->path;
    use.raw_limit_path = limit->raw_path;
    use.owner = limit->owner;
    const auto whose = memory::whose(*limit);
    use.who = whose.value_or(limit->path);
    use.the_cgroup = whose ? use.who : tr("the cgroup {}", limit->path);
  }
  if (const auto& victim = attribution.victim) {
    use.task_path = victim->path;
    use.task_who =
        victim->owner
            ? describe(*victim->owner, attribution.limit ? attribution.limit->owner : std::nullopt)
            : tr("cgroup {}", victim->path);
  }
}

// Of the victim its anonymous memory; the table of older kernels does not tell that apart.
void read_biggest(const memory::Evidence& evidence, CgroupUse& use) {
  for (const report::Victim& victim : evidence.report->victims) {
    const Bytes anon = to_bytes(victim.anon());
    if (anon > CgroupUse::size(use.biggest)) {
      use.biggest = Read<Bytes>{anon, victim.at};
      use.biggest_name = process(victim.comm, victim.pid);
    }
  }
  if (const auto& task = evidence.attribution.biggest; !use.biggest && task) {
    const auto pages = task->task->rss_anon.value_or(task->task->rss);
    use.biggest = Read<Bytes>{to_bytes(Pages(pages), evidence.page), {0, task->task->line}};
    use.biggest_name = process(task->task->comm, task->task->pid);
  }
}

}  // namespace

// A charge is refused when it does not fit, so usage stays a charge batch (64 pages) below.
bool Counter::tight() const {
  constexpr Bytes batch{std::uint64_t{64} * 4096};
  return limit && usage + batch >= *limit;
}

bool Counter::full() const {
  return tight() || (limit && usage.count() / 97 >= limit->count() / 100);
}

bool Counter::refused_none() const { return failcnt == 0U && !tight(); }

bool CgroupUse::at_limit() const { return (memory && memory->full()) || swap_decides(); }

// Both counters can be near their limits. The one that refused a charge has counted it. With the
// same limit for both no swap was allowed, and it is the limit of memory.
bool CgroupUse::swap_decides() const {
  if (!memsw || !memsw->full() || !memory || memsw->limit == memory->limit) {
    return false;
  }
  const bool refused = memsw->failcnt.value_or(0) > 0 && memory->failcnt == 0U;
  // What is swapped out leaves memory and stays in memory+swap: of the two, that is the full one.
  return refused || !memory->full() || (memsw->tight() && !memory->tight());
}

bool CgroupUse::may_be_memsw() const {
  const bool is_other = memory ? memory->refused_none() : swapped;
  return memsw ? !memory && memsw->full() : is_other;
}

bool CgroupUse::filling_known() const {
  if (!memory) {
    return mostly_anon();
  }
  if (stats_not_printed || size(biggest) * 2 >= memory->usage) {
    return true;
  }
  // What else there is may be kernel memory of which the counter is lost.
  if (shmem && anon && file && counted() * 2 < memory->usage) {
    return false;
  }
  if (shmem && anon) {
    return file || (anon->value + shmem->value) * 2 >= memory->usage;
  }
  // Without one of the two counters the other decides only when it is the bigger half.
  return (anon && anon->value * 2 >= memory->usage) || filled_by_shmem();
}

Bytes CgroupUse::counted() const { return size(anon) + size(file) + size(shmem) + size(kernel); }

// Without the counters the parts that are printed have to do: most of them is anonymous memory.
bool CgroupUse::mostly_anon() const {
  return anon && file && anon->value >= file->value + size(kernel) + size(shmem);
}

bool CgroupUse::filled_by_shmem() const {
  return memory && size(shmem) * 2 >= memory->usage && size(shmem) > size(anon);
}

bool has_no_limit(const report::Memcg& memcg) {
  const auto is_printed = [](const report::MemcgCounter& of) { return of.limit_kib.has_value(); };
  const auto limits = [](const report::MemcgCounter& of) {
    return memory::limit_of(of.limit_kib).has_value();
  };
  return is_printed(memcg.memory) && !limits(memcg.memory) && !limits(memcg.memsw) &&
         !limits(memcg.kmem);
}

bool is_limit_named(const report::Report& report) {
  const auto& memcg = report.memcg;
  const bool by_constraint = report.constraint && !report.constraint->oom_memcg.empty();
  return by_constraint || !memcg || !memcg->task_path.empty() || memcg->memory.usage_kib ||
         memcg->memsw.usage_kib || memcg->kmem.usage_kib || !memcg_stat(*memcg, {"cache"});
}

namespace {

// The kubelet gives no other adj (pkg/kubelet/qos/policy.go). The limit of a pod is the sum of its
// containers', so that it is reached as often as that of one of them.
bool may_be_of_pod(const report::Report& report) {
  constexpr int guaranteed = -997, burstable = 500;
  const int adj = report.victims.empty() ? 0 : report.victims.front().oom_score_adj.value_or(0);
  return adj <= guaranteed || adj >= burstable;
}

}  // namespace

std::optional<CgroupUse> cgroup_of(const Context& context) {
  const auto& report = context.report;
  if (!is_memcg_oom(context)) {
    return std::nullopt;
  }
  static const report::Memcg none;
  const report::Memcg& memcg = report.memcg ? *report.memcg : none;
  if (has_no_limit(memcg)) {
    return std::nullopt;
  }
  CgroupUse use;
  read_names(context.evidence.attribution, use);
  use.named = is_limit_named(report);
  use.level = level_of(report, use);
  if (memcg.memory.limit_kib) {
    use.memory = counter(memcg.memory);
  }
  use.memsw = counter(memcg.memsw);
  use.swap = counter(memcg.swap);
  use.kmem = counter(memcg.kmem);
  read_filling(memcg, use);
  read_rest(memcg, use);
  read_biggest(context.evidence, use);
  use.alone = !report.trigger && !report.constraint && report.tasks.empty() && !report.memcg &&
              !may_be_of_pod(report);
  const auto& release = context.evidence.release;
  // Each kernel prints one of the two (mm/oom_kill.c dump_oom_summary(), 5.0). Sizes of shared
  // memory came with 4.5; el8 has the line of 5.0 in its 4.18.
  const bool names_printed = report.constraint || !memcg.task_path.empty();
  use.old_names_line = names_printed ? !report.constraint
                       : release     ? !release->at_least(5, 0) && release->enterprise != 8
                                     : std::ranges::any_of(report.victims, [](const auto& victim) {
                                     return victim.file_rss_kib && !victim.shmem_rss_kib;
                                   });
  use.stats_not_printed =
      memcg.stats.empty() &&
      ((release && release->major == 2) || memcg.limit_path.starts_with(report::beancounter));
  return use;
}

std::optional<CgroupUse> cgroup_use(const Context& context) {
  auto use = cgroup_of(context);
  return use && use->memory ? std::move(use) : std::nullopt;
}

namespace {

Message counters_of_cgroup() { return Message("the cgroup's counters (\"memory: usage\")"); }

// cgroup v1 may have had memory in swap, and a limit for both.
void weaken_by_memsw(Claim& claim, const CgroupUse& use) {
  if (!use.memsw && !use.swap) {
    weaken(claim, counters_of_cgroup(),
           Message("the limit of memory and swap together was the one that was reached"));
  }
}

}  // namespace

Message statistics_of_cgroup() {
  return Message("the cgroup's statistics (\"Memory cgroup stats\")");
}

Message which_filling(const CgroupUse& use) {
  return !use.memory && use.anon && use.file ? counters_of_cgroup() : statistics_of_cgroup();
}

Message which_limit(const CgroupUse& use) {
  return use.memory || use.memsw ? Message("the line \"{}: usage\": which of the two limits it was",
                                           use.memory ? "memory+swap" : "memory")
                                 : counters_of_cgroup();
}

void grade_limit(Claim& claim, const CgroupUse& use) {
  const Message names =
      use.old_names_line ? Message("the line \"Task in ... killed as a result of limit of\"")
                         : Message("the line that names both cgroups (\"oom-kill:constraint=\")");
  // A kill line by itself, as people grep for it: the limit is mostly the group's own.
  if (use.alone && CgroupUse::size(use.biggest) >= notable_size) {
    claim.confidence = 0.7;
    weaken(claim, names, Message("the limit was one of a cgroup above the victim's"));
    weaken(claim, statistics_of_cgroup(),
           Message("shared memory, page cache or kernel memory was most of it"));
    weaken_by_memsw(claim, use);
    return;
  }
  if (use.level == CgroupUse::Level::unknown) {
    leave_open(claim, names);
    return;
  }
  const bool filling_known = use.filling_known();
  if (use.memory ? use.memory->refused_none() : use.memsw || use.swapped) {
    leave_open(claim, which_limit(use));
    return;
  }
  if (filling_known && !use.memory) {
    claim.confidence = std::min(claim.confidence, 0.85);
    weaken(claim, counters_of_cgroup(),
           Message("usage was much more than the parts that are shown"));
  }
  if (filling_known) {
    return;
  }
  if (!use.memory && use.stats_not_printed) {
    claim.confidence = 0.7;
    weaken(claim, Message("what the container used (/proc/user_beancounters)"),
           Message("page cache or kernel memory was most of it"));
    return;
  }
  if (!use.memory && !use.anon && !use.file && CgroupUse::size(use.biggest) >= notable_size) {
    claim.confidence = 0.7;
    weaken(claim, statistics_of_cgroup(),
           Message("shared memory, page cache or kernel memory was most of it"));
    weaken_by_memsw(claim, use);
  } else {
    leave_open(claim, which_filling(use));
  }
}

// What is a hundredth of it and more.
std::string filling(const CgroupUse& use) {
  const std::array parts{std::pair{translated("{} of anonymous memory"), &use.anon},
                         std::pair{translated("{} of shared memory"), &use.shmem},
                         std::pair{translated("{} of page cache"), &use.file},
                         std::pair{translated("{} of slab"), &use.slab},
                         std::pair{translated("{} of sockets"), &use.sock}};
  Bytes all;
  for (const auto& [words, size] : parts) {
    all += CgroupUse::size(*size);
  }
  std::string text;
  for (const auto& [words, size] : parts) {
    if (const Bytes part = CgroupUse::size(*size); part.count() > 0 && part * 100 >= all) {
      text += (text.empty() ? "" : tr(", ")) + translated_with(words, {human(part)});
    }
  }
  return text;
}

Message limit_sentence(const CgroupUse& use) {
  const std::string above =
      use.level == CgroupUse::Level::ancestor ? tr(", above the victim's {},", use.task_who) : "";
  const std::string limit =
      use.memory ? tr(": {}", human(use.memory->limit.value_or(use.memory->usage))) : std::string();
  const std::string filled = filling(use);
  std::string held;
  if (!filled.empty()) {
    held = tr(" It held {}.", filled);
  } else if (use.biggest && use.memory) {
    const double part = share(use.biggest->value, use.memory->usage);
    held = tr(" {} held {}{}", use.biggest_name, human(use.biggest->value),
              part > 1 ? tr(", with shared pages that others pay for.")
                       : tr(", {} of what it used.", percent(part)));
  } else if (use.biggest) {
    held = tr(" {} held {} of it.", use.biggest_name, human(use.biggest->value));
  }
  if (!use.named) {
    return Message("The limit that was reached may be one of {}.{}", use.who, held);
  }
  return Message("The memory limit of {}{} was reached{}.{}", use.who, above, limit, held);
}

void add_cgroup_proof(Finding& finding, const CgroupUse& use) {
  const auto add = [&finding](const std::string& what, const std::optional<Counter>& counter) {
    if (counter && counter->limit) {
      finding.prove(Message("{}: usage", what), counter->usage, counter->at);
      finding.prove(Message("{}: limit", what), *counter->limit, counter->at);
    }
  };
  add(tr("memory"), use.memory);
  add("memory+swap", use.memsw);
  add("swap", use.swap);
  add(tr("kernel memory"), use.kmem);
  if (use.biggest && (!use.anon || !use.memory)) {
    finding.prove(Message("held by {}", use.biggest_name), use.biggest);
  }
  finding.prove(Message("anon of the cgroup"), use.anon);
  finding.prove(Message("shmem of the cgroup"), use.shmem);
}

namespace {

// The runtime's own command: what is written to the cgroup is lost when the container starts again.
std::optional<ShellCommand> update_of_container(const CgroupUse& use) {
  if (!use.owner || use.owner->kind != memory::CgroupOwner::Kind::container ||
      !use.owner->container ||
      last_part(use.raw_limit_path).find(*use.owner->container) == std::string_view::npos) {
    return std::nullopt;
  }
  const auto id = ShellOperand::from(*use.owner->container);
  if (id && use.owner->runtime == "docker") {
    return ShellCommand("docker update {} --memory=<bytes>", *id);
  }
  if (id && use.owner->runtime == "podman") {
    return ShellCommand("podman update {} --memory=<bytes>", *id);
  }
  return std::nullopt;
}

// "1234" of "UB 1234", the name of a container of OpenVZ.
std::optional<ShellOperand> openvz_container(std::string_view path) {
  const std::string_view number = path.substr(std::min(path.size(), report::beancounter.size()));
  return path.starts_with(report::beancounter) && parse_number<std::uint64_t>(number)
             ? ShellOperand::from(number)
             : std::nullopt;
}

// The kubelet's own limit, of what the node can give to pods: no container's limit raises it.
bool is_of_all_pods(const std::string& path) {
  const std::size_t last = path.rfind("pod");
  return last != std::string::npos && last == path.rfind("kubepods") + 4;
}

}  // namespace

Remedy raise_limit(const CgroupUse& use) {
  Remedy remedy;
  const std::string& path = use.limit_path;
  const std::string_view unit = last_part(use.raw_limit_path);
  if (is_of_all_pods(path)) {
    remedy.title = Message(
        "Limit the pods (resources.limits.memory), so that the one that grows is stopped first, or "
        "move some to other nodes");
    return remedy;
  }
  if (path.find("kubepods") != std::string::npos && !(use.owner && use.owner->uid)) {
    remedy.title = Message("Raise resources.limits.memory of the container, or use less in it");
  } else if (const auto command = update_of_container(use)) {
    remedy.title = Message("Raise the memory limit of {}, or use less in it", use.who);
    remedy.commands = {*command};
  } else if (const auto container = openvz_container(path)) {
    remedy.title = Message("Raise the memory of the OpenVZ container {}, or use less in it",
                           path.substr(path.find(' ') + 1));
    remedy.commands = {ShellCommand("sudo vzctl set {} --ram <bytes> --save", *container)};
  } else if (is_unit(use.raw_limit_path)) {
    remedy.title =
        Message("Raise the limit of {}, or use less in it{}", short_name(unit), how_to_name(unit));
    if (const auto word = word_of(unit)) {
      remedy.commands = commands_of(memory_max, *word, use.raw_limit_path);
    } else {
      remedy.commands = commands_to_find(unit);
    }
  } else {
    remedy.title = Message("Raise memory.max (v1: memory.limit_in_bytes) of {}, or use less in it",
                           path.empty() ? tr("the cgroup") : short_name(path));
  }
  if (use.memory) {
    // A quarter more, in whole MiB, as an example of a limit.
    constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
    const std::uint64_t usage = use.memory->usage.count();
    remedy.assume = "memory.max=" + std::to_string((usage + usage / 4) / mib + 1) + "M";
  }
  return remedy;
}

}  // namespace whyoom::diagnose
