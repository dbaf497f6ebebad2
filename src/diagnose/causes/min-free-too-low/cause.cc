#include <algorithm>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// Documentation/admin-guide/sysctl/vm.rst: "if you set this to lower than 1024KB, your system will
// become subtly broken, and prone to deadlock under high loads."
constexpr KiB subtly_broken{1024};

std::vector<Claim> check(const HostContext& context) {
  const auto& setting = context.state.machine.min_free;
  const auto& choice = context.state.machine.default_min_free;
  // The kernel's own choice depends on huge pages: without that file it may be the lower one.
  if (!setting || !choice || !context.facts.host.transparent_huge) {
    return {};
  }
  const KiB value = setting->value;
  const KiB own = *choice;
  const bool broken = value < subtly_broken && value < own;
  const bool low = broken || value < own / 2;
  const std::string now = kb(to_bytes(value));
  Claim result = claim(
      low ? Role::risk : Role::ruled_out, Rank::limit, broken ? 0.6 : 0.2, 0.9,
      broken ? Message("vm.min_free_kbytes is {}, less than 1024 kB: the kernel's documentation "
                       "calls that subtly broken and prone to deadlock. Its own choice here is {}.",
                       now, kb(to_bytes(own)))
      : low  ? Message("vm.min_free_kbytes is {}, less than half of the kernel's own choice here "
                        "({}): requests that may not wait (network, disk) can fail with \"page "
                        "allocation failure\".",
                       now, kb(to_bytes(own)))
             : Message("vm.min_free_kbytes is {}, the kernel's own choice here is {}", now,
                       kb(to_bytes(own))));
  result.prove(Message("vm.min_free_kbytes"), to_bytes(value), setting->at);
  result.prove(Message("the kernel's own choice here"), to_bytes(own));
  if (low) {
    result.remedies.push_back(
        set_remedy(Message("Set the kernel's own choice, also in the file that sets it now"),
                   "vm.min_free_kbytes", static_cast<std::int64_t>(own.count())));
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_min_free_too_low{
    "min-free-too-low", 'F', "vm.min_free_kbytes leaves too little for the kernel", nullptr, check};

}  // namespace whyoom::diagnose::causes
