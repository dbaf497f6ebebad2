// Read in show_free_areas() of mm/page_alloc.c (mm/show_mem.c since 6.5) of 2.6.18, 2.6.24, 2.6.31,
// 2.6.32-642.el6, 2.6.39, 3.0, 3.6, 3.10.0-1062.el7, 3.16, 3.19, 4.1, 4.4, 4.6, 4.8, 4.9, 4.10,
// 4.12 to 4.17, 4.18.0-147.el8, -240.el8 and a later
// el8, 4.19, 5.0, 5.2, 5.3, 5.4, 5.11, 5.12, 5.14, 5.15, 5.17, 5.19, 6.1 to 6.3, 6.5, 6.6, 6.8
// to 6.10, 6.12, 6.14 and 6.19, and in what Debian's 6.18.15 prints in the lab. A boundary lies
// between two of these. Later el8 and el9 kernels carry the fields of newer ones.
#include "kernel/fields.h"

#include <array>

namespace whyoom::kernel {
namespace {

using F = Field;
using enum Scope;

constexpr std::string_view kMmPageAlloc = "mm/page_alloc.c show_free_areas()";
constexpr std::string_view kMmShowMem = "mm/show_mem.c show_free_areas()";

constexpr FieldFact in_pages(Field field, std::string_view spelling, std::string_view since,
                             std::string_view until = "") {
  return {field, total, spelling, Unit::pages, since, until, kMmPageAlloc};
}

constexpr FieldFact on_node(Field field, std::string_view spelling, std::string_view since,
                            std::string_view until = "", std::string_view source = kMmPageAlloc) {
  return {field, node, spelling, Unit::kib, since, until, source};
}

constexpr FieldFact on_zone(Field field, std::string_view spelling, std::string_view since,
                            std::string_view until = "", std::string_view source = kMmPageAlloc) {
  return {field, zone, spelling, Unit::kib, since, until, source};
}

// Scopes in the order of the enum.
constexpr FieldFact kFacts[] = {
    in_pages(F::active_anon, "active_anon", "2.6.32"),
    in_pages(F::active_anon, "Active_anon", "2.6.31", "2.6.31"),
    in_pages(F::inactive_anon, "inactive_anon", "2.6.31"),
    in_pages(F::isolated_anon, "isolated_anon", "2.6.32"),
    in_pages(F::active_file, "active_file", "2.6.31"),
    in_pages(F::inactive_file, "inactive_file", "2.6.31"),
    in_pages(F::isolated_file, "isolated_file", "2.6.32"),
    in_pages(F::unevictable, "unevictable", "2.6.31"),
    in_pages(F::dirty, "dirty", "2.6.18"),
    in_pages(F::writeback, "writeback", "2.6.18"),
    in_pages(F::unstable, "unstable", "2.6.18", "5.4"),
    in_pages(F::slab_reclaimable, "slab_reclaimable", "2.6.32"),
    in_pages(F::slab_unreclaimable, "slab_unreclaimable", "2.6.32"),
    in_pages(F::mapped, "mapped", "2.6.18"),
    in_pages(F::shmem, "shmem", "2.6.32"),
    in_pages(F::pagetables, "pagetables", "2.6.18"),
    in_pages(F::sec_pagetables, "sec_pagetables", "6.1"),
    in_pages(F::bounce, "bounce", "2.6.24"),
    in_pages(F::kernel_misc_reclaimable, "kernel_misc_reclaimable", "5.15"),
    in_pages(F::free, "free", "2.6.18"),
    in_pages(F::free_pcp, "free_pcp", "4.1"),  // and 3.10 of el7
    in_pages(F::free_cma, "free_cma", "3.10"),

    on_node(F::active_anon, "active_anon", "4.8"),
    on_node(F::inactive_anon, "inactive_anon", "4.8"),
    on_node(F::active_file, "active_file", "4.8"),
    on_node(F::inactive_file, "inactive_file", "4.8"),
    on_node(F::unevictable, "unevictable", "4.8"),
    on_node(F::isolated_anon, "isolated(anon)", "4.8"),
    on_node(F::isolated_file, "isolated(file)", "4.8"),
    on_node(F::mapped, "mapped", "4.8"),
    on_node(F::dirty, "dirty", "4.8"),
    on_node(F::writeback, "writeback", "4.8"),
    on_node(F::shmem, "shmem", "4.8"),
    on_node(F::shmem_thp, "shmem_thp", "4.8"),
    on_node(F::shmem_pmdmapped, "shmem_pmdmapped", "4.8"),
    on_node(F::anon_thp, "anon_thp", "4.8"),
    on_node(F::writeback_tmp, "writeback_tmp", "4.8", "6.14"),
    on_node(F::unstable, "unstable", "4.8", "5.4"),
    {F::pages_scanned, node, "pages_scanned", Unit::count, "4.8", "4.10", kMmPageAlloc},
    on_node(F::kernel_stack, "kernel_stack", "5.9"),
    on_node(F::shadow_call_stack, "shadow_call_stack", "5.9"),
    on_node(F::pagetables, "pagetables", "5.11"),
    on_node(F::sec_pagetables, "sec_pagetables", "6.1"),
    on_node(F::balloon, "Balloon", "6.18", "", kMmShowMem),

    on_zone(F::free, "free", "2.6.18"),
    on_zone(F::boost, "boost", "5.17"),
    on_zone(F::min, "min", "2.6.18"),
    on_zone(F::low, "low", "2.6.18"),
    on_zone(F::high, "high", "2.6.18"),
    // These two are printed as "KB" instead of "kB".
    on_zone(F::reserved_highatomic, "reserved_highatomic", "5.9"),
    on_zone(F::free_highatomic, "free_highatomic", "6.18", "", kMmShowMem),
    on_zone(F::active_anon, "active_anon", "2.6.31"),
    on_zone(F::inactive_anon, "inactive_anon", "2.6.31"),
    on_zone(F::active_file, "active_file", "2.6.31"),
    on_zone(F::inactive_file, "inactive_file", "2.6.31"),
    on_zone(F::unevictable, "unevictable", "2.6.31"),
    on_zone(F::isolated_anon, "isolated(anon)", "2.6.32", "4.6"),
    on_zone(F::isolated_file, "isolated(file)", "2.6.32", "4.6"),
    on_zone(F::writepending, "writepending", "4.8"),
    on_zone(F::zspages, "zspages", "6.18", "", kMmShowMem),
    on_zone(F::present, "present", "2.6.18"),
    on_zone(F::managed, "managed", "3.10"),
    on_zone(F::mlocked, "mlocked", "2.6.32"),
    on_zone(F::dirty, "dirty", "2.6.32", "4.6"),
    on_zone(F::writeback, "writeback", "2.6.32", "4.6"),
    on_zone(F::mapped, "mapped", "2.6.32", "4.6"),
    on_zone(F::shmem, "shmem", "2.6.32", "4.6"),
    on_zone(F::slab_reclaimable, "slab_reclaimable", "2.6.32", "4.12"),
    on_zone(F::slab_unreclaimable, "slab_unreclaimable", "2.6.32", "4.12"),
    on_zone(F::kernel_stack, "kernel_stack", "2.6.32", "5.4"),
    on_zone(F::pagetables, "pagetables", "2.6.32", "5.9"),
    on_zone(F::unstable, "unstable", "2.6.32", "4.6"),
    on_zone(F::bounce, "bounce", "2.6.32"),
    on_zone(F::free_pcp, "free_pcp", "4.1"),    // and 3.10 of el7
    on_zone(F::local_pcp, "local_pcp", "4.1"),  // and 3.10 of el7
    on_zone(F::free_cma, "free_cma", "3.10"),
    on_zone(F::writeback_tmp, "writeback_tmp", "2.6.32", "4.6"),
    {F::pages_scanned, zone, "pages_scanned", Unit::count, "2.6.18", "4.6", kMmPageAlloc},
};

constexpr std::array<std::string_view, static_cast<std::size_t>(F::count_)> kNames = {
    "active_anon",
    "inactive_anon",
    "isolated_anon",
    "active_file",
    "inactive_file",
    "isolated_file",
    "unevictable",
    "dirty",
    "writeback",
    "unstable",
    "slab_reclaimable",
    "slab_unreclaimable",
    "mapped",
    "shmem",
    "shmem_thp",
    "shmem_pmdmapped",
    "anon_thp",
    "writeback_tmp",
    "kernel_stack",
    "shadow_call_stack",
    "pagetables",
    "sec_pagetables",
    "bounce",
    "kernel_misc_reclaimable",
    "free",
    "free_pcp",
    "local_pcp",
    "free_cma",
    "boost",
    "min",
    "low",
    "high",
    "reserved_highatomic",
    "free_highatomic",
    "writepending",
    "zspages",
    "present",
    "managed",
    "mlocked",
    "pages_scanned",
    "balloon",
};
static_assert(!kNames.back().empty(), "a field has no name");

}  // namespace

std::span<const FieldFact> field_facts() { return kFacts; }

const FieldFact* find_field(Scope scope, std::string_view spelling) {
  for (const FieldFact& fact : kFacts) {
    if (fact.scope == scope && fact.spelling == spelling) {
      return &fact;
    }
  }
  return nullptr;
}

std::string_view name(Field field) {
  const auto index = static_cast<std::size_t>(field);
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

}  // namespace whyoom::kernel
