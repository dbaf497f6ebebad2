// Settings as a user writes them: KEY=VALUE, with units, per cent and "default".
// The limits are those of the kernel's own handlers (kernel/sysctl.c, mm/page_alloc.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/message.h"
#include "base/units.h"
#include "memory/machine.h"

namespace whyoom::memory {

// What a what-if changes; empty = as it is.
struct Settings {
  std::optional<KiB> min_free_kbytes{};
  std::optional<std::uint32_t> watermark_scale_factor{};
  std::optional<std::uint32_t> watermark_boost_factor{};
  std::optional<std::vector<std::uint32_t>> lowmem_reserve_ratio{};
  std::optional<std::uint64_t> nr_hugepages{};
  std::optional<int> panic_on_oom{};
  std::optional<Bytes> memory_max{};  // the largest number = no limit
  std::optional<Bytes> ram{};         // of the whole machine
};

// "vm.min_free_kbytes=64M", "min_free_kbytes=1%", "memory.max=2G", "ram=+4G",
// "vm.lowmem_reserve_ratio=256 256 32 0 0", "vm.panic_on_oom=default". A plain number has the key's
// own unit (kB for min_free_kbytes). Per cent and "default" need to know the machine. The message
// of a wrong one names what is allowed.
tl::expected<void, Message> apply_setting(Settings& settings, std::string_view assignment,
                                          const Machine& machine);

// Those that a what-if can compute.
std::vector<std::string_view> setting_names();
// The key of KEY=VALUE is one of them.
bool has_what_if(std::string_view assignment);

// "64M", "1.5GiB", "4096 kB" in bytes; a number without a unit is in `unit`. nullopt: no size.
std::optional<Bytes> parse_size(std::string_view text, Bytes unit);

}  // namespace whyoom::memory
