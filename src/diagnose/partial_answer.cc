#include "diagnose/partial_answer.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/printed_score.h"
#include "memory/slub_use.h"

namespace whyoom::diagnose {

namespace {

using report::Kind;
using report::Report;

// Of several nodes the request may have been bound to some, by a cpuset or by the task's policy:
// the line that says so came with 5.0. The root's cpuset has all nodes (kernel/cgroup/cpuset.c).
bool may_be_bound(const Report& report) {
  const auto mask = report.trigger ? report.trigger->nodemask : std::nullopt;
  const bool of_root = report.cpuset == "/";
  const bool masked = mask && *mask != "(null)" && mask != report.mems_allowed;
  const std::string& nodes = report.mems_allowed ? *report.mems_allowed : mask.value_or("0");
  return !report.constraint && nodes != "0" && nodes != "(null)" && (masked || !of_root);
}

// emplace_back() would be code of its own for each sentence.
void add(std::vector<Message>& out, Message&& sentence) { out.push_back(std::move(sentence)); }

// Of a task that may use some of the nodes.
Message where_bound(const Event& event) {
  const std::string nodes = nodes_text(event.report);
  if (nodes.empty()) {
    return Message("No memory was left in the nodes that this task may use.");
  }
  if (const auto free = free_in_spite(event.evidence)) {
    return Message(
        "This task may use no memory but that of {}, and its request found none there that it may "
        "have, though {} were free.",
        nodes, human(*free));
  }
  return Message("No memory was left in {}, and this task may use no other.", nodes);
}

Message where_global(const Event& event) {
  if (const auto free = free_in_spite(event.evidence)) {
    return Message(
        "A request found no memory that it may have, though {} were free; it was no cgroup's "
        "limit.",
        human(*free));
  }
  return may_be_bound(event.report)
             ? Message(
                   "The machine was out of memory, or those of its nodes that this task may use; "
                   "it was no cgroup's limit.")
             : Message("The whole machine was out of memory, not a cgroup.");
}

// Whether it was a cgroup's limit or the machine, as far as a line says so.
Message where(const Event& event) {
  const Report& report = event.report;
  const auto& constraint = event.evidence.constraint;
  const auto& limit = event.evidence.attribution.limit;
  if (constraint == report::ConstraintKind::memcg) {
    if (report.memcg && has_no_limit(*report.memcg)) {
      return Message(
          "The OOM killer was called for {}, which has no memory limit: it was no limit that was "
          "reached, but somebody asked for the kill.",
          limit ? tr("the cgroup {}", limit->path) : tr("a cgroup"));
    }
    return limit && is_limit_named(report)
               ? Message("The memory limit of {} was reached.",
                         whose(*limit).value_or(tr("the cgroup {}", limit->path)))
               : Message(
                     "A cgroup's memory limit was reached; the line that names it is not "
                     "there.");
  }
  if (constraint == report::ConstraintKind::cpuset ||
      constraint == report::ConstraintKind::mempolicy) {
    return where_bound(event);
  }
  // A fault's way asks for a kill also where only a charge to a cgroup failed.
  if (is_known_global(event.evidence) && !is_of_page_fault(report)) {
    return where_global(event);
  }
  if (!report::tells_of_oom(report)) {
    return Message(
        "The kernel printed what its memory was used for; whether for an OOM kill or for a request "
        "that failed is not in these lines.");
  }
  if (report.trigger && !report.trigger->comm.empty()) {
    return Message(
        "The OOM killer was called for a request by {}; whether the machine or a "
        "cgroup was short is not in these lines.",
        printable(report.trigger->comm));
  }
  return Message(
      "The OOM killer was called; whether the machine or a cgroup was short is not in these "
      "lines.");
}

// "the cache things (at least 14.6 GiB, 29,822 of 29,822 objects in use)"
std::string cache_text(const Event& event) {
  const std::string name = printable(event.report.slub->cache);
  const auto use = memory::slub_use(event.evidence);
  return use ? tr("the cache {} (at least {}, {} of {} objects in use)", name, human(use->at_least),
                  grouped(use->in_use), grouped(use->objects))
             : tr("the cache {}", name);
}

void add_vmalloc(std::vector<Message>& out, const report::VmallocFailure& vmalloc) {
  const std::string size = vmalloc.bytes ? tr(" of {}", human(Bytes(*vmalloc.bytes))) : "";
  if (vmalloc.allocated) {
    add(out, Message("A vmalloc{} had got {} when no page more could be had; nothing was killed.",
                     size, human(Bytes(*vmalloc.allocated))));
  } else if (lacked_pages(vmalloc)) {
    add(out, Message("A vmalloc{} found no page for the list of its pages, or for their tables; "
                     "nothing was killed.",
                     size));
  } else {
    add(out, Message("A vmalloc{} failed; nothing was killed.", size));
  }
}

void add_failure(std::vector<Message>& out, const Event& event) {
  const Report& report = event.report;
  if (report.vmalloc) {
    return add_vmalloc(out, *report.vmalloc);
  }
  if (report.slub && !report.slub->cache.empty()) {
    const std::string& cgroup = report.slub->cgroup;
    const std::string allocator = report.slub->is_slab ? "SLAB" : "SLUB";
    out.push_back(
        cgroup.empty()
            ? Message("{} found no memory for another slab of {}; nothing was killed.", allocator,
                      cache_text(event))
            : Message("{} got no memory for another slab of {} of the cgroup {}: its "
                      "limit may be reached, or the machine was short; nothing was killed.",
                      allocator, cache_text(event), printable(cgroup)));
  } else if (report.trigger && report.trigger->order && *report.trigger->order >= 0) {
    const bool waits = (!report.trigger->gfp || !kernel::is_atomic(report.trigger->gfp->flags)) &&
                       !is_within_reclaim(report);
    out.push_back(
        report.outcome == report::Outcome::stalled
            ? Message("A request of order {} waited long for memory, and went on trying; nothing "
                      "was killed.",
                      *report.trigger->order)
        : waits
            ? Message("A request of order {} failed; nothing was killed.", *report.trigger->order)
            : Message("A request of order {} that may not wait failed; nothing was "
                      "killed.",
                      *report.trigger->order));
  } else {
    add(out, Message("A request for memory failed; nothing was killed."));
  }
}

// Who killed whom, and the numbers that its limits are about.
void add_userspace(std::vector<Message>& out, const Report& report) {
  const auto& kill = report.userspace;
  if (!kill || kill->victim.empty()) {
    add(out, Message("A program killed a process, not the kernel's OOM killer."));
    return;
  }
  const std::string name = kill->victim == "/" ? "/" : printable(last_part(kill->victim));
  const std::string victim = kill->pid ? process(name, *kill->pid) : name;
  add(out, kill->by_command
               ? Message("{} ran a command of its own for {}.", printable(kill->killer), victim)
           : kill->failed ? Message("{} tried to kill {}, and failed at least once.",
                                    printable(kill->killer), victim)
                          : Message("{} killed {}, not the kernel's OOM killer.",
                                    printable(kill->killer), victim));
  if (!kill->reason.empty()) {
    add(out, Message("Its reason: {}.", printable(kill->reason)));
  }
  if (kill->victim_resident && kill->victim_swap) {
    add(out, Message("{} held {} of RAM and {} of swap.", name,
                     human(Bytes(*kill->victim_resident)), human(Bytes(*kill->victim_swap))));
  } else if (kill->victim_resident) {
    add(out, Message("{} held {} of RAM.", name, human(Bytes(*kill->victim_resident))));
  }
  if (kill->pressure_percent) {
    out.push_back(kill->pressure_limit_percent
                      ? Message("Memory pressure was {}, more than {}.",
                                percent(*kill->pressure_percent / 100),
                                percent(*kill->pressure_limit_percent / 100))
                      : Message("Memory pressure was {}.", percent(*kill->pressure_percent / 100)));
  }
  const bool no_swap = kill->swap_total == 0;
  if (kill->mem_available_percent && kill->swap_free_percent && !no_swap) {
    add(out, Message("{} of memory were available, and {} of swap free.",
                     percent(*kill->mem_available_percent / 100),
                     percent(*kill->swap_free_percent / 100)));
  } else if (kill->mem_available_percent) {
    add(out, Message("{} of memory were available.", percent(*kill->mem_available_percent / 100)));
  } else if (kill->mem_used && kill->mem_total) {
    add(out, Message("{} of {} of memory were used.", human(Bytes(*kill->mem_used)),
                     human(Bytes(*kill->mem_total))));
  }
}

// XFS says so at each 100th try. Of a costly order the page allocator gives up early, with memory
// free in smaller pieces.
void add_xfs(std::vector<Message>& out, const report::LimitReached& limit, std::uint64_t page) {
  constexpr std::uint64_t costly_pages = std::uint64_t{1} << unsigned{kernel::costly_order};
  add(out,
      Message(
          "XFS asked for {} and got none in 100 tries. It goes on trying, and what needs it waits.",
          limit.bytes ? human(Bytes(*limit.bytes)) : tr("memory")));
  if (limit.bytes.value_or(0) > costly_pages * page) {
    add(out,
        Message(
            "That is order {} in one piece: memory that is free is likely to be in smaller pieces.",
            std::bit_width((*limit.bytes - 1) / page)));
  }
}

// Lines about tables and pools for which there is no cause.
void add_limit(std::vector<Message>& out, const Event& event) {
  using What = report::LimitReached::What;
  const auto& limit = event.report.limit_reached;
  const auto what = limit ? limit->what : What::tcp_memory;
  if (what == What::percpu) {
    const std::uint64_t bytes = limit->bytes.value_or(0);
    out.push_back(
        limit->name.empty()
            ? Message("The kernel got no per-CPU memory for {} bytes; nothing was killed.", bytes)
            : Message("The kernel got no per-CPU memory for {} bytes ({}); nothing was killed.",
                      bytes, printable(limit->name)));
  } else if (what == What::xfs_memory) {
    add_xfs(out, *limit, event.evidence.page.bytes);
  } else if (what == What::swiotlb && limit->limit && limit->used && event.candidates.empty()) {
    add(out,
        Message("{} got no bounce buffer (swiotlb) of {} with {} of {} slots used: a bigger pool "
                "(swiotlb=) does not help. A limit of the device keeps it from the free slots: an "
                "alignment, a boundary or the addresses that it reaches.",
                limit->name.empty() ? tr("A device") : printable(limit->name),
                human(Bytes(limit->bytes.value_or(0))), grouped(*limit->used),
                grouped(*limit->limit)));
  } else {
    add(out, Message("A limit was reached."));
  }
}

// Of one page that was refused: a zone that could have given it by the numbers of the report, which
// is printed a little later. nullptr: none, or the request was bound to a node that is not printed.
const memory::ZoneState* zone_that_serves(const Event& event) {
  const auto& request = event.evidence.request;
  if (event.report.kind != Kind::page_allocation_failure || request.order != 0 ||
      !request.flags_known || request.flags.has(kernel::GfpFlag::thisnode)) {
    return nullptr;
  }
  const auto& zones = event.evidence.zones;
  const auto zone = std::ranges::find_if(zones, [](const memory::ZoneState& each) {
    return each.eligible && each.reserve_known && each.passes() && !each.is_short();
  });
  return zone == zones.end() ? nullptr : &*zone;
}

// Where an account is there, and no cause.
Message no_proof_of(const memory::Account& account) {
  using What = memory::AccountLine::What;
  const auto most = [&](Bytes size) { return share(size, account.total) >= most_of_ram; };
  const Bytes processes = account.size(What::anon) + account.size(What::unevictable_other);
  if (most(processes)) {
    return Message("Processes held {} ({} of RAM); what would prove that they are why is missing.",
                   human(processes), percent(share(processes, account.total)));
  }
  if (const Bytes free = account.size(What::free); most(free)) {
    return Message(
        "{} ({} of RAM) were free; what kept them from the request is not in these "
        "lines.",
        human(free), percent(share(free, account.total)));
  }
  return Message("No single use of RAM explains it.");
}

// The victim that held most, and what the kernel's score tells of it.
void add_biggest(std::vector<Message>& out, const Event& event) {
  const auto& victims = event.report.victims;
  const auto score = memory::printed_score(event.evidence);
  const auto biggest = std::ranges::max_element(victims, {}, &report::Victim::resident);
  const auto size = biggest == victims.end() ? std::nullopt : size_of(*biggest, event.evidence);
  if (size && size->count() > 0) {
    const std::string who = process(biggest->comm, biggest->pid);
    const std::string held = human(*size);
    if (biggest->page_tables() > biggest->resident()) {
      add(out, Message("{} was killed and held {}, and {} of page tables.", who, held,
                       human(to_bytes(biggest->page_tables()))));
    } else {
      add(out, Message("{} was killed and held {}.", who, held));
    }
  } else if (score) {
    add(out, Message("{} was killed.", process(score->victim->comm, score->victim->pid)));
  }
  if (!score || (biggest->resident().count() > 0 && &*biggest != score->victim)) {
    return;
  }
  const std::string all = score->at_least
                              ? tr("RAM and swap together (at least {})", human(*score->at_least))
                              : tr("RAM and swap together");
  const std::string part = tr("{} of {}", percent(score->share), all);
  const auto points = *score->victim->score;
  out.push_back(
      score->adj_known
          ? Message("By its score of {} it held {}.", points, part)
          : Message("By its score of {} it held {}, if its oom_score_adj was 0.", points, part));
}

// Free memory is no proof: it may have been out of reach of the request. But it is what a reader
// would not expect.
void add_free(std::vector<Message>& out, const Event& event) {
  constexpr double remarkable = 0.1;
  const auto& evidence = event.evidence;
  if (event.report.kind == Kind::memcg_oom_kill || !evidence.ram || !evidence.zones_complete ||
      evidence.zones.empty() || (is_known_global(evidence) && free_in_spite(evidence))) {
    return;
  }
  Bytes free;
  for (const memory::ZoneState& zone : evidence.zones) {
    free += to_bytes(zone.free, evidence.page);
  }
  if (share(free, *evidence.ram) >= remarkable) {
    add(out,
        Message("{} ({} of RAM) were free.", human(free), percent(share(free, *evidence.ram))));
  }
}

// "a", "a or b", "a, b or c"; of all of them "and".
std::string listed(const std::vector<std::string>& names, bool all) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text = i == 0                 ? names[i]
           : i + 1 < names.size() ? tr("{}, {}", text, names[i])
           : all                  ? tr("{} and {}", text, names[i])
                                  : tr("{} or {}", text, names[i]);
  }
  return text;
}

Message may_have_been(const std::vector<Candidate>& candidates) {
  std::vector<std::string> causes;
  std::vector<std::string> lines;  // one that is not open itself has none
  for (const Candidate& candidate : candidates) {
    causes.emplace_back(candidate.cause);
    const std::string line = candidate.decides.str();
    if (!line.empty() && std::ranges::find(lines, line) == lines.end()) {
      lines.push_back(line);
    }
  }
  return Message("It may have been {}: {} would tell.", listed(causes, false), listed(lines, true));
}

}  // namespace

std::vector<Message> partial_answer(const Event& event) {
  const Report& report = event.report;
  std::vector<Message> out;
  switch (report.kind) {
    case Kind::page_allocation_failure:
      add_failure(out, event);
      break;
    case Kind::fork_rejected:
      add(out, Message("A fork was rejected by the limit of a cgroup (pids.max)."));
      break;
    case Kind::overcommit_refused:
      add(out, Message("The kernel refused to promise more memory (overcommit)."));
      break;
    case Kind::userspace_kill:
      add_userspace(out, report);
      break;
    case Kind::oom_kill:
    case Kind::memcg_oom_kill:
    case Kind::oom_panic:
      out.push_back(where(event));
      break;
    default:
      add_limit(out, event);
  }
  add_biggest(out, event);
  add_free(out, event);
  if (const auto& evidence = event.evidence; is_swap_full(evidence)) {
    add(out, Message("Swap was full ({} of {} were free).", kb(*evidence.swap_free),
                     human(*evidence.swap_total)));
  }
  if (const auto& account = event.evidence.account) {
    const Bytes uncounted = account->size(memory::AccountLine::What::unaccounted);
    if (account->hugepages_known && share(uncounted, account->total) >= most_of_ram) {
      add(out, Message("{} ({} of RAM) are in no counter: the kernel's own.", human(uncounted),
                       percent(share(uncounted, account->total))));
    }
  }
  if (!event.candidates.empty()) {
    out.push_back(may_have_been(event.candidates));
  } else if (const memory::ZoneState* zone = zone_that_serves(event)) {
    const PageSize page = event.evidence.page;
    add(out,
        Message("Until the report was printed the shortage was over: zone {} had {} free, and "
                "{} must stay.",
                zone->name, kb(to_bytes(zone->usable(), page)), kb(to_bytes(zone->floor, page))));
  } else if (report.kind != Kind::memcg_oom_kill && is_known_global(event.evidence)) {
    if (event.evidence.account) {
      add(out, no_proof_of(*event.evidence.account));
    } else {
      add(out, Message("What filled it, or kept it out of reach, is not in these lines."));
    }
  }
  return out;
}

}  // namespace whyoom::diagnose
