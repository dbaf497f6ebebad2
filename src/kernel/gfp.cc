#include "kernel/gfp.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "base/text.h"
#include "kernel/gfp_tables.h"
#include "kernel/release.h"

namespace whyoom::kernel {
namespace {

using F = GfpFlag;
constexpr std::uint32_t unknown_name = 1U << 31U;

std::string hex(std::uint32_t value) {
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

constexpr GfpFlags one(GfpFlag flag) {
  GfpFlags flags;
  flags.set(flag);
  return flags;
}

// Part of GFP_HIGHUSER_MOVABLE on kernels that tag memory in hardware, 0 on all others.
constexpr GfpFlags kasan_flags() { return one(F::skip_kasan) | one(F::skip_kasan_unpoison); }

GfpFlags decode(std::uint32_t mask, const GfpGeneration& generation, std::uint32_t& unknown) {
  GfpFlags flags;
  unknown = mask;
  for (const auto& part : generation.bits) {
    for (const GfpBit& bit : part) {
      if ((mask & bit.bit) != 0) {
        flags.set(bit.flag);
        unknown &= ~bit.bit;
      }
    }
  }
  return flags;
}

// Names what is left of the flags; with `only`, no others than these.
void take_names(std::span<const GfpName> known, const GfpGeneration& generation, GfpFlags only,
                GfpFlags& rest, std::vector<std::string>& names) {
  for (const GfpName& name : known) {
    if (!rest.has_all(name.flags) || !(only.empty() || only == name.flags) ||
        !has_name(generation, name)) {
      continue;
    }
    names.emplace_back(name.name);
    rest.clear(name.flags);
    if (name.flags.has_all(one(F::movable) | one(F::hardwall))) {
      rest.clear(kasan_flags());
    }
  }
}

std::vector<GfpFlags> order_by_bit(const GfpGeneration& generation) {
  std::vector<GfpBit> bits;
  for (const auto& part : generation.bits) {
    bits.insert(bits.end(), part.begin(), part.end());
  }
  std::ranges::sort(bits, {}, &GfpBit::bit);
  std::vector<GfpFlags> order{one(F::dma), one(F::dma32),
                              one(F::direct_reclaim) | one(F::kswapd_reclaim)};
  for (const GfpBit& bit : bits) {
    order.push_back(one(bit.flag));
  }
  return order;
}

std::vector<std::string> names_of(GfpFlags flags, const GfpGeneration& generation) {
  std::vector<std::string> names;
  take_names(gfp_composites(), generation, {}, flags, names);
  if (!generation.named_by_bit) {
    take_names(gfp_flag_names(), generation, {}, flags, names);
    return names;
  }
  for (const GfpFlags only : order_by_bit(generation)) {
    take_names(gfp_flag_names(), generation, only, flags, names);
  }
  return names;
}

GfpMask read_as(std::uint32_t mask, const GfpGeneration& generation) {
  GfpMask result;
  result.mask = mask;
  result.generation = generation.label;
  result.flags = decode(mask, generation, result.unknown);
  result.names = names_of(result.flags, generation);
  if (result.unknown != 0) {
    result.names.push_back(hex(result.unknown));
  }
  return result;
}

// No kernel asks for what this rejects; it tells generations apart when nothing else does.
bool plausible(const GfpMask& read) {
  const GfpFlags f = read.flags;
  const int zones = f.has(F::dma) + f.has(F::dma32) + f.has(F::highmem);
  const bool old =
      f.has(F::wait) || read.generation.starts_with("2.") || read.generation.starts_with("3.");
  const bool huge = f.has(F::comp) && f.has(F::nomemalloc);
  return read.unknown == 0 && zones <= 1 && !(f.has(F::movable) && f.has(F::reclaimable)) &&
         !(f.has(F::memalloc) && f.has(F::nomemalloc)) &&
         !(f.has(F::nofail) && f.has(F::noretry)) && (!f.has(F::fs) || f.has(F::io)) &&
         (!f.has(F::io) || may_reclaim(f) || huge) &&
         (!f.has(F::direct_reclaim) || f.has(F::kswapd_reclaim) || huge) &&
         (!f.has(F::high) || old || f.has(F::kswapd_reclaim));
}

const GfpGeneration* generation_of(const Release& release) {
  const GfpGeneration* found = nullptr;
  for (const GfpGeneration& generation : gfp_generations()) {
    if (generation.since <= release) {
      found = &generation;
    }
  }
  return found;
}

// The name's flags as the newest kernel that has it; nullopt for a name that no kernel has.
std::optional<GfpFlags> expand(std::string_view name) {
  std::optional<GfpFlags> newest;
  for (const auto known : {gfp_flag_names(), gfp_composites()}) {
    for (const GfpName& row : known) {
      newest = row.name == name ? row.flags : newest;
    }
  }
  return newest;
}

void add_name(GfpMask& result, std::string_view name) {
  result.names.emplace_back(name);
  if (name.starts_with("0x")) {
    const auto bits = parse_hex(name);
    result.unknown |=
        bits && *bits <= UINT32_MAX ? static_cast<std::uint32_t>(*bits) : unknown_name;
  } else if (const auto flags = expand(name)) {
    result.flags = result.flags | *flags;
  } else {
    result.unknown |= unknown_name;
  }
}

bool means_nothing(std::string_view name) {
  return name.empty() || name == "none" || name == "(none)";
}

GfpMask read_names(std::uint32_t mask, std::string_view names) {
  GfpMask result;
  result.mask = mask;
  while (!names.empty()) {
    const std::size_t bar = names.find('|');
    const std::string_view name = trim(names.substr(0, bar));
    names = bar == std::string_view::npos ? std::string_view{} : names.substr(bar + 1);
    if (!means_nothing(name)) {
      add_name(result, name);
    }
  }
  int matches = 0;
  const bool number = !result.names.empty() && result.names.back().starts_with("0x");
  for (const GfpGeneration& generation : gfp_generations()) {
    std::uint32_t unknown = 0;
    (void)decode(mask, generation, unknown);
    if (number != (unknown != 0)) {
      continue;  // without the names, which are most of the work
    }
    const GfpMask read = read_as(mask, generation);
    if (!result.names.empty() && read.names == result.names) {
      result.flags = read.flags;
      result.generation = ++matches == 1 ? read.generation : std::string_view{};
    }
  }
  return result;
}

std::string without_underscores(std::string_view name) {
  std::string letters(name);
  std::erase(letters, '_');
  return letters;
}

// Each of the names that some kernel prints, even when Markdown took its underscores, is one of the
// mask's.
bool has_known_names(const GfpMask& read, const std::vector<std::string>& names) {
  const auto has = [](std::span<const GfpName> rows, const std::string& letters) {
    return std::ranges::any_of(
        rows, [&](const GfpName& row) { return without_underscores(row.name) == letters; });
  };
  return std::ranges::all_of(names, [&](const std::string& name) {
    const std::string letters = without_underscores(name);
    const bool known = has(gfp_flag_names(), letters) || has(gfp_composites(), letters);
    return !known || std::ranges::any_of(read.names, [&](const std::string& own) {
      return without_underscores(own) == letters;
    });
  });
}

}  // namespace

std::optional<GfpMask> gfp_with_damaged_names(const GfpMask& named, std::string_view release) {
  if ((named.unknown & unknown_name) == 0) {
    return std::nullopt;
  }
  const auto parsed = parse_release(release);
  const GfpGeneration* const own = parsed ? generation_of(*parsed) : nullptr;
  std::optional<GfpMask> agreed;
  for (const GfpGeneration& generation : gfp_generations()) {
    if (parsed && &generation != own) {
      continue;
    }
    GfpMask read = read_as(named.mask, generation);
    if (!plausible(read) || !has_known_names(read, named.names)) {
      continue;
    }
    if (agreed && agreed->flags != read.flags) {
      return std::nullopt;
    }
    agreed = std::move(read);
  }
  return agreed;
}

// The reports of a log mostly ask for the same, and to read it is a tenth of reading a small one.
GfpMask gfp_from_names(std::uint32_t mask, std::string_view names) {
  struct Last {
    std::uint32_t mask = 0;
    std::string names;
    GfpMask read;
  };
#ifdef __wasm__  // one thread, and nobody there to end its variables
  static Last last;
#else
  thread_local Last last;
#endif
  if (last.mask != mask || last.names != names) {
    last = {mask, std::string(names), read_names(mask, names)};
  }
  return last.read;
}

GfpMask gfp_from_mask(std::uint32_t mask, std::string_view release) {
  if (const auto parsed = parse_release(release)) {
    const GfpGeneration* generation = generation_of(*parsed);
    return generation != nullptr ? read_as(mask, *generation) : GfpMask{mask, {}, {}, mask, {}};
  }
  GfpMask agreed;
  int readings = 0;
  for (const GfpGeneration& generation : gfp_generations()) {
    GfpMask read = read_as(mask, generation);
    if (!plausible(read)) {
      continue;
    }
    if (++readings > 1) {
      if (read.flags != agreed.flags) {
        return GfpMask{mask, {}, {}, 0, {}};
      }
      agreed.generation = {};
    } else {
      agreed = std::move(read);
    }
  }
  agreed.mask = mask;
  return agreed;
}

ZoneClass gfp_zone(GfpFlags flags) {
  if (flags.has(F::dma)) {
    return ZoneClass::dma;
  }
  if (flags.has(F::dma32)) {
    return ZoneClass::dma32;
  }
  if (!flags.has(F::highmem)) {
    return ZoneClass::normal;
  }
  return flags.has(F::movable) ? ZoneClass::movable : ZoneClass::highmem;
}

bool may_reclaim(GfpFlags flags) { return flags.has(F::wait) || flags.has(F::direct_reclaim); }

bool is_movable(GfpFlags flags) { return flags.has(F::movable); }

bool is_atomic(GfpFlags flags) { return !flags.empty() && !may_reclaim(flags); }

// A page of anonymous memory is asked for with GFP_HIGHUSER_MOVABLE|__GFP_ZERO, and charged with
// GFP_KERNEL (mm/memory.c do_anonymous_page(), since 6.7 folio_prealloc(); alloc_anon_folio()
// charges larger ones with the flags of the request). File systems that zero their cache (f2fs) ask
// for no movable pages, and what the kernel charges to itself has __GFP_ACCOUNT. To 4.14 __GFP_COLD
// was added to the mask of the request alone (mm/filemap.c page_cache_read(),
// do_read_cache_page()); the readahead's charge has it too, with __GFP_NORETRY, which calls no OOM
// killer.
bool is_of_no_cgroup(GfpFlags flags) {
  const bool anonymous = flags.has(F::highmem) && flags.has(F::movable) && flags.has(F::hardwall) &&
                         flags.has(F::zero) && flags.has(F::io) && flags.has(F::fs);
  return (anonymous || flags.has(F::cold)) && !flags.has(F::account);
}

}  // namespace whyoom::kernel
