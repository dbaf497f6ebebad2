#include <gtest/gtest.h>

#include <algorithm>

#include "report/test_support.h"

namespace whyoom::report::testing {
namespace {

class Out {
 public:
  Out& text(std::string_view value) {
    out_ += value;
    out_ += '|';
    return *this;
  }
  template <class T>
  Out& number(T value) {
    return text(std::to_string(value));
  }
  template <class Optional>
  Out& maybe(const Optional& value) {
    return value ? number(*value) : text("-");
  }
  Out& read(const Maybe<std::uint64_t>& value) {
    return value ? number(value->value).number(value->at.line) : text("-");
  }
  Out& fields(const FieldSet& set) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(kernel::Field::count_); ++i) {
      read(set.get(static_cast<kernel::Field>(i)));
    }
    return *this;
  }
  [[nodiscard]] const std::string& str() const { return out_; }

 private:
  std::string out_;
};

void add_memory(Out& out, const Report& r) {
  out.fields(r.totals);
  for (const auto& node : r.nodes) {
    out.number(node.id).fields(node.fields);
  }
  for (const auto& zone : r.zones) {
    out.number(zone.node).text(zone.name).fields(zone.fields).read(zone.buddy_total_kib);
    for (const auto pages : zone.lowmem_reserve) {
      out.number(pages);
    }
    for (const auto& block : zone.buddy) {
      out.number(block.order).number(block.count).text(block.types);
    }
  }
  for (const auto& pages : r.hugepages) {
    out.number(pages.node).number(pages.total).number(pages.size.count());
  }
  out.read(r.tail.ram).read(r.tail.reserved).read(r.tail.free_swap_kib).read(r.tail.pagecache);
  for (const auto& row : r.slab) {
    out.text(row.name).number(row.used_kib).number(row.total_kib);
  }
}

void add_memcg(Out& out, const Report& r) {
  if (!r.memcg) {
    return;
  }
  out.text(r.memcg->limit_path).text(r.memcg->task_path).number(r.memcg->hierarchical ? 1 : 0);
  for (const auto* counter : {&r.memcg->memory, &r.memcg->memsw, &r.memcg->swap, &r.memcg->kmem}) {
    out.read(counter->usage_kib).read(counter->limit_kib).read(counter->failcnt);
  }
  for (const auto& stat : r.memcg->stats) {
    out.text(stat.name).number(stat.value);
  }
}

void add_end(Out& out, const Report& r) {
  for (const auto& task : r.tasks) {
    out.text(task.comm).number(task.pid).number(task.rss).number(task.oom_score_adj);
    out.number(task.tgid).number(task.uid).number(task.total_vm).number(task.line);
    for (const MaybeCount& count : {task.rss_anon, task.rss_file, task.rss_shmem, task.swapents,
                                    task.pgtables_bytes, task.page_table_pages}) {
      out.maybe(count);
    }
  }
  if (r.constraint) {
    out.number(static_cast<int>(r.constraint->kind)).text(r.constraint->task);
    out.text(r.constraint->task_memcg).text(r.constraint->cpuset).maybe(r.constraint->pid);
  }
  for (const auto& victim : r.victims) {
    out.text(victim.comm).number(victim.pid).maybe(victim.uid).maybe(victim.total_vm_kib);
    out.maybe(victim.score).number(victim.reaped ? 1 : 0).number(victim.by_group ? 1 : 0);
  }
  out.text(r.panic ? r.panic->text : "");
}

}  // namespace

std::string describe(const Report& r) {
  Out out;
  out.text(name(r.kind)).number(static_cast<int>(r.outcome));
  out.number(r.first_line).number(r.last_line).maybe(r.time.monotonic_us).text(r.time.wall);
  out.text(r.host).number(r.lines_lost);
  if (r.trigger) {
    out.text(r.trigger->comm).maybe(r.trigger->pid).maybe(r.trigger->order);
    out.number(r.trigger->gfp ? r.trigger->gfp->mask : 0U);
  }
  if (r.stack) {
    out.text(r.stack->release).text(r.stack->hardware);
    for (const auto& function : r.stack->functions) {
      out.text(function);
    }
  }
  add_memory(out, r);
  add_memcg(out, r);
  add_end(out, r);
  if (r.fork_rejected) {
    out.text(r.fork_rejected->path).number(r.fork_rejected->count);
  }
  if (r.overcommit) {
    out.number(r.overcommit->count).number(r.overcommit->requests.size());
  }
  if (r.userspace) {
    out.text(r.userspace->killer).text(r.userspace->victim).text(r.userspace->what);
  }
  for (const auto& damage : r.damage) {
    out.number(damage.line).text(damage.what);
  }
  return out.str();
}

std::string sample_report(const std::string& caller) {
  static constexpr std::string_view lines[] = {
      "web srv invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), "
      "order=0, oom_score_adj=100",
      "CPU: 2 PID: 4711 Comm: web srv Tainted: P           OE      6.5.0-44-generic #44-Ubuntu",
      "Hardware name: Example Board/X1, BIOS 1.2 01/02/2023",
      "Call Trace:",
      " <TASK>",
      " dump_stack_lvl+0x48/0x70",
      " dump_header+0x4a/0x240",
      " ? oom_evaluate_task+0x3a/0x150",
      " oom_kill_process+0x10a/0x1b0",
      " out_of_memory+0x102/0x580",
      " </TASK>",
      "Mem-Info:",
      "active_anon:1001 inactive_anon:200002 isolated_anon:3",
      " active_file:40 inactive_file:50 isolated_file:6",
      " unevictable:7 dirty:8 writeback:9",
      " slab_reclaimable:1010 slab_unreclaimable:2020",
      " mapped:303 shmem:404 pagetables:505",
      " sec_pagetables:0 bounce:0",
      " kernel_misc_reclaimable:0",
      " free:6060 free_pcp:70 free_cma:0",
      "Node 0 active_anon:4004kB inactive_anon:800008kB active_file:160kB inactive_file:200kB "
      "unevictable:28kB isolated(anon):12kB isolated(file):24kB mapped:1212kB dirty:32kB "
      "writeback:36kB shmem:1616kB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 2048kB "
      "writeback_tmp:0kB kernel_stack:3200kB pagetables:2020kB sec_pagetables:0kB "
      "all_unreclaimable? yes",
      "Node 0 DMA free:4100kB boost:0kB min:130kB low:160kB high:190kB reserved_highatomic:0KB "
      "active_anon:0kB inactive_anon:11000kB active_file:0kB inactive_file:0kB unevictable:0kB "
      "writepending:0kB present:15992kB managed:15360kB mlocked:0kB bounce:0kB free_pcp:0kB "
      "local_pcp:0kB free_cma:0kB",
      "lowmem_reserve[]: 0 930 930 930 930",
      "Node 0 DMA32 free:20140kB boost:2048kB min:21000kB low:25000kB high:29000kB "
      "reserved_highatomic:0KB active_anon:4004kB inactive_anon:789008kB active_file:160kB "
      "inactive_file:200kB unevictable:28kB writepending:68kB present:1046376kB managed:952320kB "
      "mlocked:28kB bounce:0kB free_pcp:280kB local_pcp:100kB free_cma:0kB",
      "lowmem_reserve[]: 0 0 0 0 0",
      "Node 0 DMA: 1*4kB (U) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB "
      "1*4096kB (M) = 4100kB",
      "Node 0 DMA32: 35*4kB (UME) 500*8kB (UE) 1000*16kB (M) 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB "
      "0*1024kB 0*2048kB 0*4096kB = 20140kB",
      "Node 0 hugepages_total=4 hugepages_free=1 hugepages_surp=0 hugepages_size=2048kB",
      "494 total pagecache pages",
      "0 pages in swap cache",
      "Free swap  = 512kB",
      "Total swap = 1024kB",
      "265592 pages RAM",
      "0 pages HighMem/MovableOnly",
      "23672 pages reserved",
      "0 pages hwpoisoned",
      "Unreclaimable slab info:",
      "Name                      Used          Total",
      "kmalloc-64                12KB         16KB",
      "a_cache_with_a_long_name         70KB         71KB",
      "Tasks state (memory values in pages):",
      "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
      "[    301]     0   301     2000      150    45056       10          -250 journald",
      "[   4711]  1000  4711   300000   190000  1851392      118           100 web srv",
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
      "task_memcg=/system.slice/web.service,task=web srv,pid=4711,uid=1000",
      "Out of memory: Killed process 4711 (web srv) total-vm:1200000kB, anon-rss:759000kB, "
      "file-rss:1000kB, shmem-rss:0kB, UID:1000 pgtables:1808kB oom_score_adj:100",
      "oom_reaper: reaped process 4711 (web srv), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"};
  std::string log;
  int micros = 100000;
  for (const auto line : lines) {
    log += "[  812." + std::to_string(micros++) + "]";
    if (!caller.empty()) {
      log += "[" + std::string(caller.size() < 6 ? 6 - caller.size() : 0, ' ') + caller + "]";
    }
    log += " ";
    log += line;
    log += '\n';
  }
  return log;
}

std::string sample_failure(const std::string& caller) {
  std::vector<std::string> lines = lines_of(sample_report(caller));
  const auto end = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("Unreclaimable slab info") != std::string::npos;
  });
  lines.erase(end, lines.end());
  const std::string prefix = lines[0].substr(0, lines[0].find("web srv"));
  lines[0] = prefix +
             "dd: page allocation failure: order:5, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), "
             "nodemask=(null),cpuset=/,mems_allowed=0";
  std::string text = text_of(lines);
  text = replaced(text, "Comm: web srv", "Comm: dd");
  text = replaced(text, "PID: 4711", "PID: 12");
  text = replaced(text, "free:6060", "free:9090");
  text = replaced(text, "DMA32 free:20140kB", "DMA32 free:77777kB");
  return replaced(text, "dump_header+", "warn_alloc+");
}

TEST(Describe, TellsReportsApart) {
  const auto events = assemble(sample_report());
  ASSERT_EQ(events.size(), 1U);
  Report other = events[0];
  EXPECT_EQ(describe(other), describe(events[0]));
  other.victims[0].pid = 1;
  EXPECT_NE(describe(other), describe(events[0]));
}

}  // namespace whyoom::report::testing
