// The key:value fields of a Mem-Info report, as facts: the spelling that each kernel prints, and
// where. A parser looks fields up here and never by position, because their order and grouping
// change from version to version.
#pragma once

#include <cstdint>
#include <optional>
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
  active,
  inactive,
  slab,
  count_  // not a field
};

enum class Scope : std::uint8_t { total = 1, node = 2, zone = 4 };

// The field with this key, as printed at this level; nullopt for a key that no known kernel prints.
std::optional<Field> find_field(Scope scope, std::string_view spelling);

// Totals are pages, and one field of nodes and zones is a count of pages too.
constexpr bool is_in_kib(Scope scope, Field field) {
  return scope != Scope::total && field != Field::pages_scanned;
}

std::string_view name(Field field);

}  // namespace whyoom::kernel
