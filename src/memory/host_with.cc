#include "memory/host_with.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "host/settings.h"
#include "host/sysctl_key.h"

namespace whyoom::memory {

namespace {

void set_number(host::Settings& settings, std::string_view key, std::string_view value) {
  const auto files = host::setting_files();
  const auto file = std::ranges::find(files, key, &host::SettingFile::key);
  const auto number = host::parse_sysctl_integer(value);
  if (file != files.end() && file->number != nullptr && number) {
    auto& setting = settings.*file->number;
    setting = Read<std::int64_t>{*number, setting ? setting->at : Place{}};
  }
}

void set_zones(host::Host& host, const WhatIf& what_if) {
  for (const ZoneChange& change : what_if.zones) {
    const auto zone = std::ranges::find_if(host.zones, [&](const host::Zone& each) {
      return each.node == change.node && each.name == change.name;
    });
    if (zone == host.zones.end() || !zone->min || !zone->low || !zone->high) {
      continue;
    }
    const ZoneMoment& after = change.after;
    const Pages boost = zone->boost ? after.boost : Pages(0);  // printed with each mark
    zone->min->value = after.marks.min + boost;
    zone->low->value = after.marks.low + boost;
    zone->high->value = after.marks.high + boost;
    if (zone->promo) {
      zone->promo->value = after.marks.promo + boost;
    }
    if (zone->boost) {
      zone->boost->value = boost;
    }
    if (zone->free) {
      const Pages unusable = zone->free->value - change.before.usable;
      zone->free->value = after.usable + unusable;
    }
  }
}

// The sysctl is about the smallest size that the host has.
void set_huge_pages(host::Host& host, std::uint64_t wanted) {
  const auto pool = std::ranges::min_element(host.huge_pools, {}, &host::HugePool::page_size);
  if (pool == host.huge_pools.end() || !pool->total || !pool->free) {
    return;
  }
  const std::uint64_t total = pool->total->value;
  const std::uint64_t given_back = wanted < total ? std::min(total - wanted, pool->free->value) : 0;
  const std::uint64_t taken = wanted > total ? wanted - total : 0;
  pool->total->value = total + taken - given_back;
  pool->free->value += taken;
  pool->free->value -= given_back;
  for (auto* size : {&host.meminfo.mem_free, &host.meminfo.mem_available}) {
    if (*size) {
      (*size)->value += KiB(pool->page_size.count() * given_back);
      (*size)->value -= KiB(pool->page_size.count() * taken);
    }
  }
}

}  // namespace

host::Host host_with(const HostState& state, std::string_view key, std::string_view value) {
  host::Host host = *state.host;
  set_number(host.settings, key, value);
  Settings settings;
  const std::string assignment = std::string(key) + "=" + std::string(value);
  if (state.machine.zones.empty() || !apply_setting(settings, assignment, state.machine)) {
    return host;
  }
  const WhatIf change = what_if(state.machine, settings);
  set_zones(host, change);
  if (settings.nr_hugepages) {
    set_huge_pages(host, *settings.nr_hugepages);
  } else if (const auto available = available_after(state, change);
             available && host.meminfo.mem_available) {
    host.meminfo.mem_available->value = to_kib(*available);
  }
  return host;
}

}  // namespace whyoom::memory
