#include "memory/settings.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::memory {
namespace {

Machine machine() {
  Machine machine;
  machine.ram = Bytes(std::uint64_t{1} << 30);
  machine.default_min_free = KiB(45056);
  return machine;
}

Settings good(std::string_view assignment) {
  Settings settings;
  const auto result = apply_setting(settings, assignment, machine());
  EXPECT_TRUE(result) << assignment << ": " << (result ? "" : result.error().str());
  return settings;
}

std::string error(std::string_view assignment, const Machine& on = machine()) {
  Settings settings;
  const auto result = apply_setting(settings, assignment, on);
  EXPECT_FALSE(result) << assignment;
  return result ? "" : result.error().str();
}

TEST(ParseSize, KnowsUnits) {
  EXPECT_EQ(parse_size("64M", Bytes(1))->count(), 64U << 20U);
  EXPECT_EQ(parse_size("64 MiB", Bytes(1))->count(), 64U << 20U);
  EXPECT_EQ(parse_size("4096kB", Bytes(1))->count(), 4U << 20U);
  EXPECT_EQ(parse_size("1.5g", Bytes(1))->count(), 1536U << 20U);
  EXPECT_EQ(parse_size("4096", Bytes(1024))->count(), 4U << 20U);
  EXPECT_EQ(parse_size("4096b", Bytes(1024))->count(), 4096U);
  EXPECT_EQ(parse_size("1T", Bytes(1))->count(), std::uint64_t{1} << 40U);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const char* text : {"", "M", "-5", "12q", "1.", "1.5", "0x10", "64M B", "1 2", "64MM",
                           "99999999999999999999"}) {
    EXPECT_FALSE(parse_size(text, Bytes(1024))) << text;
  }
}

TEST(ApplySetting, ReadsMinFreeKbytesInEveryForm) {
  EXPECT_EQ(good("vm.min_free_kbytes=45056").min_free_kbytes, KiB(45056));
  EXPECT_EQ(good("min_free_kbytes=64M").min_free_kbytes, KiB(65536));
  EXPECT_EQ(good("vm/min_free_kbytes = 1%").min_free_kbytes, KiB(10485));
  EXPECT_EQ(good("vm.min_free_kbytes=12.5%").min_free_kbytes, KiB(131072));
  EXPECT_EQ(good("vm.min_free_kbytes=default").min_free_kbytes, KiB(45056));
  EXPECT_EQ(good("vm.min_free_kbytes=0").min_free_kbytes, KiB(0));
}

TEST(ApplySetting, NamesTheLimits) {
  EXPECT_NE(error("vm.min_free_kbytes=1048577").find("0 to 1048576 kB"), std::string::npos);
  EXPECT_NE(error("vm.min_free_kbytes=101%").find("0 to 1048576 kB"), std::string::npos);
  EXPECT_NE(error("vm.watermark_scale_factor=0").find("1 to 3000"), std::string::npos);
  EXPECT_NE(error("vm.panic_on_oom=3").find("0 to 2"), std::string::npos);
  EXPECT_NE(error("ram=512M").find("only more"), std::string::npos);
}

TEST(ApplySetting, RefusesWhatItCannotCompute) {
  EXPECT_NE(error("vm.swappiness=10").find("vm.min_free_kbytes, "), std::string::npos);
  EXPECT_NE(error("vm.min_free_kbytes").find("KEY=VALUE"), std::string::npos);
  EXPECT_NE(error("vm.min_free_kbytes=").find("missing"), std::string::npos);
  EXPECT_NE(error(" =5").find("KEY=VALUE"), std::string::npos);
  for (const char* text :
       {"vm.min_free_kbytes=abc", "vm.min_free_kbytes=-5", "vm.min_free_kbytes=64M\x1b[31m",
        "vm.lowmem_reserve_ratio=a", "vm.lowmem_reserve_ratio=1 2 3 4 5 6 7", "=5",
        "vm.watermark_boost_factor=-1", "vm.nr_hugepages=many", "memory.max=little"}) {
    EXPECT_EQ(error(text).find('\x1b'), std::string::npos) << text;
  }
  EXPECT_NE(error("vm.min_free_kbytes=1%", Machine{}).find("not known"), std::string::npos);
  EXPECT_NE(error("vm.min_free_kbytes=default", Machine{}).find("cannot be computed"),
            std::string::npos);
  EXPECT_NE(error("ram=+1G", Machine{}).find("not known"), std::string::npos);
  Machine old;
  old.rules.scale_factor = false;
  EXPECT_NE(error("vm.watermark_scale_factor=10", old).find("since 4.6"), std::string::npos);
}

TEST(ApplySetting, ReadsTheOtherKeys) {
  EXPECT_EQ(good("vm.watermark_scale_factor=default").watermark_scale_factor, 10U);
  EXPECT_EQ(good("vm.watermark_boost_factor=0").watermark_boost_factor, 0U);
  EXPECT_EQ(good("vm.lowmem_reserve_ratio=256 256 32 0 0").lowmem_reserve_ratio,
            (std::vector<std::uint32_t>{256, 256, 32, 0, 0}));
  EXPECT_EQ(good("vm.lowmem_reserve_ratio=256,256,1").lowmem_reserve_ratio,
            (std::vector<std::uint32_t>{256, 256, 1}));
  EXPECT_TRUE(good("vm.lowmem_reserve_ratio=default").lowmem_reserve_ratio->empty());
  EXPECT_EQ(good("vm.nr_hugepages=0").nr_hugepages, 0U);
  EXPECT_EQ(good("vm.panic_on_oom=2").panic_on_oom, 2);
  EXPECT_EQ(good("memory.max=512M").memory_max, Bytes(std::uint64_t{512} << 20U));
  EXPECT_EQ(good("memory.max=max").memory_max->count(), ~std::uint64_t{0});
  EXPECT_EQ(good("ram=+1G").ram, Bytes(std::uint64_t{2} << 30U));
  EXPECT_EQ(good("ram=4G").ram, Bytes(std::uint64_t{4} << 30U));
}

TEST(ParseSize, CountsDecimalsAndEachWayToWriteAUnit) {
  EXPECT_EQ(parse_size("1.25G", Bytes(1))->count(), 1280U << 20U);
  EXPECT_EQ(parse_size("1.1k", Bytes(1))->count(), 1126U);
  EXPECT_EQ(parse_size("0.000000001G", Bytes(1))->count(), 1U);
  EXPECT_EQ(parse_size("0.0000000019G", Bytes(1))->count(), 1U) << "nine of them";
  for (const char* text : {"1k", "1K", "1kb", "1Ki", "1KiB", " 1 kB"}) {
    EXPECT_EQ(parse_size(text, Bytes(1)), Bytes(1024)) << text;
  }
  for (const char* text : {"1kx", "1bb", "1bi", "1x", "1kib1"}) {
    EXPECT_FALSE(parse_size(text, Bytes(1))) << text;
  }
}

TEST(ApplySetting, TakesNumbersUpToTheLimitsOfTheKernel) {
  EXPECT_EQ(good("vm.watermark_scale_factor=1").watermark_scale_factor, 1U);
  EXPECT_EQ(good("vm.watermark_scale_factor=3000").watermark_scale_factor, 3000U);
  EXPECT_EQ(good("vm.watermark_boost_factor=default").watermark_boost_factor, 15'000U);
  EXPECT_EQ(good("vm.watermark_boost_factor=2147483647").watermark_boost_factor, 2147483647U);
  EXPECT_EQ(good("vm.panic_on_oom=default").panic_on_oom, 0);
  EXPECT_EQ(good("vm.nr_hugepages=default").nr_hugepages, 0U);
  EXPECT_EQ(good("vm.nr_hugepages=9223372036854775807").nr_hugepages, 9223372036854775807U);
  EXPECT_EQ(good("vm.lowmem_reserve_ratio=1 2 3 4 5 2147483647").lowmem_reserve_ratio->size(), 6U);
  EXPECT_EQ(good("memory.max=-1").memory_max->count(), ~std::uint64_t{0});
  EXPECT_EQ(good("memory.max=default").memory_max->count(), ~std::uint64_t{0});
  EXPECT_EQ(good("ram=1G").ram, machine().ram);
  for (const char* text : {"vm.watermark_scale_factor=3001", "vm.watermark_boost_factor=2147483648",
                           "vm.nr_hugepages=9223372036854775808",
                           "vm.lowmem_reserve_ratio=2147483648", "vm.min_free_kbytes=1x%",
                           "vm.min_free_kbytes=%", "vm.min_free_kbytes=1.%", "ram=1073741823"}) {
    EXPECT_NE(error(text), "") << text;
  }
  Settings settings;
  EXPECT_TRUE(apply_setting(settings, "vm.min_free_kbytes=2147483647", Machine{}));
  EXPECT_NE(error("vm.min_free_kbytes=2147483648", Machine{}).find("0 to 2147483647 kB"),
            std::string::npos);
}

TEST(ApplySetting, NamesTheKeyThatWasMeant) {
  EXPECT_NE(error("vm.min_free_kbyte=1").find("did you mean vm.min_free_kbytes?"),
            std::string::npos);
  EXPECT_NE(error("min_free_kbyte=1").find("did you mean vm.min_free_kbytes?"), std::string::npos);
  EXPECT_TRUE(has_what_if("vm/nr_hugepages=3"));
  EXPECT_TRUE(has_what_if("memory.limit_in_bytes=3"));
  EXPECT_FALSE(has_what_if("vm.swappiness=3"));
}

}  // namespace
}  // namespace whyoom::memory
