// The arithmetic that the causes of a host share: a counter of /proc/meminfo against RAM.
#pragma once

#include <optional>
#include <string_view>

#include "diagnose/cause.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose {

// From this share of RAM on something that ordinary requests cannot have is a risk on a host that
// still works. Reports of a failure ask for less (0.25): there the memory is known to be missing.
inline constexpr double big_on_host = 0.30;

struct HostShare {
  Bytes size, ram;
  Place size_at, ram_at;
  [[nodiscard]] double part() const { return share(size, ram); }
};
// nullopt when one of the two was not read.
std::optional<HostShare> host_share(const HostContext& context, const Maybe<KiB>& size);

// A risk from `least` on, else ruled out; with the two numbers as proof.
Claim share_claim(std::string_view id, Rank rank, const HostShare& share, double least,
                  Message what, Message risk);

}  // namespace whyoom::diagnose
