#include "kernel/known_bugs.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::kernel {
namespace {

constexpr std::array<KnownBug, 6> table{{
    {Bug::high_order_gave_up,
     "high-order-gave-up",
     {4, 7},
     {4, 8},
     {{{4, 7, 4}}},
     "6b4e3181d7bd",
     "mm, oom: prevent premature OOM killer invocation for high order request",
     "linux-kernel, 22 August 2016: OOM detection regressions since 4.7"},
    {Bug::lowmem_list_not_aged,
     "lowmem-list-not-aged",
     {4, 8},
     {4, 11},
     {{{4, 9, 14}, {4, 10, 2}}},
     "71ab6cfe88dc",
     "mm, vmscan: consider eligible zones in get_scan_count",
     "linux-mm, December 2016: OOM: Better, but still there on 4.9; the first half of the fix is "
     "b4536f0c829c (4.10)"},
    {Bug::boost_of_small_zone,
     "boost-of-small-zone",
     {5, 0},
     {5, 7},
     {{{5, 4, 41}, {5, 6, 13}}},
     "14f69140ff9c",
     "mm: limit boost_watermark on small zones",
     "linux-kernel, 30 April 2020: a kdump kernel of 768 MB with 64K pages and 500 MB free"},
    {Bug::highatomic_kept,
     "highatomic-kept",
     {4, 4},
     {6, 8},
     {{{6, 1, 76}, {6, 6, 15}, {6, 7, 3}}},
     "ac3f3b0a5551",
     "mm: page_alloc: unreserve highatomic page blocks before oom",
     "linux-mm, 5 November 2023: early OOM with 8192 kB of 7728 kB free reserved"},
    {Bug::highatomic_overestimated,
     "highatomic-overestimated",
     {4, 4},
     {6, 12},
     {},
     "c928807f6f6b",
     "mm/page_alloc: keep track of free highatomic",
     "linux-mm, 25 October 2024: OOM kill with 1448 MiB free, 1048 MiB of it reserved in name "
     "only"},
    {Bug::mglru_flushers_asleep,
     "mglru-flushers-asleep",
     {6, 1},
     {6, 13},
     {{{6, 12, 104}}},
     "1bc542c6a0d1",
     "mm/vmscan: wake up flushers conditionally to avoid cgroup OOM",
     "linux-mm, 29 August 2024: dd in a cgroup of 301 MiB, 296 MiB dirty and none in writeback"},
}};

bool same_series(const Release& release, const Release& version) {
  return release.major == version.major && release.minor == version.minor;
}

// "5.4.0-42-generic": a distribution's number stands where the patch level was. "5.4.0" and
// "5.4.0+" are builds of kernel.org's source.
bool hides_patch(const Release& release, std::string_view text) {
  Cursor cursor(text);
  cursor.take_unsigned();
  cursor.take('.');
  cursor.take_unsigned();
  if (cursor.take(".")) {
    cursor.take_unsigned();
  }
  return release.patch == 0 && cursor.take('-') && is_digit(cursor.peek());
}

}  // namespace

std::span<const KnownBug> known_bugs() { return table; }

const KnownBug& known_bug(Bug bug) {
  return *std::ranges::find(table, bug, &KnownBug::bug);  // a test asks for each
}

Affected affected(const KnownBug& bug, std::string_view text) {
  text = trim(text);
  const auto release = parse_release(text);
  if (!release) {
    return Affected::unknown;
  }
  const bool candidate = text.find("-rc") != std::string_view::npos;
  if (candidate && (same_series(*release, bug.first) || same_series(*release, bug.fixed))) {
    return Affected::unknown;
  }
  if (*release < bug.first || *release >= bug.fixed) {
    return Affected::no;
  }
  if (release->enterprise != 0) {
    return Affected::unknown;
  }
  const auto stable = std::ranges::find_if(bug.stable, [&](const Release& version) {
    return version.major != 0 && same_series(*release, version);
  });
  if (stable == bug.stable.end()) {
    return Affected::yes;
  }
  if (hides_patch(*release, text)) {
    return Affected::unknown;
  }
  return *release >= *stable ? Affected::no : Affected::yes;
}

}  // namespace whyoom::kernel
