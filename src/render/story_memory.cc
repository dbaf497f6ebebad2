#include "render/story_memory.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/human.h"
#include "base/language.h"
#include "diagnose/cause.h"
#include "memory/badness.h"
#include "memory/memcg_stat.h"
#include "render/phrase.h"
#include "render/why_victim.h"

namespace whyoom::render {

bool is_used_up(const diagnose::Event& event) {
  const diagnose::Cause* root = diagnose::find_cause(event.root_cause);
  // Section B of the catalogue is memory that was used, huge pages are memory set aside.
  return root != nullptr && event.evidence.account &&
         (root->section == 'B' ||
          event.evidence.account->size(memory::AccountLine::What::hugepages).count() > 0);
}

namespace {

using diagnose::Event;
using memory::AccountLine;
using What = memory::AccountLine::What;

bool is_cgroup_cause(const Event& event) {
  return event.root_cause.starts_with("cgroup-") && event.report.memcg.has_value();
}

// Unaccounted memory is worth a line of its own.
bool much_unaccounted(const memory::Account& account) {
  return share(account.size(What::unaccounted), account.total) > 0.05;
}

// The row of a counter, when it was printed.
void add_counter(Table& table, const std::string& name, const report::MemcgCounter& counter,
                 Sizes sizes) {
  if (!counter.usage_kib) {
    return;
  }
  const Bytes usage = to_bytes(KiB(counter.usage_kib->value));
  const auto& limit = counter.limit_kib;
  if (sizes == Sizes::rounded && usage.count() == 0) {
    return;  // there is little room, and nothing in it
  }
  if (!limit) {
    table.add({{name}, {}, {size_text(usage, sizes)}, {tr("limit not shown"), Paint::dim}});
  } else if (const auto most = memory::limit_of(limit)) {
    table.add({{name},
               {{}, {}, Bar{share(usage, *most), {}}},
               {size_text(usage, sizes)},
               {tr("of {}", size_text(*most, sizes)), Paint::dim}});
  } else {
    table.add({{name}, {}, {size_text(usage, sizes)}, {tr("no limit"), Paint::dim}});
  }
}

// Parts of a cgroup's memory that do not lie inside one another, but for shmem (inside file and
// cache).
std::string_view stat_label(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> labels{{
      {"anon", "anonymous memory"},
      {"rss", "anonymous memory"},
      {"file", "page cache and shared memory"},
      {"cache", "page cache and shared memory"},
      {"shmem", "shared memory and tmpfs in it"},
      {"slab", "slab"},
      {"kernel_stack", "kernel stacks"},
      {"pagetables", "page tables"},
      {"sec_pagetables", "page tables of guests"},
      {"percpu", "per-CPU memory"},
      {"sock", "sockets"},
      {"vmalloc", "vmalloc"},
      {"zswap", "zswap"},
  }};
  const auto found =
      std::ranges::find(labels, name, &std::pair<std::string_view, std::string_view>::first);
  return found == labels.end() ? std::string_view() : found->second;
}

void add_stats(Table& table, const report::Memcg& memcg, Sizes sizes) {
  constexpr std::size_t most_stats = 6;
  const auto& counter = memcg.memory.usage_kib;
  const Bytes usage = counter ? to_bytes(KiB(counter->value)) : Bytes(0);
  std::vector<std::pair<std::string_view, Bytes>> parts;
  for (const auto& stat : memcg.stats) {
    if (stat_label(stat.name).empty() || !stat.bytes) {
      continue;
    }
    // Of v1 with those below it, which the limit counts.
    const auto all = stat.name == "anon" || stat.name == "rss"
                         ? memory::memcg_anon(memcg)
                         : memory::memcg_stat(memcg, {"total_" + stat.name, stat.name});
    const Bytes size = all ? all->value : Bytes(stat.value);
    // A per cent of the usage is enough to be told.
    if (size.count() > 0 && size * 100 >= usage) {
      parts.emplace_back(stat.name, size);
    }
  }
  std::ranges::stable_sort(parts, std::greater{}, &std::pair<std::string_view, Bytes>::second);
  parts.resize(std::min(parts.size(), most_stats));
  for (const auto& [name, size] : parts) {
    const double of_it = share(size, usage);
    table.add({{"  " + tr(stat_label(name))},
               {{}, {}, counter ? std::optional(Bar{of_it, {}}) : std::nullopt},
               {size_text(size, sizes)},
               {counter ? percent(of_it) : std::string(), Paint::dim}});
  }
}

// Whose it is, when the path does not end with it.
std::string owner_note(const memory::CgroupShare& cgroup,
                       const std::optional<memory::CgroupOwner>& told) {
  const std::string text = cgroup.owner ? describe(*cgroup.owner, told) : std::string();
  return cgroup.path.ends_with(text) ? std::string() : text;
}

}  // namespace

Table cgroup_table(const report::Memcg& memcg, Sizes sizes) {
  Table table{{{.flexible = true},
               {.optional = true, .bars = {10, 16, 16}},
               {.head = tr("usage"), .right = true},
               {.head = tr("limit or share")}}};
  add_counter(table, tr("memory"), memcg.memory, sizes);
  add_counter(table, tr("memory + swap"), memcg.memsw, sizes);
  add_counter(table, tr("swap"), memcg.swap, sizes);
  add_counter(table, tr("kernel memory"), memcg.kmem, sizes);
  add_stats(table, memcg, sizes);
  return table;
}

void add_cgroup(Document& out, const Event& event) {
  if (!event.report.memcg) {
    return;
  }
  const auto& limit = event.evidence.attribution.limit;
  const auto& victim = event.evidence.attribution.victim;
  Table table = cgroup_table(*event.report.memcg);
  const std::string owner = limit ? owner_note(*limit, std::nullopt) : std::string();
  // The headline names the owner, so the path must stand somewhere.
  if (table.rows.empty() && owner.empty()) {
    return;
  }
  out.section(limit && !limit->path.empty() ? tr("Cgroup {}", limit->path) : tr("Cgroup"));
  if (!owner.empty()) {
    out.text(tr("it is {}", owner), Paint::plain, 2, 2);
  }
  out.table(std::move(table));
  if (victim && !victim->path.empty() && victim->path != (limit ? limit->path : "")) {
    out.text(tr("the process is in {}", victim->path), Paint::dim, 2, 2);
    if (const auto who = owner_note(*victim, limit ? limit->owner : std::nullopt); !who.empty()) {
      out.text(tr("that is {}", who), Paint::plain, 2, 2);
    }
  }
}

namespace {

std::string_view label(What what) {
  switch (what) {
    case What::free:
      return "free";
    case What::free_pcp:
      return "free, in per-CPU lists";
    case What::anon:
      return "anonymous memory";
    case What::file:
      return "page cache of files";
    case What::shmem:
      return "shared memory and tmpfs";
    case What::slab_reclaimable:
      return "slab, reclaimable";
    case What::slab_unreclaimable:
      return "slab, unreclaimable";
    case What::page_tables:
      return "page tables";
    case What::kernel_stack:
      return "kernel stacks";
    case What::hugepages:
      return "hugepages, set aside";
    case What::compressed_swap:
      return "compressed swap (zram, zswap)";
    case What::unevictable_other:
      return "locked or pinned";
    case What::kernel_misc:
      return "other reclaimable";
    case What::unaccounted:
      return "in no counter";
  }
  return "other";
}

}  // namespace

Table account_table(const memory::Account& account, Sizes sizes) {
  Table table{{{.flexible = true},
               {.optional = true, .bars = {10, 20, 20}},
               {.head = tr("size"), .right = true},
               {.right = true, .optional = true},
               {.head = tr("share"), .right = true}}};
  const auto add = [&](std::string_view name, Bytes size, double part, bool alarm) {
    table.add(
        {{std::string(name), alarm ? Paint::yellow : Paint::plain},
         {{}, {}, Bar{part, {}}},
         {size_text(size, sizes)},
         {sizes == Sizes::exact && size.count() >= 1024 * 1024 ? human(size) : "", Paint::dim},
         {percent(part)}});
  };
  auto lines = account.lines;
  std::ranges::stable_sort(lines, std::ranges::greater{}, &AccountLine::size);
  Bytes rest;
  double rest_share = 0;
  for (const AccountLine& line : lines) {
    const double part = share(line.size, account.total);
    const bool unaccounted = line.what == What::unaccounted;
    if (part < 0.001 && !unaccounted && line.what != What::free) {
      rest += line.size;
      rest_share += part;
    } else if (line.size.count() > 0 || line.what == What::free) {
      add(translated(label(line.what)), line.size, part, unaccounted && much_unaccounted(account));
    }
  }
  if (rest.count() > 0) {
    add(tr("the rest"), rest, rest_share, false);
  }
  return table;
}

void add_account(Document& out, const Event& event, Detail detail) {
  if (!event.evidence.account) {
    return;
  }
  const memory::Account& account = *event.evidence.account;
  const bool notable = much_unaccounted(account);
  if (!is_used_up(event) && !is_undetermined(event) && !detail.all && !detail.html &&
      !(detail.page && notable)) {
    if (notable) {
      const Bytes lost = account.size(What::unaccounted);
      out.blank();
      out.labelled(tr("note:"), Paint::yellow,
                   tr("{} ({} of RAM) is in no counter of the report", kb(lost),
                      percent(share(lost, account.total))));
    }
    return;
  }
  out.section(tr("Where {} of RAM went", human(account.total)));
  Table table = account_table(account);
  if (detail.page && account.overcounted.count() == 0) {
    table.add({{tr("all that the kernel manages"), Paint::bold},
               {},
               {kb(account.total), Paint::bold},
               {human(account.total), Paint::dim},
               {percent(1), Paint::bold}});
  }
  out.table(std::move(table));
  if (detail.html && share(account.size(What::unaccounted), account.total) >= 0.001) {
    out.text(tr("In no counter are pages that drivers and file systems took for themselves, what a "
                "balloon holds for the hypervisor, and kernel memory that this kernel does not "
                "count."),
             Paint::dim, 2);
  }
  if (account.overcounted.count() > 0) {
    out.text(tr("The counters add up to {} more than there is: they are read one after the other "
                "while memory moves.",
                kb(account.overcounted)),
             Paint::dim, 2);
  }
}

namespace {

// Pages are what the kernel printed; they become kB when the report tells how big a page is.
std::string task_size(bool known, const std::optional<Bytes>& size, report::MaybeCount pages) {
  return known && size ? kb(*size) : pages ? plural(*pages, "page", "pages") : std::string();
}

bool may_not_be_killed(const report::Task& task) { return task.oom_score_adj <= -1000; }

// Names that hold more together than the biggest process.
void add_names(Document& out, const Event& event) {
  constexpr std::size_t most_names = 3;
  const memory::Attribution& who = event.evidence.attribution;
  if (!event.evidence.page_size_known || !who.biggest) {
    return;
  }
  std::size_t said = 0;
  for (const memory::NameUse& use : who.names) {
    // The biggest process and a few small ones of its name are no news.
    if (use.memory <= who.biggest->memory() + who.biggest->memory() / 10 || said == most_names) {
      return;
    }
    if (use.count < 2) {
      continue;
    }
    std::string text = use.at_most ? tr("{} processes \"{}\" hold at most {} together",
                                        grouped(use.count), printable(use.comm), human(use.memory))
                                   : tr("{} processes \"{}\" hold {} together", grouped(use.count),
                                        printable(use.comm), human(use.memory));
    text += use.at_most ? tr(" (some may be shared)") : "";
    out.text(std::move(text), Paint::plain, 2, 2);
    ++said;
  }
}

// Next to the biggest one it matters only when it is big itself.
void add_protected(Document& out, const Event& event, bool listed) {
  const auto& use = event.evidence.attribution.unkillable;
  const auto& biggest = event.evidence.attribution.biggest;
  const Bytes notable = event.evidence.ram.value_or(Bytes(0)) / 100;
  if (!use || !biggest || listed || use->memory() < biggest->memory() / 10 ||
      use->memory() < notable) {
    return;
  }
  out.text(tr("{} (pid {}) may not be killed and holds {}", use->task->comm,
              std::to_string(use->task->pid),
              event.evidence.page_size_known ? human(use->memory())
                                             : plural(use->task->rss, "page", "pages")),
           Paint::plain, 2, 2);
}

// Of a kill for the whole machine; that of a cgroup shows its cgroups in a section of its own.
void add_victim_cgroup(Document& out, const Event& event) {
  const auto& victim = event.evidence.attribution.victim;
  const auto& constraint = event.report.constraint;
  if (event.report.memcg || !victim || !victim->owner || !constraint) {
    return;
  }
  const std::string who = constraint->task.empty() ? tr("the killed process")
                                                   : with_pid(constraint->task, constraint->pid);
  out.text(tr("{} belonged to {}", who, describe(*victim->owner)), Paint::plain, 2, 2);
}

}  // namespace

namespace {

void add_why_victim(Document& out, const Event& event) {
  const auto sentences = why_victim(event);
  if (!sentences.empty()) {
    out.section(tr("Why this one"));
  }
  for (const std::string& sentence : sentences) {
    out.text(sentence, Paint::plain, 2, 2);
  }
}

}  // namespace

std::string task_title(const Event& event, const TaskList& list) {
  const std::string count = plural(event.report.tasks.size(), "process", "processes");
  if (event.evidence.attribution.table_cut) {
    return tr("From what is left of the task table ({}; the victim is not among them)", count);
  }
  switch (list.order) {
    case memory::TaskOrder::size:
      break;
    case memory::TaskOrder::rss:
      return tr("Most resident of {}", count);
    case memory::TaskOrder::swap:
      return tr("Most swapped of {}", count);
    case memory::TaskOrder::page_tables:
      return tr("Most page tables of {}", count);
    case memory::TaskOrder::adj:
      return tr("Highest oom_score_adj of {}", count);
    case memory::TaskOrder::pid:
      return tr("First pids of {}", count);
    case memory::TaskOrder::name:
      return tr("By name, of {}", count);
  }
  return tr("Biggest of {}", count);
}

namespace {

// As the kernel compares them: pages, before 3.5 thousandths of RAM.
std::string score_text(const Event& event, const memory::TaskUse& use) {
  const auto score = memory::score_of(event.evidence, use);
  if (!score) {
    return {};
  }
  if (event.evidence.ranking->rules->permille) {
    return std::to_string(*score);
  }
  const auto pages = Pages(static_cast<std::uint64_t>(std::llabs(*score)));
  return (*score < 0 ? "-" : "") + kb(to_bytes(pages, event.evidence.page));
}

void add_scores(Table& table, const Event& event, const std::vector<memory::TaskUse>& tasks) {
  if (std::ranges::all_of(tasks,
                          [&event](const auto& task) { return score_text(event, task).empty(); })) {
    return;
  }
  table.columns.insert(table.columns.end() - 1, {.head = tr("score"), .right = true});
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto& row = table.rows[i];
    row.insert(row.end() - 1, Cell{score_text(event, tasks[i])});
  }
}

}  // namespace

Table task_table(const Event& event, const TaskList& list, std::uint32_t usual, bool score) {
  Table table{{{.head = tr("name"), .flexible = true},
               {.head = "pid", .right = true},
               {.head = tr("resident"), .right = true},
               {.head = tr("swapped"), .right = true},
               {.head = tr("page tables"), .right = true, .optional = true},
               {.head = "adj", .right = true},
               {}},
              true};
  const bool known = event.evidence.page_size_known;
  const auto tasks = memory::first_tasks(event.evidence, list.order, list.most.value_or(usual));
  for (const memory::TaskUse& use : tasks) {
    const report::Task& task = *use.task;
    const bool killed =
        task.pid > 0 && std::ranges::find(event.report.victims, task.pid, &report::Victim::pid) !=
                            event.report.victims.end();
    table.add({{task.comm},
               {std::to_string(task.pid)},
               {task_size(known, use.rss, task.rss)},
               {task_size(known, use.swap, task.swapents)},
               {task_size(known || task.pgtables_bytes, use.page_tables, {})},
               {std::to_string(task.oom_score_adj)},
               {killed                    ? tr("killed")
                : may_not_be_killed(task) ? tr("protected")
                                          : "",
                killed ? Paint::red : Paint::yellow}});
  }
  if (score && known && event.evidence.ranking) {
    add_scores(table, event, tasks);
  }
  return table;
}

void add_tasks(Document& out, const Event& event, Detail detail) {
  Table table = task_table(event, detail.tasks,
                           detail.html   ? 50
                           : detail.page ? 10
                                         : 5,
                           detail.html);
  if (table.rows.empty() ||
      (!is_used_up(event) && !is_cgroup_cause(event) && !is_undetermined(event) && !detail.all &&
       !detail.html && !detail.tasks.wanted())) {
    return add_why_victim(out, event);
  }
  const bool protected_listed = std::ranges::any_of(
      table.rows, [](const auto& row) { return row.back().text == tr("protected"); });
  out.section(task_title(event, detail.tasks));
  table.sortable = true;
  out.table(std::move(table));
  add_names(out, event);
  add_protected(out, event, protected_listed);
  add_victim_cgroup(out, event);
  add_why_victim(out, event);
}

}  // namespace whyoom::render
