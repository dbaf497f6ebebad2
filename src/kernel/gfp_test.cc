#include "kernel/gfp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/shared_for_test.h"
#include "base/text.h"
#include "kernel/gfp_tables.h"
#include "kernel/release.h"

namespace whyoom::kernel {
namespace {

using F = GfpFlag;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : "|") + name;
  }
  return text;
}

struct Case {
  std::uint32_t mask;
  const char* release;
  const char* names;
};

// Masks with the names that kernels printed or that their headers give.
constexpr Case gfp_cases[] = {
    {0x201d2, "2.6.18-398.el5", "GFP_HIGHUSER|__GFP_COLD"},
    {0x1201d2, "2.6.26-2-686", "GFP_HIGHUSER_MOVABLE|__GFP_COLD"},
    {0xd0, "2.6.31", "GFP_KERNEL"},
    {0x201da, "2.6.32-642.6.2.el6.x86_64", "GFP_HIGHUSER_MOVABLE|__GFP_COLD"},
    {0x280da, "2.6.32-642.6.2.el6.x86_64", "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
    {0x20, "2.6.32-279.el6.i686", "GFP_ATOMIC"},
    {0xd0, "3.10.0-1062.el7.x86_64", "GFP_KERNEL"},
    {0x40d0, "3.10.0-957.el7.x86_64", "GFP_KERNEL|__GFP_COMP"},
    {0x800d0, "3.13.0-43-generic", "GFP_TEMPORARY"},
    {0x1024220, "3.16.0-4-amd64", "GFP_ATOMIC|__GFP_NOWARN|__GFP_COMP|__GFP_HARDWALL|__GFP_WRITE"},
    {0x1000d0, "3.10.0-1062.el7.x86_64", "GFP_KERNEL|__GFP_KMEMCG"},
    {0x24201ca, "4.4.121", "GFP_HIGHUSER_MOVABLE|__GFP_COLD"},
    {0x26000c0, "4.4.0-116-generic", "GFP_KERNEL|__GFP_NOTRACK"},
    {0x24000c0, "4.4.0-116-generic", "GFP_KERNEL"},
    {0x24280ca, "4.9.0-0.bpo.1-amd64", "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
    {0x27000c0, "4.9.154", "GFP_KERNEL_ACCOUNT|__GFP_NOTRACK"},
    {0x2080020, "4.9.154", "GFP_ATOMIC"},
    {0x14201ca, "4.14.41", "GFP_HIGHUSER_MOVABLE|__GFP_COLD"},
    {0x14000c0, "4.12.14-122-default", "GFP_KERNEL"},
    {0x15000c0, "4.15.0-108-generic", "GFP_KERNEL_ACCOUNT"},
    {0x14400c0, "4.13.4", "GFP_KERNEL|__GFP_THISNODE"},
    {0x14004c0, "4.12.0", "GFP_KERNEL|__GFP_REPEAT"},
    {0x14004c0, "4.13.4", "GFP_KERNEL|__GFP_RETRY_MAYFAIL"},
    {0x6200ca, "4.18.0-147.el8.x86_64", "GFP_HIGHUSER_MOVABLE"},
    {0x6280ca, "4.20.0", "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
    {0x6000c0, "5.0.1", "GFP_KERNEL"},
    {0x480020, "4.19.40", "GFP_ATOMIC"},
    {0x100dca, "5.10.0-32-amd64", "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
    {0x100cca, "5.4.0-1097-aws", "GFP_HIGHUSER_MOVABLE"},
    {0xa20, "5.15.0-107-generic", "GFP_ATOMIC"},
    {0xcc0, "5.1.15", "GFP_KERNEL"},
    {0x820, "6.3.8", "GFP_ATOMIC"},
    {0x820, "6.12.1", "GFP_ATOMIC"},
    {0x800, "6.7.0", "GFP_NOWAIT"},
    {0x2800, "6.8.1", "GFP_NOWAIT"},
    {0x140dca, "6.12.0", "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO"},
    {0x140dca, "6.19.10", "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP"},
    {0x2100cca, "6.6.9", "GFP_HIGHUSER_MOVABLE"},  // __GFP_SKIP_KASAN is part of it
    {0x1c20ca, "5.10.0", "GFP_TRANSHUGE_LIGHT"},
    {0x1c24ca, "5.10.0", "GFP_TRANSHUGE"},
    {0xc04, "6.1.0", "GFP_NOIO|GFP_DMA32"},
    {0x400c00, "5.15.0", "GFP_NOIO|__GFP_ACCOUNT"},
    {0x1, "6.1.1-arch1-1", "GFP_DMA"},
};

TEST(Gfp, HexAloneDecodesByRelease) {
  for (const Case& c : gfp_cases) {
    const GfpMask read = gfp_from_mask(c.mask, c.release);
    EXPECT_EQ(joined(read.names), c.names) << std::hex << c.mask << " on " << c.release;
    EXPECT_EQ(read.unknown, 0U);
    EXPECT_EQ(read.mask, c.mask);
    EXPECT_FALSE(read.generation.empty());
  }
}

TEST(Gfp, NamesAndHexGiveTheSameFlags) {
  for (const Case& c : gfp_cases) {
    const GfpMask by_name = gfp_from_names(c.mask, c.names);
    EXPECT_EQ(by_name.flags, gfp_from_mask(c.mask, c.release).flags) << c.names;
    EXPECT_EQ(joined(by_name.names), c.names);
    EXPECT_EQ(by_name.unknown, 0U);
  }
}

TEST(Gfp, ASingleMatchTellsTheGeneration) {
  EXPECT_EQ(gfp_from_names(0x6200ca, "GFP_HIGHUSER_MOVABLE").generation, "4.18 .. 5.0");
  EXPECT_TRUE(gfp_from_names(0xcc0, "GFP_KERNEL").generation.empty());  // 5.1 and all later
}

TEST(Gfp, NamesWithoutAUsableMask) {
  const GfpMask kernel = gfp_from_names(0, "GFP_KERNEL|__GFP_ZERO");
  EXPECT_TRUE(kernel.flags.has(F::direct_reclaim));
  EXPECT_TRUE(kernel.flags.has(F::kswapd_reclaim));
  EXPECT_TRUE(kernel.flags.has(F::io));
  EXPECT_TRUE(kernel.flags.has(F::fs));
  EXPECT_TRUE(kernel.flags.has(F::zero));
  EXPECT_FALSE(kernel.flags.has(F::hardwall));
  EXPECT_TRUE(may_reclaim(gfp_from_names(0, "__GFP_RECLAIM").flags));
  EXPECT_TRUE(gfp_from_names(0, "GFP_TEMPORARY").flags.has(F::reclaimable));
  EXPECT_TRUE(gfp_from_names(0, "__GFP_REPEAT").flags.has(F::retry_mayfail));
}

TEST(Gfp, UnknownNamesAreKeptAndMarked) {
  const GfpMask bits = gfp_from_names(0x1000cc0, "GFP_KERNEL|0x1000000");
  EXPECT_EQ(bits.unknown, 0x1000000U);
  EXPECT_EQ(joined(bits.names), "GFP_KERNEL|0x1000000");
  EXPECT_TRUE(may_reclaim(bits.flags));
  const GfpMask cut = gfp_from_names(0x100cca, "GFP_HIGHUSER_MOV");
  EXPECT_EQ(cut.unknown, 0x80000000U);
  EXPECT_TRUE(cut.flags.empty());
  EXPECT_EQ(gfp_from_names(0, "0xfffffffff").unknown, 0x80000000U);
  EXPECT_EQ(gfp_from_names(0, "0x").unknown, 0x80000000U);
}

TEST(Gfp, DamagedNamesLeaveTheMask) {
  struct Case {
    std::uint32_t mask;
    const char* names;
    const char* release;
    const char* same;
  };
  const Case cases[] = {{0x27080c0, "GFP_KERNAL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK", "4.9.0",
                         "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK"},
                        {0x140dca, "GFP_HIGHUSER_MOVABLE|GFP_COMP|GFP_ZERO", "5.15.0",
                         "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO"},
                        {0x40cc0, "GFPKERNEL|GFPCOMP", "5.15.0", "GFP_KERNEL|__GFP_COMP"},
                        // Without a release the names that are whole tell the generation.
                        {0x27080c0, "GFP_KERNAL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK", "",
                         "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK"}};
  for (const Case& c : cases) {
    const auto read = gfp_with_damaged_names(gfp_from_names(c.mask, c.names), c.release);
    ASSERT_TRUE(read) << c.names;
    EXPECT_EQ(read->flags, gfp_from_names(c.mask, c.same).flags) << c.names;
    EXPECT_EQ(read->unknown, 0U);
  }
  // None is damaged; the mask says something else than the names that are not; a kernel to come.
  EXPECT_FALSE(gfp_with_damaged_names(gfp_from_names(0xcc0, "GFP_KERNEL"), "5.15.0"));
  EXPECT_FALSE(gfp_with_damaged_names(gfp_from_names(0xcc0, "GFP_ATOMIC|__GFP_ZREO"), "5.15.0"));
  EXPECT_FALSE(gfp_with_damaged_names(gfp_from_names(0x80000cc0, "GFP_KERNEL|__GFP_NEW"), "9.1.0"));
}

TEST(Gfp, NamesFromDamagedText) {
  EXPECT_EQ(joined(gfp_from_names(0x100dca, " GFP_HIGHUSER_MOVABLE |\n__GFP_ZERO|").names),
            "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
  for (const char* nothing : {"", "none", "(none)", "|", "||"}) {
    const GfpMask read = gfp_from_names(0, nothing);
    EXPECT_TRUE(read.names.empty()) << nothing;
    EXPECT_TRUE(read.flags.empty());
    EXPECT_EQ(read.unknown, 0U);
  }
}

TEST(Gfp, BitsWithoutAMeaningAreNamedAsNumbers) {
  const GfpMask read = gfp_from_mask(0x80000cc0, "5.10.0");
  EXPECT_EQ(joined(read.names), "GFP_KERNEL|0x80000000");
  EXPECT_EQ(read.unknown, 0x80000000U);
  // 6.9 and later: what the upper bits mean depends on how the kernel was built.
  EXPECT_EQ(gfp_from_mask(0x1000cc0, "6.12.0").unknown, 0x1000000U);
}

TEST(Gfp, WithoutAReleaseOnlyWhatAllGenerationsAgreeOn) {
  EXPECT_EQ(joined(gfp_from_mask(0x201da, "").names), "GFP_HIGHUSER_MOVABLE|__GFP_COLD");
  EXPECT_EQ(joined(gfp_from_mask(0x280da, "?").names), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
  EXPECT_EQ(joined(gfp_from_mask(0xd0, "").names), "GFP_KERNEL");
  EXPECT_EQ(joined(gfp_from_mask(0x100dca, "").names), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
  EXPECT_EQ(joined(gfp_from_mask(0x6200ca, "").names), "GFP_HIGHUSER_MOVABLE");
  EXPECT_TRUE(gfp_from_mask(0, "").flags.empty());
  // HIGH|WAIT|IO|FS|REPEAT up to 4.3; nothing that a kernel asks for since.
  EXPECT_TRUE(gfp_from_mask(0x4f0, "").flags.has(F::wait));
  // 0x100000 was MOVABLE, then KMEMCG, then ACCOUNT, then HARDWALL.
  const GfpMask unclear = gfp_from_mask(0x100001, "");
  EXPECT_TRUE(unclear.flags.empty());
  EXPECT_TRUE(unclear.names.empty());
  EXPECT_TRUE(unclear.generation.empty());
}

TEST(Gfp, AKernelOlderThanTheTablesIsNotGuessed) {
  const GfpMask read = gfp_from_mask(0x1d2, "2.4.21-47.EL");
  EXPECT_TRUE(read.flags.empty());
  EXPECT_EQ(read.unknown, 0x1d2U);
}

TEST(Gfp, ZoneOfTheRequest) {
  const auto zone = [](const char* names) { return gfp_zone(gfp_from_names(0, names).flags); };
  EXPECT_EQ(zone("GFP_KERNEL"), ZoneClass::normal);
  EXPECT_EQ(zone("GFP_KERNEL|GFP_DMA"), ZoneClass::dma);
  EXPECT_EQ(zone("GFP_NOIO|GFP_DMA32"), ZoneClass::dma32);
  EXPECT_EQ(zone("GFP_HIGHUSER"), ZoneClass::highmem);
  EXPECT_EQ(zone("GFP_HIGHUSER_MOVABLE"), ZoneClass::movable);
  EXPECT_EQ(zone("GFP_USER|__GFP_MOVABLE"), ZoneClass::normal);
  EXPECT_EQ(gfp_zone({}), ZoneClass::normal);
}

TEST(Gfp, WhatTheRequestMayDo) {
  const auto flags = [](const char* names) { return gfp_from_names(0, names).flags; };
  EXPECT_TRUE(may_reclaim(flags("GFP_NOFS")));
  EXPECT_FALSE(may_reclaim(flags("GFP_ATOMIC")));
  EXPECT_FALSE(may_reclaim(flags("GFP_NOWAIT")));
  EXPECT_TRUE(may_reclaim(gfp_from_mask(0x10, "3.10.0").flags));
  EXPECT_TRUE(is_atomic(flags("GFP_ATOMIC")));
  EXPECT_TRUE(is_atomic(flags("GFP_NOWAIT|__GFP_COMP")));
  EXPECT_TRUE(is_atomic(gfp_from_mask(0x20, "2.6.32").flags));
  EXPECT_FALSE(is_atomic(flags("GFP_KERNEL")));
  EXPECT_FALSE(is_atomic({}));
  EXPECT_TRUE(is_movable(flags("GFP_HIGHUSER_MOVABLE")));
  EXPECT_FALSE(is_movable(flags("GFP_HIGHUSER")));
}

// As each generation numbers it; what file systems and the kernel itself are charged with is like
// it.
TEST(Gfp, APageOfAnonymousMemoryIsChargedWithOtherFlags) {
  const auto of = [](std::uint32_t mask, const char* release = "") {
    return is_of_no_cgroup(gfp_from_mask(mask, release).flags);
  };
  for (const std::uint32_t mask :
       {0x280daU, 0x24280caU, 0x14280caU, 0x6280caU, 0x100dcaU, 0x140dcaU, 0x201daU}) {
    EXPECT_TRUE(of(mask)) << mask;
  }
  EXPECT_TRUE(of(0x1280d2, "2.6.26"));
  EXPECT_TRUE(of(0x900dca, "6.1.0")) << "with the tags of the memory";
  for (const std::uint32_t mask : {0x200daU, 0x24200caU, 0x100ccaU, 0xd0U, 0xcc0U, 0xdc0U, 0x0U}) {
    EXPECT_FALSE(of(mask)) << mask;
  }
  EXPECT_FALSE(of(0x500dca, "5.15.0")) << "__GFP_ACCOUNT";
  EXPECT_FALSE(is_of_no_cgroup(gfp_from_names(0, "GFP_NOFS|__GFP_HIGHMEM|__GFP_ZERO").flags));
}

TEST(GfpTables, GenerationsAreInOrderAndBitsAreUnique) {
  const GfpGeneration* last = nullptr;
  for (const GfpGeneration& generation : gfp_generations()) {
    if (last != nullptr) {
      EXPECT_LT(last->since, generation.since) << generation.label;
    }
    last = &generation;
    std::set<std::uint32_t> bits;
    std::set<GfpFlag> flags;
    for (const auto& part : generation.bits) {
      for (const GfpBit& bit : part) {
        EXPECT_TRUE(bits.insert(bit.bit).second) << generation.label << std::hex << bit.bit;
        EXPECT_TRUE(flags.insert(bit.flag).second) << generation.label << std::hex << bit.bit;
        EXPECT_EQ(bit.bit & (bit.bit - 1), 0U);
      }
    }
    EXPECT_GE(flags.size(), 17U) << generation.label;
  }
}

TEST(GfpTables, EveryFlagHasANameThatLeadsBack) {
  for (const GfpGeneration& generation : gfp_generations()) {
    for (unsigned i = 0; i < static_cast<unsigned>(F::count_); ++i) {
      GfpFlags flag;
      flag.set(static_cast<F>(i));
      const auto names = gfp_flag_names();
      const auto found = std::ranges::find_if(names, [&](const GfpName& name) {
        return name.flags == flag && has_name(generation, name);
      });
      ASSERT_NE(found, names.end()) << i << " " << generation.label;
      EXPECT_EQ(gfp_from_names(0, found->name).flags, flag) << found->name;
    }
  }
}

TEST(GfpTables, NamesOfCompositesAreUniqueInEachGeneration) {
  for (const GfpGeneration& generation : gfp_generations()) {
    std::set<std::string_view> seen;
    for (const GfpName& name : gfp_composites()) {
      EXPECT_TRUE(!has_name(generation, name) || seen.insert(name.name).second)
          << name.name << " " << generation.label;
    }
    EXPECT_TRUE(seen.contains("GFP_KERNEL")) << generation.label;
  }
}

// Reads every "0x...(NAMES)" of one log; names that are wrapped over lines are left to the parser.
int check_log(const std::string& text, const std::string& release, const std::string& file) {
  int checked = 0;
  for (const std::string_view key : {"gfp_mask=0x", "mode:0x"}) {
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
      const std::string_view rest = std::string_view(text).substr(at + key.size());
      const std::size_t open = rest.find_first_not_of("0123456789abcdef");
      if (open == std::string_view::npos || rest[open] != '(') {
        continue;
      }
      const std::size_t close = rest.find(')', open);
      const auto mask = parse_number<std::uint32_t>(rest.substr(0, open), 16);
      const std::string_view names = rest.substr(open + 1, close - open - 1);
      if (!mask || close == std::string_view::npos || names.find_first_of(" \n") != names.npos) {
        continue;
      }
      const GfpMask by_mask = gfp_from_mask(*mask, release);
      EXPECT_EQ(joined(by_mask.names), names) << file << ' ' << release;
      EXPECT_EQ(gfp_from_names(*mask, names).flags, by_mask.flags) << file << ' ' << names;
      ++checked;
    }
  }
  return checked;
}

TEST(GfpSamples, LabLogs) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    const std::string name = entry.path().filename().string();
    const std::size_t dash = name.find('-');
    if (entry.is_directory() && dash != std::string::npos) {
      checked +=
          check_log(test::read_file(entry.path() / "console.log"), name.substr(0, dash), name);
    }
  }
  EXPECT_GT(checked, 100);
}

TEST(GfpSamples, PostedLogs) {
  WHYOOM_SHARED_OR_SKIP(corpus, "corpus/real");
  std::ifstream index(corpus / "INDEX.tsv");
  std::string row;
  int checked = 0;
  while (std::getline(index, row)) {
    const std::size_t first = row.find('\t');
    const std::size_t second = row.find('\t', first + 1);
    const std::size_t third = row.find('\t', second + 1);
    if (third == std::string::npos) {
      continue;
    }
    const std::string release = row.substr(second + 1, third - second - 1);
    const std::string file = row.substr(0, first);
    if (parse_release(release)) {
      checked += check_log(test::read_file(corpus / file), release, file);
    }
  }
  EXPECT_GT(checked, 20);
}

}  // namespace
}  // namespace whyoom::kernel
