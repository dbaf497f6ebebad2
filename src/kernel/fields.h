// The key:value fields of a Mem-Info report, as facts: the spelling that each kernel prints, the
// unit, and the versions that have it. A parser looks fields up here and never by position, because
// their order and grouping change from version to version.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace whyoom::kernel {

// One name for what several kernels print in several places.
enum class Field : std::uint8_t {
  active_anon,
  inactive_anon,
  isolated_anon,
  active_file,
  inactive_file,
  isolated_file,
  unevictable,
  dirty,
  writeback,
  unstable,
  slab_reclaimable,
  slab_unreclaimable,
  mapped,
  shmem,
  shmem_thp,
  shmem_pmdmapped,
  anon_thp,
  writeback_tmp,
  kernel_stack,
  shadow_call_stack,
  pagetables,
  sec_pagetables,
  bounce,
  kernel_misc_reclaimable,
  free,
  free_pcp,
  local_pcp,
  free_cma,
  boost,
  min,
  low,
  high,
  reserved_highatomic,
  free_highatomic,
  writepending,
  zspages,
  present,
  managed,
  mlocked,
  pages_scanned,
  balloon,
  count_  // not a field
};

enum class Scope : std::uint8_t { total, node, zone };
enum class Unit : std::uint8_t { pages, kib, count };

struct FieldFact {
  Field field;
  Scope scope;
  std::string_view spelling;
  Unit unit;
  std::string_view since;   // first kernel known to print it here ("" = all that we know)
  std::string_view until;   // last kernel known to print it here ("" = still printed)
  std::string_view source;  // where that was read
};

std::span<const FieldFact> field_facts();

// The fact for a key as printed at this level; nullptr for a key that no known kernel prints.
const FieldFact* find_field(Scope scope, std::string_view spelling);

std::string_view name(Field field);

}  // namespace whyoom::kernel
