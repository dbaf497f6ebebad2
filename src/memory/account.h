// Where RAM went: the counters of Mem-Info, sorted into lines that add up to the managed RAM.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/machine.h"

namespace whyoom::host {
struct Host;
}

namespace whyoom::memory {

struct Evidence;

struct AccountLine {
  enum class What : std::uint8_t {
    free,
    free_pcp,
    anon,
    file,
    shmem,
    slab_reclaimable,
    slab_unreclaimable,
    page_tables,
    kernel_stack,
    hugepages,
    compressed_swap,  // of zram and zswap
    unevictable_other,
    kernel_misc,
    unaccounted
  };
  What what;
  Bytes size;
  Place at{};
};

// Where RAM went. The lines add up to `total`; `unaccounted` is what no counter shows.
struct Account {
  Bytes total;  // RAM that the kernel manages
  std::vector<AccountLine> lines;
  // The pools that every kernel with huge pages prints were there. Without them memory in huge
  // pages looks like memory that nobody accounts for.
  bool hugepages_known = false;
  // More was counted than there is (counters are per CPU and lag); 0 when it adds up.
  Bytes overcounted;
  [[nodiscard]] Bytes size(AccountLine::What what) const;
  [[nodiscard]] Place at(AccountLine::What what) const;
};

// nullopt unless every counter that the sum needs was printed: a missing line would show up as
// memory that nobody accounts for. Nor where they add up to clearly more than there is. Needs
// evidence.page and ram or zones.
std::optional<Account> account_of(const report::Report& report, const Evidence& evidence);

// The same of a host, against what its zones manage: MemTotal is more in some guests, and what no
// zone has is in no counter.
std::optional<Account> account_of(const host::Host& host, const Machine& machine);

}  // namespace whyoom::memory
