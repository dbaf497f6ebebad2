// Source of the bits: include/linux/gfp.h, since 6.0 include/linux/gfp_types.h; of the composites:
// the same files; of names and order: include/trace/events/mmflags.h (the %pGg format of 4.6 and
// later). Read in 2.6.18, 2.6.24, 2.6.31, 2.6.32-642.el6, 2.6.39, 3.0, 3.6, 3.10.0-1062.el7, 3.16,
// 3.19, 4.1, 4.4, 4.6, 4.8, 4.9, 4.10, 4.12 to 4.17, 4.18.0-147.el8 and -240.el8, 4.19, 5.0, 5.2,
// 5.3, 5.4, 5.11, 5.12, 5.14, 5.15, 5.17, 5.19, 6.1, 6.2, 6.3, 6.5, 6.6, 6.8, 6.9, 6.10, 6.12,
// 6.14 and 6.19; `source` names the first and the last tree that has exactly these bits.
#include "kernel/gfp_tables.h"

namespace whyoom::kernel {
namespace {

using F = GfpFlag;

template <class... Flags>
constexpr GfpFlags of(Flags... flags) {
  GfpFlags all;
  (all.set(flags), ...);
  return all;
}

// Never moved.
constexpr GfpBit kFixed[] = {{0x01, F::dma},  {0x02, F::highmem}, {0x04, F::dma32},
                             {0x20, F::high}, {0x40, F::io},      {0x80, F::fs}};

// 2.6.18 .. 5.0
constexpr GfpBit kFirst[] = {{0x200, F::nowarn},       {0x400, F::retry_mayfail},
                             {0x800, F::nofail},       {0x1000, F::noretry},
                             {0x4000, F::comp},        {0x8000, F::zero},
                             {0x10000, F::nomemalloc}, {0x20000, F::hardwall}};

// Each of the following up to the next renumbering.
constexpr GfpBit k2_6_18[] = {{0x10, F::wait}, {0x100, F::cold}, {0x40000, F::thisnode}};
constexpr GfpBit k2_6_24[] = {{0x10, F::wait},
                              {0x100, F::cold},
                              {0x40000, F::thisnode},
                              {0x80000, F::reclaimable},
                              {0x100000, F::movable}};
constexpr GfpBit k2_6_31[] = {{0x08, F::movable},        {0x10, F::wait},
                              {0x100, F::cold},          {0x2000, F::memalloc},  // since 3.6
                              {0x40000, F::thisnode},    {0x80000, F::reclaimable},
                              {0x200000, F::notrack},    {0x400000, F::no_kswapd},
                              {0x800000, F::other_node}, {0x1000000, F::write}};
// 3.8: __GFP_KMEMCG, gone by 3.16; 4.1: __GFP_NOACCOUNT, which has no effect that shows here.
constexpr GfpBit k3_8[] = {{0x100000, F::account}};

constexpr GfpBit k4_4[] = {
    {0x08, F::movable},     {0x10, F::reclaimable},        {0x100, F::cold},
    {0x2000, F::memalloc},  {0x40000, F::thisnode},        {0x80000, F::atomic},
    {0x200000, F::notrack}, {0x400000, F::direct_reclaim}, {0x800000, F::other_node},
    {0x1000000, F::write},  {0x2000000, F::kswapd_reclaim}};
constexpr GfpBit k4_5[] = {{0x100000, F::account}};

// cold and notrack were last used in 4.14.
constexpr GfpBit k4_10[] = {
    {0x08, F::movable},     {0x10, F::reclaimable},         {0x100, F::cold},
    {0x2000, F::memalloc},  {0x40000, F::thisnode},         {0x80000, F::atomic},
    {0x100000, F::account}, {0x200000, F::notrack},         {0x400000, F::direct_reclaim},
    {0x800000, F::write},   {0x1000000, F::kswapd_reclaim}, {0x2000000, F::nolockdep}};

constexpr GfpBit k4_18[] = {
    {0x08, F::movable},      {0x10, F::reclaimable},        {0x100, F::write},
    {0x2000, F::memalloc},   {0x40000, F::thisnode},        {0x80000, F::atomic},
    {0x100000, F::account},  {0x200000, F::direct_reclaim}, {0x400000, F::kswapd_reclaim},
    {0x800000, F::nolockdep}};

// Since 5.1
constexpr GfpBit k5_1[] = {
    {0x08, F::movable},         {0x10, F::reclaimable},     {0x100, F::zero},
    {0x400, F::direct_reclaim}, {0x800, F::kswapd_reclaim}, {0x1000, F::write},
    {0x2000, F::nowarn},        {0x4000, F::retry_mayfail}, {0x8000, F::nofail},
    {0x10000, F::noretry},      {0x20000, F::memalloc},     {0x40000, F::comp},
    {0x80000, F::nomemalloc},   {0x100000, F::hardwall},    {0x200000, F::thisnode},
    {0x400000, F::account}};
constexpr GfpBit kAtomic[] = {{0x200, F::atomic}};
constexpr GfpBit kTop5_1[] = {{0x800000, F::nolockdep}};
constexpr GfpBit kTop5_14[] = {
    {0x800000, F::zerotags}, {0x1000000, F::skip_kasan}, {0x2000000, F::nolockdep}};
constexpr GfpBit kTop5_18[] = {{0x800000, F::zerotags},
                               {0x1000000, F::skip_zero},
                               {0x2000000, F::skip_kasan_unpoison},
                               {0x4000000, F::skip_kasan},
                               {0x8000000, F::nolockdep}};
constexpr GfpBit kTop6_4[] = {{0x800000, F::zerotags},
                              {0x1000000, F::skip_zero},
                              {0x2000000, F::skip_kasan},
                              {0x4000000, F::nolockdep}};
// Since 6.9 an enum whose upper entries depend on the build, so bits from 0x1000000 up say nothing.
constexpr GfpBit kTop6_9[] = {{0x800000, F::zerotags}};

// Composites, the one with the most bits first, as the kernel compares them.
constexpr GfpFlags kOldKernel = of(F::wait, F::io, F::fs);
constexpr GfpFlags kOldUser = kOldKernel | of(F::hardwall);
constexpr GfpFlags kOldMovable = kOldUser | of(F::highmem, F::movable);
constexpr GfpComposite kComposites2_6_18[] = {
    {"GFP_TRANSHUGE",
     kOldMovable | of(F::comp, F::nomemalloc, F::noretry, F::nowarn, F::no_kswapd)},
    {"GFP_HIGHUSER_MOVABLE", kOldMovable},
    {"GFP_HIGHUSER", kOldUser | of(F::highmem)},
    {"GFP_USER", kOldUser},
    {"GFP_TEMPORARY", kOldKernel | of(F::reclaimable)},
    {"GFP_KERNEL", kOldKernel},
    {"GFP_NOFS", of(F::wait, F::io)},
    {"GFP_ATOMIC", of(F::high)},
    {"GFP_NOIO", of(F::wait)},
};

constexpr GfpFlags kReclaim = of(F::direct_reclaim, F::kswapd_reclaim);
constexpr GfpFlags kKernel = kReclaim | of(F::io, F::fs);
constexpr GfpFlags kUser = kKernel | of(F::hardwall);
constexpr GfpFlags kMovable = kUser | of(F::highmem, F::movable);
// GFP_HIGHUSER_MOVABLE without any reclaim, for a huge page.
constexpr GfpFlags kHuge =
    of(F::io, F::fs, F::hardwall, F::highmem, F::movable, F::comp, F::nomemalloc, F::nowarn);
constexpr GfpFlags kOldAtomic = of(F::high, F::atomic, F::kswapd_reclaim);

constexpr GfpComposite kComposites4_4[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::noretry, F::direct_reclaim)},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_TEMPORARY", kKernel | of(F::reclaimable)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", kOldAtomic},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim)},
};
constexpr GfpComposite kComposites4_5[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::noretry)},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_TEMPORARY", kKernel | of(F::reclaimable)},
    {"GFP_KERNEL_ACCOUNT", kKernel | of(F::account)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", kOldAtomic},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim)},
};
constexpr GfpComposite kComposites4_8[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::direct_reclaim)},
    {"GFP_TRANSHUGE_LIGHT", kHuge},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_TEMPORARY", kKernel | of(F::reclaimable)},  // last in 4.13
    {"GFP_KERNEL_ACCOUNT", kKernel | of(F::account)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", kOldAtomic},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim)},
};
constexpr GfpComposite kComposites4_14[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::direct_reclaim)},
    {"GFP_TRANSHUGE_LIGHT", kHuge},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_KERNEL_ACCOUNT", kKernel | of(F::account)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", kOldAtomic},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim)},
};
constexpr GfpComposite kComposites6_3[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::direct_reclaim)},
    {"GFP_TRANSHUGE_LIGHT", kHuge},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_KERNEL_ACCOUNT", kKernel | of(F::account)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", of(F::high, F::kswapd_reclaim)},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim)},
};
constexpr GfpComposite kComposites6_8[] = {
    {"GFP_TRANSHUGE", kHuge | of(F::direct_reclaim)},
    {"GFP_TRANSHUGE_LIGHT", kHuge},
    {"GFP_HIGHUSER_MOVABLE", kMovable},
    {"GFP_HIGHUSER", kUser | of(F::highmem)},
    {"GFP_USER", kUser},
    {"GFP_KERNEL_ACCOUNT", kKernel | of(F::account)},
    {"GFP_KERNEL", kKernel},
    {"GFP_NOFS", kReclaim | of(F::io)},
    {"GFP_ATOMIC", of(F::high, F::kswapd_reclaim)},
    {"GFP_NOIO", kReclaim},
    {"GFP_NOWAIT", of(F::kswapd_reclaim, F::nowarn)},
};

constexpr auto kByKind = GfpOrder::by_kind;
constexpr GfpGeneration kGenerations[] = {
    {"2.6.18 .. 2.6.23",
     {2, 6, 0},
     {kFixed, kFirst, k2_6_18},
     kComposites2_6_18,
     kByKind,
     "include/linux/gfp.h 2.6.18"},
    {"2.6.24 .. 2.6.30",
     {2, 6, 24},
     {kFixed, kFirst, k2_6_24},
     kComposites2_6_18,
     kByKind,
     "include/linux/gfp.h 2.6.24"},
    {"2.6.31 .. 3.7",
     {2, 6, 31},
     {kFixed, kFirst, k2_6_31},
     kComposites2_6_18,
     kByKind,
     "include/linux/gfp.h 2.6.31 .. 3.6"},
    {"3.8 .. 4.3",
     {3, 8, 0},
     {kFixed, kFirst, k2_6_31, k3_8},
     kComposites2_6_18,
     kByKind,
     "include/linux/gfp.h 3.10.0-1062.el7 .. 4.1"},
    {"4.4",
     {4, 4, 0},
     {kFixed, kFirst, k4_4},
     kComposites4_4,
     kByKind,
     "include/linux/gfp.h 4.4.121"},
    {"4.5 .. 4.7",
     {4, 5, 0},
     {kFixed, kFirst, k4_4, k4_5},
     kComposites4_5,
     kByKind,
     "include/linux/gfp.h 4.6.2"},
    {"4.8 .. 4.9",
     {4, 8, 0},
     {kFixed, kFirst, k4_4, k4_5},
     kComposites4_8,
     kByKind,
     "include/linux/gfp.h 4.8.15, 4.9.154"},
    {"4.10 .. 4.12",
     {4, 10, 0},
     {kFixed, kFirst, k4_10},
     kComposites4_8,
     kByKind,
     "include/linux/gfp.h 4.10.17, 4.12"},
    {"4.13",
     {4, 13, 0},
     {kFixed, kFirst, k4_10},
     kComposites4_8,
     kByKind,
     "include/linux/gfp.h 4.13.4"},
    {"4.14 .. 4.17",
     {4, 14, 0},
     {kFixed, kFirst, k4_10},
     kComposites4_14,
     kByKind,
     "include/linux/gfp.h 4.14.177 .. 4.17"},
    {"4.18 .. 5.0",
     {4, 18, 0},
     {kFixed, kFirst, k4_18},
     kComposites4_14,
     kByKind,
     "include/linux/gfp.h 4.18.0-147.el8 .. 5.0.1"},
    {"5.1 .. 5.13",
     {5, 1, 0},
     {kFixed, k5_1, kAtomic, kTop5_1},
     kComposites4_14,
     kByKind,
     "include/linux/gfp.h 5.2.1 .. 5.12.9; linux-mm 2019-01-09 'mm: shuffle GFP_* flags'"},
    {"5.14 .. 5.17",
     {5, 14, 0},
     {kFixed, k5_1, kAtomic, kTop5_14},
     kComposites4_14,
     kByKind,
     "include/linux/gfp.h 5.14 .. 5.17"},
    {"5.18 .. 6.2",
     {5, 18, 0},
     {kFixed, k5_1, kAtomic, kTop5_18},
     kComposites4_14,
     kByKind,
     "include/linux/gfp.h 5.19, gfp_types.h 6.1.20, 6.2.1"},
    {"6.3",
     {6, 3, 0},
     {kFixed, k5_1, kTop5_18},
     kComposites6_3,
     kByKind,
     "include/linux/gfp_types.h 6.3.8"},
    {"6.4 .. 6.7",
     {6, 4, 0},
     {kFixed, k5_1, kTop6_4},
     kComposites6_3,
     kByKind,
     "include/linux/gfp_types.h 6.5, 6.6.9"},
    {"6.8",
     {6, 8, 0},
     {kFixed, k5_1, kTop6_4},
     kComposites6_8,
     kByKind,
     "include/linux/gfp_types.h 6.8.1"},
    {"6.9 .. 6.14",
     {6, 9, 0},
     {kFixed, k5_1, kTop6_9},
     kComposites6_8,
     kByKind,
     "include/linux/gfp_types.h 6.9 .. 6.14"},
    {"6.15 ..",
     {6, 15, 0},
     {kFixed, k5_1, kTop6_9},
     kComposites6_8,
     GfpOrder::by_bit,
     "include/linux/gfp_types.h 6.19.10"},
};

struct Name {
  GfpFlag flag;
  std::string_view name;
};

// The first name of a flag is the one of today.
constexpr Name kNames[] = {
    {F::dma, "GFP_DMA"},
    {F::highmem, "__GFP_HIGHMEM"},
    {F::dma32, "GFP_DMA32"},
    {F::high, "__GFP_HIGH"},
    {F::wait, "__GFP_WAIT"},
    {F::atomic, "__GFP_ATOMIC"},
    {F::io, "__GFP_IO"},
    {F::fs, "__GFP_FS"},
    {F::cold, "__GFP_COLD"},
    {F::nowarn, "__GFP_NOWARN"},
    {F::retry_mayfail, "__GFP_RETRY_MAYFAIL"},
    {F::nofail, "__GFP_NOFAIL"},
    {F::noretry, "__GFP_NORETRY"},
    {F::comp, "__GFP_COMP"},
    {F::zero, "__GFP_ZERO"},
    {F::nomemalloc, "__GFP_NOMEMALLOC"},
    {F::memalloc, "__GFP_MEMALLOC"},
    {F::hardwall, "__GFP_HARDWALL"},
    {F::thisnode, "__GFP_THISNODE"},
    {F::reclaimable, "__GFP_RECLAIMABLE"},
    {F::movable, "__GFP_MOVABLE"},
    {F::account, "__GFP_ACCOUNT"},
    {F::notrack, "__GFP_NOTRACK"},
    {F::write, "__GFP_WRITE"},
    {F::direct_reclaim, "__GFP_DIRECT_RECLAIM"},
    {F::kswapd_reclaim, "__GFP_KSWAPD_RECLAIM"},
    {F::other_node, "__GFP_OTHER_NODE"},
    {F::zerotags, "__GFP_ZEROTAGS"},
    {F::skip_zero, "__GFP_SKIP_ZERO"},
    {F::skip_kasan, "__GFP_SKIP_KASAN"},
    {F::skip_kasan_unpoison, "__GFP_SKIP_KASAN_UNPOISON"},
    {F::nolockdep, "__GFP_NOLOCKDEP"},
    {F::no_obj_ext, "__GFP_NO_OBJ_EXT"},
    {F::no_kswapd, "__GFP_NO_KSWAPD"},
    // Other spellings.
    {F::dma, "__GFP_DMA"},
    {F::dma32, "__GFP_DMA32"},
    {F::retry_mayfail, "__GFP_REPEAT"},
    {F::account, "__GFP_KMEMCG"},
    {F::skip_kasan, "__GFP_SKIP_KASAN_POISON"},
};
constexpr std::size_t kFlags = static_cast<std::size_t>(F::count_);

constexpr std::array<GfpFlag, kFlags> by_kind() {
  std::array<GfpFlag, kFlags> flags{};
  for (std::size_t i = 0; i < kFlags; ++i) {
    flags[i] = kNames[i].flag;
  }
  return flags;
}
constexpr std::array<GfpFlag, kFlags> kFlagsByKind = by_kind();

}  // namespace

std::span<const GfpGeneration> gfp_generations() { return kGenerations; }

std::span<const GfpFlag> gfp_flags_by_kind() { return kFlagsByKind; }

std::string_view gfp_flag_name(GfpFlag flag, const GfpGeneration& generation) {
  const auto before = [&](std::uint16_t major, std::uint16_t minor) {
    return generation.since < std::array<std::uint16_t, 3>{major, minor, 0};
  };
  if (flag == F::retry_mayfail && before(4, 13)) {
    return "__GFP_REPEAT";
  }
  if (flag == F::account && before(4, 4)) {
    return "__GFP_KMEMCG";
  }
  if (flag == F::skip_kasan && before(6, 4)) {
    return "__GFP_SKIP_KASAN_POISON";
  }
  for (const Name& name : kNames) {
    if (name.flag == flag) {
      return name.name;
    }
  }
  return {};
}

GfpFlag gfp_flag_by_name(std::string_view name) {
  for (const Name& known : kNames) {
    if (known.name == name) {
      return known.flag;
    }
  }
  return F::count_;
}

}  // namespace whyoom::kernel
