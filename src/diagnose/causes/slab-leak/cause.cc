#include <algorithm>
#include <string_view>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/share.h"
#include "memory/slub_use.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

const report::SlabRow* biggest_cache(const report::Report& report) {
  const auto biggest = std::ranges::max_element(report.slab, {}, &report::SlabRow::total_kib);
  return biggest == report.slab.end() ? nullptr : &*biggest;
}

void prove_caches(Claim& claim, const HostContext& context) {
  constexpr std::size_t most_caches = 3;
  std::vector<host::SlabCache> caches = context.facts.host.slab;
  for (std::size_t i = 0; i < most_caches && !caches.empty(); ++i) {
    const auto biggest = std::ranges::max_element(caches, {}, &host::SlabCache::pages);
    claim.prove(Message("the cache {}", printable(biggest->name)),
                to_bytes(biggest->pages, context.state.machine.page), biggest->at);
    caches.erase(biggest);
  }
}

Remedy remedy_for_tasks() {
  return {Message("Find what has so many threads, or does not reap its children (TasksMax)"),
          {ShellCommand("ps -eLo stat,ppid,comm | sort | uniq -c | sort -n | tail")}};
}

Remedy remedy_for(const std::string& cache) {
  if (cache == "task_struct") {
    return remedy_for_tasks();
  }
  return {cache.empty() ? Message("See which cache grows, and what allocates from it")
                        : Message("See what allocates from the cache {}", cache),
          {ShellCommand("sudo slabtop -o -s c | head -15")}};
}

// Created with SLAB_RECLAIM_ACCOUNT: files that were read fill them, and reclaim empties them.
bool may_be_dropped(std::string_view cache) {
  return cache == "dentry" || cache == "buffer_head" || cache == "radix_tree_node" ||
         cache == "ext4_extent_status" || cache.starts_with("kmalloc-rcl-") ||
         cache.ends_with("_inode_cache") || cache.ends_with("_inode") || cache == "inode_cache";
}

constexpr ShareRow row{
    .what = What::slab_unreclaimable,
    .counter = &host::Meminfo::slab_unreclaimable,
    .name = [] { return Message("unreclaimable slab"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("unreclaimable slab memory is {} ({} of RAM)", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message("{} of RAM ({}) are slab memory that the kernel cannot take back.", size,
                         part);
        },
    .prove =
        [](Claim& claim, const Context& context) {
          if (const auto* cache = biggest_cache(context.report)) {
            claim.prove(Message("its biggest cache, {}", printable(cache->name)),
                        to_bytes(KiB(cache->total_kib)), cache->at);
          }
        },
    .prove_on_host = prove_caches,
    .remedy =
        [](const Context* context) {
          const auto* cache = context != nullptr ? biggest_cache(context->report) : nullptr;
          return remedy_for(cache == nullptr ? std::string() : printable(cache->name));
        },
};

// A thread has a stack, and half as much slab (its task_struct, pid, signals). Processes that have
// one thread each are told by their number: many-processes.
std::optional<Claim> judge_row(const Context& context) {
  auto result = judge_share(context, row);
  const memory::Account* account = used_up(context);
  const Bytes stacks = account != nullptr ? account->size(What::kernel_stack) : Bytes();
  if (!result || result->role == Role::ruled_out ||
      stacks < account->size(What::slab_unreclaimable) ||
      stacks / 2 < largest_kernel_stack * context.evidence.attribution.processes) {
    return result;
  }
  const Bytes size = stacks + account->size(What::slab_unreclaimable);
  const double part = share(size, account->total);
  Claim threads =
      claim(role_of_share(part), Rank::used_up, part, result->confidence,
            Message("{} of RAM ({}) are what the kernel keeps for threads: their stacks, and slab "
                    "memory that it cannot take back.",
                    human(size), percent(part)));
  threads.proof = std::move(result->proof);
  threads.prove(Message("kernel stacks"), stacks, account->at(What::kernel_stack));
  threads.remedies.push_back(remedy_for_tasks());
  threads.remedies.back().gives = size;
  return threads;
}

// Slab can lie only where the kernel's own requests go, so it can fill those zones while others
// are free.
std::optional<Claim> fills_the_zones(const Context& context) {
  const auto& evidence = context.evidence;
  const double part = filled_by_slab(context);
  // Where there is HighMem, low memory is what is short: lowmem-exhausted says so.
  const auto& highmem = context.report.tail.highmem_movable;
  if (!is_global_oom(context) || part < 0.5 || !evidence.ram || !evidence.request.flags_known ||
      !evidence.all_eligible_at_high() || !highmem || highmem->value > 0) {
    return std::nullopt;
  }
  const auto& slab = context.report.totals.get(kernel::Field::slab_unreclaimable);
  const Bytes size = to_bytes(Pages(slab->value), evidence.page);
  const auto* cache = biggest_cache(context.report);
  const std::string named =
      cache == nullptr
          ? std::string()
          : tr(", {} of it {}", human(to_bytes(KiB(cache->total_kib))), printable(cache->name));
  Claim result =
      claim(Role::root, Rank::used_up, part, 0.93,
            Message("The zones that this request may use are full of slab memory that the kernel "
                    "cannot take back: {} ({} of them){}.",
                    human(size), percent(part), named));
  result.prove(row.name(), size, slab->at);
  result.prove(Message("the zones that the request may use"), eligible_managed(evidence));
  row.prove(result, context);
  result.remedies.push_back(row.remedy(&context));
  result.remedies.back().gives = size;
  return result;
}

// SLUB had no memory for a new slab, and says what the cache has already. Whether that is much of
// RAM is in lines that it does not print.
std::optional<Claim> grew_too_far(const Context& context) {
  const auto use = memory::slub_use(context.evidence);
  if (context.report.kind != report::Kind::page_allocation_failure || !use ||
      use->at_least < notable_size || use->in_use < use->objects / 2 ||
      !context.report.slub->cgroup.empty() || may_be_dropped(context.report.slub->cache)) {
    return std::nullopt;
  }
  const auto& ram = context.evidence.ram;
  const double part = ram ? share(use->at_least, *ram) : 0;
  if (ram && part < big_share) {
    return std::nullopt;
  }
  const std::string cache = printable(context.report.slub->cache);
  Claim result = claim(
      Role::root, Rank::used_up, part, 0.75,
      ram ? Message("The kernel's cache {} held at least {} ({} of RAM) and was to grow further.",
                    cache, human(use->at_least), percent(part))
          : Message("The kernel's cache {} held at least {} and was to grow further.", cache,
                    human(use->at_least)));
  result.prove(Message("the cache {}, at least", cache), use->at_least, use->at);
  result.prove(Message("its objects in use"), use->in_use, use->at);
  if (ram) {
    weaken(result, Message("the zones"), Message("they had enough free in large blocks"));
  } else {
    leave_open(result, Message("how much RAM there is (\"MemTotal:\" of /proc/meminfo)"));
  }
  result.remedies.push_back(remedy_for(cache));
  result.remedies.back().gives = use->at_least;
  return result;
}

std::optional<Claim> judge(const Context& context) {
  for (const auto& rule : {judge_row, fills_the_zones, grew_too_far}) {
    if (auto result = rule(context)) {
      return result;
    }
  }
  return std::nullopt;
}

// Without the counter (slabtop beside `free`): the caches of which the rows are there.
std::vector<Claim> check_caches(const HostContext& context) {
  const host::Host& host = context.facts.host;
  if (host.meminfo.slab_unreclaimable || !context.state.ram) {
    return {};
  }
  HostShare all{Bytes(0), *context.state.ram, {}, {}};
  for (const host::SlabCache& cache : host.slab) {
    if (!may_be_dropped(cache.name)) {
      all.size += to_bytes(cache.pages, context.state.machine.page);
      all.size_at = all.size_at.line == 0 ? cache.at : all.size_at;
    }
  }
  return all.part() < row.least_on_host ? std::vector<Claim>() : check_share(context, row, all);
}

// A cache of files gives way when memory is needed, so it is counted as available. Where it is most
// of RAM and hardly any is available, it did not.
std::optional<Claim> does_not_give_way(const HostContext& context) {
  constexpr double little = 0.05;  // as memory-near-exhaustion has it
  const memory::HostState& state = context.state;
  const auto& caches = context.facts.host.slab;
  const auto cache = std::ranges::max_element(caches, {}, &host::SlabCache::pages);
  if (cache == caches.end() || !state.ram || !state.available || !may_be_dropped(cache->name)) {
    return std::nullopt;
  }
  const Bytes size = to_bytes(cache->pages, state.machine.page);
  const double part = share(size, *state.ram);
  // What vm.min_free_kbytes keeps back is its own cause.
  const Bytes available =
      std::max(*state.available, state.available_with_default.value_or(Bytes(0)));
  if (part < most_of_ram || part > 1 || share(available, *state.ram) >= little) {
    return std::nullopt;
  }
  const std::string name = printable(cache->name);
  Claim result =
      claim(Role::risk, Rank::used_up, part, 0.8,
            Message("The slab cache {} holds {} ({} of RAM), and only {} are available: the kernel "
                    "empties such a cache when it needs memory, unless what is in it is in use.",
                    name, human(size), percent(part), human(*state.available)));
  result.prove(Message("the cache {}", name), size, cache->at);
  result.prove(Message("MemAvailable"), context.facts.host.meminfo.mem_available);
  result.prove(Message("RAM"), context.facts.host.meminfo.mem_total);
  result.remedy(Message("See whether it gives way"),
                {ShellCommand("echo 2 | sudo tee /proc/sys/vm/drop_caches"),
                 ShellCommand("sudo slabtop -o -s c | head -15")});
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  std::vector<Claim> claims = check_share(context, row);
  const bool is_counted = !claims.empty();
  if (!is_counted) {
    claims = check_caches(context);
  }
  if (claims.empty() || claims.front().role != Role::risk) {
    if (auto claim = does_not_give_way(context)) {
      return {std::move(*claim)};
    }
  }
  if (!is_counted) {
    return claims;
  }
  const host::Host& host = context.facts.host;
  const auto size = [&context](const host::SlabCache& cache) {
    return to_bytes(cache.pages, context.state.machine.page);
  };
  const auto biggest = std::ranges::max_element(host.slab, {}, size);
  for (Claim& claim : claims) {
    if (claim.role == Role::risk && biggest != host.slab.end() && !may_be_dropped(biggest->name) &&
        size(*biggest) >= to_bytes(host.meminfo.slab_unreclaimable->value) / 2) {
      claim.remedies.front().title = remedy_for(printable(biggest->name)).title;
    }
  }
  return claims;
}

}  // namespace

extern const Cause cause_slab_leak{
    "slab-leak", 'B', "the kernel keeps the memory in unreclaimable slabs", judge, check};

}  // namespace whyoom::diagnose::causes
