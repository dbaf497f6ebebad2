// Where the answer to a case turns when one number of it is another: the last value on one side and
// the first on the other. All other numbers stay.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

struct CaseBorder {
  const char* what;      // the number, and why it turns
  const char* name;      // of the case; its folder is the cause
  const char* before;    // the text in front of the number,
  const char* behind;    // and behind it
  std::uint64_t number;  // the first value of the second answer
  const char *below, *from;
};

constexpr CaseBorder borders[] = {
    // Orders: costly ones (above 3) never call the OOM killer.
    {"order, of one page", "fragmentation/positive", "order=", ",", 2, "refused, undetermined",
     "root, proved fragmentation"},
    {"order, costly", "fragmentation/positive", "order=", ",", 4, "root, proved fragmentation",
     "refused, undetermined"},
    {"order, costly", "min-free-too-high/positive", "order=", ",", 4,
     "root, proved min-free-too-high", "root, likely min-free-too-high"},
    {"order, costly", "lowmem-exhausted/positive", "order=", ",", 4,
     "root, proved lowmem-exhausted", "root, likely lowmem-exhausted"},
    {"order, costly", "high-order-failure/positive", "order:", ",", 4, "refused, undetermined",
     "root, proved high-order-failure"},
    {"order, costly", "numa-node-full/positive", "order:", ",", 4, "root, proved numa-node-full",
     "refused, proved high-order-failure"},
    // Swap.
    {"5 % of 4194300 kB", "swap-full/positive", "Free swap  = ", "kB", 209'716,
     "contributing, proved memory-exhausted", "refused, proved memory-exhausted"},
    {"1 % of 2097148 kB", "memory-exhausted/positive-swap-full", "Free swap  = ", "kB", 20'972,
     "root, likely memory-exhausted", "refused, undetermined"},
    // Counters of the machine, each against what others say of it.
    {"what the zones have on this list", "unevictable/positive", "unevictable:", " ", 2'947'280,
     "root, likely unevictable", "root, proved unevictable"},
    {"the account adds up", "unevictable/positive", "unevictable:", " ", 3'265'685,
     "root, proved unevictable", "root, likely unevictable"},
    {"the account adds up", "slab-leak/positive", "slab_unreclaimable:", "", 500'280,
     "root, proved slab-leak", "root, likely slab-leak"},
    {"the account adds up", "slab-leak/positive", "slab_unreclaimable:", "", 530'408,
     "root, likely slab-leak", "refused, undetermined"},
    {"more than what no counter has", "page-tables/positive", "pagetables:", " ", 722'314,
     "contributing, proved kernel-unaccounted", "root, proved page-tables"},
    {"half of that", "page-tables/positive", "pagetables:", " ", 705'744,
     "root, likely page-tables", "contributing, proved kernel-unaccounted"},
    {"the account adds up", "page-tables/positive", "pagetables:", " ", 1'546'718,
     "root, proved page-tables", "refused, undetermined"},
    {"what the nodes have", "shmem-tmpfs/positive", "shmem:", " ", 905'738, "refused, undetermined",
     "root, proved shmem-tmpfs"},
    {"what the nodes have", "shmem-tmpfs/positive", "shmem:", " ", 1'003'588,
     "root, proved shmem-tmpfs", "refused, undetermined"},
    {"what the zones have free", "kernel-unaccounted/positive", " free:", " ", 23'534,
     "root, likely kernel-unaccounted", "root, proved kernel-unaccounted"},
    {"what the zones have free", "kernel-unaccounted/positive", " free:", " ", 27'631,
     "root, proved kernel-unaccounted", "root, likely kernel-unaccounted"},
    {"what the nodes have", "many-processes/positive", "active_anon:", " ", 883'935,
     "root, likely many-processes", "root, proved many-processes"},
    {"pools that were printed", "hugepages-reserved/positive", "hugepages_total=", " ", 1,
     "root, proved hugepages-reserved", "contributing, undetermined"},
    {"big: a third of RAM and balloon", "balloon-or-hotplug/positive-counter", "Balloon:", "kB",
     2'041'828, "refused, proved kernel-unaccounted", "root, proved balloon-or-hotplug"},
    // Zones.
    {"CMA that is free", "cma-only/positive", "free_cma:", "kB", 324'228, "refused, undetermined",
     "root, proved cma-only"},
    {"free, and in blocks", "movable-only/positive", "free:", "kB", 13'297, "refused, undetermined",
     "root, proved movable-only"},
    {"the mark that it is short of", "movable-only/positive", "min:", "kB", 269,
     "root, proved movable-only", "refused, undetermined"},
    {"free, and at its mark", "atomic-allocation-failure/positive", "free:", "kB", 16'056,
     "root, proved atomic-allocation-failure", "refused, undetermined"},
    // A cgroup: nine tenths, and 97 % for what fills it.
    {"full enough to be believed", "cgroup-limit/positive", "usage ", "kB", 471'860,
     "root, likely cgroup-limit", "refused, undetermined"},
    {"97 % of its limit", "cgroup-limit/positive", "usage ", "kB", 508'560, "refused, undetermined",
     "root, proved cgroup-limit"},
    {"5 % above its limit", "cgroup-limit/positive", "usage ", "kB", 551'883,
     "root, proved cgroup-limit", "root, likely cgroup-limit"},
    {"97 % of its limit", "cgroup-kernel-memory/positive-rest", "memory: usage ", "kB", 47'678,
     "refused, undetermined", "root, likely cgroup-kernel-memory"},
    {"8 MiB above its limit", "cgroup-kernel-memory/positive-rest", "memory: usage ", "kB", 57'345,
     "root, likely cgroup-kernel-memory", "refused, undetermined"},
    // The score of a victim: thousandths of RAM and swap.
    {"4.9 % of RAM are left", "memory-exhausted/positive-score", "score ", " ", 956,
     "refused, undetermined", "root, likely memory-exhausted"},
    {"what it held fits to its score", "memory-exhausted/positive-score", "anon-rss:", "kB",
     30'705'895, "refused, undetermined", "root, likely memory-exhausted"},
    {"in its address space", "memory-exhausted/positive-score", "anon-rss:", "kB", 33'027'493,
     "root, likely memory-exhausted", "refused, undetermined"},
    // Slots of a pool of 32768.
    {"so few leave a segment free", "swiotlb-full/positive", "used ", " ", 768,
     "refused, undetermined", "contributing, undetermined"},
    {"half of the pool", "swiotlb-full/positive", "used ", " ", 16'384,
     "contributing, undetermined", "root, likely swiotlb-full"},
    {"two are left, and it takes two", "swiotlb-full/positive", "used ", " ", 32'767,
     "root, likely swiotlb-full", "root, proved swiotlb-full"},
    {"more than the pool has", "swiotlb-full/positive", "used ", " ", 32'769,
     "root, proved swiotlb-full", "contributing, undetermined"},
    // Hosts.
    {"dying cgroups", "zombie-cgroups/positive", "nr_dying_descendants ", "\n", 1'001, "refused",
     "risk"},
    {"a third of what is present", "balloon-or-hotplug/positive-host-gap",
     "spanned  785000\n        present  ", "\n", 369'420, "refused", "risk"},
};

// "root, proved slab-leak": the role of the cause, the verdict and the root.
std::string said_with(const CaseBorder& border, std::uint64_t number) {
  const cases::Case one =
      cases::load_case(cases::causes_folder() / (std::string(border.name) + ".case"));
  const std::string_view name = border.name;
  const std::string_view cause = name.substr(0, name.find('/'));
  const std::string_view before = border.before;
  std::size_t at = one.log.find(before);
  std::size_t end = at;
  for (; at != std::string::npos; at = one.log.find(before, at + 1)) {
    end = one.log.find_first_not_of("0123456789", at + before.size());
    if (end > at + before.size() &&
        std::string_view(one.log).substr(end).starts_with(border.behind)) {
      break;
    }
  }
  if (at == std::string::npos) {
    return "no such number";
  }
  std::string text = one.log;
  text.replace(at + before.size(), end - at - before.size(), std::to_string(number));
  if (cases::is_host(text)) {
    return cases::role_of(cases::check_host(text)->findings, cause);
  }
  const auto events = cases::explain_log(text);
  if (events.empty()) {
    return "no event";
  }
  const Event& event = *events.back();
  const std::string root =
      event.root_cause == undetermined ? "" : " " + std::string(event.root_cause);
  return cases::role_of(event, cause) + ", " + std::string(whyoom::diagnose::name(event.verdict)) +
         root;
}

TEST(CaseBorders, TheAnswerTurnsThereAndNowhereNear) {
  for (const CaseBorder& border : borders) {
    EXPECT_EQ(said_with(border, border.number - 1), border.below)
        << border.name << ": " << border.what;
    EXPECT_EQ(said_with(border, border.number), border.from) << border.name << ": " << border.what;
  }
}

}  // namespace
}  // namespace whyoom::diagnose
