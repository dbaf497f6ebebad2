#include "memory/cross_check.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/language.h"
#include "memory/agree.h"
#include "memory/cma_reserved.h"
#include "memory/impossible.h"
#include "memory/machine.h"
#include "memory/memcg_stat.h"
#include "memory/page_size.h"
#include "memory/sum_of.h"

namespace whyoom::memory {

namespace {

using kernel::Field;
using report::Report;
using report::Zone;

// Each CPU keeps some pages of a cgroup's counters to itself (include/linux/memcontrol.h
// MEMCG_CHARGE_BATCH, 64 pages): in a small cgroup that is a part of it, in a tiny one all.
KiB lag_of(Bytes size, KiB most) {
  constexpr KiB of_four_cpus(4 * 64 * 4);
  return std::clamp(to_kib(size) / 4, of_four_cpus, most);
}

class CrossCheck {
 public:
  CrossCheck(Report& report, PageSize page) : report_(report), page_(page) {}

  void run() {
    found_ = take_out_impossible(report_, page_);
    for (Zone& zone : report_.zones) {
      check_blocks(zone);
      check_marks(zone);
      check_size(zone);
    }
    put_cma_back(report_, page_);
    check_ram();
    put_shmem_in_order();
    for (const Field field :
         {Field::active_anon, Field::inactive_anon, Field::active_file, Field::inactive_file,
          Field::unevictable, Field::shmem, Field::free}) {
      check_counter(field);
    }
    check_sum();
    check_tables();
    if (report_.memcg) {
      check_limit(*report_.memcg);
      check_parts(*report_.memcg);
    }
  }
  [[nodiscard]] bool found() const { return found_; }

 private:
  static std::optional<KiB> kib_of(const Maybe<std::uint64_t>& value) {
    return value ? std::optional(KiB(value->value)) : std::nullopt;
  }
  [[nodiscard]] std::optional<KiB> total(const Maybe<std::uint64_t>& pages) const {
    return pages ? std::optional(to_kib(Pages(pages->value), page_)) : std::nullopt;
  }

  void note(Place at, std::string what) {
    found_ = true;
    report_.damage.push_back({at.line, std::move(what)});
  }
  void forget(report::FieldSet& fields, Field field) {
    if (const auto& value = fields.get(field)) {
      note(value->at,
           tr("{} contradicts other numbers of the report", std::string(kernel::name(field))));
      fields.forget(field);
    }
  }
  void forget(Maybe<std::uint64_t>& value, const char* what) {
    if (value) {
      note(value->at, tr("{} contradicts other numbers of the report", translated(what)));
      value.reset();
    }
  }
  // A zone without its free pages or its min takes part in nothing.
  void lose(Zone& zone) {
    forget(zone.fields, Field::free);
    for (const Field field : {Field::min, Field::low, Field::high}) {
      zone.fields.forget(field);
    }
  }

  void check_blocks(Zone& zone);
  void check_marks(Zone& zone);
  void check_size(Zone& zone);
  void check_ram();
  void put_shmem_in_order();
  void check_counter(Field field);
  void check_sum();
  void check_tables();
  void check_limit(report::Memcg& memcg);
  void check_parts(report::Memcg& memcg);
  void check_lists(report::Memcg& memcg, Bytes lists, Bytes anon, Bytes file);
  void check_usage(report::Memcg& memcg, Bytes pages);

  template <class Parts>
  static std::optional<KiB> sum(const Parts& parts, Field field) {
    const auto all = sum_of(parts, field);
    return all ? std::optional(all->value) : std::nullopt;
  }
  // The printed zones have all RAM, so every node is printed too.
  [[nodiscard]] bool has_all_zones() const {
    const auto present = sum(report_.zones, Field::present);
    const auto ram = total(report_.tail.ram);
    return present && ram && *present >= *ram - *ram / 50 && *present <= *ram + *ram / 50;
  }

  Report& report_;
  PageSize page_;
  bool found_ = false;
};

// The kernel adds up the blocks of a zone itself ("= 15516kB"), a moment after it printed what is
// free in it. Blocks that are isolated, "(I)", are on its lists and not counted as free
// (mm/page_isolation.c): at most all of the sizes that have such a list.
void CrossCheck::check_blocks(Zone& zone) {
  if (!zone.buddy_total_kib || zone.smallest_block_kib == 0) {
    return;
  }
  KiB blocks;
  KiB isolated;
  for (const report::BuddyBlock& block : zone.buddy) {
    const KiB size = block.order > 30 ? KiB()
                                      : KiB(zone.smallest_block_kib) *
                                            (block.count << static_cast<unsigned>(block.order));
    blocks = blocks + size;
    isolated = isolated + (block.types.find('I') == std::string::npos ? KiB() : size);
  }
  const auto free = kib_of(zone.fields.get(Field::free));
  const KiB counted = free ? std::clamp(*free, blocks - isolated, blocks) : blocks;
  if (blocks != KiB(zone.buddy_total_kib->value)) {
    const bool blocks_are_right = free && agree(*free, counted);
    forget(zone.buddy_total_kib, "the sum of free blocks");
    if (!blocks_are_right) {
      zone.buddy.clear();
    }
    return;
  }
  // A small zone does not change by much.
  const auto size = kib_of(zone.fields.get(Field::present));
  const KiB most = size ? std::min(most_drift, *size / 8) : most_drift;
  if (free && !agree(*free, counted, most)) {
    lose(zone);
  }
}

// low - min and high - low are the same (mm/page_alloc.c __setup_per_zone_wmarks()), but for
// kernels with extra_free_kbytes, where high - low is still min / 4.
void CrossCheck::check_marks(Zone& zone) {
  const auto min = kib_of(zone.fields.get(Field::min));
  const auto low = kib_of(zone.fields.get(Field::low));
  const auto high = kib_of(zone.fields.get(Field::high));
  if (!min || !low || !high) {
    return;
  }
  const KiB first = *low - *min;
  const KiB second = *high - *low;
  const KiB rounding = to_kib(Pages(4), page_);
  const auto near = [rounding](KiB a, KiB b) {
    return std::max(a, b) - std::min(a, b) <= std::max(rounding, std::max(a, b) / 8);
  };
  // A gap is never less than a quarter of the min without its boost.
  const auto boost = kib_of(zone.fields.get(Field::boost));
  const bool boost_is_wrong = boost && (*boost > *min || *min - *boost > first * 4 + rounding * 4);
  if (boost_is_wrong || *min > *low || *low > *high ||
      (!near(first, second) && !near(second, *min / 4))) {
    lose(zone);
  }
}

void CrossCheck::check_size(Zone& zone) {
  // A reserve is summed up over the zones above. It can be less for the last class, which need not
  // have a zone, and never in between.
  auto& reserve = zone.lowmem_reserve;
  for (std::size_t i = 1; i + 1 < reserve.size(); ++i) {
    if (reserve[i] < reserve[i - 1] && reserve[i] < reserve[i + 1]) {
      note(zone.lowmem_reserve_at, tr("lowmem_reserve[] goes down and up again"));
      reserve.clear();
    }
  }
  const auto managed = kib_of(zone.fields.get(Field::managed));
  const auto present = kib_of(zone.fields.get(Field::present));
  const auto free = kib_of(zone.fields.get(Field::free));
  if (managed && present && *managed > *present) {
    forget(zone.fields, Field::managed);
    forget(zone.fields, Field::present);
  } else if (managed && free &&
             is_clearly_more(*free, *managed, std::min(most_drift, *managed / 8))) {
    // The blocks agree with what is free, or it would be gone.
    zone.buddy_total_kib ? forget(zone.fields, Field::managed) : lose(zone);
  }
}

// RAM is what all zones have; what is reserved of it is what they do not manage
// (mm/show_mem.c show_mem()).
void CrossCheck::check_ram() {
  const auto ram = total(report_.tail.ram);
  // The zones that were printed are a part of it.
  const Bytes zones =
      std::max(in_parts(report_, Field::present), in_parts(report_, Field::managed));
  if (ram && is_clearly_more(to_kib(zones), *ram)) {
    forget(report_.tail.ram, "\"pages RAM\"");
    return;
  }
  const auto present = sum(report_.zones, Field::present);
  if (!ram || !present) {
    return;
  }
  const auto reserved = total(report_.tail.reserved);
  const auto managed = sum(report_.zones, Field::managed);
  const auto exact = [](KiB a, KiB b) {
    return std::max(a, b) - std::min(a, b) <= std::max(most_drift, a / 100);
  };
  if (!reserved || !managed || !exact(*ram, *present) || exact(*ram - *reserved, *managed)) {
    return;
  }
  // Either the reserved pages or the zone that lacks most of its pages.
  const auto lacking = std::ranges::max_element(report_.zones, {}, [](const Zone& zone) {
    return KiB(zone.fields.get(Field::present)->value) -
           KiB(zone.fields.get(Field::managed)->value);
  });
  lose(*lacking);
  forget(lacking->fields, Field::managed);
  forget(report_.tail.reserved, "\"pages reserved\"");
}

// From 4.8 (commit 11fb998986a7) until the order was fixed in 2017 (4.12, and stable ones) a
// kernel with transparent huge pages prints shmem under the name of anon_thp, and each of the three
// under the name before its own. Seen by the total; huge pages of shmem are a part of it.
void CrossCheck::put_shmem_in_order() {
  const auto whole = total(report_.totals.get(Field::shmem));
  const auto first = sum(report_.nodes, Field::shmem);
  const auto last = sum(report_.nodes, Field::anon_thp);
  if (!whole || !first || !last || agree(*first, *whole) || !agree(*last, *whole) ||
      *first > *last || !sum(report_.nodes, Field::shmem_thp) ||
      !sum(report_.nodes, Field::shmem_pmdmapped)) {
    return;
  }
  for (auto& node : report_.nodes) {
    const report::FieldSet printed = node.fields;
    const auto take = [&](Field to, Field from) {
      node.fields.set(to, printed.get(from)->value, printed.get(from)->at);
    };
    take(Field::shmem, Field::anon_thp);
    take(Field::shmem_thp, Field::shmem);
    take(Field::shmem_pmdmapped, Field::shmem_thp);
    take(Field::anon_thp, Field::shmem_pmdmapped);
  }
}

void CrossCheck::check_counter(Field field) {
  const auto whole = total(report_.totals.get(field));
  const auto nodes = sum(report_.nodes, field);
  const auto zones = sum(report_.zones, field);
  const bool all = has_all_zones();
  // A part can be more than the whole only when one of them is wrong; less, when another part is
  // not printed.
  const auto contradict = [all](const std::optional<KiB>& part, const std::optional<KiB>& sum) {
    return part && sum && !agree(*part, *sum) && (all || *part > *sum);
  };
  const bool of_nodes = contradict(nodes, whole);
  const bool of_zones = contradict(zones, whole);
  const bool between = contradict(zones, nodes);
  const bool none_agrees = of_nodes && of_zones && between;
  if (none_agrees || ((of_nodes || of_zones) && !between)) {
    forget(report_.totals, field);
  }
  if (none_agrees || (between && !of_zones) || (of_nodes && !zones)) {
    std::ranges::for_each(report_.nodes, [&](auto& node) { forget(node.fields, field); });
  }
  if (none_agrees || (between && !of_nodes)) {
    std::ranges::for_each(report_.zones, [&](auto& zone) { forget(zone.fields, field); });
  }
}

// No counter is more than RAM, nor are those together that count no page twice.
void CrossCheck::check_sum() {
  const auto ram = total(report_.tail.ram);
  const KiB counted = to_kib(counted_pages(report_), page_) +
                      total(report_.totals.get(Field::pagetables)).value_or(KiB(0));
  // The counters are of what the kernel manages.
  const auto managed =
      ram ? std::optional(*ram - total(report_.tail.reserved).value_or(KiB(0))) : std::nullopt;
  const auto too_much = [&managed](KiB sum) { return managed && is_clearly_more(sum, *managed); };
  KiB pools;
  for (const auto& pool : report_.hugepages) {
    pools += pool.size * pool.total;
  }
  if (too_much(counted + pools)) {
    note(report_.tail.ram->at, tr("the counters of memory add up to more than RAM"));
    // Which pools there are is not known then: the others were not alone with their number.
    if (pools > KiB(0) && !too_much(counted)) {
      report_.hugepages_cut = report_.hugepages.front().at;
      report_.hugepages.clear();
    }
  }
  for (std::size_t i = 0; ram && i < static_cast<std::size_t>(Field::count_); ++i) {
    const auto field = static_cast<Field>(i);
    const auto counter = total(report_.totals.get(field));
    if (counter && is_clearly_more(*counter, *ram)) {
      forget(report_.totals, field);
    }
  }
}

// What the rows of a table add up to is in the counter too. Processes that share an address space
// stand in two rows.
void CrossCheck::check_tables() {
  KiB slab;
  for (const report::SlabRow& row : report_.slab) {
    slab += KiB(row.total_kib);
  }
  const auto counted = total(report_.totals.get(Field::slab_unreclaimable));
  if (counted && is_clearly_more(slab, *counted)) {
    forget(report_.totals, Field::slab_unreclaimable);
  }
  Bytes tables;
  for (const report::Task& task : report_.tasks) {
    tables += Bytes(task.pgtables_bytes.value_or(0));
  }
  const auto page_tables = total(report_.totals.get(Field::pagetables));
  if (page_tables && to_kib(tables) > *page_tables * 2 + most_drift) {
    forget(report_.totals, Field::pagetables);
  }
}

// A charge that does not fit is refused, so usage is never above the limit; and unless another
// counter was full, it is not far below.
void CrossCheck::check_limit(report::Memcg& memcg) {
  const auto full = [](const report::MemcgCounter& counter) {
    return counter.usage_kib && counter.limit_kib &&
           KiB(counter.usage_kib->value) * 10 >= KiB(counter.limit_kib->value) * 9;
  };
  auto& memory = memcg.memory;
  // What memory counts is in memory+swap too, and no kernel sets its limit below that of memory.
  // With version 2 it is printed to 5.3, has no limit and means nothing.
  auto& both = memcg.memsw;
  const auto below = [](const Maybe<std::uint64_t>& value, const Maybe<std::uint64_t>& least) {
    return value && least && is_clearly_more(KiB(least->value), KiB(value->value));
  };
  if (limit_of(both.limit_kib) &&
      (below(both.usage_kib, memory.usage_kib) || below(both.limit_kib, memory.limit_kib))) {
    note(both.limit_kib->at, tr("{} contradicts other numbers of the report", "memory+swap"));
    both = {};
  }
  if (!memory.usage_kib || !limit_of(memory.limit_kib)) {
    return;
  }
  const KiB usage(memory.usage_kib->value);
  const KiB limit(memory.limit_kib->value);
  const bool above = is_clearly_more(usage, limit);
  if (above || (!full(memory) && !full(memcg.memsw) && !full(memcg.kmem))) {
    forget(memory.usage_kib, "the cgroup's usage");
    memory.limit_kib.reset();
  }
}

// All of it together is what the cgroup uses.
void CrossCheck::check_usage(report::Memcg& memcg, Bytes pages) {
  if (!memcg.memory.usage_kib) {
    return;
  }
  const auto size = [&memcg](std::string_view name) {
    const auto found = memcg_stat(memcg, {name});
    return found ? to_kib(found->value) : KiB(0);
  };
  // `kernel` has these in it; before 5.18 each is printed. Sockets are counted apart.
  KiB parts;
  for (const char* part : {"slab", "kernel_stack", "pagetables", "percpu", "vmalloc"}) {
    parts += size(part);
  }
  const KiB whole = size("kernel");
  if (memcg_stat(memcg, {"kernel"}) && is_clearly_more(parts, whole)) {
    note(memcg.stats.front().at,
         tr("the parts of the cgroup's kernel memory are more than all of it"));
    std::erase_if(memcg.stats, [](const auto& stat) { return stat.name == "kernel"; });
  }
  const KiB charged(memcg.kmem.usage_kib ? memcg.kmem.usage_kib->value : 0);
  const KiB usage(memcg.memory.usage_kib->value);
  const KiB all = to_kib(pages) + std::max({charged, parts, whole}) + size("sock");
  // Before 5.18 not all kernel memory is printed.
  if (usage > all && !memcg.kmem.usage_kib && !memcg_stat(memcg, {"kernel"}) &&
      memcg_stat(memcg, {"sock"})) {
    return;
  }
  if (std::max(usage, all) - std::min(usage, all) > usage / 4 + most_drift) {
    note(memcg.memory.usage_kib->at, tr("the parts of the cgroup do not add up to its usage"));
  }
}

// Shared memory is what is on the lists of anonymous memory and is none; it is counted as file.
// With a wrong number among these nobody knows how much it is.
void CrossCheck::check_lists(report::Memcg& memcg, Bytes lists, Bytes anon, Bytes file) {
  const KiB shared = to_kib(lists - anon);
  if (!is_clearly_more(shared, to_kib(file), lag_of(lists, most_drift))) {
    return;
  }
  note(memcg.stats.front().at, tr("the cgroup's lists of anonymous memory contradict its parts"));
  std::erase_if(memcg.stats, [](const report::MemcgStat& stat) {
    return stat.name.ends_with("active_anon");  // and of inactive ones, and of all below
  });
}

// Shared memory lies on the lists of anonymous memory and is counted as file pages
// (mm/memcontrol.c memory_stat_format()): it stands in both sums, and a wrong one breaks both.
void CrossCheck::check_parts(report::Memcg& memcg) {
  const auto size = [&memcg](std::initializer_list<std::string_view> names) {
    const auto found = memcg_stat(memcg, names);
    return found ? std::optional(found->value) : std::nullopt;
  };
  // v1 prints the cgroup alone first, and with those below it as total_*.
  const auto anon = memcg_anon(memcg);
  const auto file = size({"file", "total_cache", "cache"});
  const auto shmem = size({"total_shmem", "shmem"});
  const auto active_anon = size({"total_active_anon", "active_anon"});
  const auto inactive_anon = size({"total_inactive_anon", "inactive_anon"});
  const auto active_file = size({"total_active_file", "active_file"});
  const auto inactive_file = size({"total_inactive_file", "inactive_file"});
  const auto unevictable = size({"total_unevictable", "unevictable"});
  if (!anon || !file) {
    return;
  }
  check_usage(memcg, anon->value + *file);
  if (!shmem && active_anon && inactive_anon) {
    check_lists(memcg, *active_anon + *inactive_anon, anon->value, *file);
  }
  if (!shmem || !active_anon || !inactive_anon || !active_file || !inactive_file || !unevictable) {
    return;
  }
  // v1 counts pages of the swap cache as cache that lie on the lists of anonymous memory.
  const Bytes of_all = (anon->value + *file) / 50;
  const Bytes least = to_bytes(lag_of(anon->value + *file, KiB(4096)));
  const auto near = [of_all, least](Bytes a, Bytes b) {
    return std::max(a, b) - std::min(a, b) <= std::max({least, of_all, std::max(a, b) / 10});
  };
  const bool on_anon_lists =
      near(*active_anon + *inactive_anon + *unevictable, anon->value + *shmem);
  const bool as_file = near(*active_file + *inactive_file + *shmem, *file);
  const auto drop = [&](std::initializer_list<std::string_view> names) {
    if (!memcg.children.empty()) {  // it can be in any of the sets
      return note(memcg.stats.front().at, tr("the parts of the cgroup contradict each other"));
    }
    std::erase_if(memcg.stats, [&](const report::MemcgStat& stat) {
      const bool wrong = std::ranges::find(names, stat.name) != names.end();
      if (wrong) {
        note(stat.at, tr("{} contradicts other numbers of the cgroup", stat.name));
      }
      return wrong;
    });
  };
  if (!on_anon_lists && !as_file) {
    drop({"total_shmem", "shmem"});
  } else if (!on_anon_lists) {
    drop({"anon", "total_rss", "rss", "total_active_anon", "active_anon", "total_inactive_anon",
          "inactive_anon"});
  } else if (!as_file) {
    drop({"file", "total_cache", "cache", "total_active_file", "active_file", "total_inactive_file",
          "inactive_file"});
  }
}

}  // namespace

bool cross_check(Report& report) {
  // Without a page size there is nothing in pages that could be compared with kB.
  const auto page = find_page_size(report);
  if (!page && !report.memcg) {
    return false;
  }
  CrossCheck check(report, page.value_or(PageSize{}));
  check.run();
  return check.found();
}

}  // namespace whyoom::memory
