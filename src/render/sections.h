// The tables of an explained event as rows, before any layout: zones, account of RAM, processes,
// cgroup. Sizes are bytes; strings are printable().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "diagnose/event.h"

namespace whyoom::render {

struct ZoneRow {
  enum class Verdict : std::uint8_t { short_of, at_mark, passes, not_usable };
  std::string name;              // "DMA32", with its node when there are several
  Bytes free, needed;            // `needed`: min + boost + reserve; usable must be above it
  std::optional<double> filled;  // shares of managed, for a bar
  std::optional<double> mark;
  Verdict verdict = Verdict::passes;
  std::string verdict_text;
  std::string note;  // what the numbers are made of, when that is not plain
};
// Zones that the request may use first. Empty for a cgroup's OOM: zones had no part in it.
std::vector<ZoneRow> zone_rows(const diagnose::Event& event);

struct AccountRow {
  std::string label;
  Bytes size;
  double share = 0;  // of the RAM that the kernel manages
  bool unaccounted = false;
};
// Biggest first; lines below 0.1 % are added up in the last one.
std::vector<AccountRow> account_rows(const memory::Account& account);
// Unaccounted memory is worth a line of its own.
bool much_unaccounted(const memory::Account& account);

struct TaskRow {
  std::string comm;
  std::int64_t pid = 0, uid = -1;
  std::uint64_t rss_pages = 0;
  std::optional<std::uint64_t> swap_pages;
  std::optional<Bytes> rss, swap, page_tables;  // empty without a known page size, or not printed
  int oom_score_adj = 0;
  bool killed = false;
  bool is_protected = false;  // may not be killed
  LineNumber line = 0;
};
// What the process table tells of the biggest. Sentences are without a full stop.
struct TaskSection {
  std::vector<TaskRow> rows;       // by rss + swap + page tables
  std::vector<std::string> notes;  // names that hold more together than the biggest process, the
                                   // biggest protected one, where the killed one ran
};
TaskSection task_section(const diagnose::Event& event, std::size_t count);
TaskRow task_row(const diagnose::Event& event, const memory::TaskUse& use);

struct CgroupRow {
  std::string label;
  Bytes usage;
  std::optional<Bytes> limit;  // empty: not limited, or a part of the memory above
  bool unlimited = false;
  double share = 0;  // of its limit, or of the cgroup's memory
};
struct CgroupSection {
  std::string limit_path, task_path;
  // Whose they are; empty when nobody can tell, or when the path ends with it.
  std::string limit_owner, task_owner;
  std::vector<CgroupRow> rows;
};
std::optional<CgroupSection> cgroup_section(const diagnose::Event& event);

// The kernel prints a number near 2^63 for "no limit", another one on 32-bit kernels.
bool is_unlimited(std::uint64_t limit_kib);

// The root is one of the causes "memory is used up": then the account is the proof.
bool is_used_up(const diagnose::Event& event);
bool is_cgroup_cause(const diagnose::Event& event);

}  // namespace whyoom::render
