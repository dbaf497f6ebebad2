#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "diagnose/share.h"
#include "memory/printed_score.h"
#include "memory/sum_of.h"
#include "memory/zones.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

// Page cache and reclaimable slab that could have been dropped.
constexpr double reclaimable_share = 0.25;

void add_biggest(Finding& finding, const memory::Evidence& evidence) {
  const auto& biggest = evidence.attribution.biggest;
  if (biggest) {
    finding.prove(Message("biggest process, {}", process(biggest->task->comm, biggest->task->pid)),
                  biggest->memory(), {0, biggest->task->line});
    return;
  }
  for (const auto& victim : evidence.report->victims) {
    if (victim.anon().count() > 0) {
      finding.prove(Message("killed {}", process(victim.comm, victim.pid)), to_bytes(victim.anon()),
                    victim.at);
    }
  }
}

Message sentence(const memory::Evidence& evidence, Bytes processes, double part) {
  const auto& biggest = evidence.attribution.biggest;
  if (!biggest) {
    return Message("Memory was used up by processes: they held {} ({} of RAM).", human(processes),
                   percent(part));
  }
  const report::Task& task = *biggest->task;
  const std::string who = process(task.comm, task.pid);
  constexpr int never = -1000;
  if (task.oom_score_adj <= never) {
    return Message(
        "Memory was used up by processes: they held {} ({} of RAM). The biggest, {}, had {} and "
        "may not be killed (oom_score_adj {}).",
        human(processes), percent(part), who, human(biggest->rss), task.oom_score_adj);
  }
  return Message(
      "Memory was used up by processes: they held {} ({} of RAM). The biggest, {}, had {}.",
      human(processes), percent(part), who, human(biggest->rss));
}

// What of a cut report bears on it.
struct Known {
  Read<Bytes> processes;     // they held at least this
  std::optional<Bytes> ram;  // what the kernel manages
  Bytes ram_at_least;        // what the zones that are printed manage
  std::optional<Bytes> free;
  Bytes free_at_least;       // as far as the zones tell it
  Bytes locked, anon;        // on the lists of locked pages, and of anonymous ones
  Bytes reclaimable, other;  // page cache and slab; shared memory, unreclaimable slab, page tables

  // Nothing is known of it, or all that can be reclaimed is.
  bool whole = false;

  // What no line that was read tells of. It may be one thing.
  [[nodiscard]] Bytes unknown() const {
    return ram.value_or(ram_at_least) - processes.value - free_at_least - reclaimable - other;
  }
};

Known known_of(const memory::Evidence& evidence) {
  using kernel::Field;
  const report::Report& report = *evidence.report;
  const auto total = [&](Field field) -> std::optional<Bytes> {
    const auto& pages = report.totals.get(field);
    return pages ? std::optional(to_bytes(Pages(pages->value), evidence.page)) : std::nullopt;
  };
  const auto at_least = [&](Field field) {
    return std::max(total(field).value_or(Bytes(0)), memory::in_parts(report, field));
  };
  Known known;
  known.ram = evidence.ram;
  known.ram_at_least = evidence.managed();
  if (!known.ram && memory::zones_are_ram(evidence)) {
    known.ram = evidence.managed();
  }
  if (!known.ram && report.tail.ram) {  // more than the kernel manages
    known.ram = to_bytes(Pages(report.tail.ram->value), evidence.page);
  }
  known.free = total(Field::free);
  known.free_at_least = at_least(Field::free);
  known.reclaimable = at_least(Field::active_file) + at_least(Field::inactive_file) +
                      total(Field::slab_reclaimable).value_or(Bytes(0));
  const auto shmem = total(Field::shmem);
  known.other = shmem.value_or(Bytes(0)) + total(Field::slab_unreclaimable).value_or(Bytes(0)) +
                total(Field::pagetables).value_or(Bytes(0));
  constexpr std::array parts{Field::active_file, Field::inactive_file, Field::slab_reclaimable,
                             Field::free};
  known.whole = report.totals.empty() ||
                std::ranges::all_of(parts, [&](Field field) { return total(field).has_value(); });
  const auto active = total(Field::active_anon);
  const auto inactive = total(Field::inactive_anon);
  known.locked = at_least(Field::unevictable);
  known.anon = at_least(Field::active_anon) + at_least(Field::inactive_anon);
  if (active && inactive && shmem) {  // shared memory lies on these lists
    known.processes = {*active + *inactive - *shmem, report.totals.get(Field::active_anon)->at};
  }
  // To 2.6.27 one pair of lists held pages of processes and of files. At an OOM reclaim has found
  // nothing more on them that it could free.
  if (const auto lists = total(Field::active); lists && total(Field::inactive)) {
    known.whole = true;
    known.processes = {*lists + *total(Field::inactive), report.totals.get(Field::active)->at};
    known.other =
        total(Field::slab).value_or(Bytes(0)) + total(Field::pagetables).value_or(Bytes(0));
  }
  for (const report::Victim& victim : report.victims) {
    const Bytes anon = to_bytes(victim.anon());
    if (anon > known.processes.value) {
      known.processes = {anon, victim.at};
    }
  }
  if (known.ram && known.processes.value > *known.ram) {  // it is the size of a part
    known.ram.reset();
  }
  return known;
}

// That vm.min_free_kbytes kept nothing big back, and how sure that is.
enum class MinFreeIs : std::uint8_t { small, likely_small, unknown };

MinFreeIs min_free_is(const memory::Evidence& evidence, const Known& known) {
  if (evidence.min_free) {
    return evidence.min_free->share_of_ram.value_or(1) < big_min_free ? MinFreeIs::small
                                                                      : MinFreeIs::unknown;
  }
  if (known.free && known.ram && share(*known.free, *known.ram) < 0.02) {
    return MinFreeIs::small;
  }
  // Swap filled up first: reclaim had nothing left to give.
  return is_swap_full(evidence) ? MinFreeIs::likely_small : MinFreeIs::unknown;
}

void add_remedy(Claim& claim, std::string assume = {}) {
  claim
      .remedy(Message("Give the machine more memory or swap, or limit the biggest process"),
              {ShellCommand("ps -eo pid,rss,comm --sort=-rss | head")})
      .assume = std::move(assume);
}

// Of kill lines and a row or a first line. One process had nearly everything, by the score that the
// kernel gave it: what was left is less than vm.min_free_kbytes must keep to matter. Kill lines
// alone do not tell its oom_score_adj, and that of pods makes such scores.
std::optional<Claim> by_score(const Context& context) {
  if (!context.report.zones.empty() || !is_global_oom(context) ||
      context.evidence.request.order.value_or(0) != 0) {
    return std::nullopt;
  }
  const auto score = memory::printed_score(context.evidence);
  if (!score || !score->adj_known || !score->rest || *score->rest >= big_min_free) {
    return std::nullopt;
  }
  const report::Victim& victim = *score->victim;
  // Most of what it held may be shared memory, which its end does not give back; a row without the
  // victim's own line does not tell.
  if (victim.anon().count() == 0 || victim.anon() * 2 < victim.resident()) {
    return std::nullopt;
  }
  const Bytes resident = to_bytes(victim.resident());
  Claim result =
      claim(Role::root, Rank::used_up, score->share, 0.75,
            Message("Memory was most likely used up by {}: it held {} of RAM and swap "
                    "together, {} of it in RAM.",
                    process(victim.comm, victim.pid), percent(score->share), human(resident)));
  result.prove(Message("its score, thousandths of RAM and swap"), *victim.score, victim.at);
  result.prove(Message("resident"), resident, victim.at);
  weaken(result, Message("the nodes that the request could use (mems_allowed)"),
         Message("they were a part of the machine's"));
  add_remedy(result);
  return result;
}

// From a part of a report. Nobody is killed before reclaim has found nothing, so what processes are
// known to hold, against RAM, tells most of it.
std::optional<Claim> likely(const Context& context) {
  constexpr double most_free = 0.10;
  const auto& evidence = context.evidence;
  const Known known = known_of(evidence);
  const MinFreeIs min_free = min_free_is(evidence, known);
  const bool whole = evidence.account && evidence.zones_complete;
  const bool killed = !context.report.victims.empty() || context.report.panic;
  const Bytes processes = known.processes.value;
  // Without its size the zones that are printed are a part of RAM at least.
  const Bytes ram = known.ram.value_or(std::max(processes, evidence.managed()));
  // Of a kill alone, much was free if the request was for a block, and if it was bound to one of
  // two nodes. More than one has is neither.
  constexpr double more_than_a_node = 0.75;
  const bool only_kill = evidence.zones.empty() && context.report.totals.empty();
  const bool has_most = evidence.ram && share(processes, ram) >= more_than_a_node;
  const bool of_a_page =
      evidence.request.order ? *evidence.request.order == 0 : only_kill && has_most;
  if (whole || (only_kill && evidence.ram && !context.report.constraint && !has_most) ||
      !is_global_oom(context) || memory::is_of_some_nodes(evidence) || !killed || !of_a_page ||
      min_free == MinFreeIs::unknown) {
    return std::nullopt;
  }
  if ((!known.ram && !is_swap_full(evidence)) || !known.whole || processes < notable_size ||
      share(processes, ram) < big_share || processes < known.other || processes < known.unknown() ||
      share(known.reclaimable, ram) >= reclaimable_share ||
      share(known.free_at_least, ram) > most_free ||
      (share(known.locked, ram) >= big_share && known.locked > known.anon)) {  // unevictable
    return std::nullopt;
  }
  Claim result =
      claim(Role::root, Rank::used_up, share(processes, ram), 0.75,
            known.ram ? Message("Memory was most likely used up by processes: they held at least "
                                "{} ({} of RAM).",
                                human(processes), percent(share(processes, ram)))
                      : Message("Memory was most likely used up by processes: they held at least "
                                "{}, and swap was full.",
                                human(processes)));
  result.prove(Message("held by processes, at least"), processes, known.processes.at);
  if (min_free == MinFreeIs::likely_small) {
    result.prove(Message("free swap"), *evidence.swap_free, context.report.tail.free_swap_kib->at);
    weaken(result, Message("the zones' min (the lines \"Node 0 ... free: min:\")"),
           Message("their sum was above {}", human(ram / 20)));
  }
  if (!evidence.request.order) {
    weaken(result, Message("the first line (\"invoked oom-killer\")"),
           Message("its order was above 0"));
  }
  if (!known.ram) {
    weaken(result, Message("\"pages RAM\""), Message("it was above {}", human(processes * 4)));
  }
  if (result.overturned_by.empty()) {
    weaken(result, Message("the lines that the report lacks"),
           Message("something else held more than processes"));
  }
  add_biggest(result, evidence);
  add_remedy(result);
  return result;
}

// So many processes, of many names, that what the kernel needs for each is more than they hold
// themselves. Those of one name are many-processes.
std::optional<Claim> by_number(const Context& context, const memory::Account& account) {
  const memory::Attribution& tasks = context.evidence.attribution;
  const bool one_name =
      tasks.names.empty() || std::ranges::any_of(tasks.names, [&](const memory::NameUse& name) {
        return name.comm.empty() || name.count * 2 >= tasks.processes;
      });
  const Bytes own = account.size(What::anon) + account.size(What::unevictable_other);
  const Bytes cost =
      std::min(account.size(What::page_tables), least_page_tables * tasks.processes) +
      std::min(account.size(What::kernel_stack), largest_kernel_stack * tasks.processes);
  const double part = share(own + cost, account.total);
  const double own_part = share(own, account.total);
  if (one_name || cost < own || own_part >= big_share || part < big_share ||
      own + cost < account.size(What::unaccounted)) {
    return std::nullopt;
  }
  Claim result =
      claim(Role::root, Rank::used_up, part, 0.9,
            Message("Memory was used up by the number of processes: {} held {} themselves, "
                    "and {} in page tables and kernel stacks ({} of RAM together).",
                    grouped(tasks.processes), human(own), human(cost), percent(part)));
  result.prove(Message("memory of processes"), own, account.at(What::anon));
  result.prove(Message("their page tables and kernel stacks"), cost);
  result.prove(Message("RAM that the kernel manages"), account.total, place_of_ram(context.report));
  result.remedy(Message("See what starts so many processes, and limit it (pids.max, TasksMax)"),
                {ShellCommand("ps -eo ppid= | sort | uniq -c | sort -n | tail")});
  return result;
}

// What a lost line may have said against it.
void doubt(Claim& result, const Context& context, const memory::Account& account) {
  const auto& report = context.report;
  const bool has_end = !report.victims.empty() || report.constraint || report.panic;
  const bool of_machine = context.evidence.whole_machine ||
                          (is_known_global(context.evidence) &&
                           memory::ram_of_zones(context.evidence));  // all that is free is in them
  if (const Bytes rest = account.size(What::unaccounted); share(rest, account.total) >= big_share) {
    result.confidence = 0.79;
    weaken(result, Message("the {} of RAM that no counter shows", human(rest)),
           Message("they were kept by one thing that a lost line would name"));
    if (is_bound(context.evidence)) {  // or they are free on nodes that it may not use
      leave_open(result, Message("the counters of Mem-Info (\"active_anon:\")"));
    }
  }
  if (!has_end && !of_machine) {  // or it was of some nodes
    leave_open(result, Message(R"(the lines "pages RAM" and "pages reserved")"));
  } else if (!has_end) {  // the rows that name many processes may be in what is cut off
    result.confidence = 0.75;
    weaken(result, Message("the task table"),
           Message("many processes of one name held most of it"));
  }
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    auto result = likely(context);
    return result ? std::move(result) : by_score(context);
  }
  if (auto result = by_number(context, *account)) {
    return result;
  }
  // Locked pages of processes lie on the unevictable list; and their swap on zram lies in RAM.
  const Bytes compressed = account->size(What::compressed_swap);
  const Bytes processes =
      account->size(What::anon) + account->size(What::unevictable_other) + compressed;
  const bool in_zram = share(compressed, account->total) >= big_share;
  const double part = share(processes, account->total);
  const Bytes reclaimable = account->size(What::file) + account->size(What::slab_reclaimable);
  const bool cache_left = share(reclaimable, account->total) >= reclaimable_share;
  // When more is in no counter than in processes, they are not the answer.
  const bool most = processes >= account->size(What::unaccounted);
  const bool root = part >= big_share && !cache_left && most;
  Claim result = claim(
      root ? Role::root : Role::ruled_out, Rank::used_up, part, 0.95,
      root && in_zram ? Message("Memory was used up by processes: they held {} ({} of RAM), {} of "
                                "it compressed, in swap that lies in RAM itself (zram, zswap).",
                                human(processes), percent(part), human(compressed))
      : root          ? sentence(context.evidence, processes, part)
      : cache_left
          ? Message("{} of page cache and reclaimable slab were left", human(reclaimable))
          : Message("processes held only {} ({} of RAM)", human(processes), percent(part)));
  result.prove(Message("memory of processes"), processes, account->at(What::anon));
  if (compressed.count() > 0) {
    result.prove(Message("of it compressed swap (zspages)"), compressed,
                 account->at(What::compressed_swap));
  }
  result.prove(Message("RAM that the kernel manages"), account->total,
               place_of_ram(context.report));
  result.prove(Message("page cache left"), account->size(What::file), account->at(What::file));
  result.prove(Message("reclaimable slab left"), account->size(What::slab_reclaimable),
               account->at(What::slab_reclaimable));
  result.prove(Message("free"), account->size(What::free), account->at(What::free));
  if (root) {
    doubt(result, context, *account);
    add_biggest(result, context.evidence);
    if (in_zram) {
      result.remedy(Message("Swap in RAM frees little: make it smaller, or add swap on a disk"),
                    {ShellCommand("zramctl"), ShellCommand("cat /proc/swaps"),
                     ShellCommand("grep -s . /sys/module/zswap/parameters/max_pool_percent")});
    }
    add_remedy(result, "ram=+" + std::to_string(account->total.count() / 4));
  }
  return result;
}

}  // namespace

extern const Cause cause_memory_exhausted{"memory-exhausted", 'B', "processes used up the memory",
                                          judge};

}  // namespace whyoom::diagnose::causes
