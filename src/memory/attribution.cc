#include "memory/attribution.h"

#include <algorithm>
#include <compare>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "memory/evidence.h"
#include "memory/thread_groups.h"

namespace whyoom::memory {

namespace {

using What = AccountLine::What;
using kernel::Field;

constexpr int never_killed = -1000;  // oom_score_adj

// The most that processes together can hold, by the counters of the machine or of the cgroup.
struct Room {
  std::optional<Bytes> own;     // without files and shared memory
  std::optional<Bytes> mapped;  // of files and shared memory
};

Room room_of(const Evidence& evidence) {
  const report::Report& report = *evidence.report;
  if (evidence.constraint == report::ConstraintKind::memcg) {
    // The tasks are those of the cgroup. Pages of files can be charged to another one; few are.
    if (report.memcg && report.memcg->memory.usage_kib) {
      return {to_bytes(KiB(report.memcg->memory.usage_kib->value)), Bytes(0)};
    }
    return {};
  }
  if (!evidence.account) {
    return {};
  }
  const Account& account = *evidence.account;
  Room room;
  // Locked pages are on the unevictable list.
  room.own = account.size(What::anon) + account.size(What::unevictable_other);
  const auto& mapped = report.totals.get(Field::mapped);  // files and shmem in page tables
  room.mapped = mapped ? to_bytes(Pages(mapped->value), evidence.page)
                       : account.size(What::file) + account.size(What::shmem);
  return room;
}

bool has_kinds(const report::Task& task) {
  return task.rss_anon && task.rss_file && task.rss_shmem;
}

// rss without what others may map as well, where the table tells it apart.
Bytes own_rss(const report::Task& task, PageSize page) {
  const Pages own =
      task.rss_anon ? Pages(*task.rss_anon) : Pages(task.rss) - Pages(task.rss_shmem.value_or(0));
  return to_bytes(own, page);
}

// What the process has alone, at least.
Bytes surely_own(const report::Task& task, PageSize page, Bytes mapped) {
  return task.rss_anon ? to_bytes(Pages(*task.rss_anon), page)
                       : to_bytes(Pages(task.rss), page) - mapped;
}

struct Row {
  TaskUse use;
  bool copy = false;  // its memory is that of another row
};

// One row for each thread group; the one of a victim if there is one.
std::vector<Row> thread_groups(const Evidence& evidence) {
  const auto& tasks = evidence.report->tasks;
  std::unordered_set<std::int64_t> victims;
  for (const report::Victim& victim : evidence.report->victims) {
    victims.insert(victim.pid);
  }
  const std::vector<std::uint32_t> first = first_rows(tasks);
  std::vector<Row> rows;
  rows.reserve(tasks.size());
  std::vector<std::size_t> row_of(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    row_of[i] = first[i] == i ? rows.size() : row_of[first[i]];
    if (first[i] == i) {
      rows.push_back({task_use(tasks[i], evidence.page), false});
    } else if (victims.contains(tasks[i].pid)) {
      rows[row_of[i]].use = task_use(tasks[i], evidence.page);
    }
  }
  return rows;
}

// All of a row but its pid: the same for processes that share one address space. vfork keeps the
// name, and exec ends the sharing.
auto numbers(const report::Task& task) {
  return std::tuple(std::string_view(task.comm), task.uid, task.total_vm, task.rss, task.rss_anon,
                    task.rss_file, task.rss_shmem, task.swapents, task.pgtables_bytes,
                    task.page_table_pages);
}

// Workers that do the same can have the same numbers by chance. So rows are taken for one address
// space only when together they hold more than there is, and the surplus is what the rows have too
// much: forks that share a part of their pages leave a smaller one.
void mark_shared_spaces(std::vector<Row>& rows, const Evidence& evidence, const Room& room) {
  if (!room.own || !room.mapped) {
    return;
  }
  Bytes sum;
  for (const Row& row : rows) {
    sum += surely_own(*row.use.task, evidence.page, *room.mapped);
  }
  Bytes surplus = sum - *room.own;
  constexpr std::uint64_t smallest_pages = 256;  // less does not change any answer
  const Bytes smallest = to_bytes(Pages(smallest_pages), evidence.page);
  if (surplus < smallest) {
    return;
  }
  std::map<decltype(numbers(*rows.front().use.task)), std::vector<Row*>> same;
  for (Row& row : rows) {
    if (surely_own(*row.use.task, evidence.page, *room.mapped) >= smallest) {
      same[numbers(*row.use.task)].push_back(&row);
    }
  }
  std::vector<std::pair<Bytes, std::vector<Row*>*>> groups;
  for (auto& [key, members] : same) {
    const Bytes each = surely_own(*members.front()->use.task, evidence.page, *room.mapped);
    if (members.size() > 1) {
      groups.emplace_back(each * (members.size() - 1), &members);
    }
  }
  std::ranges::stable_sort(groups, std::ranges::greater{},
                           &std::pair<Bytes, std::vector<Row*>*>::first);
  for (auto& [copies, members] : groups) {
    if (surplus < copies / 10 * 9) {
      continue;
    }
    surplus -= copies;
    for (auto member = members->begin() + 1; member != members->end(); ++member) {
      (*member)->copy = true;
    }
  }
}

// Sums of one name while its rows are read.
struct NameSum {
  NameUse use;
  Bytes all, tables;  // rss of each; page tables
  Bytes file, shmem;  // of the one that has most
  Bytes largest;      // rss and page tables of one
  std::uint32_t spaces = 0;
  bool kinds = true;
};

void add(NameSum& sum, const Row& row, PageSize page) {
  const report::Task& task = *row.use.task;
  if (sum.use.count == 0) {
    sum.use.comm = task.comm;
    sum.use.first_at = {0, task.line};
  }
  ++sum.use.count;
  if (row.copy) {
    return;
  }
  ++sum.spaces;
  const Bytes tables = row.use.page_tables.value_or(Bytes(0));
  const Bytes own = own_rss(task, page);
  sum.use.own += own;
  sum.use.largest_own = std::max(sum.use.largest_own, own + tables);
  sum.all += row.use.rss;
  sum.tables += tables;
  sum.file = std::max(sum.file, to_bytes(Pages(task.rss_file.value_or(0)), page));
  sum.shmem = std::max(sum.shmem, to_bytes(Pages(task.rss_shmem.value_or(0)), page));
  sum.largest = std::max(sum.largest, row.use.memory());
  sum.kinds = sum.kinds && has_kinds(task);
}

NameUse finished(NameSum& sum, const Room& room) {
  NameUse use = sum.use;
  Bytes rss = sum.kinds ? use.own + sum.file + sum.shmem : sum.all;
  use.at_most = sum.spaces > 1 && !sum.kinds;
  if (sum.spaces > 1 && room.own && room.mapped && rss > *room.own + *room.mapped) {
    rss = *room.own + *room.mapped;
    use.at_most = true;
  }
  use.memory = std::max(rss + sum.tables, sum.largest);
  if (room.own) {
    use.own = std::min(use.own, *room.own);
  }
  use.own += sum.tables;
  use.largest_own = std::min(use.largest_own, use.own);
  return use;
}

std::vector<NameUse> names_of(const std::vector<Row>& rows, PageSize page, const Room& room) {
  std::unordered_map<std::string_view, NameSum> sums;
  std::vector<NameUse> names;
  NameSum* last = nullptr;  // workers stand side by side
  for (const Row& row : rows) {
    const std::string_view comm = row.use.task->comm;
    if (comm.empty()) {  // cut off, so it may be any other's
      NameSum own;
      add(own, row, page);
      names.push_back(finished(own, room));
    } else {
      last = last != nullptr && last->use.comm == comm ? last : &sums[comm];
      add(*last, row, page);
    }
  }
  names.reserve(names.size() + sums.size());
  for (auto& [comm, sum] : sums) {
    names.push_back(finished(sum, room));
  }
  std::ranges::sort(names, [](const NameUse& a, const NameUse& b) {
    return std::tuple(b.memory, a.first_at.line, a.comm) <
           std::tuple(a.memory, b.first_at.line, b.comm);
  });
  return names;
}

// Less: a comes first.
std::strong_ordering compare(const TaskUse& a, const TaskUse& b, TaskOrder order) {
  switch (order) {
    case TaskOrder::size:
      return b.total() <=> a.total();
    case TaskOrder::rss:
      return b.rss <=> a.rss;
    case TaskOrder::swap:
      return b.swap <=> a.swap;
    case TaskOrder::page_tables:
      return b.page_tables <=> a.page_tables;
    case TaskOrder::adj:
      return b.task->oom_score_adj <=> a.task->oom_score_adj;
    case TaskOrder::pid:
      return a.task->pid <=> b.task->pid;
    case TaskOrder::name:
      return a.task->comm <=> b.task->comm;
  }
  return std::strong_ordering::equal;
}

std::vector<TaskUse> first_of(const std::vector<Row>& rows, TaskOrder order, std::size_t most) {
  std::vector<const TaskUse*> all;
  all.reserve(rows.size());
  for (const Row& row : rows) {
    if (!row.copy) {
      all.push_back(&row.use);
    }
  }
  const std::size_t kept = std::min(most, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(kept),
                            [order](const TaskUse* a, const TaskUse* b) {
                              const auto by = compare(*a, *b, order);
                              return by == 0 ? a->task->line < b->task->line : by < 0;
                            });
  std::vector<TaskUse> first;
  first.reserve(kept);
  for (std::size_t i = 0; i < kept; ++i) {
    first.push_back(*all[i]);
  }
  return first;
}

std::vector<Row> rows_of(const Evidence& evidence, const Room& room) {
  std::vector<Row> rows = thread_groups(evidence);
  if (!rows.empty()) {
    mark_shared_spaces(rows, evidence, room);
  }
  return rows;
}

void add_totals(Attribution& result, const std::vector<Row>& rows, const Evidence& evidence) {
  const auto keep_bigger = [](std::optional<TaskUse>& best, const TaskUse& use) {
    if (!best || use.memory() > best->memory()) {
      best = use;
    }
  };
  for (const Row& row : rows) {
    const TaskUse& use = row.use;
    keep_bigger(result.biggest, use);
    if (use.page_tables &&
        (!result.most_page_tables || *use.page_tables > *result.most_page_tables->page_tables)) {
      result.most_page_tables = use;
    }
    if (use.task->oom_score_adj <= never_killed) {
      keep_bigger(result.unkillable, use);
    }
    if (row.copy) {
      continue;
    }
    ++result.processes;
    if (use.swap) {
      result.swap = result.swap.value_or(Bytes(0)) + *use.swap;
    }
    if (use.page_tables) {
      result.page_tables = result.page_tables.value_or(Bytes(0)) + *use.page_tables;
    }
  }
  // A page in swap is counted by each process of a fork.
  if (result.swap && evidence.swap_total && evidence.swap_free) {
    result.swap = std::min(*result.swap, *evidence.swap_total - *evidence.swap_free);
  }
}

std::optional<CgroupShare> share_of(std::string_view path) {
  return path.empty()
             ? std::nullopt
             : std::optional(CgroupShare{printable(path), cgroup_owner(path), std::string(path)});
}

// The constraint line names both; before 5.0 lines of their own do.
void add_cgroups(Attribution& result, const report::Report& report) {
  std::string_view limit = report.constraint ? report.constraint->oom_memcg : std::string_view();
  std::string_view victim = report.constraint ? report.constraint->task_memcg : std::string_view();
  if (report.memcg) {
    limit = limit.empty() ? report.memcg->limit_path : limit;
    victim = victim.empty() ? report.memcg->task_path : victim;
  }
  result.limit = share_of(limit);
  result.victim = share_of(victim);
}

// The kernel chooses among the processes that it lists; a row has the number of a thread as well.
bool lacks_the_victim(const report::Report& report) {
  return !report.tasks.empty() && !report.victims.empty() && report.victims.front().pid > 0 &&
         std::ranges::none_of(report.tasks,
                              [pid = report.victims.front().pid](const report::Task& task) {
                                return task.pid == pid || task.tgid == pid;
                              });
}

}  // namespace

TaskUse task_use(const report::Task& task, PageSize page) {
  TaskUse use;
  use.task = &task;
  use.rss = to_bytes(Pages(task.rss), page);
  if (task.swapents) {
    use.swap = to_bytes(Pages(*task.swapents), page);
  }
  if (task.pgtables_bytes) {
    use.page_tables = Bytes(*task.pgtables_bytes);
  } else if (task.page_table_pages) {
    use.page_tables = to_bytes(Pages(*task.page_table_pages), page);
  }
  return use;
}

const NameUse* Attribution::biggest_own() const {
  const auto biggest = std::ranges::max_element(
      names, {}, [](const NameUse& use) { return std::pair(use.own, use.comm); });
  return biggest == names.end() ? nullptr : &*biggest;
}

std::vector<TaskUse> first_tasks(const Evidence& evidence, TaskOrder order, std::size_t most) {
  return evidence.report == nullptr ? std::vector<TaskUse>()
                                    : first_of(rows_of(evidence, room_of(evidence)), order, most);
}

Attribution attribute(const Evidence& evidence) {
  Attribution result;
  if (evidence.report == nullptr) {
    return result;
  }
  const Room room = room_of(evidence);
  const std::vector<Row> rows = rows_of(evidence, room);
  add_totals(result, rows, evidence);
  result.table_cut = lacks_the_victim(*evidence.report);
  if (result.table_cut) {
    result.biggest.reset();
  }
  result.top = first_of(rows, TaskOrder::size, Attribution::most_top);
  result.names = names_of(rows, evidence.page, room);
  add_cgroups(result, *evidence.report);
  return result;
}

}  // namespace whyoom::memory
