#include "memory/impossible.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/language.h"
#include "kernel/release.h"
#include "memory/agree.h"

namespace whyoom::memory {

namespace {

using kernel::Field;
using report::Report;

class Impossible {
 public:
  Impossible(Report& report, PageSize page) : report_(report), page_(page) {}

  bool run() {
    check_hugepages();
    check_swap();
    check_order();
    check_shared();
    check_scope();
    return found_;
  }

 private:
  void note(Place at, std::string what) {
    found_ = true;
    report_.damage.push_back({at.line, std::move(what)});
  }
  void contradicts(Place at, const std::string& what) {
    note(at, tr("{} contradicts other numbers of the report", what));
  }

  void check_hugepages();
  void check_swap();
  void check_order();
  void check_shared();
  void check_scope();
  [[nodiscard]] bool is_since_3_9() const;

  Report& report_;
  PageSize page_;
  bool found_ = false;
};

// A huge page is a power of two of pages (include/linux/hugetlb.h huge_page_size()).
void Impossible::check_hugepages() {
  const auto size_is_wrong = [this](const report::Hugepages& pool) {
    return !std::has_single_bit(to_bytes(pool.size).count()) ||
           to_bytes(pool.size).count() <= page_.bytes;
  };
  const auto wrong = [&](const report::Hugepages& pool) {
    return pool.free > pool.total || pool.surplus > pool.total || size_is_wrong(pool);
  };
  for (const auto& pool : report_.hugepages) {
    if (!wrong(pool)) {
      continue;
    }
    if (size_is_wrong(pool)) {
      contradicts(pool.at, "hugepages_size");
    } else {
      note(pool.at, tr("more huge pages are free than there are"));
    }
    if (pool.total > 0 && !report_.hugepages_cut) {
      report_.hugepages_cut = pool.at;
    }
  }
  std::erase_if(report_.hugepages, wrong);
}

void Impossible::check_swap() {
  auto& tail = report_.tail;
  if (tail.free_swap_kib && tail.total_swap_kib &&
      tail.free_swap_kib->value > tail.total_swap_kib->value) {
    contradicts(tail.free_swap_kib->at, tr("free swap"));
    contradicts(tail.total_swap_kib->at, tr("total swap"));
    tail.free_swap_kib.reset();
    tail.total_swap_kib.reset();
  }
}

// A costly order never calls the OOM killer (mm/page_alloc.c __alloc_pages_may_oom()), and one
// above the largest block is refused without a report
// (__alloc_pages(), MAX_ORDER).
void Impossible::check_order() {
  auto& trigger = report_.trigger;
  if (!trigger || !trigger->order) {
    return;
  }
  const int order = *trigger->order;
  const bool is_too_large = std::ranges::any_of(report_.zones, [order](const report::Zone& zone) {
    return zone.buddy_total_kib && !zone.buddy.empty() && order > zone.buddy.back().order;
  });
  // The last attempt is for the smallest slab, the one before for the usual one.
  const auto& slub = report_.slub;
  const bool is_no_slab = slub && slub->default_order && slub->min_order &&
                          order != *slub->default_order && order != *slub->min_order;
  if (order > kernel::costly_order && report_.kind == report::Kind::oom_kill) {
    note(trigger->at, tr("a request of this order does not call the OOM killer"));
  } else if (is_too_large || is_no_slab) {
    contradicts(trigger->at, "order");
  } else {
    return;
  }
  trigger->order.reset();
}

// A page that a process has in several places counts for each of them (mm/memory.c
// set_pte_range()): ZGC maps the heap of Java three times. More than that is a wrong number.
void Impossible::check_shared() {
  constexpr std::uint64_t places = 4;
  const auto& shmem = report_.totals.get(Field::shmem);
  if (!shmem) {
    return;
  }
  KiB most;
  for (const report::Victim& victim : report_.victims) {
    most = std::max(most, KiB(victim.shmem_rss_kib.value_or(0)));
  }
  for (const report::Task& task : report_.tasks) {
    most = std::max(most, to_kib(Pages(task.rss_shmem.value_or(0)), page_));
  }
  const KiB all = to_kib(Pages(shmem->value), page_);
  if (is_clearly_more(most, all * places)) {
    contradicts(shmem->at, std::string(kernel::name(Field::shmem)));
    report_.totals.forget(Field::shmem);
  }
}

// Each of these came later.
bool Impossible::is_since_3_9() const {
  const auto release = kernel::parse_release(report::release_of(report_));
  const auto has_shmem = [](const report::Victim& victim) {
    return victim.shmem_rss_kib.has_value();
  };
  return (release && release->at_least(3, 9)) || report_.tail.since_3_9 || report_.constraint ||
         std::ranges::any_of(report_.victims, has_shmem);
}

// From 3.9 on the report of a cgroup has no numbers of the machine (mm/oom_kill.c dump_header(),
// commit 58cf188ed649).
void Impossible::check_scope() {
  const auto& memcg = report_.memcg;
  const bool of_cgroup =
      memcg && (memcg->memory.usage_kib || memcg->memsw.usage_kib || !memcg->stats.empty());
  using Reason = report::Panic::Reason;
  const Reason reason = report_.panic ? report_.panic->reason : Reason::none;
  // A cgroup without a task to kill goes on.
  const bool ends_machine = reason == Reason::deadlocked || reason == Reason::no_killable;
  const bool of_machine = ends_machine || !report_.zones.empty() ||
                          report_.totals.get(Field::free) ||
                          report_.totals.get(Field::active_anon) || report_.tail.ram;
  if (!of_cgroup || !of_machine || report_.mixed_at || !is_since_3_9()) {
    return;
  }
  const Place at{0, report_.first_line};
  note(at, tr("another report was printed at the same time: which line is of which is a guess"));
  report_.mixed_at = at;
}

}  // namespace

bool take_out_impossible(Report& report, PageSize page) { return Impossible(report, page).run(); }

}  // namespace whyoom::memory
