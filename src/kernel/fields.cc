// Read in show_free_areas() of mm/page_alloc.c (mm/show_mem.c since 6.5) of 2.6.18, 2.6.24, 2.6.31,
// 2.6.32-642.el6, 2.6.39, 3.0, 3.6, 3.10.0-1062.el7, 3.16, 3.19, 4.1, 4.4, 4.6, 4.8, 4.9, 4.10,
// 4.12 to 4.17, 4.18.0-147.el8, -240.el8 and a later
// el8, 4.19, 5.0, 5.2, 5.3, 5.4, 5.11, 5.12, 5.14, 5.15, 5.17, 5.19, 6.1 to 6.3, 6.5, 6.6, 6.8
// to 6.10, 6.12, 6.14 and 6.19, and in what Debian's 6.18.15 prints in the lab. A boundary lies
// between two of these. Later el8 and el9 kernels carry the fields of newer ones.
#include "kernel/fields.h"

#include <array>
#include <cstdint>
#include <iterator>

namespace whyoom::kernel {
namespace {

using Scopes = unsigned;  // a bit of Scope each
constexpr auto total = static_cast<Scopes>(Scope::total);
constexpr auto node = static_cast<Scopes>(Scope::node);
constexpr auto zone = static_cast<Scopes>(Scope::zone);

struct Spellings {
  std::string_view name;
  Scopes scopes;  // that print the name
  std::string_view other = {};
  Scopes other_scopes = 0;
};

// In the order of the enum.
constexpr Spellings field_spellings[] = {
    // Total since 2.6.32 (2.6.31 writes it with a capital), node 4.8, zone 2.6.31.
    {"active_anon", total | node | zone, "Active_anon", total},
    {"inactive_anon", total | node | zone},  // total since 2.6.31, node 4.8, zone 2.6.31
    // Total since 2.6.32, node 4.8, zone 2.6.32 to 4.6.
    {"isolated_anon", total, "isolated(anon)", node | zone},
    {"active_file", total | node | zone},    // total since 2.6.31, node 4.8, zone 2.6.31
    {"inactive_file", total | node | zone},  // total since 2.6.31, node 4.8, zone 2.6.31
    // Total since 2.6.32, node 4.8, zone 2.6.32 to 4.6.
    {"isolated_file", total, "isolated(file)", node | zone},
    {"unevictable", total | node | zone},  // total since 2.6.31, node 4.8, zone 2.6.31
    {"dirty", total | node | zone},        // total since 2.6.18, node 4.8, zone 2.6.32 to 4.6
    {"writeback", total | node | zone},    // total since 2.6.18, node 4.8, zone 2.6.32 to 4.6
    {"unstable", total | node | zone},   // total 2.6.18 to 5.4, node 4.8 to 5.4, zone 2.6.32 to 4.6
    {"slab_reclaimable", total | zone},  // total since 2.6.32, zone 2.6.32 to 4.12
    {"slab_unreclaimable", total | zone},  // total since 2.6.32, zone 2.6.32 to 4.12
    {"mapped", total | node | zone},       // total since 2.6.18, node 4.8, zone 2.6.32 to 4.6
    {"shmem", total | node | zone},        // total since 2.6.32, node 4.8, zone 2.6.32 to 4.6
    {"shmem_thp", node},                   // since 4.8
    {"shmem_pmdmapped", node},             // since 4.8
    {"anon_thp", node},                    // since 4.8
    {"writeback_tmp", node | zone},        // node 4.8 to 6.14, zone 2.6.32 to 4.6
    {"kernel_stack", node | zone},         // node since 5.9, zone 2.6.32 to 5.4
    {"shadow_call_stack", node},           // since 5.9
    {"pagetables", total | node | zone},   // total since 2.6.18, node 5.11, zone 2.6.32 to 5.9
    {"sec_pagetables", total | node},      // since 6.1
    {"bounce", total | zone},              // total since 2.6.24, zone 2.6.32
    {"kernel_misc_reclaimable", total},    // since 5.15
    {"free", total | zone},                // since 2.6.18
    {"free_pcp", total | zone},            // since 4.1, and in 3.10 of el7
    {"local_pcp", zone},                   // since 4.1, and in 3.10 of el7
    {"free_cma", total | zone},            // since 3.10
    {"boost", zone},                       // since 5.17
    {"min", zone},                         // since 2.6.18
    {"low", zone},                         // since 2.6.18
    {"high", zone},                        // since 2.6.18
    {"reserved_highatomic", zone},         // since 5.9, as "KB" instead of "kB"
    {"free_highatomic", zone},             // since 6.18, as "KB"
    {"writepending", zone},                // since 4.8
    {"zspages", zone},                     // since 6.18
    {"present", zone},                     // since 2.6.18
    {"managed", zone},                     // since 3.10
    {"mlocked", zone},                     // since 2.6.32
    {"pages_scanned", node | zone},        // node 4.8 to 4.10, zone 2.6.18 to 4.6
    {"balloon", 0, "Balloon", node},       // since 6.18
    {"active", 0, "Active", total},        // 2.6.18 to 2.6.27: one list for both kinds of pages
    {"inactive", total},                   // the same
    {"slab", total},                       // 2.6.18 to 2.6.31
};
static_assert(std::size(field_spellings) == static_cast<std::size_t>(Field::count_));

// A zone's line has thirty of them: each spelling stands in a table of hashes, behind what came to
// the same place before it. 0: nothing is there; else one more than its place in field_spellings,
// doubled, with the lowest bit for the other spelling.
constexpr std::size_t place_count = 256;

constexpr std::size_t place_of(std::string_view spelling) {
  const auto byte = [spelling](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(spelling[at]));
  };
  return spelling.empty() ? 0
                          : (spelling.size() * 37 + byte(0) * 3 + byte(spelling.size() - 1) * 11 +
                             byte(spelling.size() / 2) * 5) %
                                place_count;
}

constexpr std::string_view spelling_of(unsigned entry) {
  const Spellings& field = field_spellings[entry / 2 - 1];
  return entry % 2 == 1 ? field.other : field.name;
}

constexpr auto spellings_by_hash = [] {
  std::array<std::uint8_t, place_count> places{};
  for (unsigned entry = 2; entry < 2 * (std::size(field_spellings) + 1); ++entry) {
    if (spelling_of(entry).empty()) {
      continue;
    }
    std::size_t at = place_of(spelling_of(entry));
    while (places[at] != 0) {
      at = (at + 1) % place_count;
    }
    places[at] = static_cast<std::uint8_t>(entry);
  }
  return places;
}();
static_assert(2 * (std::size(field_spellings) + 1) < 256, "an entry is a byte");

}  // namespace

std::optional<Field> find_field(Scope scope, std::string_view spelling) {
  const auto wanted = static_cast<Scopes>(scope);
  for (std::size_t at = place_of(spelling); spellings_by_hash[at] != 0;
       at = (at + 1) % place_count) {
    const unsigned entry = spellings_by_hash[at];
    const Spellings& field = field_spellings[entry / 2 - 1];
    if (spelling_of(entry) == spelling &&
        ((entry % 2 == 1 ? field.other_scopes : field.scopes) & wanted) != 0) {
      return static_cast<Field>(entry / 2 - 1);
    }
  }
  return std::nullopt;
}

std::string_view name(Field field) {
  const auto index = static_cast<std::size_t>(field);
  return index < std::size(field_spellings) ? field_spellings[index].name : std::string_view{};
}

}  // namespace whyoom::kernel
