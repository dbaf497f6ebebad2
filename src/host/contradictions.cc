// Numbers of one host that cannot be of one machine.
#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "host/reader.h"

namespace whyoom::host {
namespace {

// Each is a part of MemTotal.
constexpr NamedField<Meminfo, KiB> parts[] = {
    {"MemFree", &Meminfo::mem_free},
    {"MemAvailable", &Meminfo::mem_available},
    {"Buffers", &Meminfo::buffers},
    {"Cached", &Meminfo::cached},
    {"AnonPages", &Meminfo::anon_pages},
    {"Mapped", &Meminfo::mapped},
    {"Shmem", &Meminfo::shmem},
    {"KReclaimable", &Meminfo::kernel_reclaimable},
    {"KernelStack", &Meminfo::kernel_stack},
    {"Percpu", &Meminfo::percpu},
    {"Hugetlb", &Meminfo::hugetlb},
};

// No page is counted by two of these.
constexpr Maybe<KiB> Meminfo::*disjoint[] = {
    &Meminfo::mem_free,         &Meminfo::active_anon,        &Meminfo::inactive_anon,
    &Meminfo::active_file,      &Meminfo::inactive_file,      &Meminfo::unevictable,
    &Meminfo::slab_reclaimable, &Meminfo::slab_unreclaimable, &Meminfo::page_tables};

// The counters are read one after the other while the machine goes on.
bool is_clearly_more(KiB part, KiB whole) {
  constexpr KiB most_drift(8192);
  return part > whole && part - whole > std::max(most_drift, whole / 20);
}

std::string size(KiB kib) { return human(to_bytes(kib)); }

void refuse_meminfo(Host& host, Place at, const std::string& why) {
  host.damage.push_back(
      {at, tr("{}: these are not the numbers of one machine (lxcfs shows some of a container "
              "beside some of its host); none of them is used",
              why)});
  host.meminfo = {};
}

}  // namespace

void refuse_what_is_no_machine(Host& host) {
  const Meminfo& info = host.meminfo;
  if (!info.mem_total) {
    return;
  }
  const KiB total = info.mem_total->value;
  KiB sum;
  for (const auto member : disjoint) {
    sum += info.*member ? (info.*member)->value : KiB(0);
  }
  for (const auto& part : parts) {
    const auto& value = info.*part.member;
    if (value && is_clearly_more(value->value, total)) {
      refuse_meminfo(host, value->at,
                     tr("{} of {} are more than the {} of MemTotal", size(value->value),
                        std::string(part.name), size(total)));
      return;
    }
  }
  if (is_clearly_more(sum, total)) {
    refuse_meminfo(host, info.mem_total->at,
                   tr("what is free, in use and of the kernel adds up to {} of {} of MemTotal",
                      size(sum), size(total)));
  }
}

void refuse_other_zones(Host& host) {
  if (host.zones.empty() || !host.meminfo.mem_total) {
    return;
  }
  Pages managed;
  for (const Zone& zone : host.zones) {
    if (!zone.managed) {
      return;
    }
    managed += zone.managed->value;
  }
  const KiB total = host.meminfo.mem_total->value;
  const KiB zones = to_kib(managed, host.page_size.value_or(PageSize{}));
  // A kernel whose memory comes and goes can have less in its zones than in MemTotal.
  if (is_clearly_more(zones, total)) {
    host.damage.push_back({host.zones.front().at,
                           tr("the zones manage {}, more than the {} of MemTotal: they are not of "
                              "one machine; none of them is used",
                              size(zones), size(total))});
    host.zones.clear();
  }
}

}  // namespace whyoom::host
