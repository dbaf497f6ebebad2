// Source of the bits: include/linux/gfp.h, since 6.0 include/linux/gfp_types.h; of the composites:
// the same files; of names and order: include/trace/events/mmflags.h (the %pGg format of 4.6 and
// later). Read in 2.6.18, 2.6.24, 2.6.31, 2.6.32-642.el6, 2.6.39, 3.0, 3.6, 3.10.0-1062.el7, 3.16,
// 3.19, 4.1, 4.4, 4.6, 4.8, 4.9, 4.10, 4.12 to 4.17, 4.18.0-147.el8 and -240.el8, 4.19, 5.0, 5.2,
// 5.3, 5.4, 5.11, 5.12, 5.14, 5.15, 5.17, 5.19, 6.1, 6.2, 6.3, 6.5, 6.6, 6.8, 6.9, 6.10, 6.12,
// 6.14 and 6.19. The bits of 5.1: linux-mm 2019-01-09, "mm: shuffle GFP_* flags".
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
constexpr GfpBit fixed_bits[] = {{0x01, F::dma},  {0x02, F::highmem}, {0x04, F::dma32},
                                 {0x20, F::high}, {0x40, F::io},      {0x80, F::fs}};

// 2.6.18 .. 5.0
constexpr GfpBit first_bits[] = {{0x200, F::nowarn},       {0x400, F::retry_mayfail},
                                 {0x800, F::nofail},       {0x1000, F::noretry},
                                 {0x4000, F::comp},        {0x8000, F::zero},
                                 {0x10000, F::nomemalloc}, {0x20000, F::hardwall}};

// Each of the following up to the next renumbering.
constexpr GfpBit bits_2_6_18[] = {{0x10, F::wait}, {0x100, F::cold}, {0x40000, F::thisnode}};
constexpr GfpBit bits_2_6_24[] = {{0x10, F::wait},
                                  {0x100, F::cold},
                                  {0x40000, F::thisnode},
                                  {0x80000, F::reclaimable},
                                  {0x100000, F::movable}};
constexpr GfpBit bits_2_6_31[] = {{0x08, F::movable},        {0x10, F::wait},
                                  {0x100, F::cold},          {0x2000, F::memalloc},  // since 3.6
                                  {0x40000, F::thisnode},    {0x80000, F::reclaimable},
                                  {0x200000, F::notrack},    {0x400000, F::no_kswapd},
                                  {0x800000, F::other_node}, {0x1000000, F::write}};
// 3.8: __GFP_KMEMCG, gone by 3.16; 4.1: __GFP_NOACCOUNT, which has no effect that shows here.
constexpr GfpBit bits_3_8[] = {{0x100000, F::account}};

constexpr GfpBit bits_4_4[] = {
    {0x08, F::movable},     {0x10, F::reclaimable},        {0x100, F::cold},
    {0x2000, F::memalloc},  {0x40000, F::thisnode},        {0x80000, F::atomic},
    {0x200000, F::notrack}, {0x400000, F::direct_reclaim}, {0x800000, F::other_node},
    {0x1000000, F::write},  {0x2000000, F::kswapd_reclaim}};
constexpr GfpBit bits_4_5[] = {{0x100000, F::account}};

// cold and notrack were last used in 4.14.
constexpr GfpBit bits_4_10[] = {
    {0x08, F::movable},     {0x10, F::reclaimable},         {0x100, F::cold},
    {0x2000, F::memalloc},  {0x40000, F::thisnode},         {0x80000, F::atomic},
    {0x100000, F::account}, {0x200000, F::notrack},         {0x400000, F::direct_reclaim},
    {0x800000, F::write},   {0x1000000, F::kswapd_reclaim}, {0x2000000, F::nolockdep}};

constexpr GfpBit bits_4_18[] = {
    {0x08, F::movable},      {0x10, F::reclaimable},        {0x100, F::write},
    {0x2000, F::memalloc},   {0x40000, F::thisnode},        {0x80000, F::atomic},
    {0x100000, F::account},  {0x200000, F::direct_reclaim}, {0x400000, F::kswapd_reclaim},
    {0x800000, F::nolockdep}};

// Since 5.1
constexpr GfpBit bits_5_1[] = {
    {0x08, F::movable},         {0x10, F::reclaimable},     {0x100, F::zero},
    {0x400, F::direct_reclaim}, {0x800, F::kswapd_reclaim}, {0x1000, F::write},
    {0x2000, F::nowarn},        {0x4000, F::retry_mayfail}, {0x8000, F::nofail},
    {0x10000, F::noretry},      {0x20000, F::memalloc},     {0x40000, F::comp},
    {0x80000, F::nomemalloc},   {0x100000, F::hardwall},    {0x200000, F::thisnode},
    {0x400000, F::account}};
constexpr GfpBit atomic_bit[] = {{0x200, F::atomic}};
constexpr GfpBit top_5_1[] = {{0x800000, F::nolockdep}};
constexpr GfpBit top_5_14[] = {
    {0x800000, F::zerotags}, {0x1000000, F::skip_kasan}, {0x2000000, F::nolockdep}};
constexpr GfpBit top_5_18[] = {{0x800000, F::zerotags},
                               {0x1000000, F::skip_zero},
                               {0x2000000, F::skip_kasan_unpoison},
                               {0x4000000, F::skip_kasan},
                               {0x8000000, F::nolockdep}};
constexpr GfpBit top_6_4[] = {{0x800000, F::zerotags},
                              {0x1000000, F::skip_zero},
                              {0x2000000, F::skip_kasan},
                              {0x4000000, F::nolockdep}};
// Since 6.9 an enum whose upper entries depend on the build, so bits from 0x1000000 up say nothing.
constexpr GfpBit top_6_9[] = {{0x800000, F::zerotags}};

// Composites, the one with the most bits first, as the kernel compares them. A later spelling of
// the same name comes after an older one.
constexpr Release v4_4{4, 4}, v4_5{4, 5}, v4_8{4, 8}, v4_14{4, 14}, v6_3{6, 3}, v6_8{6, 8};
constexpr GfpFlags old_gfp_kernel = of(F::wait, F::io, F::fs);
constexpr GfpFlags old_gfp_user = old_gfp_kernel | of(F::hardwall);
constexpr GfpFlags old_gfp_movable = old_gfp_user | of(F::highmem, F::movable);
constexpr GfpFlags gfp_reclaim = of(F::direct_reclaim, F::kswapd_reclaim);
constexpr GfpFlags gfp_kernel = gfp_reclaim | of(F::io, F::fs);
constexpr GfpFlags gfp_user = gfp_kernel | of(F::hardwall);
constexpr GfpFlags gfp_movable = gfp_user | of(F::highmem, F::movable);
// GFP_HIGHUSER_MOVABLE without any reclaim, for a huge page.
constexpr GfpFlags gfp_huge =
    of(F::io, F::fs, F::hardwall, F::highmem, F::movable, F::comp, F::nomemalloc, F::nowarn);
constexpr GfpName composites[] = {
    {"GFP_TRANSHUGE",
     old_gfp_movable | of(F::comp, F::nomemalloc, F::noretry, F::nowarn, F::no_kswapd),
     {},
     v4_4},
    {"GFP_TRANSHUGE", gfp_huge | of(F::noretry, F::direct_reclaim), v4_4, v4_5},
    {"GFP_TRANSHUGE", gfp_huge | of(F::noretry), v4_5, v4_8},
    {"GFP_TRANSHUGE", gfp_huge | of(F::direct_reclaim), v4_8},
    {"GFP_TRANSHUGE_LIGHT", gfp_huge, v4_8},
    {"GFP_HIGHUSER_MOVABLE", old_gfp_movable, {}, v4_4},
    {"GFP_HIGHUSER_MOVABLE", gfp_movable, v4_4},
    {"GFP_HIGHUSER", old_gfp_user | of(F::highmem), {}, v4_4},
    {"GFP_HIGHUSER", gfp_user | of(F::highmem), v4_4},
    {"GFP_USER", old_gfp_user, {}, v4_4},
    {"GFP_USER", gfp_user, v4_4},
    {"GFP_TEMPORARY", old_gfp_kernel | of(F::reclaimable), {}, v4_4},
    {"GFP_TEMPORARY", gfp_kernel | of(F::reclaimable), v4_4, v4_14},
    {"GFP_KERNEL_ACCOUNT", gfp_kernel | of(F::account), v4_5},
    {"GFP_KERNEL", old_gfp_kernel, {}, v4_4},
    {"GFP_KERNEL", gfp_kernel, v4_4},
    {"GFP_NOFS", of(F::wait, F::io), {}, v4_4},
    {"GFP_NOFS", gfp_reclaim | of(F::io), v4_4},
    {"GFP_ATOMIC", of(F::high), {}, v4_4},
    {"GFP_ATOMIC", of(F::high, F::atomic, F::kswapd_reclaim), v4_4, v6_3},
    {"GFP_ATOMIC", of(F::high, F::kswapd_reclaim), v6_3},
    {"GFP_NOIO", of(F::wait), {}, v4_4},
    {"GFP_NOIO", gfp_reclaim, v4_4},
    {"GFP_NOWAIT", of(F::kswapd_reclaim), v4_4, v6_8},
    {"GFP_NOWAIT", of(F::kswapd_reclaim, F::nowarn), v6_8},
};

constexpr GfpGeneration generations[] = {
    {"2.6.18 .. 2.6.23", {2, 6, 0}, {fixed_bits, first_bits, bits_2_6_18}},
    {"2.6.24 .. 2.6.30", {2, 6, 24}, {fixed_bits, first_bits, bits_2_6_24}},
    {"2.6.31 .. 3.7", {2, 6, 31}, {fixed_bits, first_bits, bits_2_6_31}},
    {"3.8 .. 4.3", {3, 8, 0}, {fixed_bits, first_bits, bits_2_6_31, bits_3_8}},
    {"4.4", {4, 4, 0}, {fixed_bits, first_bits, bits_4_4}},
    {"4.5 .. 4.7", {4, 5, 0}, {fixed_bits, first_bits, bits_4_4, bits_4_5}},
    {"4.8 .. 4.9", {4, 8, 0}, {fixed_bits, first_bits, bits_4_4, bits_4_5}},
    {"4.10 .. 4.12", {4, 10, 0}, {fixed_bits, first_bits, bits_4_10}},
    {"4.13", {4, 13, 0}, {fixed_bits, first_bits, bits_4_10}},
    {"4.14 .. 4.17", {4, 14, 0}, {fixed_bits, first_bits, bits_4_10}},
    {"4.18 .. 5.0", {4, 18, 0}, {fixed_bits, first_bits, bits_4_18}},
    {"5.1 .. 5.13", {5, 1, 0}, {fixed_bits, bits_5_1, atomic_bit, top_5_1}},
    {"5.14 .. 5.17", {5, 14, 0}, {fixed_bits, bits_5_1, atomic_bit, top_5_14}},
    {"5.18 .. 6.2", {5, 18, 0}, {fixed_bits, bits_5_1, atomic_bit, top_5_18}},
    {"6.3", {6, 3, 0}, {fixed_bits, bits_5_1, top_5_18}},
    {"6.4 .. 6.7", {6, 4, 0}, {fixed_bits, bits_5_1, top_6_4}},
    {"6.8", {6, 8, 0}, {fixed_bits, bits_5_1, top_6_4}},
    {"6.9 .. 6.14", {6, 9, 0}, {fixed_bits, bits_5_1, top_6_9}},
    {"6.15 ..", {6, 15, 0}, {fixed_bits, bits_5_1, top_6_9}, true},
};

// Single flags. What stands twice got another name, or is only read (without versions).
constexpr GfpName flag_names[] = {
    {"GFP_DMA", of(F::dma)},
    {"__GFP_DMA", of(F::dma)},
    {"__GFP_HIGHMEM", of(F::highmem)},
    {"GFP_DMA32", of(F::dma32)},
    {"__GFP_DMA32", of(F::dma32)},
    {"__GFP_HIGH", of(F::high)},
    {"__GFP_WAIT", of(F::wait)},
    {"__GFP_ATOMIC", of(F::atomic)},
    {"__GFP_IO", of(F::io)},
    {"__GFP_FS", of(F::fs)},
    {"__GFP_COLD", of(F::cold)},
    {"__GFP_NOWARN", of(F::nowarn)},
    {"__GFP_REPEAT", of(F::retry_mayfail), {}, {4, 13}},
    {"__GFP_RETRY_MAYFAIL", of(F::retry_mayfail), {4, 13}},
    {"__GFP_NOFAIL", of(F::nofail)},
    {"__GFP_NORETRY", of(F::noretry)},
    {"__GFP_COMP", of(F::comp)},
    {"__GFP_ZERO", of(F::zero)},
    {"__GFP_NOMEMALLOC", of(F::nomemalloc)},
    {"__GFP_MEMALLOC", of(F::memalloc)},
    {"__GFP_HARDWALL", of(F::hardwall)},
    {"__GFP_THISNODE", of(F::thisnode)},
    {"__GFP_RECLAIMABLE", of(F::reclaimable)},
    {"__GFP_MOVABLE", of(F::movable)},
    {"__GFP_KMEMCG", of(F::account), {}, {4, 4}},
    {"__GFP_ACCOUNT", of(F::account), {4, 4}},
    {"__GFP_NOTRACK", of(F::notrack)},
    {"__GFP_WRITE", of(F::write)},
    {"__GFP_RECLAIM", gfp_reclaim},
    {"__GFP_DIRECT_RECLAIM", of(F::direct_reclaim)},
    {"__GFP_KSWAPD_RECLAIM", of(F::kswapd_reclaim)},
    {"__GFP_OTHER_NODE", of(F::other_node)},
    {"__GFP_ZEROTAGS", of(F::zerotags)},
    {"__GFP_SKIP_ZERO", of(F::skip_zero)},
    {"__GFP_SKIP_KASAN_POISON", of(F::skip_kasan), {}, {6, 4}},
    {"__GFP_SKIP_KASAN", of(F::skip_kasan), {6, 4}},
    {"__GFP_SKIP_KASAN_UNPOISON", of(F::skip_kasan_unpoison)},
    {"__GFP_NOLOCKDEP", of(F::nolockdep)},
    {"__GFP_NO_OBJ_EXT", of(F::no_obj_ext)},
    {"__GFP_NO_KSWAPD", of(F::no_kswapd)},
};

}  // namespace

std::span<const GfpGeneration> gfp_generations() { return generations; }

std::span<const GfpName> gfp_composites() { return composites; }

std::span<const GfpName> gfp_flag_names() { return flag_names; }

}  // namespace whyoom::kernel
