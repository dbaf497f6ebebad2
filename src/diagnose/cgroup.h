// A cgroup's limit as a report shows it: which limit was hit, whose it is, and what fills the
// group.
#pragma once

#include <optional>
#include <string>

#include "diagnose/cause.h"

namespace whyoom::diagnose {

struct CgroupUse {
  enum class Level : std::uint8_t {
    own,       // the limit of the victim's own cgroup
    ancestor,  // of a cgroup above it
    unknown    // the line that names both is not there
  };

  struct Counter {
    Bytes usage;
    std::optional<Bytes> limit;            // nullopt = no limit
    std::optional<std::uint64_t> failcnt;  // charges that it refused
    Place at{};
    [[nodiscard]] bool full() const;
    [[nodiscard]] bool tight() const;         // not one charge more fits
    [[nodiscard]] bool refused_none() const;  // it is not tight, and its failcnt is 0
  };

  std::string limit_path;  // fit for a terminal; "" when not printed
  std::string task_path;
  std::string raw_limit_path;  // as the kernel printed it
  // For a sentence: whose the cgroup is ("nginx.service", "pod 8f0c... (burstable)"); without a
  // known owner its path. `the_cgroup` then says that it is a cgroup, and neither is ever empty.
  std::string who, the_cgroup, task_who;
  std::optional<memory::CgroupOwner> owner;  // of the cgroup whose limit it is
  Level level = Level::unknown;
  std::optional<Counter> memory, memsw, swap, kmem;
  // What fills it. shmem is not part of file here. nullopt = the report does not tell.
  Maybe<Bytes> anon, file, shmem, slab, sock;
  Maybe<Bytes> dirty;           // of the file pages: dirty or under writeback
  Maybe<Bytes> kernel;          // slab, stacks, page tables, sockets, per-CPU, vmalloc
  bool kernel_is_rest = false;  // told by what the lists of pages leave of the usage
  // What the victim alone held, or the biggest process of the table: the cgroup held at least this.
  Maybe<Bytes> biggest;
  std::string biggest_name;  // "vm (pid 70870)"
  bool swapped = false;      // v1: it has memory in swap, which a limit of its own counts as well
  bool alone = false;        // nothing was printed, or kept, but the kill line
  bool named = true;         // see is_limit_named()
  // The kernel prints no statistics at all (2.6.32), so their absence is no loss.
  bool old_names_line = false;  // "Task in A killed as a result of limit of B": before 5.0
  bool stats_not_printed = false;

  // memory is at its limit, or memory+swap is.
  [[nodiscard]] bool at_limit() const;
  // The limit that counts: memory+swap reached its limit and memory did not.
  [[nodiscard]] bool swap_decides() const;
  // A counter is not there, and the limit of memory and swap may be the one that was reached.
  [[nodiscard]] bool may_be_memsw() const;
  // Enough is known to say what fills the cgroup.
  [[nodiscard]] bool filling_known() const;
  [[nodiscard]] Bytes counted() const;  // by the parts that are printed
  [[nodiscard]] bool filled_by_shmem() const;
  [[nodiscard]] bool mostly_anon() const;

  // 0 where it is not known.
  static Bytes size(const Maybe<Bytes>& part) { return part ? part->value : Bytes(0); }
};

// Its counters are printed, and none of them has a limit: whoever called the OOM killer there, it
// was no charge (a program of BPF can, with patches that no release had by 2026).
bool has_no_limit(const report::Memcg& memcg);

// nullopt when the event is no cgroup OOM. Without the counters of the cgroup `memory` is empty.
std::optional<CgroupUse> cgroup_of(const Context& context);
// nullopt also when the report has no counters of the cgroup.
std::optional<CgroupUse> cgroup_use(const Context& context);

// False: the only name is that of statistics, which kernels to 5.2 print of each cgroup below the
// limit as well, and the lines before them are not there.
bool is_limit_named(const report::Report& report);

Message statistics_of_cgroup();  // the lines of what is in it
// The lines that tell what fills it, where that is not known.
Message which_filling(const CgroupUse& use);
// The lines that tell whether the limit of memory was reached or that of memory and swap.
Message which_limit(const CgroupUse& use);

// Lowers a claim that the limit was reached to what the report supports: which cgroup's limit, and
// what fills it.
void grade_limit(Claim& claim, const CgroupUse& use);

// "anon 512 MiB, file 2.1 MiB, ..." for a sentence; "" when nothing is known.
std::string filling(const CgroupUse& use);

// That the limit was reached, whose it is, and what the cgroup held as far as is known.
Message limit_sentence(const CgroupUse& use);

void add_cgroup_proof(Finding& finding, const CgroupUse& use);

// How to raise the limit of the cgroup, by what manages it.
Remedy raise_limit(const CgroupUse& use);

}  // namespace whyoom::diagnose
